package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// The clock of the tests begins on Monday, 6 May 2030, 09:00 UTC.
func TestTheCalendarLetsCustomersIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: birthday", "name: Birthday", "topic: offers",
		"enter: { when: { date: { attribute: born, at: \"09:00\", yearly: true } } }", "steps: [ { wait: 1d } ]"))
	w.publish(yaml("journey: weekly", "name: Weekly", "topic: offers", "segments: { vip: { attribute: tier, eq: top } }",
		"enter: { when: { schedule: { cron: 0 10 * * wed, segment: vip } } }", "reentry: always", "steps: [ { wait: 1d } ]"))
	w.publish(yaml("journey: news", "name: News", "topic: offers",
		"enter: { when: { once: { at: 2030-05-08T12:00, zone: Europe/Vienna } } }", "reentry: never", "steps: [ { wait: 1d } ]"))
	w.identify("ada", map[string]any{"born": "1990-05-08", "timezone": "Asia/Tokyo", "tier": "top"})
	w.identify("bob", map[string]any{"born": "1990-05-08T23:00:00Z", "timezone": "America/New_York"})
	w.identify("eve", map[string]any{"born": "1990-05-07", "tier": "top"})
	w.identify("old", map[string]any{"born": "1990-05-05"})
	scan := func() int {
		n, err := w.ScanInactive(t.Context(), 2)
		require.NoError(t, err)
		return n
	}
	entries := func() string {
		return one[string](w, `SELECT coalesce(string_agg(i.external_id || ' ' || e.journey_key || ' ' || e.entry_key, ', '
			ORDER BY e.entered_at, e.journey_key, i.external_id), '') FROM enrollments e JOIN customer_ids i USING (customer_id) WHERE i.kind = 'user'`)
	}
	assert.Zero(t, scan(), "nothing falls due at the moment of publishing")
	for range 3 * 24 * 2 {
		w.wall.pass(30 * time.Minute)
		scan()
	}
	assert.Equal(t, "eve birthday date:2030-05-07, ada birthday date:2030-05-08, ada weekly schedule:2030-05-08T10:00, "+
		"ada news once, bob news once, eve news once, old news once, "+
		"eve weekly schedule:2030-05-08T10:00, bob birthday date:2030-05-08", entries())
	assert.Equal(t, "2030-05-08", one[string](w, `SELECT state->'trigger'->>'date' FROM enrollments WHERE journey_key = 'news' LIMIT 1`))

	w.exec(`DELETE FROM calendar_scans`) // as if the scan had been cut off
	assert.Zero(t, scan(), "nobody enters twice")
	w.wall.pass(10 * journey.Day)
	assert.Zero(t, scan(), "after a long outage the day is over")
}
