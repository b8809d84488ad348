package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
)

var etagField = regexp.MustCompile(`name="etag" id="etag" value="([0-9a-f]+)"`)

// etag is what the text field's form carries.
func (s seen) etag() string {
	if m := etagField.FindStringSubmatch(s.body); m != nil {
		return m[1]
	}
	return ""
}

// begin starts a journey from the library.
func (v *visitor) begin(from, key string) {
	v.t.Helper()
	got := v.follow("/library", url.Values{"from": {from}, "key": {key}, "name": {"Come back: soon"}})
	require.Equal(v.t, http.StatusOK, got.status, got.body)
	require.Contains(v.t, got.body, "Come back: soon is a draft now")
}

// A marketer begins with what ships, changes the text, undoes and redoes, and is told what is left to say.
func TestWritingAJourney(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/library").body, "For customers who have bought and then gone quiet.")
	v.begin("win-back", "come-back")
	page := v.get("/journeys/come-back/edit")
	assert.Contains(t, page.body, "lines are for you to decide")
	assert.Contains(t, page.body, "journey-graph")
	assert.Contains(t, page.body, `name: &#34;Come back: soon&#34;`)
	again := v.post("/library", url.Values{"from": {"win-back"}, "key": {"come-back"}, "name": {"x"}})
	assert.Equal(t, http.StatusPreconditionFailed, again.status)
	assert.Contains(t, again.body, "exists already")

	source := func() string {
		d, err := o.store.Draft(t.Context(), "come-back")
		require.NoError(t, err)
		return d.Source
	}
	was := source()
	text := strings.Replace(was, "wait: 5d", "wait: 8d", 1)
	v.follow("/journeys/come-back/edit", url.Values{"etag": {page.etag()}, "source": {text}})
	assert.Equal(t, text, source())
	history := v.get("/journeys/come-back/edit/history")
	assert.Contains(t, history.body, "8 days instead of 5 days")

	d, err := o.store.Draft(t.Context(), "come-back")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 2}, []int{d.Revision, d.Newest})
	v.follow("/journeys/come-back/edit/turn", url.Values{"etag": {d.ETag}, "to": {"1"}})
	assert.Equal(t, was, source())
	assert.Equal(t, http.StatusPreconditionFailed, v.post("/journeys/come-back/edit/turn", url.Values{"etag": {d.ETag}, "to": {"2"}}).status)
	d, err = o.store.Draft(t.Context(), "come-back")
	require.NoError(t, err)
	assert.Equal(t, 1, d.Revision)
	v.follow("/journeys/come-back/edit/turn", url.Values{"etag": {d.ETag}, "to": {"2"}})
	assert.Equal(t, text, source())
}

// A text with faults is not the draft, and not lost: it is there after a reload, with what is wrong and how to mend it.
func TestATextWithFaultsIsKept(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v := o.as(journey.RoleMarketer)
	page := v.get("/journeys/win-back/edit")
	wrong := strings.Replace(winBack, "- wait: 5d", "- wiat: 5d", 1)
	got := v.post("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {wrong}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	for _, want := range []string{"1 fault", `data-line="12"`, "wiat", "did you mean", "dimmed", "- wiat: 5d"} {
		assert.Contains(t, got.body, want)
	}
	d, err := o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	assert.False(t, d.IsDraft, "nothing became a draft")
	assert.Contains(t, v.get("/journeys/win-back/edit").body, "- wiat: 5d")

	part := v.post("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {wrong}}, "HX-Request", "true", "HX-Target", "outcome")
	assert.Equal(t, http.StatusOK, part.status)
	assert.Contains(t, part.body, `<div id="outcome"`)
	assert.Contains(t, part.body, `id="canvas" class="picture dimmed" hx-swap-oob="true"`)
	assert.NotContains(t, part.body, "<textarea")

	v.follow("/journeys/win-back/edit/drop", url.Values{})
	assert.NotContains(t, v.get("/journeys/win-back/edit").body, "wiat")
}

// Two people edit one draft: the second is told who was faster, loses nothing, and chooses.
func TestTwoEditOneDraft(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	first, second := o.as(journey.RoleMarketer), o.as(journey.RoleAdmin)
	page := first.get("/journeys/win-back/edit")
	other := second.get("/journeys/win-back/edit")
	hers := strings.Replace(winBack, "wait: 5d", "wait: 7d", 1)
	first.follow("/journeys/win-back/edit", url.Values{"etag": {page.etag()}, "source": {hers}})
	mine := strings.Replace(winBack, "expires: 14d", "expires: 21d", 1)
	late := second.post("/journeys/win-back/edit", url.Values{"etag": {other.etag()}, "source": {mine}})
	assert.Equal(t, http.StatusPreconditionFailed, late.status)
	for _, want := range []string{"Robin M. has changed the draft meanwhile", "5 days instead of 7 days", "expires: 21d", "Save mine over it"} {
		assert.Contains(t, late.body, want)
	}
	kept := second.get("/journeys/win-back/edit")
	assert.Contains(t, kept.body, "expires: 21d", "it is there after a reload")
	assert.Contains(t, kept.body, "has changed the draft meanwhile")
	d, err := o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	second.follow("/journeys/win-back/edit", url.Values{"etag": {other.etag()}, "over": {d.ETag}, "source": {mine}})
	d, err = o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	assert.Equal(t, mine, d.Source)
	assert.Equal(t, 3, d.Revision, "the first one's work is one undo away")
}

// Typing is one revision for a minute; the next minute, another person and a change after an undo begin a new one.
func TestTypingGathersIntoRevisions(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	v, other := o.as(journey.RoleMarketer), o.as(journey.RoleAdmin)
	revision := func(who *visitor, wait string) int {
		text := strings.Replace(winBack, "wait: 5d", "wait: "+wait, 1)
		who.follow("/journeys/win-back/edit", url.Values{"etag": {who.get("/journeys/win-back/edit").etag()}, "source": {text}})
		d, err := o.store.Draft(t.Context(), "win-back")
		require.NoError(t, err)
		return d.Revision
	}
	assert.Equal(t, 2, revision(v, "6d"))
	assert.Equal(t, 2, revision(v, "7d"))
	o.wall.pass(2 * time.Minute)
	assert.Equal(t, 3, revision(v, "8d"))
	assert.Equal(t, 4, revision(other, "9d"))
	d, err := o.store.Draft(t.Context(), "win-back")
	require.NoError(t, err)
	_, err = o.ctl.Turn(t.Context(), tester, "win-back", 3, d.ETag)
	require.NoError(t, err)
	assert.Equal(t, 4, revision(v, "10d"), "what was undone is gone once something else is changed")
	assert.Equal(t, 0, one[int](o, `SELECT count(*) FROM draft_revisions WHERE source LIKE '%wait: 9d%'`))
	_, err = o.ctl.Publish(t.Context(), tester, control.PublishRequest{Key: "win-back"})
	require.NoError(t, err)
	assert.Equal(t, 0, one[int](o, `SELECT count(*) FROM draft_revisions`), "from then on the versions are the history")
}
