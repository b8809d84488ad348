package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// playTime is how long a whole play may take on a machine that has other things to do.
const playTime = 240 * time.Second

// A day of the shop lasts a second, and its people live by days. These tests share two cores with all the others, and at full speed
// a second in which nobody gets a turn is a day in which nobody reads her mail: so a day takes a little longer here.
const (
	briskly    = "--speed=43200" // a day takes 2 seconds
	slowly     = "--speed=28800" // 3 seconds: while Temporal finds out that a worker is dead
	verySlowly = "--speed=8640"  // 10 seconds: while Postgres is away
)

func TestDemoPlaysEveryStoryToItsEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	demo := p.start(t, "demo", "--once", briskly)
	status := demo.endsWithin(playTime)
	require.Equal(t, 0, status, "the demo's own comparison")
	assert.Contains(t, demo.said(), "Every message that their stories call for came once, and none that they don't.")
	assert.Empty(t, p.audit(t), "nothing was in doubt: nobody died")
}

// audit opens the installation again after a play and compares three things that must agree: the stories, the ledger, and the
// inbox. It returns the messages that were lost in the one window in which one can be: it was handed over, and whoever waited
// for the reply was killed. Everything else that differs fails the test.
func (p *place) audit(t *testing.T) (lost []journey.MessageSummary) {
	t.Helper()
	dev := p.dev(t)
	ledger := p.as(t, journey.RoleViewer).messages("")
	inbox := p.delivered(t)
	dev.signal(15)
	require.Equal(t, 0, dev.endsWithin(20*time.Second))

	rows := map[string]journey.MessageSummary{} // by Message-ID
	for _, m := range ledger {
		rows[m.MessageID] = m
	}
	copies, got := map[string]int{}, map[string]map[string]int{} // Message-ID; address → template
	for _, mail := range inbox {
		row, known := rows[strings.Trim(mail.MessageID, "<>")]
		require.True(t, known, "%q to %v is not in the ledger", mail.Subject, mail.To)
		copies[row.MessageID]++
		to := mail.To[0].Address
		if got[to] == nil {
			got[to] = map[string]int{}
		}
		got[to][row.Journey+"/"+row.Template]++
	}
	for _, m := range ledger {
		what := fmt.Sprintf("%s/%s to %s (%s %s)", m.Journey, m.Template, m.Address, m.State, m.Reason)
		assert.LessOrEqual(t, copies[m.MessageID], 1, "%s came more than once", what)
		switch m.State {
		case journey.MessageAccepted:
			assert.Equal(t, 1, copies[m.MessageID], "%s is not in the inbox", what)
		case journey.MessageUnknown, journey.MessageAtDot:
			if copies[m.MessageID] == 0 {
				lost = append(lost, m)
			}
		default:
			assert.Zero(t, copies[m.MessageID], "%s is in the inbox", what)
		}
	}
	for _, st := range cast() {
		compareStory(t, st, got[strings.ToLower(st.Name)+"-1@example.com"], lost)
	}
	t.Logf("%d messages in the ledger, %d mails in the inbox, %d lost in doubt", len(ledger), len(inbox), len(lost))
	return lost
}

// compareStory finds in her inbox what her story calls for, once, and nothing else. A letter that was lost in doubt is
// missing, and if she was to act on it, her story is another from there on.
func compareStory(t *testing.T, st story, got map[string]int, lost []journey.MessageSummary) {
	t.Helper()
	gone := map[string]bool{}
	for _, m := range lost {
		if strings.HasPrefix(m.Address, strings.ToLower(st.Name)+"-1@") {
			gone[m.Journey+"/"+m.Template] = true
		}
	}
	if slices.ContainsFunc(st.Acts, func(a act) bool { return gone[a.When] }) {
		return // that nothing came twice was asked already
	}
	called := map[string]bool{}
	for _, want := range st.Mail {
		count := 0
		for _, template := range strings.Split(want, "|") {
			called[template] = true
			count += got[template]
			if gone[template] {
				count++
			}
		}
		assert.Equal(t, 1, count, "%s (%s): %s", st.Name, st.About, want)
	}
	for _, template := range slices.Sorted(maps.Keys(got)) {
		assert.True(t, called[template], "%s (%s): %s although her story does not call for it", st.Name, st.About, template)
	}
}
