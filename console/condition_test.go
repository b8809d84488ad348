package console

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A row shows a condition as it is, or leaves it to the text.
func TestARowOfACondition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]conditionRow{
		"":                                       {Kind: "attribute", Op: "eq"},
		"{ attribute: plan, eq: gold }":          {Kind: "attribute", Name: "plan", Op: "eq", Arg: "gold"},
		"{ answer: score, lte: 6 }":              {Kind: "answer", Name: "score", Op: "lte", Arg: "6"},
		"{ attribute: plan, in: [gold, tin] }":   {Kind: "attribute", Name: "plan", Op: "in", Arg: "gold, tin"},
		"{ attribute: plan, exists: true }":      {Kind: "attribute", Name: "plan", Op: "exists", Arg: "true"},
		"{ event: Order Completed }":             {Kind: "event", Name: "Order Completed", Op: "eq"},
		"{ event: Order Completed, within: 3d }": {Kind: "event", Name: "Order Completed", Op: "eq", Arg: "3d"},
		"{ segment: regulars }":                  {Kind: "segment", Name: "regulars", Op: "eq"},
		"{ consent: offers, is: withdrawn }":     {Kind: "consent", Name: "offers", Op: "eq", Arg: "withdrawn"},
		"{ coupon: offer, was: redeemed }":       {Kind: "coupon", Name: "offer", Op: "eq", Arg: "redeemed"},
		"{ message: any, was: clicked }":         {Kind: "message", Name: "any", Op: "eq", Arg: "clicked"},
	} {
		row := rowOf(text)
		assert.Equal(t, want, row, text)
		assert.Equal(t, text, row.condition())
	}
	for _, text := range []string{"{ not: { attribute: plan, eq: gold } }", "{ event: X, count: { gte: 2 } }", "{ attribute: a, eq: { trigger: b } }", "{ all: [ { segment: a } ] }", "{ broken"} {
		assert.Equal(t, conditionRow{Kind: kindText, Op: "eq", Text: text}, rowOf(text), text)
		assert.Equal(t, text, rowOf(text).condition())
	}
	assert.Equal(t, "{ consent: offers, is: given }", conditionRow{Kind: "consent", Name: "offers"}.condition())
	assert.Equal(t, `{ attribute: "a: b", eq: "7" }`, conditionRow{Kind: "attribute", Name: "a: b", Op: "eq", Arg: `"7"`}.condition())
}
