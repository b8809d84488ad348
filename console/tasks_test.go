package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// A colleague looks at the inbox, claims what is due, notes, and is done with it.
func TestTheInboxOfTasks(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleSupport)
	assert.Contains(t, v.get("/tasks").body, "Nothing is to be done", "an empty page says where tasks come from")
	ada, _, _ := o.play()
	v.signIn(journey.RoleSupport)
	id := one[string](o, `SELECT id FROM tasks`)
	list := v.get("/tasks").body
	assert.Contains(t, list, "/tasks/"+id)
	assert.Contains(t, list, "Ada King")
	assert.NotContains(t, v.get("/tasks?view=overdue").body, id)
	assert.Contains(t, v.get("/customers/"+ada).body, "/tasks/"+id, "her page shows her tasks")

	for query, there := range map[string]bool{
		"journey=win-back": true, "journey=other": false, "customer=Ada": true, "customer=" + ada: true, "customer=ben": false,
		"due=today": true, "due=week&journey=win-back&customer=ada@example.com": true, "team=support": true, "team=sales": false,
	} {
		page := v.get("/tasks?view=open&" + query).body
		assert.Equal(t, there, strings.Contains(page, "/tasks/"+id), query)
		assert.Contains(t, page, `href="/tasks?view=open">Show all`, "what narrows it can be taken away")
	}
	assert.Contains(t, v.get("/tasks?journey=other").body, `>Open <span class="muted">0</span>`, "what is counted is what is narrowed to")
	assert.Contains(t, v.get("/tasks?customer=nobody").body, "Nobody is called that")
	assert.Contains(t, v.get("/tasks?journey=win-back&due=week").body, `href="/tasks?due=week&amp;journey=win-back&amp;view=mine"`, "a tab keeps what narrows it")

	page := v.get("/tasks/" + id).body
	assert.Contains(t, page, "Claim")
	page = v.follow("/tasks/"+id+"/claim", nil).body
	assert.Contains(t, page, "It is yours.")
	assert.Contains(t, page, "Release")
	assert.Contains(t, v.get("/tasks?view=mine").body, id)
	assert.NotContains(t, v.get("/tasks?view=unclaimed").body, id)

	colleague := o.as(journey.RoleAdmin)
	got := colleague.post("/tasks/"+id+"/claim", nil)
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, got.body, "Take it from", "whose it is, and how to take it")
	assert.Contains(t, colleague.follow("/tasks/"+id+"/claim", url.Values{"take": {"yes"}}).body, "It is yours.")
	page = v.follow("/tasks/"+id+"/notes", url.Values{"text": {"no answer <b>yet</b>"}}).body
	assert.Contains(t, page, "no answer &lt;b&gt;yet")
	assert.Equal(t, http.StatusUnprocessableEntity, v.post("/tasks/"+id+"/notes", url.Values{"text": {" "}}).status)

	o.wall.pass(5 * time.Hour)
	v.signIn(journey.RoleSupport)
	assert.Contains(t, v.get("/tasks?view=overdue").body, id)
	assert.Contains(t, v.get("/").body, "/tasks/"+id, "what is overdue stands on the first page")
	assert.Equal(t, http.StatusUnprocessableEntity, v.post("/tasks/"+id+"/done", url.Values{"outcome": {""}}).status)
	assert.Contains(t, v.follow("/tasks/"+id+"/done", url.Values{"outcome": {"reached"}, "note": {"glad"}}).body, "Done.")
	assert.Contains(t, v.get("/tasks?view=done&outcome=reached").body, id)
	assert.NotContains(t, v.get("/tasks?view=done&outcome=left").body, id)
	page = v.get("/tasks/" + id).body
	assert.Contains(t, page, "glad")
	assert.NotContains(t, page, "/claim", "what is done is nobody's any more")
	assert.NotContains(t, o.as(journey.RoleViewer).get("/tasks/"+id).body, "/notes", "who may only look sees no forms")
	assert.Equal(t, http.StatusNotFound, v.get("/tasks/tsk_none").status)
}
