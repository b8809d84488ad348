package main

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The account is itself held to account: each fault that it is there to find, it finds, and nothing else.
func TestTheAccountFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	bytes := sha256.Sum256([]byte("as sent"))
	row := func(state, topic string, resent bool) letter {
		return letter{Customer: "c1", Template: "welcome/hello", State: state, Topic: topic, Resent: resent, MessageID: "m1", BytesHash: bytes[:]}
	}
	relay := func(copies int) *delivery { return &delivery{copies: copies, hash: bytes} }
	for name, c := range map[string]struct {
		row                                letter
		relay                              *delivery
		lost, twice, faults, unknown, copy int
	}{
		"accepted, and there":                        {row: row("accepted", "offers", false), relay: relay(1)},
		"accepted, and never there":                  {row: row("accepted", "offers", false), lost: 1},
		"marketing mail twice":                       {row: row("accepted", "offers", false), relay: relay(2), twice: 1},
		"marketing mail in doubt, sent again":        {row: row("unknown", "offers", false), relay: relay(2), twice: 1, unknown: 1},
		"marketing mail in doubt":                    {row: row("unknown", "offers", false), unknown: 1},
		"transactional mail in doubt, sent again":    {row: row("accepted", "transactional", true), relay: relay(2), copy: 1},
		"transactional mail three times":             {row: row("accepted", "transactional", true), relay: relay(3), twice: 1},
		"transactional mail twice without any doubt": {row: row("accepted", "transactional", false), relay: relay(2), twice: 1},
		"a second copy that differs":                 {row: row("accepted", "transactional", true), relay: &delivery{copies: 2, hash: bytes, differ: true}, twice: 1, copy: 1},
		"other bytes than the ledger has":            {row: row("accepted", "offers", false), relay: &delivery{copies: 1}, faults: 1},
		"dropped, and there all the same":            {row: row("dropped", "offers", false), relay: relay(1), faults: 1},
		"never sent":                                 {row: row("queued", "offers", false), lost: 1},
	} {
		var r report
		r.compare(c.row, c.relay)
		assert.Equal(t, []int{c.lost, c.twice, c.faults, c.unknown, c.copy},
			[]int{len(r.lost), len(r.twice), len(r.faults), r.unknown, r.extra}, name)
	}
}

func TestTheAccountKnowsWhatIsOwed(t *testing.T) {
	t.Parallel()
	people := []*customer{{id: "c1", owed: []string{"welcome/hello", surveyMail, "question/glad"}}}
	asked := letter{State: "accepted"}
	for name, c := range map[string]struct {
		ledger               map[string][]letter
		lost, twice, excused int
	}{
		"all there":      {ledger: map[string][]letter{"c1 welcome/hello": {{}}, "c1 " + surveyMail: {asked}, "c1 question/glad": {{}}}},
		"one is missing": {ledger: map[string][]letter{"c1 " + surveyMail: {asked}, "c1 question/glad": {{}}}, lost: 1},
		"no word after her answer": {
			ledger: map[string][]letter{"c1 welcome/hello": {{}}, "c1 " + surveyMail: {asked}}, lost: 1},
		"no word after a question in doubt": {
			ledger: map[string][]letter{"c1 welcome/hello": {{}}, "c1 " + surveyMail: {{State: "unknown"}}}, excused: 1},
		"one has two rows": {
			ledger: map[string][]letter{"c1 welcome/hello": {{}, {}}, "c1 " + surveyMail: {asked}, "c1 question/glad": {{}}}, twice: 1},
		"one that nobody called for": {
			ledger: map[string][]letter{"c1 welcome/hello": {{}}, "c1 " + surveyMail: {asked}, "c1 question/glad": {{}}, "c1 question/sorry": {{}}}, twice: 1},
	} {
		var r report
		r.accountOwed(c.ledger, &load{people: people})
		assert.Equal(t, []int{c.lost, c.twice, c.excused}, []int{len(r.lost), len(r.twice), r.excused}, name)
	}
}
