package journey_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"perennial/journey"
)

const remarkedJourney = `journey: tea
name: Tea
topic: offers
enter:
  when: { event: Signed Up }
  if: # who may
    all:
      # Nobody of ours.
      - not: { attribute: email, contains: "@tea.example" }
      - { attribute: plan, eq: gold } # or more

      # Has bought, and lately.
      - event: Order Completed
        within: 90d # a season
        where:
          # Real ones.
          total: { gte: 10 }
          currency: EUR
reentry: never
steps:
  - send: hello
  - branch:
      - if:
          # Only those who pay.
          attribute: plan
          eq: gold # not silver
        then:
          - send: for-gold
  - set:
      tier: top # the best
      # Counted by hand before.
      points: { add: 100 }
`

// A condition that is changed keeps the remarks of the rows that stay, and their form.
func TestRewriteKeepsRemarksWithinConditions(t *testing.T) {
	t.Parallel()
	const not, plan, bought = "{ not: { attribute: email, contains: \"@tea.example\" } }", "{ attribute: plan, eq: gold }",
		"{ event: Order Completed, within: 90d, where: { total: { gte: 10 }, currency: { eq: EUR } } }"
	enter := func(value string) journey.Setting { return journey.Setting{Path: "enter.if", Value: value, Tree: true} }
	for name, c := range map[string]struct {
		step string
		set  journey.Setting
		want string
	}{
		"a value": {"", enter("{ all: [ " + not + ", { attribute: plan, eq: silver }, " + bought + " ] }"),
			"-      - { attribute: plan, eq: gold } # or more\n+      - { attribute: plan, eq: silver } # or more"},
		"a comparison": {"", enter("{ all: [ " + not + ", { attribute: plan, ne: gold }, " + bought + " ] }"),
			"-      - { attribute: plan, eq: gold } # or more\n+      - { attribute: plan, ne: gold } # or more"},
		"a row more, in the middle": {"", enter("{ all: [ " + not + ", { segment: vip }, " + plan + ", " + bought + " ] }"),
			"+      - { segment: vip }"},
		"a row less, with its remark": {"", enter("{ all: [ " + plan + ", " + bought + " ] }"),
			"-      # Nobody of ours.\n-      - not: { attribute: email, contains: \"@tea.example\" }"},
		"one is left": {"", enter(bought),
			"-      # Nobody of ours.\n-      - not: { attribute: email, contains: \"@tea.example\" }\n-      - { attribute: plan, eq: gold } # or more"},
		"another group": {"", enter("{ any: [ " + not + ", " + plan + ", " + bought + " ] }"), "-    all:\n+    any:"},
		"within a row": {"", enter("{ all: [ " + not + ", " + plan + ", { event: Order Completed, count: { gte: 2 }, within: 30d, where: { total: { gte: 20 }, currency: { eq: EUR } } } ] }"),
			"-        within: 90d # a season\n-          total: { gte: 10 }\n+        within: 30d # a season\n+          total: { gte: 20 }\n+        count: { gte: 2 }"},
		"a property less, with its remark": {"", enter("{ all: [ " + not + ", " + plan + ", { event: Order Completed, within: 90d, where: { currency: { eq: EUR } } } ] }"),
			"-          # Real ones.\n-          total: { gte: 10 }"},
		"all others": {"", enter("{ any: [ { segment: vip }, { consent: offers, is: given } ] }"),
			"-    all:\n-      # Nobody of ours.\n-      - not: { attribute: email, contains: \"@tea.example\" }\n-      - { attribute: plan, eq: gold } # or more\n-\n-      # Has bought, and lately.\n-      - event: Order Completed\n" +
				"-        within: 90d # a season\n-        where:\n-          # Real ones.\n-          total: { gte: 10 }\n-          currency: EUR\n-\n+    any: [ { segment: vip }, { consent: offers, is: given } ]"},
		"a step": {"branch-plan", journey.Setting{Path: "branch.0.if", Value: "{ attribute: plan, in: [gold, tin] }", Tree: true},
			"-          eq: gold # not silver\n+          in: [gold, tin] # not silver\n+    id: branch-plan"},
		"a row beside the only one": {"branch-plan", journey.Setting{Path: "branch.0.if", Value: "{ all: [ { attribute: plan, eq: gold }, { segment: vip } ] }", Tree: true},
			"-          # Only those who pay.\n-          attribute: plan\n-          eq: gold # not silver\n+          all:\n+            # Only those who pay.\n+            - attribute: plan\n+              eq: gold # not silver\n+            - { segment: vip }\n+    id: branch-plan"},
		"a map": {"set-tier", journey.Setting{Path: "set", Value: "{ tier: low, points: { add: 100 }, more: true }", Tree: true},
			"-      tier: top # the best\n+      tier: low # the best\n+      more: true\n+    id: set-tier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := rewritten(t, remarkedJourney, func(w *journey.Rewrite) error { return w.Set(c.step, []journey.Setting{c.set}) })
			assert.Equal(t, c.want, changed(remarkedJourney, got), got)
			w, err := journey.NewRewrite(got)
			require.NoError(t, err)
			require.NoError(t, w.Set(c.step, []journey.Setting{c.set}))
			assert.Equal(t, got, w.Source(), "the same once more changes nothing")
		})
	}
}

// Braces that go over several lines, with remarks among them, become lines of their own when something in them changes.
func TestRewriteKeepsRemarksWithinBraces(t *testing.T) {
	t.Parallel()
	const source = "journey: tea\nname: Tea\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: never\nexit:\n  - if: { any: [\n      { attribute: a, eq: b }, # first\n      { attribute: c, eq: d } ] }\nsteps: [ { send: hello } ]\n"
	got := rewritten(t, source, func(w *journey.Rewrite) error {
		return w.Set("", []journey.Setting{{Path: "exit.0.if", Value: "{ any: [ { attribute: a, eq: b }, { attribute: c, eq: e } ] }", Tree: true}})
	})
	assert.Contains(t, got, "# first")
	assert.Contains(t, got, "eq: e")
	assert.NotContains(t, got, "eq: d")
}

// Whatever a condition becomes: the text says it afterwards.
func TestRewriteOfAnyCondition(t *testing.T) {
	t.Parallel()
	leaves := []string{"{ attribute: plan, eq: gold }", "{ attribute: plan, eq: tin }", "{ attribute: age, gte: 18 }", "{ segment: vip }", "{ event: Order Completed, within: 90d }",
		"{ event: Order Completed, count: { gte: 2 }, where: { total: { gte: 10 }, sku: { in: [a, b] } } }", "{ not: { segment: staff } }", "{ consent: offers, is: given }"}
	var group func(t *rapid.T, depth int) any
	group = func(t *rapid.T, depth int) any {
		if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") > 0 {
			return rapid.SampledFrom(leaves).Draw(t, "row")
		}
		out := []any{rapid.SampledFrom([]string{"all", "any"}).Draw(t, "group")}
		for range rapid.IntRange(2, 4).Draw(t, "rows") {
			out = append(out, group(t, depth-1))
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		was, is := []any{"all", group(t, 2), group(t, 2)}, group(t, 3)
		n := 0
		source := "journey: tea\nname: Tea\ntopic: offers\nenter:\n  when: { event: Signed Up }\n  if:\n" + onLines(was, "    ", &n) + "reentry: never\nsteps:\n  - send: hello\n"
		w, err := journey.NewRewrite(source)
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		if err := w.Set("", []journey.Setting{{Path: "enter.if", Value: inBraces(is), Tree: true}}); err != nil {
			t.Fatalf("%v\n%s\nto %s", err, source, inBraces(is))
		}
		got, problems := journey.Parse("", []byte(w.Source()))
		want, _ := journey.Parse("", []byte("journey: tea\nname: Tea\ntopic: offers\nenter: { when: { event: Signed Up }, if: "+inBraces(is)+" }\nreentry: never\nsteps: [ { send: hello } ]\n"))
		if len(problems.Errors()) > 0 || got.Enter.If.Words().String() != want.Enter.If.Words().String() {
			t.Fatalf("%v\n%s\nto %s is\n%s", problems, source, inBraces(is), w.Source())
		}
	})
}

// onLines writes a condition row by row, each with a remark above it and one behind.
func onLines(c any, indent string, n *int) string {
	list, isGroup := c.([]any)
	if !isGroup {
		return indent + strings.TrimSuffix(strings.TrimPrefix(c.(string), "{ "), " }") + "\n"
	}
	out := indent + list[0].(string) + ":\n"
	for _, row := range list[1:] {
		*n++
		out += fmt.Sprintf("%s  # above %d\n", indent, *n)
		if _, inner := row.([]any); inner {
			out += indent + "  - " + strings.TrimLeft(onLines(row, indent+"    ", n), " ")
		} else {
			out += fmt.Sprintf("%s  - %s # behind %d\n", indent, row, *n)
		}
	}
	return out
}

func inBraces(c any) string {
	list, isGroup := c.([]any)
	if !isGroup {
		return c.(string)
	}
	var rows []string
	for _, row := range list[1:] {
		rows = append(rows, inBraces(row))
	}
	return "{ " + list[0].(string) + ": [ " + strings.Join(rows, ", ") + " ] }"
}
