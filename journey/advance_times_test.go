package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vienna is a moment as a person in Vienna writes it.
func vienna(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone(t, "Europe/Vienna"))
	require.NoError(t, err)
	return at
}

// times are the moments of what was queued, as the customer's clock shows them.
func (s *story) times() (out []string) {
	for _, m := range s.queued {
		out = append(out, m.NotBefore.In(s.facts.Zone).Format("2006-01-02 15:04")+" "+m.Template)
	}
	return out
}

// begins lets the story begin at another moment.
func (s *story) begins(at time.Time) *story {
	s.now, s.st.EnteredAt = at, at
	return s
}

// A day of a wait is 24 hours. Over a whole year the clocks change back and forth, so that she sees the same time of day, unless
// the year ends on the other side of a change: there a step `at`, a send window or a date says which time of day is meant.
func TestWaitOfAYear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ steps, from, want string }{
		"winter to winter":           {"{ wait: 365d }", "2026-11-23 10:00", "2027-11-23 10:00"},
		"summer to summer":           {"{ wait: 365d }", "2026-07-01 10:00", "2027-07-01 10:00"},
		"over a leap day":            {"{ wait: 365d }", "2027-06-01 10:00", "2028-05-31 10:00"},
		"the longest":                {"{ wait: 400d }", "2026-11-23 10:00", "2027-12-28 10:00"},
		"winter to summer":           {"{ wait: 200d }", "2026-11-23 10:00", "2027-06-11 11:00"},
		"ends before a later change": {"{ wait: 365d }", "2026-10-25 12:00", "2027-10-25 13:00"},
		"and at the same time":       {`{ wait: 364d }, { wait: { at: "12:00" } }`, "2026-10-25 12:00", "2027-10-25 12:00"},
		"to a date":                  {`{ wait: { until: { attribute: renews }, if_past: skip, if_missing: skip } }`, "2026-10-25 12:00", "2027-10-25 12:00"},
		"to an hour that is skipped": {`{ wait: 360d }, { wait: { at: "02:30", day: sun } }`, "2026-03-30 12:00", "2027-03-28 03:00"},
	} {
		s := tell(t, head+"steps: [ "+c.steps+", { send: hello } ]").begins(vienna(t, c.from))
		s.facts.Customer.Attributes["renews"] = "2027-10-25T12:00"
		s.advance().pass(500 * Day)
		assert.Equal(t, []string{c.want + " hello"}, s.times(), name)
	}
}

// In mid-year an exit ends the wait, the goal is counted, and nothing is sent when the year is over.
func TestWaitOfAYearEndsByAnExitInItsMidst(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"exit: [ { event: Cancelled, as: cancelled } ]\nsteps: [ { wait: 365d }, { send: hello } ]").advance()
	s.pass(200*Day).does("Cancelled", nil).pass(300 * Day)
	assert.Equal(t, "cancelled", s.st.Reason)
	assert.Empty(t, s.sent())
}

// Events count for waits, exits and goals when they come in, whatever their timestamp says; conditions with `within` look at the
// timestamp.
func TestEventsThatComeLateEarlyTwiceAndOutOfOrder(t *testing.T) {
	t.Parallel()
	const paid = head + `
steps:
  - wait_for: { any: [ { event: Paid, then: [ { send: thanks } ] } ], timeout: { after: 5d, then: [ { send: reminder } ] } }
  - wait_for: { any: [ { event: Paid, then: [ { send: again } ] } ], timeout: { after: 5d, then: [ { send: silence } ] } }
`
	const recent = head + `
steps:
  - wait: 1d
  - branch: [ { if: { event: Paid, within: 2d }, then: [ { send: recent } ] }, { if: { event: Paid }, then: [ { send: once } ] }, { else: [ { send: never } ] } ]
`
	const packed = head + `
steps:
  - wait_for: { any: [ { event: Packed, then: [ { send: packed } ] } ], timeout: { after: 5d, then: [ { send: lost } ] } }
  - wait_for: { any: [ { %s, then: [ { send: delivered } ] } ], timeout: { after: 5d, then: [ { send: ask } ] } }
`
	after := func(src string, act func(s *story)) []string {
		s := tell(t, src).advance()
		act(s.pass(time.Hour))
		return s.pass(30 * Day).sent()
	}
	at := func(s *story, name string, shift time.Duration) {
		s.track(name, nil)
		e := Event{Kind: KindTrack, At: s.now.Add(shift), ReceivedAt: s.now}
		last := &s.facts.Events[len(s.facts.Events)-1]
		last.At, last.Historical = e.At, e.IsHistorical()
		s.facts.History[name][0] = *last
		s.advance()
	}
	for name, c := range map[string]struct {
		src  string
		act  func(s *story)
		want []string
	}{
		"late, the wait takes it":                    {paid, func(s *story) { at(s, "Paid", -3*Day) }, []string{"0d 1h0m0s thanks", "5d 1h0m0s silence"}},
		"late, the condition looks at its time":      {recent, func(s *story) { at(s, "Paid", -3*Day) }, []string{"1d once"}},
		"so late that it is history":                 {paid, func(s *story) { at(s, "Paid", -31*Day) }, []string{"5d reminder", "10d silence"}},
		"history has been, all the same":             {recent, func(s *story) { at(s, "Paid", -31*Day) }, []string{"1d once"}},
		"early, by a clock ahead":                    {paid, func(s *story) { at(s, "Paid", 23*time.Hour) }, []string{"0d 1h0m0s thanks", "5d 1h0m0s silence"}},
		"early, and recent":                          {recent, func(s *story) { at(s, "Paid", 22*time.Hour) }, []string{"1d recent"}},
		"twice, after each other, is two payments":   {paid, func(s *story) { at(s, "Paid", 0); s.pass(time.Hour); at(s, "Paid", 0) }, []string{"0d 1h0m0s thanks", "0d 2h0m0s again"}},
		"twice, of which the second is the older":    {recent, func(s *story) { at(s, "Paid", -time.Hour); at(s, "Paid", -9*Day) }, []string{"1d recent"}},
		"out of order, a wait begins when it begins": {fmt.Sprintf(packed, "event: Delivered"), func(s *story) { at(s, "Delivered", 0); at(s, "Packed", -Day) }, []string{"0d 1h0m0s packed", "5d 1h0m0s ask"}},
		"out of order, a condition knows it":         {fmt.Sprintf(packed, "if: { event: Delivered }"), func(s *story) { at(s, "Delivered", 0); at(s, "Packed", -Day) }, []string{"0d 1h0m0s packed", "0d 1h0m0s delivered"}},
	} {
		assert.Equal(t, c.want, after(c.src, c.act), name)
	}
}

// What a wait hangs on changes while she waits: the wait ends earlier or later than it was planned.
func TestWaitsAreRecomputedEarlierAndLater(t *testing.T) {
	t.Parallel()
	const until = "steps: [ { wait: { until: { %s: renews }, if_past: run, if_missing: skip, then: [ { send: hello } ] } } ]"
	const at = `steps: [ { wait: { at: "09:30", day: sat } }, { send: hello } ]`
	const day = `steps: [ { wait: { until: { attribute: renews }, if_past: run, if_missing: skip, then: [ { send: hello } ] } } ]`
	const agrees = "steps: [ { wait_for: { any: [ { if: { consent: offers, is: %s }, then: [ { send: { message: hello, topic: transactional } } ] } ], timeout: { after: 9d, then: [ { exit: silent } ] } } } ]"
	for name, c := range map[string]struct {
		src    string
		change func(f *Facts)
		want   []string
	}{
		"an attribute, earlier": {fmt.Sprintf(until, "attribute"), func(f *Facts) { f.Customer.Attributes["renews"] = "2026-11-28T09:00:00Z" }, []string{"5d hello"}},
		"an attribute, later":   {fmt.Sprintf(until, "attribute"), func(f *Facts) { f.Customer.Attributes["renews"] = "2026-12-13T09:00:00Z" }, []string{"20d hello"}},
		"of the account, earlier": {fmt.Sprintf(until, "account"), func(f *Facts) { f.Account = &Account{Attributes: map[string]any{"renews": "2026-11-28T09:00:00Z"}} },
			[]string{"5d hello"}},
		"of the account, later": {fmt.Sprintf(until, "account"), func(f *Facts) { f.Account = &Account{Attributes: map[string]any{"renews": "2026-12-13T09:00:00Z"}} },
			[]string{"20d hello"}},
		"the zone, earlier":          {at, func(f *Facts) { f.Zone = zone(t, "Asia/Tokyo") }, []string{"4d 15h30m0s hello"}},
		"the zone, later":            {at, func(f *Facts) { f.Zone = zone(t, "America/New_York") }, []string{"5d 5h30m0s hello"}},
		"the zone of a date, later":  {day, func(f *Facts) { f.Customer.Attributes["renews"] = "2026-12-13"; f.Zone = zone(t, "America/New_York") }, []string{"19d 20h0m0s hello"}},
		"the zone of a date, sooner": {day, func(f *Facts) { f.Customer.Attributes["renews"] = "2026-12-13"; f.Zone = zone(t, "Asia/Tokyo") }, []string{"19d 6h0m0s hello"}},
		"a consent, withdrawn":       {fmt.Sprintf(agrees, "withdrawn"), func(f *Facts) { f.Customer.Consents["offers"] = ConsentWithdrawn }, []string{"3d hello"}},
		"a consent that stays":       {fmt.Sprintf(agrees, "withdrawn"), func(*Facts) {}, nil},
	} {
		s := tell(t, head+c.src)
		s.facts.Customer.Attributes["renews"] = "2026-12-03T09:00:00Z"
		s.facts.Account = &Account{Attributes: map[string]any{"renews": "2026-12-03T09:00:00Z"}}
		s.advance().pass(3 * Day)
		c.change(&s.facts)
		assert.Equal(t, c.want, s.advance().pass(60*Day).sent(), name)
	}
}
