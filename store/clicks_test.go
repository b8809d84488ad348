package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// A journey that waits for a click hears of it, once, by an event; a machine's click is none.
func TestAClickEndsAWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: news", "name: News", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
		"  - send: hello",
		"  - wait_for: { any: [ { if: { message: hello, was: clicked }, then: [ { exit: clicked } ] } ], timeout: { after: 5d, then: [ { exit: silent } ] } }"))
	ada := w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "news")
	w.step(id, journey.CauseStart)
	message := one[string](w, `SELECT id FROM messages WHERE enrollment_id = $1`, id)
	w.exec(`DELETE FROM wakeups`)
	scan := func() int {
		t.Helper()
		_, err := w.ScanInactive(t.Context(), 10)
		require.NoError(t, err)
		w.apply()
		return one[int](w, `SELECT count(*) FROM events WHERE customer_id = $1 AND name = 'Link Clicked'`, ada.ID)
	}
	for _, machine := range []bool{true, false} {
		require.NoError(t, w.Observe(t.Context(), journey.Observation{MessageID: message, Kind: "click", URL: "https://a.example/", Machine: machine, At: w.Clock().Now()}))
		scan()
	}
	assert.Equal(t, 1, scan(), "told once, of the person's")
	assert.Equal(t, "https://a.example/", one[string](w, `SELECT properties->>'url' FROM events WHERE name = 'Link Clicked'`))
	assert.Equal(t, 1, w.wakeups(id))
	assert.Equal(t, journey.PlanDone, w.step(id, journey.CauseWake).Kind)
	assert.Equal(t, "clicked", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
}
