package simulate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
)

// play runs a journey that is written in the test, without mails.
func play(t *testing.T, source, scenario string) []string {
	t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(t, problems.Errors(), "%v", problems)
	s, err := simulate.ParseScenario("scenario.yaml", []byte(scenario))
	require.NoError(t, err)
	timeline, err := simulate.Run(def, nil, s.Persona, s.Script, simulate.Options{Profile: intake.Profile, Winners: s.Winners, Replies: s.Replies})
	require.NoError(t, err)
	return timeline.Lines()
}

const start = "start: 2026-03-02T08:00:00Z\n"

func TestStepsThatChangeRightsArePlayed(t *testing.T) {
	t.Parallel()
	lines := play(t, `
journey: sunset
name: Sunset
topic: offers
enter: { when: { event: Quiet } }
reentry: always
steps:
  - repeat: { times: 2, then: [ { send: still-there }, { wait: 2d } ] }
  - pause: { topics: [offers], for: 10d }
  - leave: [win-back]
  - consent: { topic: offers, is: withdrawn }
  - suppress: { reason: enough }
  - send: never
`, start+"customer: { topics: { offers: true } }\nevents: [ { event: Quiet } ]\n")
	assert.Equal(t, []string{
		"+0d Mon 08:00 enter", "+0d Mon 08:00 repeat repeat 1", "+0d Mon 08:00 send still-there", "+2d Wed 08:00 repeat repeat 2",
		"+2d Wed 08:00 send still-there", "+4d Fri 08:00 repeat repeat over: times", "+4d Fri 08:00 snooze [offers]",
		"+4d Fri 08:00 paused by=journey sunset reason=step pause-offers until=2026-03-16T08:00:00Z",
		"+14d Mon 08:00 resumed on_resume=keep shifted=10 days", "+14d Mon 08:00 leave [win-back]",
		"+14d Mon 08:00 consent offers: withdrawn", "+14d Mon 08:00 suppress", "+14d Mon 08:00 not sent never: suppressed",
		"+14d Mon 08:00 exit finished",
	}, lines)
}

func TestTheCalendarIsPlayed(t *testing.T) {
	t.Parallel()
	lines := play(t, `
journey: birthday
name: Birthday
topic: offers
enter: { when: { date: { attribute: born, at: "09:00", yearly: true } } }
steps: [ { send: happy-birthday } ]
`, start+"customer: { timezone: Europe/Vienna, topics: { offers: true }, attributes: { born: 2000-02-29 } }\nuntil: 370d\n")
	assert.Equal(t, []string{"+363d Sun 09:00 enter", "+363d Sun 09:00 send happy-birthday", "+363d Sun 09:00 exit finished"}, lines)
}

func TestWinnersAndColleaguesArePlayed(t *testing.T) {
	t.Parallel()
	const source = `
journey: seats
name: Seats
topic: offers
enter: { when: { event: Seats Used Up } }
reentry: always
goal: { event: Seats Bought }
steps:
  - split:
      variants: [ { name: a, share: 99, then: [ { exit: a } ] }, { name: b, share: 1, then: [ { wait: 1d } ] } ]
      winner: { by: goal, after: 14d, min: 500 }
  - send: { message: buy, to: { account: admin }, subjects: { one: "One", two: "Two" }, winner: { by: clicked, after: 1d, min: 1 } }
`
	scenario := start + `
customer: { role: user }
colleagues: [ { role: admin }, { role: admin, topics: { offers: false } }, { role: user } ]
events: [ { event: Seats Used Up } ]
`
	assert.Equal(t, []string{
		"+0d Mon 08:00 enter", "+0d Mon 08:00 split split-a: b", "+1d Tue 08:00 send buy, subject two to cus_colleague-1",
		"+1d Tue 08:00 not sent buy to cus_colleague-2: no_consent", "+1d Tue 08:00 exit finished",
	}, play(t, source, scenario+"winners: { split-a: b, buy: two }\n"))
	assert.Equal(t, "+0d Mon 08:00 split split-a: a", play(t, source, scenario)[1], "undecided, she is drawn")

	def, _ := journey.Parse("journey.yaml", []byte(source))
	_, err := simulate.Run(def, nil, simulate.Persona{}, simulate.Script{}, simulate.Options{Winners: map[string]string{"split-a": "c"}})
	assert.ErrorContains(t, err, `has no variant "c" that could have won`)
}

func TestCallsAreAnsweredAsTheScenarioSays(t *testing.T) {
	t.Parallel()
	const source = `
journey: bill
name: Bill
topic: transactional
enter: { when: api }
webhooks: { billing: { url: https://billing.example.com, secret_env: WEBHOOK_BILLING } }
steps:
  - webhook: { to: billing, as: bill, on_error: exit }
  - branch: [ { if: { var: bill.body.credit, gte: 5 }, then: [ { send: credit } ] } ]
`
	const events = "events: [ { enter: {} } ]\n"
	assert.Equal(t, []string{"+0d Mon 08:00 enter", "+0d Mon 08:00 call billing", "+0d Mon 08:00 reply billing: 200",
		"+0d Mon 08:00 branch branch-bill-body-credit: 1", "+0d Mon 08:00 send credit", "+0d Mon 08:00 exit finished"},
		play(t, source, start+events+"replies: { billing: { body: { credit: 5 } } }\n"))
	assert.Equal(t, []string{"+0d Mon 08:00 enter", "+0d Mon 08:00 call billing", "+0d Mon 08:00 call failed billing: 402", "+0d Mon 08:00 exit call_failed"},
		play(t, source, start+events+"replies: { billing: { status: 402 } }\n"))
	assert.Equal(t, "+0d Mon 08:00 call failed billing: timeout", play(t, source, start+events+"replies: { billing: { fails: timeout } }\n")[2])
	for written, says := range map[string]string{"{ fails: away }": "write one of timeout", "{ fails: timeout, status: 500 }": "write one of both", "{ status: 7 }": "from 200 to 599"} {
		_, err := simulate.ParseScenario("x", []byte(start+"replies: { billing: "+written+" }\n"))
		assert.ErrorContains(t, err, says)
	}
}
