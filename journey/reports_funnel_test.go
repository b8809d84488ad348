package journey_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// That the moment of a wait came is told by no line of the log: the way there is counted, and opened, at its first step. A version that
// cannot be read leaves the steps without words, and none of them is said to be former.
func TestTheFunnelOfAMoment(t *testing.T) {
	t.Parallel()
	def, problems := journey.Parse("", []byte(strings.Join([]string{
		"journey: event", "name: Event", "topic: offers", "enter: { when: { event: Booked } }", "reentry: always", "steps:",
		"  - id: day", "    wait: { until: { trigger: starts_at }, if_past: skip, if_missing: skip, then: [ { id: welcome, send: hello } ] }",
		"  - id: rest", "    wait: 1d", ""}, "\n")))
	require.Empty(t, problems.Errors())
	may := time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC)
	counts := journey.Counts{}
	for label, n := range map[string]int64{"entered event/": 4, "came event/day": 4, "came event/welcome": 3, "came event/rest": 4, "came event/old": 2,
		"took event/day/skipped": 1, "took event/old/b": 2, "left event/rest": 3, "stands event/rest": 1, "got event/welcome": 2} {
		what, label, _ := strings.Cut(label, " ")
		counts[journey.CountKey{What: what, Grain: journey.ByMonth, Starts: may, Label: label}] = journey.Count{N: n}
	}
	show := func(defs map[string]*journey.Definition) (steps, ways []string) {
		v := journey.ViewReport(journey.ReportSettings{}, journey.ReportRequest{Report: journey.ReportJourneys, By: journey.ByMonth, From: may, Until: may}, may,
			journey.Reported{Counts: counts, Journeys: defs})
		for key, into := range map[string]*[]string{"funnel": &steps, "ways": &ways} {
			table, err := v.Table(key)
			require.NoError(t, err)
			sheet, err := table.CSV()
			require.NoError(t, err)
			for _, line := range strings.Split(strings.TrimSpace(string(sheet)), "\n")[1:] {
				*into = append(*into, strings.TrimPrefix(line, "2030-05-01,2030-05-31,false,event,"))
			}
		}
		return steps, ways
	}
	steps, ways := show(map[string]*journey.Definition{"event": def})
	assert.Equal(t, []string{"day,,,Wait until trigger.starts_at,4,1,4,0,0,,", "welcome,,day/then,Send hello,3,0.75,3,0,0,2,", "rest,,,Wait 1 day,4,1,0,3,1,,", "old,,,,2,0.5,2,0,0,,former"}, steps)
	assert.Equal(t, []string{"day/then,,,then,3,0.75,", "day/skipped,,,if that is past,1,0.25,", "old/b,,,,2,1,former"}, ways)
	steps, _ = show(nil)
	assert.Equal(t, []string{"day,,,,4,1,4,0,0,,", "rest,,,,4,1,0,3,1,,", "welcome,,,,3,0.75,3,0,0,2,", "old,,,,2,0.5,2,0,0,,"}, steps)

	q := journey.PeopleRequest{Report: journey.ReportJourneys, Table: "ways", Figure: "took", Group: "event", Label: "day/then"}
	assert.Equal(t, journey.PeopleRequest{Report: journey.ReportJourneys, Table: "funnel", Figure: "came", Group: "event", Label: "welcome"}, q.Opened(def))
	q.Label = "day/skipped"
	assert.Equal(t, q, q.Opened(def))
}
