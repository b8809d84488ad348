package simulate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
)

func parse(t *testing.T, steps string) *journey.Definition {
	t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte("journey: test\nname: Test\ntopic: offers\n"+
		"enter: { when: { event: Started } }\nreentry: always\nsteps:\n"+steps))
	require.Empty(t, problems.Errors(), "%v", problems)
	return def
}

func scenario(t *testing.T, text string) simulate.Scenario {
	t.Helper()
	s, err := simulate.ParseScenario("test.yaml", []byte("name: test\nstart: 2026-03-02T08:00:00Z\n"+text))
	require.NoError(t, err)
	return s
}

func TestRunIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	def, set := load(t, "win-back")
	s := scenario(t, "until: 200d\nevents: [ { event: Order Completed, properties: { order_id: A, total: 9 } } ]\n")
	s.Persona.Customer.Consents["offers"] = journey.ConsentGiven
	first, err := simulate.Run(def, set, s.Persona, s.Script, simulate.Options{Profile: intake.Profile})
	require.NoError(t, err)
	second, err := simulate.Run(def, set, s.Persona, s.Script, simulate.Options{Profile: intake.Profile})
	require.NoError(t, err)
	assert.Equal(t, first, second)
	require.Len(t, first.Mails, 4)
	assert.Contains(t, first.Mails[1].Mail.Text, "SAMPLE-1")
	assert.Contains(t, first.Mails[1].Mail.Text, "until Wednesday 20 May")
	assert.Contains(t, first.Mails[3].Mail.HTML, "/s/srv_2?score=10")
}

func TestRunRefusesWhatCannotHappen(t *testing.T) {
	t.Parallel()
	def := parse(t, "  - wait: 5d\n")
	for text, want := range map[string]string{
		"{ answer: { score: 3 } }": "line 3: an answer, and no survey is open",
		"{ redeem: offer }":        `line 3: coupon "offer" is redeemed, and she holds none that can be`,
		"{ done: solved }":         "line 3: a task is done, and none is open",
		"{ resume: true }":         "line 3: she is resumed, and was not paused",
	} {
		s := scenario(t, "events: [ { event: Started }, "+text+" ]\n")
		_, err := simulate.Run(def, nil, s.Persona, s.Script, simulate.Options{})
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
		assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
	}
}

func TestRunIsBounded(t *testing.T) {
	t.Parallel()
	def := parse(t, "  - wait_for: { any: [ { event: Ping, where: { trigger: loud, eq: true }, then: [ { exit: done } ] } ],"+
		" timeout: { after: 400d, then: [ { exit: late } ] } }\n")
	script := simulate.Script{
		Start: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Happenings: []simulate.Happening{{Event: "Started"}},
	}
	for i := range simulate.MaxDecisions + 10 {
		script.Happenings = append(script.Happenings, simulate.Happening{At: time.Duration(i) * time.Second, Event: "Ping"})
	}
	ada := simulate.Persona{Customer: journey.Customer{ID: "cus_1", Email: "a@example.com"}}
	timeline, err := simulate.Run(def, nil, ada, script, simulate.Options{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "more than 10000 decisions")
	assert.Equal(t, simulate.MaxDecisions+1, timeline.Decisions)
}

func TestCheckShowsWhereTimelinesPart(t *testing.T) {
	t.Parallel()
	def := parse(t, "  - wait: 5d\n  - set: { seen: true }\n")
	s := scenario(t, "events: [ { event: Started } ]\nexpect: [ +0d Mon 08:00 enter, +4d Fri 08:00 set seen=true, +4d Fri 08:00 exit finished ]\n")
	_, err := simulate.Check(def, nil, s, simulate.Options{})
	require.Error(t, err)
	assert.Equal(t, `scenario test.yaml: the timeline is another than expected:
expected:
  +0d Mon 08:00 enter
  +4d Fri 08:00 set seen=true
  +4d Fri 08:00 exit finished
got:
  +0d Mon 08:00 enter
  +5d Sat 08:00 set seen=true
  +5d Sat 08:00 exit finished`, err.Error())
}

func TestNeverVisitedNamesSteps(t *testing.T) {
	t.Parallel()
	def := parse(t, "  - branch: [ { if: { trigger: vip, eq: true }, then: [ { id: vip, set: { vip: true } } ] } ]\n  - id: last\n    exit: done\n")
	s := scenario(t, "events: [ { event: Started } ]\n")
	timeline, err := simulate.Run(def, nil, s.Persona, s.Script, simulate.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"vip"}, simulate.NeverVisited(def, []simulate.Timeline{timeline}))
}

func TestParseScenarioRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name: x\n": "start is missing",
		"start: 2026-03-02T08:00:00Z\nevens: []\n":                                "field evens not found",
		"start: 2026-03-02T08:00:00Z\nevents: [ { afer: 3d, event: A } ]\n":       "field afer not found",
		"start: 2026-03-02T08:00:00Z\nevents: [ { after: 3x, event: A } ]\n":      "line 2: after: ",
		"start: 2026-03-02T08:00:00Z\nevents:\n  - { event: A, redeem: offer }\n": "line 3: one of event,",
		"start: 2026-03-02T08:00:00Z\nevents:\n  - { after: 1d }\n":               "not 0",
	} {
		_, err := simulate.ParseScenario("s.yaml", []byte(text))
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
}
