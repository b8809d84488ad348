package journey

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every example of docs/language.md is the language: a whole journey, keys of one ("top"), steps, or conditions.
func TestLanguagePageIsTrue(t *testing.T) {
	t.Parallel()
	for _, src := range pageExamples(t) {
		d := parsed(t, src)
		out, problems := Format([]byte(src))
		assert.Empty(t, problems)
		assert.Equal(t, meaning(d), meaning(parsed(t, string(out))))
	}
}

// pageExamples are the examples of docs/language.md, each made into a whole journey.
func pageExamples(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/language.md")
	require.NoError(t, err)
	blocks := strings.Split(string(page), "```yaml")[1:]
	require.NotEmpty(t, blocks)
	var out []string
	for _, block := range blocks {
		kind, rest, _ := strings.Cut(block, "\n")
		example, _, closed := strings.Cut(rest, "```")
		require.True(t, closed, block)
		src := example
		switch strings.TrimSpace(kind) {
		case "top":
			src = "journey: a\nname: A\ntopic: offers\n" + example
			if !strings.Contains(example, "steps:") {
				src += "steps: [ { send: hello }, { wait: 30d } ]\n"
			}
			if !strings.Contains(example, "enter:") {
				src += "enter: { when: api }\n"
			}
		case "steps":
			src = minimal + "steps:\n" + example
		case "conditions":
			src = minimal + "steps:\n  - branch:\n"
			for line := range strings.Lines(example) {
				cond := strings.TrimPrefix(strings.TrimSpace(line), "- ")
				if !strings.HasPrefix(cond, "{") {
					cond = "{ " + cond + " }"
				}
				src += "    - { if: " + cond + ", then: [ { exit: a } ] }\n"
			}
		}
		out = append(out, src)
	}
	return out
}

// Every form of this release, each in the place where it is used.
func TestEveryFormIsRead(t *testing.T) {
	t.Parallel()
	d := parsedFile(t, "testdata/every-form.yaml")
	kinds := map[Kind]bool{}
	d.Walk(func(s *Step) { kinds[s.Kind] = true })
	assert.Len(t, kinds, len(stepKinds()))
	assert.Equal(t, &Wait{
		Until: &Value{From: FromTrigger, Path: "starts_at"}, Offset: -Day, IfPast: "run", IfMissing: &Missing{After: 3 * Day},
		Then: []*Step{d.Step("tomorrow")},
	}, d.Step("wait-until-starts-at").Wait)
	assert.Equal(t, &Wait{Until: &Value{From: FromCoupon, Path: "offer", Get: "expires_at"}, Offset: -2 * Day, IfPast: "skip"},
		d.Step("wait-until-offer-expires-at").Wait)
	assert.Equal(t, &Cond{Operand: &Value{From: FromEvent, Path: "partial"}, Op: OpEq, Arg: false},
		d.Step("wait-for-order-delivered").WaitFor.Any[0].Where)
	assert.Equal(t, &Timeout{
		At: &Value{From: FromTrigger, Path: "due_at"}, Offset: 2 * Week / 168, IfMissing: &Missing{Skip: true},
		Then: []*Step{d.Step("late")},
	}, d.Step("wait-for-order-delivered").WaitFor.Timeout)
	hundred := 100.0
	assert.Equal(t, []Assignment{
		{Attribute: "tier", Value: Value{Literal: "top"}},
		{Attribute: "points", Add: &hundred},
		{Attribute: "last_offer", Value: Value{From: FromCoupon, Path: "offer", Get: "code"}},
		{Attribute: "tags", Value: Value{Literal: []any{"a", "b"}}},
		{Attribute: "score", Value: Value{From: FromAnswer, Path: "score", Default: int64(0)}},
	}, d.Step("set-tier").Set)
	assert.Equal(t, "Why are you leaving?\nBe frank.\n", d.Declares.Surveys["why"].Question)
	assert.Equal(t, "condition", d.Exit[4].As)
	assert.Equal(t, "account-closed", d.Exit[2].As)
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	d := parsedFile(t, "testdata/every-form.yaml")
	assert.Equal(t, Needs{
		Events: []string{
			"Account Closed", EventCouponRedeemed, EventLinkClicked, "Order Cancelled", "Order Completed", "Order Delivered",
			"Seats Bought", EventSurveyAnswered, EventTaskDone, EventTopicSubscribed, EventTopicUnsubscribed,
		},
		History:        []string{"Order Cancelled", "Order Completed", "Order Returned"},
		Journeys:       []string{"win-back"},
		AccountHistory: []string{"Seats Bought"},
		Topics:         []string{"offers"},
		Cap:            true,
		Messages:       true,
		Coupons:        true,
		Account:        true,
		Roles:          []string{"admin"},
		Teams:          []string{"support"},
		Contests: []Contest{
			{Step: "hello-again", Message: "hello-again", Variants: []string{"short", "long"}, Winner: &Winner{MetricClicked, 2 * Day, 100},
				Hash: d.Needs().Contests[0].Hash},
			{Step: "split-plain", Variants: []string{"plain", "rich"}, Winner: &Winner{MetricGoal, 14 * Day, 500}, Hash: d.Needs().Contests[1].Hash},
		},
	}, d.Needs())
	assert.Equal(t, []string{"offer", "printed"}, d.CouponNames())
	assert.Equal(t, []string{"bill", "delivery"}, d.VarNames())
	assert.Equal(t, References{
		Surveys: []string{"declared-elsewhere"}, Journeys: []string{"onboarding", "win-back"}, Webhooks: []string{"elsewhere"}, Teams: []string{"sales"},
	}, d.References())

	example := parsedFile(t, "testdata/win-back.yaml")
	assert.Equal(t, Needs{
		Events:  []string{EventCouponRedeemed, "Order Completed", EventSurveyAnswered},
		History: []string{"Order Completed"},
		Topics:  []string{"offers"},
		Coupons: true,
	}, example.Needs())
	assert.Equal(t, []string{"comeback-offer", "how-are-we-doing", "last-call", "we-miss-you"}, example.Templates())
	assert.Equal(t, References{Topics: []string{"offers"}, Pools: []string{"comeback"}}, example.References())

	quiet := parsed(t, minimal+"steps: [ { task: { title: \"Call {{ account.name }}\" } } ]\n")
	assert.True(t, quiet.Needs().Account, "the title asks for the account")
}

// What looks like a fault and is none.
func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]string{
		"as in arms that exclude each other": `[ { branch: [ { if: { attribute: a, eq: 1 }, then: [ { coupon: { pool: p, as: o } } ] },
			{ else: [ { coupon: { pool: q, as: o } } ] } ] }, { branch: [ { if: { coupon: o, was: issued }, then: [ { exit: a } ] } ] } ]`,
		"as after an arm that ended": `[ { branch: [ { if: { attribute: a, eq: 1 }, then: [ { coupon: { pool: p, as: o } }, { exit: a } ] } ] },
			{ coupon: { pool: q, as: o } } ]`,
		"starting itself after a wait": `[ { wait: 5d }, { start: a } ]`,
		"numbers for names":            `[ { send: 404 }, { exit: 5 } ]`,
		"not a topic of YAML":          `[ { branch: [ { if: { attribute: on, eq: yes }, then: [ { send: "null" } ] } ] } ]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := minimal + "steps: " + strings.ReplaceAll(steps, "\t", " ") + "\n"
			d := parsed(t, src)
			out, problems := Format([]byte(src))
			require.Empty(t, problems)
			assert.Equal(t, meaning(d), meaning(parsed(t, string(out))), string(out))
		})
	}
}
