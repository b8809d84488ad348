package console

import (
	"context"
	"net/http"
	"slices"

	"perennial/journey"
)

// handler answers one request: with a page, a redirect, or an error. An error of a POST is shown on the page that the form was on.
type handler func(ctx context.Context, r *request) (reply, error)

// route is one path: who may open it, what it does, and the page that shows what was wrong with a form.
type route struct {
	method, path string
	who          []journey.Role
	do           handler
	form         handler // of a POST: the page that the form stands on; nil: the page of faults
}

// reads says whether the handler reads the form itself, as it comes: the file in it may be of any length.
func (rt route) reads() bool { return rt.method == http.MethodPost && rt.path == "/imports" }

// Who may open what (design, appendix). An empty list is everybody, signed in or not.
var (
	strangers = []journey.Role{}
	viewers   = []journey.Role{journey.RoleViewer, journey.RoleSupport, journey.RoleMarketer, journey.RoleAdmin}
	support   = []journey.Role{journey.RoleSupport, journey.RoleAdmin}
	marketers = []journey.Role{journey.RoleMarketer, journey.RoleAdmin}
	admins    = []journey.Role{journey.RoleAdmin}
)

// routes are all pages and forms.
func routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/sign-in", strangers, signInPage, nil},
		{post, "/sign-in", strangers, signIn, signInPage},
		{get, "/sign-in/{token}", strangers, linkPage, nil},
		{post, "/sign-in/{token}", strangers, followLink, linkPage},
		{get, "/sign-in/provider", strangers, goToProvider, nil},
		{get, "/sign-in/provider/back", strangers, comeBack, nil},
		{post, "/sign-out", viewers, signOut, nil},

		{get, "/{$}", viewers, todayPage, nil},
		{post, "/switch", admins, turnSwitch, todayPage},
		{post, "/resume", admins, resumeEverything, todayPage},
		{post, "/pools/{key}/codes", marketers, addCodes, todayPage},

		{get, "/customers", viewers, customersPage, nil},
		{get, "/customers/{id}", viewers, customerPage, nil},
		{post, "/customers/{id}/pause", support, pauseCustomer, customerPage},
		{post, "/customers/{id}/resume", support, resumeCustomer, customerPage},
		{post, "/customers/{id}/topics", support, setTopics, customerPage},
		{post, "/customers/{id}/coupons", support, giveCoupon, customerPage},
		{post, "/customers/{id}/notes", support, addNote, customerPage},
		{get, "/customers/{id}/export", support, exportCustomer, nil},
		{post, "/customers/{id}/erase", support, eraseCustomer, customerPage},
		{post, "/messages/{id}/resend", support, resend, messagePage},
		{post, "/customers/{id}/address", support, changeAddress, customerPage},
		{post, "/customers/{id}/tasks/{task}/done", support, finishTask, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/pause", support, pauseEnrollment, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/resume", support, resumeEnrollment, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/skip", support, skipStep, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/move", support, moveTo, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/exit", support, exitJourney, customerPage},
		{post, "/customers/{id}/enrollments/{enrollment}/release", admins, releaseEnrollment, customerPage},
		{get, "/messages/{id}", viewers, messagePage, nil},
		{get, "/messages/{id}/mail", viewers, mailBody, nil},

		{get, "/imports", marketers, importsPage, nil},
		{post, "/imports", marketers, takeFile, importsPage},
		{get, "/imports/{id}", marketers, importPage, nil},
		{get, "/imports/{id}/refused.csv", marketers, refusedFile, nil},
		{post, "/imports/{id}/start", marketers, startImport, importPage},
		{post, "/imports/{id}/stop", marketers, stopImport, importPage},

		{get, "/journeys", viewers, journeysPage, nil},
		{get, "/journeys/{key}", viewers, journeyPage, nil},
		{post, "/journeys/{key}/pause", marketers, pauseJourney, journeyPage},
		{post, "/journeys/{key}/resume", marketers, resumeJourney, journeyPage},
		{get, "/journeys/{key}/versions/{number}/messages/{message}", viewers, previewPage, nil},
		{get, "/journeys/{key}/versions/{number}/messages/{message}/mail", viewers, previewBody, nil},

		{get, "/segments", viewers, segmentsPage, nil},
		{get, "/segments/_new", marketers, newSegmentPage, nil},
		{post, "/segments/_new", marketers, editSegment, newSegmentPage},
		{get, "/segments/{key}", viewers, segmentPage, nil},
		{post, "/segments/{key}", marketers, editSegment, segmentPage},
		{post, "/segments/{key}/delete", marketers, deleteSegment, segmentPage},

		{get, "/scores", viewers, scoresPage, nil},
		{post, "/scores", marketers, saveScores, scoresPage},

		{get, "/library", marketers, libraryPage, nil},
		{post, "/library", marketers, beginJourney, libraryPage},
		{get, "/journeys/{key}/edit", marketers, editPage, nil},
		{post, "/journeys/{key}/edit", marketers, typeText, editPage},
		{post, "/journeys/{key}/edit/drop", marketers, dropText, editPage},
		{post, "/journeys/{key}/edit/turn", marketers, turnDraft, editPage},
		{post, "/journeys/{key}/edit/steps", marketers, editSteps, editPage},
		{post, "/journeys/{key}/edit/brings", marketers, editBrought, editPage},
		{get, "/journeys/{key}/edit/surveys/{survey}", marketers, broughtSurveyPage, nil},
		{post, "/journeys/{key}/edit/surveys/{survey}", marketers, saveBroughtSurvey, broughtSurveyPage},
		{get, "/journeys/{key}/edit/history", marketers, historyPage, nil},
		{get, "/journeys/{key}/plan", marketers, planPage, nil},
		{post, "/journeys/{key}/publish", marketers, publishDraft, planPage},
		{get, "/journeys/{key}/compare", viewers, comparePage, nil},
		{post, "/journeys/{key}/restore", marketers, restoreVersion, comparePage},
		{get, "/journeys/{key}/simulate", marketers, simulatePage, nil},
		{get, "/journeys/{key}/simulate/{person}/mails/{mail}", marketers, simulatedMail, nil},

		{get, "/topics", viewers, topicsPage, nil},
		{post, "/topics", marketers, putTopic, topicsPage},
		{post, "/topics/{key}/pause", marketers, pauseTopic, topicsPage},
		{post, "/topics/{key}/resume", marketers, resumeTopic, topicsPage},
		{get, "/suppressions", admins, suppressionsPage, nil},
		{post, "/suppressions", admins, addSuppression, suppressionsPage},
		{post, "/suppressions/lift", admins, liftSuppression, suppressionsPage},
		{get, "/sending", viewers, sendingPage, nil},
		{post, "/sending/limits", admins, setLimits, sendingPage},
		{post, "/sending/breaker", admins, closeBreaker, sendingPage},
		{post, "/sending/stop", marketers, stopMail, sendingPage},
		{post, "/sending/unstop", marketers, unstopMail, sendingPage},
		{post, "/sending/approvals/{id}", marketers, decideAudience, sendingPage},
		{post, "/sending/ramps/{key}/resume", marketers, resumeRamp, sendingPage},

		{get, "/users", admins, usersPage, nil},
		{post, "/users", admins, makeUser, usersPage},
		{post, "/users/{id}/role", admins, setRole, usersPage},
		{post, "/users/{id}/link", admins, makeLink, usersPage},
		{post, "/users/{id}/disable", admins, disableUser, usersPage},
		{post, "/users/{id}/enable", admins, enableUser, usersPage},
		{get, "/keys", admins, keysPage, nil},
		{post, "/keys", admins, makeKey, keysPage},
		{post, "/keys/{id}/revoke", admins, revokeKey, keysPage},
		{get, "/teams", viewers, teamsPage, nil},
		{post, "/teams", admins, putTeam, teamsPage},
		{post, "/teams/{key}/delete", admins, deleteTeam, teamsPage},
		{get, "/webhooks", admins, webhooksPage, nil},
		{post, "/webhooks", admins, makeWebhook, webhooksPage},
		{get, "/webhooks/{id}", admins, webhookPage, nil},
		{post, "/webhooks/{id}", admins, changeWebhook, webhookPage},
		{post, "/webhooks/{id}/active", admins, switchWebhook, webhookPage},
		{post, "/webhooks/{id}/test", admins, testWebhook, webhookPage},
		{post, "/webhooks/{id}/replay", admins, replayWebhook, webhookPage},
		{post, "/webhooks/{id}/delete", admins, deleteWebhook, webhookPage},
		{get, "/sources", admins, sourcesPage, nil},
		{get, "/sources/_new", admins, newSourcePage, nil},
		{post, "/sources/_new", admins, makeSource, newSourcePage},
		{get, "/sources/{key}", admins, sourcePage, nil},
		{post, "/sources/{key}", admins, changeSource, sourcePage},
		{post, "/sources/{key}/secret", admins, turnSourceSecret, sourcePage},
		{post, "/sources/{key}/delete", admins, deleteSource, sourcePage},
		{get, "/audit", admins, auditPage, nil},
		{get, "/audit.csv", admins, auditFile, nil},

		{get, "/tasks", viewers, tasksPage, nil},
		{get, "/tasks/{task}", viewers, taskPage, nil},
		{post, "/tasks/{task}/claim", support, claimTask, taskPage},
		{post, "/tasks/{task}/release", support, releaseTask, taskPage},
		{post, "/tasks/{task}/notes", support, noteTask, taskPage},
		{post, "/tasks/{task}/done", support, doneTask, taskPage},

		{get, "/messages", viewers, messagesPage, nil},
		{get, "/journeys/{key}/messages/{file}", viewers, writingPage, nil},
		{post, "/journeys/{key}/messages/{file}", marketers, saveMessage, writingPage},
		{post, "/journeys/{key}/messages/{file}/look", viewers, lookAtMessage, nil},
		{post, "/journeys/{key}/messages/{file}/drop", marketers, dropMessage, writingPage},
		{get, "/journeys/{key}/messages/{file}/mail", viewers, writtenMail, nil},
		{post, "/journeys/{key}/messages/{file}/mail", viewers, writtenMail, nil},
		{post, "/journeys/{key}/messages/{file}/test", marketers, testMessage, writingPage},
		{post, "/journeys/{key}/messages/{file}/remove", marketers, removeMessage, writingPage},
		{post, "/journeys/{key}/messages/{file}/images", marketers, placeImage, writingPage},
		{post, "/journeys/{key}/messages/{file}/convert", marketers, convertMessage, writingPage},
		{get, "/images", viewers, imagesPage, nil},
		{post, "/images", marketers, saveImage, imagesPage},
		{post, "/images/{name}/remove", marketers, removeImage, imagesPage},

		{get, "/reports", viewers, reportsPage, nil},
		{get, "/reports/settings", viewers, reportSettingsPage, nil},
		{post, "/reports/settings", admins, saveReportSettings, reportSettingsPage},
		{post, "/reports/count", admins, countAnew, reportSettingsPage},
		{get, "/reports/{report}", viewers, reportPage, nil},
		{get, "/reports/{report}/table.csv", viewers, reportSheet, nil},
		{get, "/reports/{report}/people", viewers, behindPage, nil},

		{get, "/coupons", viewers, couponsPage, nil},
		{post, "/coupons", marketers, makePool, couponsPage},
		{get, "/coupons/pools/{key}", viewers, poolPage, nil},
		{post, "/coupons/pools/{key}", marketers, savePool, poolPage},
		{post, "/coupons/pools/{key}/codes", marketers, uploadCodes, poolPage},
		{get, "/coupons/codes/{code}", viewers, codePage, nil},
		{get, "/surveys", viewers, surveysPage, nil},
		{get, "/surveys/_new", marketers, newSurveyPage, nil},
		{post, "/surveys/_new", marketers, saveSurvey, newSurveyPage},
		{get, "/surveys/_look", marketers, surveyLook, nil},
		{post, "/surveys/_look", marketers, surveyLook, nil},
		{get, "/surveys/{key}", viewers, surveyPage, nil},
		{get, "/surveys/{key}/edit", marketers, surveyFormPage, nil},
		{post, "/surveys/{key}/edit", marketers, saveSurvey, surveyFormPage},

		{get, "/account", viewers, accountPage, nil},
		{post, "/account", viewers, saveAccount, accountPage},
		{post, "/account/password", viewers, savePassword, accountPage},
	}
}

// place is one entry of the navigation.
type place struct {
	Key, Path, Icon string
	who             []journey.Role
}

// places are the navigation, in its order; a user sees those that she may open.
func places() []place {
	return []place{
		{"today", "/", "today", viewers},
		{"customers", "/customers", "customers", viewers},
		{"tasks", "/tasks", "task", viewers},
		{"journeys", "/journeys", "journeys", viewers},
		{"messages", "/messages", "mail", viewers},
		{"segments", "/segments", "segments", viewers},
		{"reports", "/reports", "reports", viewers},
		{"coupons", "/coupons", "coupon", viewers},
		{"surveys", "/surveys", "surveys", viewers},
		{"topics", "/topics", "topics", viewers},
		{"sending", "/sending", "sending", viewers},
		{"suppressions", "/suppressions", "suppressions", admins},
		{"users", "/users", "users", admins},
		{"keys", "/keys", "keys", admins},
		{"teams", "/teams", "teams", viewers},
		{"webhooks", "/webhooks", "webhooks", admins},
		{"sources", "/sources", "sources", admins},
		{"audit", "/audit", "audit", admins},
	}
}

// group is what belongs together in the navigation, under a heading; Key "" has none.
type group struct {
	Key    string
	Places []place
}

// navigation are the places that a role may open, in their groups. A place that no group names stands in the first.
func navigation(role journey.Role) []group {
	names := []struct {
		key    string
		places []string
	}{
		{"", nil},
		{"reach", []string{"journeys", "messages", "segments", "coupons", "surveys"}},
		{"mail", []string{"topics", "sending", "suppressions"}},
		{"settings", []string{"users", "keys", "teams", "webhooks", "sources", "audit"}},
	}
	out := make([]group, len(names))
	for _, p := range places() {
		if !slices.Contains(p.who, role) {
			continue
		}
		in := 0
		for i, n := range names {
			if slices.Contains(n.places, p.Key) {
				in = i
			}
		}
		out[in].Places = append(out[in].Places, p)
	}
	for i, n := range names {
		out[i].Key = n.key
	}
	return slices.DeleteFunc(out, func(g group) bool { return len(g.Places) == 0 })
}
