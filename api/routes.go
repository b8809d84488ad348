package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// route is one path of the API: who may use it, and what it does.
type route struct {
	method, path string
	who          []journey.Role
	do           endpoint
}

// Who may do what (design, appendix). Admins may do everything.
var (
	viewers   = []journey.Role{journey.RoleViewer, journey.RoleSupport, journey.RoleMarketer, journey.RoleAdmin}
	support   = []journey.Role{journey.RoleSupport, journey.RoleAdmin}
	marketers = []journey.Role{journey.RoleMarketer, journey.RoleAdmin}
	admins    = []journey.Role{journey.RoleAdmin}
	systems   = []journey.Role{journey.RoleIngest, journey.RoleAdmin}
	// Systems start journeys and redeem coupons, and so does support at their side.
	systemsAndSupport = []journey.Role{journey.RoleIngest, journey.RoleSupport, journey.RoleAdmin}
)

// routes are the paths that need a key.
func routes() []route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return []route{
		{post, "/v1/identify", systems, ingestOne(journey.KindIdentify)},
		{post, "/v1/track", systems, ingestOne(journey.KindTrack)},
		{post, "/v1/page", systems, ingestOne(journey.KindPage)},
		{post, "/v1/screen", systems, ingestOne(journey.KindScreen)},
		{post, "/v1/group", systems, ingestOne(journey.KindGroup)},
		{post, "/v1/alias", systems, ingestOne(journey.KindAlias)},
		{post, "/v1/batch", systems, ingestBatch},

		{get, "/api/journeys", viewers, listJourneys},
		{get, "/api/journeys/:key", viewers, getJourney},
		{put, "/api/journeys/:key", marketers, putJourney},
		{get, "/api/journeys/:key/templates/:file", viewers, getTemplate},
		{put, "/api/journeys/:key/templates/:file", marketers, putTemplate},
		{del, "/api/journeys/:key/templates/:file", marketers, deleteTemplate},
		{post, "/api/journeys/:key/draft/undo", marketers, with(undoDraft)},
		{post, "/api/journeys/:key/draft/redo", marketers, with(redoDraft)},
		{post, "/api/journeys/:key/plan", marketers, with(planJourney)},
		{get, "/api/journeys/:key/diff", viewers, diffJourney},
		{post, "/api/journeys/:key/publish", marketers, with(publishJourney)},
		{post, "/api/journeys/:key/pause", marketers, pause(ofJourney)},
		{get, "/api/journeys/:key/pause", viewers, pausing(ofJourney)},
		{post, "/api/journeys/:key/resume", marketers, resume(ofJourney)},
		{get, "/api/journeys/:key/resume", viewers, resuming(ofJourney)},
		{post, "/api/journeys/:key/simulate", marketers, with(simulateJourney)},
		{post, "/api/journeys/:key/test", marketers, with(testJourney)},
		{post, "/api/journeys/:key/archive", marketers, with(archiveJourney)},
		{post, "/api/journeys/:key/restore", marketers, with(restoreJourney)},
		{get, "/api/journeys/:key/report", viewers, getReport},
		{get, "/api/journeys/:key/versions", viewers, listVersions},
		{get, "/api/journeys/:key/versions/:number", viewers, getVersion},
		{post, "/api/journeys/:key/enrollments", systemsAndSupport, with(enroll)},
		{post, "/api/coupons/redeem", systemsAndSupport, with(redeem)},
		{post, "/api/send", systemsAndSupport, with(sendOne)},
		{get, "/api/images", viewers, listImages},
		{post, "/api/images", marketers, postImage},
		{del, "/api/images/:name", marketers, deleteImage},
		{get, "/api/coupon-pools", viewers, listPools},
		{post, "/api/coupon-pools", marketers, with(postPool)},
		{get, "/api/coupon-pools/:key", viewers, getPool},
		{get, "/api/coupon-pools/:key/coupons", viewers, listPoolCoupons},
		{get, "/api/coupons/:code", viewers, getCoupon},
		{put, "/api/coupon-pools/:key", marketers, with(putPool)},
		{post, "/api/coupon-pools/:key/codes", marketers, with(addCodes)},

		{get, "/api/surveys", viewers, listSurveys},
		{get, "/api/surveys/:key", viewers, getSurvey},
		{put, "/api/surveys/:key", marketers, putSurvey},
		{get, "/api/surveys/:key/results", viewers, getSurveyResults},
		{get, "/api/surveys/:key/comments", viewers, listComments},
		{get, "/api/surveys/:key/answers.csv", marketers, exportReplies},

		{get, "/api/segments", viewers, listSegments},
		{post, "/api/segments/preview", viewers, previewSegment},
		{get, "/api/segments/:key", viewers, getSegment},
		{put, "/api/segments/:key", marketers, putSegment},
		{del, "/api/segments/:key", marketers, deleteSegment},
		{get, "/api/segments/:key/members", viewers, listMembers},

		{get, "/api/customers", viewers, searchCustomers},
		{get, "/api/customers.csv", admins, exportCustomers},
		{get, "/api/imports", marketers, listImports},
		{get, "/api/imports/:id", marketers, getImport},
		{get, "/api/imports/:id/refused.csv", marketers, getRefused},
		{post, "/api/imports/:id/start", marketers, with(startImport)},
		{del, "/api/imports/:id", marketers, stopImport},
		{get, "/api/customers/:id", viewers, getCustomer},
		{get, "/api/customers/:id/timeline", viewers, getTimeline},
		{get, "/api/customers/:id/export", support, exportCustomer},
		{del, "/api/customers/:id", support, with(eraseCustomer)},
		{post, "/api/customers/:id/pause", support, pause(ofCustomer)},
		{get, "/api/customers/:id/pause", viewers, pausing(ofCustomer)},
		{post, "/api/customers/:id/resume", support, resume(ofCustomer)},
		{get, "/api/customers/:id/resume", viewers, resuming(ofCustomer)},
		{post, "/api/customers/:id/coupons", support, with(giveCoupon)},
		{post, "/api/customers/:id/notes", support, with(addNote)},
		{post, "/api/customers/:id/address", support, with(changeAddress)},
		{post, "/api/customers/:id/topics", support, with(setTopics)},
		{post, "/api/customers/:id/topics/:topic/pause", support, pause(ofTopicOfCustomer)},
		{post, "/api/customers/:id/topics/:topic/resume", support, resume(ofTopicOfCustomer)},
		{get, "/api/customers/:id/topics/:topic/resume", viewers, resuming(ofTopicOfCustomer)},
		{get, "/api/accounts/:id", viewers, getAccount},
		{put, "/api/accounts/:id", support, with(putAccount)},
		{put, "/api/accounts/:id/members/:customer", support, with(putMember)},
		{get, "/api/timeline", viewers, liveTimeline},
		{get, "/api/enrollments/:id", viewers, getEnrollment},
		{post, "/api/enrollments/:id/pause", support, pause(ofEnrollment)},
		{post, "/api/enrollments/:id/resume", support, resume(ofEnrollment)},
		{get, "/api/enrollments/:id/resume", viewers, resuming(ofEnrollment)},
		{post, "/api/enrollments/:id/skip", support, with(skipStep)},
		{post, "/api/enrollments/:id/move", support, with(moveTo)},
		{post, "/api/enrollments/:id/exit", support, with(exitJourney)},
		{post, "/api/enrollments/:id/release", admins, with(releaseEnrollment)},
		{get, "/api/messages", viewers, listMessages},
		{get, "/api/messages/:id", viewers, getMessage},
		{post, "/api/messages/:id/resend", support, with(resend)},
		{get, "/api/tasks", viewers, listTasks},
		{get, "/api/tasks/:id", viewers, getTask},
		{post, "/api/tasks/:id/claim", support, with(claimTask)},
		{post, "/api/tasks/:id/release", support, releaseTask},
		{post, "/api/tasks/:id/notes", support, with(noteTask)},
		{post, "/api/tasks/:id/done", support, with(finishTask)},

		{get, "/api/keys", admins, listKeys},
		{post, "/api/keys", admins, with(createKey)},
		{del, "/api/keys/:id", admins, revokeKey},
		{get, "/api/audit", admins, listAudit},
		{get, "/api/audit.csv", admins, exportAudit},
		{get, "/api/users", admins, listUsers},
		{post, "/api/users", admins, with(createUser)},
		{put, "/api/users/:id", admins, with(putUser)},
		{post, "/api/users/:id/link", admins, with(createLink)},
		{get, "/api/switch", viewers, getSwitch},
		{put, "/api/switch", admins, with(putSwitch)},
		{get, "/api/switch/:scope/:target", viewers, getStop},
		{put, "/api/switch/:scope/:target", marketers, with(putStop)},
		{del, "/api/switch/:scope/:target", marketers, deleteStop},
		{get, "/api/approvals", viewers, listApprovals},
		{post, "/api/approvals/:id", marketers, with(decide)},
		{post, "/api/journeys/:key/ramp", marketers, with(beginRamp)},
		{post, "/api/journeys/:key/ramp/resume", marketers, with(resumeRamp)},
		{get, "/api/suppressions", admins, listSuppressions},
		{put, "/api/suppressions/:address", admins, with(putSuppression)},
		{del, "/api/suppressions/:address", admins, deleteSuppression},
		{get, "/api/sending", viewers, getSending},
		{get, "/api/sending/domain", viewers, getMailDomain},
		{post, "/api/sending/breakers/close", admins, with(closeBreaker)},
		{post, "/api/pause", admins, pause(ofEverything)},
		{post, "/api/resume", admins, resume(ofEverything)},
		{get, "/api/resume", viewers, resuming(ofEverything)},

		{get, "/api/pauses", viewers, listPauses},
		{get, "/api/topics", viewers, listTopics},
		{put, "/api/topics/:key", marketers, with(putTopic)},
		{post, "/api/topics/:key/pause", marketers, pause(ofTopic)},
		{post, "/api/topics/:key/resume", marketers, resume(ofTopic)},
		{get, "/api/topics/:key/resume", viewers, resuming(ofTopic)},
		{get, "/api/webhooks", admins, listWebhooks},
		{post, "/api/webhooks", admins, with(createWebhook)},
		{get, "/api/webhooks/:id", admins, getWebhook},
		{put, "/api/webhooks/:id", admins, with(putWebhook)},
		{del, "/api/webhooks/:id", admins, deleteWebhook},
		{post, "/api/webhooks/:id/replay", admins, with(replayWebhook)},
		{post, "/api/webhooks/:id/test", admins, with(testWebhook)},
		{get, "/api/webhooks/:id/deliveries", admins, listDeliveries},
		{get, "/api/rfm", viewers, getScoring},
		{put, "/api/rfm", marketers, with(putScoring)},
		{get, "/api/sources", admins, listSources},
		{get, "/api/sources/:key", admins, getSource},
		{put, "/api/sources/:key", admins, with(putSource)},
		{del, "/api/sources/:key", admins, deleteSource},
		{post, "/api/sources/:key/secret", admins, with(rotateSource)},
		{post, "/api/sources/:key/try", admins, with(trySource)},
		{get, "/api/sources/:key/deliveries", admins, listSourceDeliveries},
		{get, "/api/teams", viewers, listTeams},
		{put, "/api/teams/:key", admins, with(putTeam)},
		{del, "/api/teams/:key", admins, deleteTeam},
		{get, "/api/endpoints", viewers, listEndpoints},
		{put, "/api/endpoints/:key", admins, with(putEndpoint)},
		{del, "/api/endpoints/:key", admins, deleteEndpoint},

		{get, "/api/reports", viewers, listReports},
		{get, "/api/reports/settings", viewers, getReportSettings},
		{put, "/api/reports/settings", admins, with(putReportSettings)},
		{post, "/api/reports/count", admins, with(countReports)},
		{get, "/api/reports/:report", viewers, showReport},
		{get, "/api/reports/:report/people", viewers, reportPeople},

		{get, "/api/events", viewers, listEvents},
		{get, "/api/events/names", viewers, listEventNames},
		{get, "/api/events/:id", viewers, getEvent},
	}
}

// router puts the table, the public links and the operators' paths together. HEAD is answered wherever GET is, without body.
func (s *server) router() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.UseRawPath, e.UnescapePathValues = true, true // an id of the caller's own may hold a slash
	e.HandleMethodNotAllowed, e.RedirectTrailingSlash = true, false
	e.ContextWithFallback = true
	e.Use(s.observe, nosniff, s.recover)
	for _, r := range routes() {
		e.Handle(r.method, r.path, s.adapt(r))
		if r.method == http.MethodGet {
			e.HEAD(r.path, s.adapt(r))
		}
	}
	for _, u := range uploads() {
		e.Handle(u.method, u.path, s.adaptUpload(u))
	}
	for _, p := range s.publicRoutes() {
		e.Handle(p.method, p.path, p.do)
		if p.method == http.MethodGet {
			e.HEAD(p.path, p.do)
		}
	}
	e.NoMethod(func(c *gin.Context) {
		s.refuse(c, &statusError{http.StatusMethodNotAllowed, "this path does not take " + c.Request.Method})
	})
	e.NoRoute(s.rest)
	return e
}

// public is one path that needs no key.
type public struct {
	method, path string
	do           gin.HandlerFunc
}

func (s *server) publicRoutes() []public {
	const get, post = http.MethodGet, http.MethodPost
	return slices.Concat(s.linkRoutes(), s.hookRoutes(), s.replyRoutes(), []public{
		{get, "/healthz", s.healthz},
		{get, "/readyz", s.readyz},
		{get, "/metrics", s.metrics},
		{get, "/openapi.json", s.openapi},
		{get, "/docs", s.docs},
		{get, "/schema/journey.json", journeySchema},
		{get, imageAddress, s.showImage},
	})
}

// rest hands over what is not ours.
func (s *server) rest(c *gin.Context) {
	if s.Rest != nil && !isOurs(c.Request.URL.Path) {
		s.Rest.ServeHTTP(c.Writer, c.Request)
		return
	}
	s.refuse(c, journey.Faultf(journey.CodeNotFound, "there is no path %s", c.Request.URL.Path))
}
