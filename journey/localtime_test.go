package journey

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLocalTimeNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, after string
		minute      int
		day         string
		want        string
	}{
		"later today":                          {"Europe/Vienna", "2026-11-23T09:00:00+01:00", 9*60 + 30, "", "2026-11-23T09:30:00+01:00"},
		"strictly after":                       {"Europe/Vienna", "2026-11-23T09:30:00+01:00", 9*60 + 30, "", "2026-11-24T09:30:00+01:00"},
		"on a day":                             {"Europe/Vienna", "2026-11-23T09:30:00+01:00", 9*60 + 30, "Sat", "2026-11-28T09:30:00+01:00"},
		"on the same day, over":                {"Europe/Vienna", "2026-11-23T09:30:00+01:00", 9*60 + 30, "Mon", "2026-11-30T09:30:00+01:00"},
		"Vienna, spring: skipped":              {"Europe/Vienna", "2026-03-29T00:00:00+01:00", 2*60 + 30, "", "2026-03-29T03:00:00+02:00"},
		"Vienna, spring: after what was":       {"Europe/Vienna", "2026-03-29T03:00:00+02:00", 2*60 + 30, "", "2026-03-30T02:30:00+02:00"},
		"Vienna, spring: over the change":      {"Europe/Vienna", "2026-03-28T12:00:00+01:00", 9 * 60, "", "2026-03-29T09:00:00+02:00"},
		"Vienna, autumn: the first of two":     {"Europe/Vienna", "2026-10-25T00:00:00+02:00", 2*60 + 30, "", "2026-10-25T02:30:00+02:00"},
		"Vienna, autumn: not the second":       {"Europe/Vienna", "2026-10-25T02:30:00+02:00", 2*60 + 30, "", "2026-10-26T02:30:00+01:00"},
		"Vienna, autumn: between the two":      {"Europe/Vienna", "2026-10-25T02:10:00+01:00", 2*60 + 30, "", "2026-10-26T02:30:00+01:00"},
		"New York, autumn: the first of two":   {"America/New_York", "2026-11-01T00:00:00-04:00", 90, "", "2026-11-01T01:30:00-04:00"},
		"New York, spring: skipped":            {"America/New_York", "2026-03-08T00:00:00-05:00", 150, "", "2026-03-08T03:00:00-04:00"},
		"Lord Howe, spring: half an hour":      {"Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", 2*60 + 15, "", "2026-10-04T02:30:00+11:00"},
		"Lord Howe, autumn: the first":         {"Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", 1*60 + 45, "", "2026-04-05T01:45:00+11:00"},
		"Apia: the day that was left out":      {"Pacific/Apia", "2011-12-29T20:00:00-10:00", 9 * 60, "", "2011-12-31T09:00:00+14:00"},
		"Apia: no such Friday":                 {"Pacific/Apia", "2011-12-29T20:00:00-10:00", 9 * 60, "Fri", "2012-01-06T09:00:00+14:00"},
		"Cairo: midnight is skipped":           {"Africa/Cairo", "2026-04-23T12:00:00+02:00", 0, "", "2026-04-24T01:00:00+03:00"},
		"Cairo: midnight comes twice, nearly":  {"Africa/Cairo", "2026-10-29T12:00:00+03:00", 23*60 + 30, "", "2026-10-29T23:30:00+03:00"},
		"Kathmandu: three quarters of an hour": {"Asia/Kathmandu", "2026-11-23T00:00:00Z", 9 * 60, "", "2026-11-23T09:00:00+05:45"},
		"Santiago: midnight is skipped":        {"America/Santiago", "2026-09-05T12:00:00-04:00", 0, "", "2026-09-06T01:00:00-03:00"},
		"far future":                           {"Europe/Vienna", "2060-07-01T12:00:00+02:00", 9 * 60, "", "2060-07-02T09:00:00+02:00"},
	} {
		z := zone(t, c.zone)
		after, err := time.Parse(time.RFC3339, c.after)
		require.NoError(t, err)
		want, err := time.Parse(time.RFC3339, c.want)
		require.NoError(t, err)
		lt := LocalTime{Minute: c.minute}
		for day := time.Sunday; day <= time.Saturday; day++ {
			if c.day == day.String()[:min(3, len(c.day))] && c.day != "" {
				lt.Day = &day
			}
		}
		assert.Equal(t, want.UTC(), lt.next(after, z), "%s: %s", name, lt.next(after, z).In(z))
	}
}

func TestWindowOpening(t *testing.T) {
	t.Parallel()
	office := Window{From: 9 * 60, To: 20 * 60, Days: []time.Weekday{1, 2, 3, 4, 5}}
	for name, c := range map[string]struct {
		window           Window
		zone, now, opens string
	}{
		"open":                       {office, "Europe/Vienna", "2026-11-23T09:00:00+01:00", "2026-11-23T09:00:00+01:00"},
		"before":                     {office, "Europe/Vienna", "2026-11-23T08:59:59+01:00", "2026-11-23T09:00:00+01:00"},
		"just closed":                {office, "Europe/Vienna", "2026-11-23T20:00:00+01:00", "2026-11-24T09:00:00+01:00"},
		"Friday evening":             {office, "Europe/Vienna", "2026-11-27T21:00:00+01:00", "2026-11-30T09:00:00+01:00"},
		"over the change":            {office, "Europe/Vienna", "2026-10-23T21:00:00+02:00", "2026-10-26T09:00:00+01:00"},
		"opens in the skipped hour":  {Window{From: 150, To: 240}, "Europe/Vienna", "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		"lies in the skipped hour":   {Window{From: 130, To: 170}, "Europe/Vienna", "2026-03-29T00:00:00+01:00", "2026-03-30T02:10:00+02:00"},
		"open until midnight":        {Window{From: 0, To: 1440}, "Europe/Vienna", "2026-11-23T23:59:59+01:00", "2026-11-23T23:59:59+01:00"},
		"Apia, over the missing day": {Window{From: 540, To: 600}, "Pacific/Apia", "2011-12-29T20:00:00-10:00", "2011-12-31T09:00:00+14:00"},
		"never opens":                {Window{From: 600, To: 600}, "Europe/Vienna", "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		want, err := time.Parse(time.RFC3339, c.opens)
		require.NoError(t, err)
		got := c.window.opening(now, zone(t, c.zone))
		assert.True(t, want.Equal(got), "%s: %s", name, got.In(zone(t, c.zone)))
	}
}

func TestMomentOf(t *testing.T) {
	t.Parallel()
	vienna := zone(t, "Europe/Vienna")
	for text, want := range map[string]string{
		"2026-11-23T09:00:00Z":          "2026-11-23T09:00:00Z",
		"2026-11-23T09:00:00.123+05:45": "2026-11-23T03:15:00.123Z",
		"2026-11-23":                    "2026-11-22T23:00:00Z",
		"2026-07-23":                    "2026-07-22T22:00:00Z",
		"2026-11-23T09:30":              "2026-11-23T08:30:00Z",
		"2026-11-23 09:30:10":           "2026-11-23T08:30:10Z",
		"2026-03-29T02:30":              "2026-03-29T01:00:00Z",
	} {
		got, fixed, ok := momentOf(text, vienna)
		require.True(t, ok, text)
		assert.Equal(t, want, stamp(got), text)
		assert.Equal(t, text[len(text)-1] == 'Z' || len(text) > 22, fixed, text)
	}
	for _, v := range []any{nil, "", "soon", "2026", "2026-13-40", "20261123T090000", 17.0, true, "2026-11-23T25:00:00Z", time.Time{}} {
		_, _, ok := momentOf(v, vienna)
		assert.False(t, ok, "%v", v)
	}
	apia, _, ok := momentOf("2011-12-30", zone(t, "Pacific/Apia"))
	assert.True(t, ok)
	assert.Equal(t, "2011-12-30T10:00:00Z", stamp(apia), "the day after begins where it would have")
}
