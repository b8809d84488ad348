package journey_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

const bringing = `journey: tea
name: Tea
topic: club
enter: { when: { event: Signed Up }, if: { consent: club, is: given } }
reentry: never
topics:
  # Whoever joined.
  club: { name: The club } # since 2020
  news:
    name: News # monthly
    double_opt_in: true
pools:
  welcome: { alphabet: ABCDEFGHJK, length: 12 }
segments:
  vip: { attribute: tier, eq: top }
  quiet: { all: [ { segment: vip }, { not: { event: Order Completed, within: 90d } } ] }
steps:
  - coupon: { pool: welcome, expires: 14d }
  - send: { message: hello, topic: news }
  - branch:
      - { if: { coupon: welcome, was: redeemed }, then: [ { exit: done } ] }
      - { if: { segment: vip }, then: [ { consent: { topic: news, is: withdrawn, reason: she is enough } } ] }
  - pause: { topics: [news, club], for: 3d }
`

// What a journey brings along is declared, changed and taken out where it stands; the rest stays to the letter.
func TestRewriteDeclares(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *journey.Rewrite) error
		want   string
	}{
		"one more": {func(w *journey.Rewrite) error {
			return w.Declare("topics", "", "offers", []journey.Setting{{Path: "name", Value: "Offers: ours"}, {Path: "double_opt_in"}, {Path: "cap.messages", Value: "3"}, {Path: "cap.per", Value: "7d"}})
		}, `+  offers: { name: "Offers: ours", cap: { messages: 3, per: 7d } }`},
		"the first of its kind": {func(w *journey.Rewrite) error {
			return w.Declare("surveys", "", "why", []journey.Setting{{Value: `{"question":"Why?","kind":"choice","options":["1","price"]}`, Tree: true}})
		}, "+surveys:\n+  why: { question: \"Why?\", kind: choice, options: [\"1\", price] }"},
		"nothing said of it": {func(w *journey.Rewrite) error { return w.Declare("pools", "", "printed", nil) }, "+  printed: {}"},
		"changed on its line": {func(w *journey.Rewrite) error {
			return w.Declare("topics", "club", "club", []journey.Setting{{Path: "name", Value: "Our club"}})
		}, "-  club: { name: The club } # since 2020\n+  club: { name: Our club } # since 2020"},
		"changed on its lines": {func(w *journey.Rewrite) error {
			return w.Declare("topics", "news", "news", []journey.Setting{{Path: "name", Value: "Novelties"}, {Path: "double_opt_in", Value: ""}})
		}, "-    name: News # monthly\n-    double_opt_in: true\n+    name: Novelties # monthly"},
		"taken out with its remark": {func(w *journey.Rewrite) error { return w.Undeclare("topics", "club") },
			"-  # Whoever joined.\n-  club: { name: The club } # since 2020"},
		"the last of its kind": {func(w *journey.Rewrite) error { return w.Undeclare("pools", "welcome") },
			"-pools:\n-  welcome: { alphabet: ABCDEFGHJK, length: 12 }"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, changed(bringing, rewritten(t, bringing, c.change)))
		})
	}
}

// A new key goes wherever the old one was named; ids and the names of coupons stay what they were.
func TestRewriteRenamesWhatIsDeclared(t *testing.T) {
	t.Parallel()
	w, err := journey.NewRewrite(bringing)
	require.NoError(t, err)
	assert.Equal(t, []string{"vip", "quiet"}, w.Declarations("segments"))
	assert.Equal(t, []journey.Use{{Path: "segments.quiet.all[0].segment"}, {Step: "branch-welcome-redeemed", Path: "steps[2].branch[1].if.segment"}}, w.Uses("segments", "vip"))

	got := rewritten(t, bringing, func(w *journey.Rewrite) error {
		return w.Declare("segments", "vip", "top", []journey.Setting{{Value: "{ attribute: tier, eq: top }", Tree: true}})
	})
	assert.Equal(t, "-  vip: { attribute: tier, eq: top }\n-  quiet: { all: [ { segment: vip }, { not: { event: Order Completed, within: 90d } } ] }\n-      - { if: { segment: vip }, then: [ { consent: { topic: news, is: withdrawn, reason: she is enough } } ] }\n"+
		"+  top: { attribute: tier, eq: top }\n+  quiet: { all: [ { segment: top }, { not: { event: Order Completed, within: 90d } } ] }\n+      - { if: { segment: top }, then: [ { consent: { topic: news, is: withdrawn, reason: she is enough } } ] }\n+    id: branch-welcome-redeemed", changed(bringing, got))

	got = rewritten(t, bringing, func(w *journey.Rewrite) error {
		return w.Declare("topics", "news", "letters", []journey.Setting{{Path: "name", Value: "News"}, {Path: "double_opt_in", Value: "true", Tree: true}})
	})
	assert.NotContains(t, got, "news,")
	assert.Contains(t, got, "topics: [letters, club]")
	def, _ := journey.Parse("", []byte(got))
	was, _ := journey.Parse("", []byte(bringing))
	assert.Equal(t, was.StepIDs(), def.StepIDs())

	got = rewritten(t, bringing, func(w *journey.Rewrite) error {
		return w.Declare("pools", "welcome", "greeting", []journey.Setting{{Path: "alphabet", Value: "ABCDEFGHJK"}, {Path: "length", Value: "12"}})
	})
	assert.Contains(t, got, "pool: greeting, expires: 14d, as: welcome")
	def, _ = journey.Parse("", []byte(got))
	assert.Equal(t, was.StepIDs(), def.StepIDs())

	require.ErrorContains(t, w.Declare("pools", "", "welcome", nil), "is there already")
	require.ErrorContains(t, w.Declare("pools", "", "Not a key", nil), "not-a-key")
	require.ErrorContains(t, w.Declare("pools", "nothing", "nothing", nil), "brings no")
	require.ErrorContains(t, w.Undeclare("pools", "nothing"), "brings no")
}
