package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

var planTag = regexp.MustCompile(`name="etag" value="([0-9a-f]+)"`)

// A draft is planned and published: who stays, moves and leaves is said in numbers, and whoever is second is told.
func TestPlanningAndPublishing(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/journeys/win-back/plan").body, "There is nothing to publish")
	text := strings.Replace(winBack, "  - send: comeback-offer\n", "  - id: the-offer\n    send: comeback-offer\n", 1)
	text = strings.Replace(text, "  - wait: 5d\n", "  - id: pause\n    wait: 7d\n", 1)
	page := v.get("/journeys/win-back/edit")
	v.follow("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {text}})

	plan := v.get("/journeys/win-back/plan")
	for _, want := range []string{"3 customers are in the journey now", "What is different from version 1", "3 customers finish on the version", "Publish version 2"} {
		assert.Contains(t, plan.body, want)
	}
	moving := v.get("/journeys/win-back/plan?in_flight=migrate")
	for _, want := range []string{"leave", "map it", `name="map.wait-5d"`} {
		assert.Contains(t, moving.body, want)
	}
	mapped := v.get("/journeys/win-back/plan?in_flight=migrate&map.wait-5d=pause", "HX-Request", "true", "HX-Target", "plan")
	assert.Contains(t, mapped.body, "go on at another step")
	assert.NotContains(t, mapped.body, "<h1>", "only what is different")

	tag := planTag.FindStringSubmatch(mapped.body)[1]
	form := url.Values{"etag": {tag}, "in_flight": {"migrate"}, "waits": {"keep"}, "map.wait-5d": {"pause"}, "seen": {"on"}}
	done := v.follow("/journeys/win-back/publish", form)
	assert.Contains(t, done.body, "Version 2 is live.")
	assert.Contains(t, done.body, "have not yet gone over to version 2")
	second := v.post("/journeys/win-back/publish", form)
	assert.Equal(t, http.StatusPreconditionFailed, second.status)
	assert.Contains(t, second.body, "was published since it was read")
	assert.Equal(t, http.StatusBadRequest, v.post("/journeys/win-back/publish", url.Values{}).status)

	differences := v.get("/journeys/win-back/compare?from=1&to=2")
	assert.Contains(t, differences.body, "7 days")
	restored := v.follow("/journeys/win-back/restore", url.Values{"version": {"1"}})
	assert.Contains(t, restored.body, "Version 1 is the draft now")
	assert.Equal(t, http.StatusNotFound, v.get("/journeys/win-back/compare?from=9&to=2").status)
}

// What she has typed and not saved is named on the plan: the version goes without it.
func TestAPlanNamesWhatIsNotSaved(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	page := v.get("/journeys/win-back/edit")
	v.follow("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {strings.Replace(winBack, "wait: 5d", "wait: 6d", 1)}})
	assert.NotContains(t, v.get("/journeys/win-back/plan").body, `id="unsaved"`)
	v.post("/journeys/win-back/messages/we-miss-you.html/look", url.Values{"text": {"---\nsubject: Half"}, "was": {"x"}})
	v.post("/journeys/win-back/edit", url.Values{"etag": {v.get("/journeys/win-back/edit").etag()}, "source": {strings.Replace(winBack, "wait: 5d", "wiat: 6d", 1)}})
	plan := v.get("/journeys/win-back/plan").body
	assert.Contains(t, plan, "2 texts of yours are not saved, and will not be published")
	assert.Contains(t, plan, `<a href="/journeys/win-back/messages/we-miss-you.html"><span class="code">we-miss-you.html</span></a>: the version takes the message as it was saved last.`)
	assert.Contains(t, plan, `<a href="/journeys/win-back/edit">Text of the journey</a>: the version takes the text as it was saved last.`)
	assert.Contains(t, plan, "Publish version 2", "it can be published all the same")
	assert.NotContains(t, o.as(journey.RoleAdmin).get("/journeys/win-back/plan").body, `id="unsaved"`, "nobody else meets it")
}

// What stands in the way of a publish is said instead of the plan.
func TestAPlanNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	text := strings.Replace(winBack, "- send: comeback-offer", "- send: not-there", 1)
	page := v.get("/journeys/win-back/edit")
	edited := v.follow("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {text}})
	assert.Contains(t, edited.body, "missing before it can be published")
	plan := v.get("/journeys/win-back/plan")
	assert.Contains(t, plan.body, "not-there")
	assert.NotContains(t, plan.body, "Publish version")
}

// A draft is played for invented customers and for one of ours, with events placed; its mails are shown, and nothing is written.
func TestSimulatingADraft(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	v := o.as(journey.RoleMarketer)
	assert.NotContains(t, v.get("/journeys/win-back/simulate").body, "How many came where")
	before := one[int](o, `SELECT count(*) FROM messages`)
	invented := v.get("/journeys/win-back/simulate?who=invented&customers=20&days=40&seed=3&e0.event=Signed+Up&e1.after=2d&e1.event=Order+Completed&e1.with=%7B+total%3A+80+%7D")
	require.Equal(t, http.StatusOK, invented.status, invented.body)
	for _, want := range []string{"How many came where", "won-back", "About us", "journey-graph"} {
		assert.Contains(t, invented.body, want)
	}
	frame := regexp.MustCompile(`src="(/journeys/win-back/simulate/[^"]+)"`).FindStringSubmatch(invented.body)
	require.NotNil(t, frame)
	mail := v.get(strings.ReplaceAll(frame[1], "&amp;", "&"))
	assert.Equal(t, http.StatusOK, mail.status)
	assert.Contains(t, mail.body, "Hello")
	assert.Contains(t, mail.header.Get("Content-Security-Policy"), "sandbox")

	hers := v.get("/journeys/win-back/simulate?who=customer&customer=" + ada)
	require.Equal(t, http.StatusOK, hers.status, hers.body)
	assert.Contains(t, hers.body, "Ada")
	assert.Equal(t, before, one[int](o, `SELECT count(*) FROM messages`))
	for query, status := range map[string]int{
		"who=invented&customers=x": http.StatusUnprocessableEntity, "who=invented&customers=9999": http.StatusUnprocessableEntity, "who=customer": http.StatusUnprocessableEntity,
		"who=customer&customer=cus_none": http.StatusNotFound, "who=invented&more=%7B": http.StatusUnprocessableEntity,
		"who=invented&start=now": http.StatusUnprocessableEntity,
	} {
		assert.Equal(t, status, v.get("/journeys/win-back/simulate?"+query).status, query)
	}
}
