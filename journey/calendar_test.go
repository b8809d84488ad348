package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func moments(all []Occasion, zone *time.Location) []string {
	var out []string
	for _, o := range all {
		out = append(out, o.At.In(zone).Format("2006-01-02 15:04")+" "+o.Key)
	}
	return out
}

func TestDatesOfTheCalendar(t *testing.T) {
	t.Parallel()
	nine := 9 * 60
	day := func(text string) time.Time {
		at, err := time.Parse("2006-01-02", text)
		require.NoError(t, err)
		return at
	}
	for name, c := range map[string]struct {
		trigger  DateTrigger
		value    any
		zone     string
		from, to string
		want     []string
	}{
		"a leap day":            {DateTrigger{Yearly: true, At: &nine}, "2000-02-29", "Europe/Vienna", "2027-01-01", "2029-01-01", []string{"2027-02-28 09:00 date:2027-02-28", "2028-02-29 09:00 date:2028-02-29"}},
		"a week before":         {DateTrigger{Yearly: true, At: &nine, Offset: -7 * Day}, "1990-01-03", "America/New_York", "2026-12-01", "2027-02-01", []string{"2026-12-27 09:00 date:2027-01-03"}},
		"across a clock change": {DateTrigger{At: &nine, Offset: -7 * Day}, "2027-04-01", "Europe/Vienna", "2027-03-01", "2027-04-01", []string{"2027-03-25 09:00 date:2027-04-01"}},
		"a skipped hour":        {DateTrigger{At: new(int)}, "2026-09-06", "America/Santiago", "2026-09-01", "2026-09-10", []string{"2026-09-06 01:00 date:2026-09-06"}},
		"Lord Howe":             {DateTrigger{Yearly: true, At: &nine}, "1990-10-04", "Australia/Lord_Howe", "2026-10-01", "2026-10-30", []string{"2026-10-04 09:00 date:2026-10-04"}},
		"a day left out":        {DateTrigger{At: &nine}, "2011-12-30", "Pacific/Apia", "2011-12-28", "2012-01-02", []string{"2011-12-31 09:00 date:2011-12-31"}},
		"with its time":         {DateTrigger{Offset: -2 * time.Hour}, "2027-04-01T10:30:00Z", "Europe/Vienna", "2027-03-01", "2027-05-01", []string{"2027-04-01 10:30 date:2027-04-01"}},
		"not of before":         {DateTrigger{Yearly: true}, "2030-05-01", "Europe/Vienna", "2027-01-01", "2029-12-31", nil},
		"no date":               {DateTrigger{Yearly: true}, "soon", "Europe/Vienna", "2027-01-01", "2029-12-31", nil},
		"missing":               {DateTrigger{Yearly: true}, nil, "Europe/Vienna", "2027-01-01", "2029-12-31", nil},
	} {
		c.trigger.Attribute = "born"
		where := zone(t, c.zone)
		customer := &Customer{Attributes: map[string]any{"born": c.value}}
		enter := Enter{Date: &c.trigger}
		assert.Equal(t, c.want, moments(enter.Occasions(customer, where, day(c.from), day(c.to)), where), name)
	}
	d := DateTrigger{Yearly: true, Offset: -7 * Day}
	assert.Contains(t, d.Days(day("2027-02-21"), day("2027-02-21")), "02-29", "whose 29 February is the 28th this year is looked up, too")
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	vienna := zone(t, "Europe/Vienna")
	for text, want := range map[string][]string{
		"0 9 * * mon":     {"03-22 09:00", "03-29 09:00"},
		"30 2 28 3 *":     {"03-28 03:00"}, // the clocks skip it
		"*/30 8-9 24 * *": {"03-24 08:00", "03-24 08:30", "03-24 09:00", "03-24 09:30"},
		"0 0 23 * 7":      {"03-23 00:00", "03-28 00:00"}, // either day
		"0 9 1,31 * *":    {"03-31 09:00"},
		"0 9 31 2 *":      nil,
	} {
		c, err := parseCron(text)
		require.NoError(t, err, text)
		from := time.Date(2027, 3, 22, 0, 0, 0, 0, time.UTC).Add(-2 * time.Hour)
		var got []string
		for _, at := range c.between(from, from.Add(10*Day), vienna) {
			got = append(got, at.In(vienna).Format("01-02 15:04"))
		}
		assert.Equal(t, want, got, text)
	}
	twice, err := parseCron("30 2 31 10 *")
	require.NoError(t, err)
	assert.Len(t, twice.between(time.Date(2027, 10, 30, 0, 0, 0, 0, time.UTC), time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC), vienna), 1)
	for _, text := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "1- * * * *"} {
		_, err := parseCron(text)
		assert.Error(t, err, text)
	}
}

func TestOnceIsLocalOrInItsZone(t *testing.T) {
	t.Parallel()
	tokyo := zone(t, "Asia/Tokyo")
	from := time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC)
	enter := Enter{Once: &Once{At: "2030-02-05T10:00"}}
	assert.Equal(t, []string{"2030-02-05 10:00 once:2030-02-05T10:00"}, moments(enter.Occasions(&Customer{}, tokyo, from, from.Add(9*Day)), tokyo))
	enter.Once.Zone = zone(t, "Europe/Vienna")
	assert.Equal(t, []string{"2030-02-05 18:00 once:2030-02-05T10:00"}, moments(enter.Occasions(&Customer{}, tokyo, from, from.Add(9*Day)), tokyo))
}

func TestSegmentsOfTheFile(t *testing.T) {
	t.Parallel()
	s := tell(t, head+`
segments:
  vip: { any: [ { attribute: tier, eq: top }, { segment: big } ] }
  big: { event: Order Completed, count: { gte: 2 } }
exit: [ { if: { segment: vip }, as: vip } ]
steps: [ { branch: [ { if: { not: { segment: vip } }, then: [ { send: hello } ] } ] }, { wait: 5d } ]
`)
	s.advance()
	assert.Contains(t, s.out.Listens, ListenEvent+"Order Completed")
	assert.Contains(t, s.out.Listens, ListenAttribute+"tier")
	s.does("Order Completed", nil).does("Order Completed", nil)
	assert.Equal(t, "vip", s.st.Reason)
}
