package journey

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCaps(t *testing.T) {
	t.Parallel()
	steps := "steps: [ { send: a }, { wait: 1d }, { send: b }, { wait: 1d }, { send: c }, { wait: 1d }, { send: d } ]\n"
	for over, want := range map[string][]string{
		"hold":       {"0d a", "1d b", "7d c", "8d d"},
		"drop":       {"0d a", "1d b"},
		"reschedule": {"0d a", "1d b", "7d c", "8d d"},
	} {
		s := tell(t, head+"cap: { messages: 2, per: 7d, over: "+over+" }\n"+steps)
		s.advance().pass(30 * Day)
		assert.Equal(t, want, s.sent(), over)
		if over == "reschedule" {
			assert.Equal(t, monday().Add(3*Day), *s.st.EndedAt, "she goes on")
		}
	}
	s := tell(t, head+"cap: { messages: 1, per: 7d }\n"+steps)
	s.advance().pass(30 * Day)
	assert.Equal(t, []string{"0d a", "7d b", "14d c", "21d d"}, s.sent())
	assert.NotContains(t, s.timeline(), "7d recomputed")
}

func TestCapsOfTopicsCountEveryJourney(t *testing.T) {
	t.Parallel()
	s := tell(t, head+"topics: { offers: { name: Offers, cap: { messages: 2, per: 3d, over: drop } } }\n"+
		"steps: [ { send: a }, { send: { message: b, topic: transactional } }, { wait: 3d }, { send: c } ]\n")
	s.facts.Sent = []SentFact{{Journey: "other", Topic: "offers", At: monday().Add(-Day)}, {Journey: "other", Topic: "offers", At: monday().Add(-2 * Day)}}
	s.advance().pass(9 * Day)
	assert.Equal(t, []string{"0d b", "3d c"}, s.sent())
	assert.Contains(t, s.timeline(), "0d not_sent a capped")

	s = tell(t, head+"steps: [ { send: a } ]\n")
	s.facts.Caps = map[string]Cap{"offers": {Messages: 1, Per: Day, Over: OverDrop}}
	s.facts.Sent = []SentFact{{Journey: "other", Topic: "offers", At: monday()}}
	s.advance()
	assert.Empty(t, s.sent(), "the server's cap holds for files that do not know of it")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	def := &Definition{Key: "j", Group: "g", Priority: 5, Enter: Enter{API: true}}
	for _, c := range []struct {
		rivals   []Rival
		not      string
		replaces []string
	}{
		{nil, "", nil},
		{[]Rival{{ID: "enr_1", Group: "h", Priority: 9}}, "", nil},
		{[]Rival{{ID: "enr_1", Group: "g", Priority: 4}}, "", []string{"enr_1"}},
		{[]Rival{{ID: "enr_1", Group: "g", Priority: 5}}, NoEntryGroup, nil},
		{[]Rival{{ID: "enr_1", Group: "g", Priority: 4}, {ID: "enr_2", Group: "g", Priority: 6}}, NoEntryGroup, nil},
	} {
		in, not := admitOne(def, Entry{Via: ViaAPI, APIKey: "k", Rivals: c.rivals, Now: monday()})
		assert.Equal(t, c.not, not)
		assert.Equal(t, c.replaces, in.Replaces)
	}
}
