package journey_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestWhatAJourneySaysInWords(t *testing.T) {
	t.Parallel()
	def, problems := journey.Parse("journey.yaml", []byte(`
journey: words
name: Words
topic: offers
enter:
  when: { date: { attribute: born, offset: -2d, at: "09:00", yearly: true } }
  if: { any: [ { attribute: plan, in: [gold, silver] }, { all: [ { consent: offers, is: given }, { not: { event: Order Returned } } ] } ] }
exit:
  - { event: Order Refunded, by: account, as: refunded }
  - { if: { attribute: vip, eq: true }, for: 14d, as: vip }
goal: { event: Order Completed, within: 45d, value: total }
steps:
  - wait: { until: { trigger: date }, offset: -1d, if_past: run, if_missing: 3d, then: [ { send: soon } ] }
  - wait: { at: "09:30", day: sat }
  - wait: { for: { trigger: days }, unit: d, default: 5d }
  - send: { message: hello, window: any, expires: 2d, unless: { message: any, was: sent, within: 1d } }
  - send: { message: news, to: { account: buyer }, subjects: { a: One, b: Another } }
  - set: { points: { add: 100 }, tier: top }
  - task: { title: 'Call {{ customer.first_name }} about it', team: support, due: 1d, wait: 3d }
  - wait_for:
      any:
        - { event: Order Completed, where: { total: { gte: 100 } }, then: [ { exit: bought } ] }
        - { if: { event: Product Viewed, count: { gte: 3 }, within: 7d }, then: [ { exit: looks } ] }
      timeout: { after: 2d, then: [ { send: bye } ] }
`))
	require.Empty(t, problems.Errors(), "%v", problems)
	assert.Equal(t, "2 days before born, every year, at 09:00, if plan is one of gold, silver or (consent for offers is given and not Order Returned)",
		def.Enter.Words().String())
	assert.Equal(t, "Order Refunded by somebody of the account", def.Exit[0].Words().String())
	assert.Equal(t, "vip is yes for 14 days", def.Exit[1].Words().String())
	assert.Equal(t, "Order Completed, within 45 days", def.Goal.Words().String())
	var lines []string
	for _, s := range def.Steps {
		what, more := s.Words()
		lines = append(lines, what.String()+" | "+more.String())
		for _, w := range s.Ways() {
			lines = append(lines, "  "+w.Name+": "+w.Words.String())
		}
	}
	assert.Equal(t, []string{
		"Wait until 1 day before trigger.date | 3 days if missing", "  then: then",
		"Wait until Saturday 09:30 | ",
		"Wait trigger.days days | 5 days if missing",
		"Send hello | at any time of day, unless any message was sent within 1 day, expires after 2 days",
		"Send news | to each buyer, one of 2 subjects",
		"Add 100 to points | Set tier to top",
		"Task for support | Call … about it, due in 1 day", "  none: done", "  timeout: not done in 3 days",
		"Wait for the first of 2 | 2 days at most", "  1: Order Completed with total is at least 100",
		"  2: Product Viewed at least 3 times within 7 days", "  timeout: after 2 days",
	}, lines)
}
