package journey_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"perennial/journey"
)

const plainJourney = `# The head of the file.
journey: tea   # short
name: "Tea: a story"
topic: offers
enter: { when: { event: Signed Up } }
reentry: never

steps:
  # Greets her.
  - send: hello       # at once

  - wait: 5d
  - branch:
      - if: { attribute: plan, eq: gold }
        then: [ { send: for-gold }, { exit: done } ]
      - else:
          # Everybody else.
          - send: { message: for-others, window: any }
  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] } ], timeout: { after: 10d, then: [ { send: last-call } ] } }
  # Until here.
`

// rewritten is the journey after one change, which must be sound.
func rewritten(t *testing.T, source string, change func(w *journey.Rewrite) error) string {
	t.Helper()
	w, err := journey.NewRewrite(source)
	require.NoError(t, err)
	require.NoError(t, change(w))
	_, problems := journey.Parse("", []byte(w.Source()))
	require.Empty(t, problems.Errors(), w.Source())
	return w.Source()
}

// changed are the lines that are only in one of two texts: - of the first, + of the second.
func changed(a, b string) string {
	count := map[string]int{}
	for _, l := range strings.Split(a, "\n") {
		count[l]--
	}
	for _, l := range strings.Split(b, "\n") {
		count[l]++
	}
	var out []string
	for _, text := range []struct{ s, mark string }{{a, "-"}, {b, "+"}} {
		for _, l := range strings.Split(text.s, "\n") {
			if n := count[l]; n < 0 && text.mark == "-" || n > 0 && text.mark == "+" {
				out = append(out, text.mark+l)
			}
		}
	}
	return strings.Join(out, "\n")
}

func send(message string) []journey.Setting {
	return []journey.Setting{{Path: "send.message", Value: message}}
}

// What is not touched stays as its author has it, to the letter.
func TestRewriteLeavesTheRest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *journey.Rewrite) error
		want   string
	}{
		"insert behind": {func(w *journey.Rewrite) error { return w.Insert(journey.Place{After: "hello"}, send("again")) },
			"+  - send: again"},
		"insert first": {func(w *journey.Rewrite) error { return w.Insert(journey.Place{}, send("first")) },
			"+  - send: first"},
		"insert with fields": {func(w *journey.Rewrite) error {
			return w.Insert(journey.Place{After: "wait-5d"}, []journey.Setting{{Path: "send.message", Value: "x"}, {Path: "send.unless", Value: "{attribute: a,  eq: 1}", Tree: true}})
		}, "+  - send: { message: x, unless: { attribute: a, eq: 1 } }"},
		"insert a branch": {func(w *journey.Rewrite) error {
			return w.Insert(journey.Place{After: "wait-5d"}, []journey.Setting{
				{Path: "branch.0.if", Value: "{ attribute: plan, eq: silver }", Tree: true}, {Path: "branch.0.then.0.send", Value: "silver"}})
		}, "+  - branch:\n+      - if: { attribute: plan, eq: silver }\n+        then:\n+          - send: silver\n+  - branch:"}, // of which there are two now
		"insert into an arm on one line": {func(w *journey.Rewrite) error {
			return w.Insert(journey.Place{Into: "branch-plan", Way: "1"}, send("before"))
		}, "-        then: [ { send: for-gold }, { exit: done } ]\n+        then:\n+          - send: before\n+          - send: for-gold\n+          - exit: done"},
		"insert into else": {func(w *journey.Rewrite) error {
			return w.Insert(journey.Place{After: "for-others"}, send("more"))
		}, "+          - send: more"},
		"insert into a timeout": {func(w *journey.Rewrite) error {
			return w.Insert(journey.Place{Into: "wait-for-order-completed", Way: journey.WayTimeout}, send("soon"))
		}, "-  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] } ], timeout: { after: 10d, then: [ { send: last-call } ] } }\n" +
			"+  - wait_for:\n+      any: [ { event: Order Completed, then: [ { exit: bought } ] } ]\n+      timeout:\n+        after: 10d\n+        then:\n+          - send: soon\n+          - send: last-call"},
		"remove with its remark": {func(w *journey.Rewrite) error { return w.Remove("hello") },
			"-  # Greets her.\n-  - send: hello       # at once"},
		"remove all that hangs on it": {func(w *journey.Rewrite) error { return w.Remove("branch-plan") },
			"-  - branch:\n-      - if: { attribute: plan, eq: gold }\n-        then: [ { send: for-gold }, { exit: done } ]\n-      - else:\n-          # Everybody else.\n-          - send: { message: for-others, window: any }"},
		"set a short form": {func(w *journey.Rewrite) error {
			return w.Set("hello", []journey.Setting{{Path: "send.window", Value: "any"}})
		}, "-  - send: hello       # at once\n+  - send: { message: hello, window: any }       # at once\n+    id: hello"},
		"set a field in braces": {func(w *journey.Rewrite) error {
			return w.Set("for-others", []journey.Setting{{Path: "send.expires", Value: "2d"}, {Path: "send.window", Value: ""}})
		}, "-          - send: { message: for-others, window: any }\n+          - send: { message: for-others, expires: 2d }\n+            id: for-others"},
		"set a condition": {func(w *journey.Rewrite) error {
			return w.Set("branch-plan", []journey.Setting{{Path: "branch.0.if", Value: "{ attribute: plan, in: [gold, silver] }", Tree: true}})
		}, "-      - if: { attribute: plan, eq: gold }\n+      - if: { attribute: plan, in: [gold, silver] }\n+    id: branch-plan"},
		"set deep in braces": {func(w *journey.Rewrite) error {
			return w.Set("wait-for-order-completed", []journey.Setting{{Path: "wait_for.timeout.after", Value: "20d"}})
		}, "-  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] } ], timeout: { after: 10d, then: [ { send: last-call } ] } }\n" +
			"+  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] } ], timeout: { after: 20d, then: [ { send: last-call } ] } }\n+    id: wait-for-order-completed"},
		"add a way": {func(w *journey.Rewrite) error {
			return w.AddWay("branch-plan", "branch", []journey.Setting{{Path: "if", Value: "{ attribute: plan, eq: tin }", Tree: true}, {Path: "then.0.exit", Value: "tin: no"}})
		}, "+      - if: { attribute: plan, eq: tin }\n+        then:\n+          - exit: \"tin: no\"\n+    id: branch-plan"},
		"remove a way": {func(w *journey.Rewrite) error {
			if err := w.AddWay("branch-plan", "branch", []journey.Setting{{Path: "if", Value: "{ attribute: plan, eq: tin }", Tree: true}, {Path: "then.0.exit", Value: "tin"}}); err != nil {
				return err
			}
			return w.RemoveWay("branch-plan", "branch", 0)
		}, "-      - if: { attribute: plan, eq: gold }\n-        then: [ { send: for-gold }, { exit: done } ]\n+      - if: { attribute: plan, eq: tin }\n+        then:\n+          - exit: tin\n+    id: branch-plan"},
		"set the name of the journey": {func(w *journey.Rewrite) error {
			return w.Set("", []journey.Setting{{Path: "name", Value: "Coffee"}})
		}, "-name: \"Tea: a story\"\n+name: Coffee"},
		"another trigger": {func(w *journey.Rewrite) error {
			return w.Set("", []journey.Setting{{Path: "enter.when.inactive.event", Value: "Order Completed"}, {Path: "enter.when.inactive.for", Value: "60d"}, {Path: "enter.when.event"}})
		}, "-enter: { when: { event: Signed Up } }\n+enter: { when: { inactive: { event: Order Completed, for: 60d } } }"},
		"a trigger of one word": {func(w *journey.Rewrite) error {
			return w.Set("", []journey.Setting{{Path: "enter.when", Value: "api"}})
		}, "-enter: { when: { event: Signed Up } }\n+enter: { when: api }"},
		"what the head lacks goes where it belongs": {func(w *journey.Rewrite) error {
			return w.Set("", []journey.Setting{{Path: "goal.event", Value: "Order Completed"}, {Path: "goal.within", Value: "30d"}, {Path: "cap.messages", Value: "3"}, {Path: "cap.per", Value: "7d"}})
		}, "+cap: { messages: 3, per: 7d }\n+goal: { event: Order Completed, within: 30d }"},
		"a rule that ends it": {func(w *journey.Rewrite) error {
			return w.AddWay("", "exit", []journey.Setting{{Path: "event", Value: "Order Completed"}, {Path: "as", Value: "bought"}})
		}, "+exit:\n+  - event: Order Completed\n+    as: bought"},
		"the only rule that ends it": {func(w *journey.Rewrite) error {
			if err := w.AddWay("", "exit", []journey.Setting{{Path: "event", Value: "Order Completed"}}); err != nil {
				return err
			}
			return w.RemoveWay("", "exit", 0)
		}, ""},
		"the last of a map takes the map along": {func(w *journey.Rewrite) error {
			if err := w.Set("", []journey.Setting{{Path: "cap.messages", Value: "3"}, {Path: "cap.per", Value: "7d"}}); err != nil {
				return err
			}
			return w.Set("", []journey.Setting{{Path: "cap.messages"}, {Path: "cap.per"}})
		}, ""},
		"a long condition on several lines": {func(w *journey.Rewrite) error {
			return w.Set("branch-plan", []journey.Setting{{Path: "branch.0.if", Value: "{ all: [ { attribute: plan, in: [gold, silver, bronze, tin] }, { event: Order Completed, count: { gte: 2 }, within: 90d }, { consent: offers, is: given } ] }", Tree: true}})
		}, "-      - if: { attribute: plan, eq: gold }\n+      - if:\n+          all:\n+            - { attribute: plan, in: [gold, silver, bronze, tin] }\n+            - { event: Order Completed, count: { gte: 2 }, within: 90d }\n+            - { consent: offers, is: given }\n+    id: branch-plan"},
		"down and up": {func(w *journey.Rewrite) error {
			_, err := w.Shift("hello", true)
			require.NoError(t, err)
			_, err = w.Shift("hello", false)
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := changed(plainJourney, rewritten(t, plainJourney, c.change))
			assert.Equal(t, c.want, got)
		})
	}
}

func TestRewriteMoves(t *testing.T) {
	t.Parallel()
	got := rewritten(t, plainJourney, func(w *journey.Rewrite) error {
		return w.Move("hello", journey.Place{Into: "branch-plan", Way: "else"})
	})
	assert.Contains(t, got, "      - else:\n          # Greets her.\n          - send: hello       # at once\n            id: hello\n          # Everybody else.\n          - send: { message: for-others, window: any }\n")
	def, _ := journey.Parse("", []byte(got))
	assert.Equal(t, []string{"wait-5d", "branch-plan", "for-gold", "exit-done", "hello", "for-others", "wait-for-order-completed", "exit-bought", "last-call"}, def.StepIDs())
	anew := func() *journey.Rewrite {
		w, err := journey.NewRewrite(plainJourney)
		require.NoError(t, err)
		return w
	}
	require.ErrorContains(t, anew().Move("branch-plan", journey.Place{Into: "branch-plan", Way: "1"}), "into itself")
	require.ErrorContains(t, anew().Move("for-others", journey.Place{}), "the only step there")
	require.ErrorContains(t, anew().Remove("last-call"), "the only step there")
	require.ErrorContains(t, anew().Remove("nothing"), "no step")
	w := anew()
	require.NoError(t, w.Move("hello", journey.Place{After: "hello"}))
	assert.Equal(t, plainJourney, w.Source())
}

// A split gets a winner: its variants stand one deeper, with all that hangs on them.
func TestRewriteGivesASplitAWinner(t *testing.T) {
	t.Parallel()
	for name, split := range map[string]string{
		"lines":  "  - split:\n      # Short.\n      - { name: a, share: 50, then: [ { send: short } ] } # a\n      - name: b\n        share: 50\n        then:\n          - send: long\n    id: draw\n",
		"flat":   "  - split:\n    - { name: a, share: 50, then: [ { send: short } ] } # a\n    # Short.\n    - { name: b, share: 50, then: [ { send: long } ] }\n    id: draw\n",
		"braces": "  - id: draw\n    split: [ { name: a, share: 50, then: [ { send: short } ] }, { name: b, share: 50, then: [ { send: long } ] } ] # a # Short.\n",
	} {
		source := strings.Replace(plainJourney, "  # Until here.\n", split+"  # Until here.\n", 1)
		winner := []journey.Setting{{Path: "split.winner.by", Value: "clicked"}, {Path: "split.winner.after", Value: "14d"}, {Path: "split.winner.min", Value: "500"}}
		got := rewritten(t, source, func(w *journey.Rewrite) error { return w.Set("draw", winner) })
		def, _ := journey.Parse("", []byte(got))
		assert.Equal(t, 500, def.Step("draw").Winner.Min, name)
		assert.Len(t, def.Step("draw").Split, 2, name)
		assert.Contains(t, got, "# Short.", name)
		assert.Contains(t, got, "# a", name)
		for i := range winner {
			winner[i].Value = ""
		}
		without := rewritten(t, got, func(w *journey.Rewrite) error { return w.Set("draw", winner) })
		assert.NotContains(t, without, "winner", name)
	}
}

// A journey in JSON is a tree like others.
func TestRewriteOfJSON(t *testing.T) {
	t.Parallel()
	got := rewritten(t, `{"journey": "tea", "name": "Tea", "topic": "offers", "enter": {"when": {"event": "Signed Up"}}, "reentry": "never", "steps": [{"send": "hello"}, {"wait": "5d"}]}`,
		func(w *journey.Rewrite) error { return w.Insert(journey.Place{After: "hello"}, send("more")) })
	assert.Contains(t, got, "- send: more\n")
}

// Whatever is done to the journeys that ship, by forms in any order: what comes out is sound and canonical, loses no remark, and every step that was not
// taken out is still there under its id.
func TestRewriteOfEveryJourneyThatShips(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../templates/*/journey.yaml")
	require.NoError(t, err)
	sources := make([]string, len(files))
	for i, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		sources[i] = string(raw)
	}
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SampledFrom(sources).Draw(t, "journey")
		def, _ := journey.Parse("", []byte(source))
		for i := range rapid.IntRange(1, 4).Draw(t, "changes") {
			ids := def.StepIDs()
			id, other := rapid.SampledFrom(ids).Draw(t, "step"), rapid.SampledFrom(ids).Draw(t, "other")
			w, err := journey.NewRewrite(source)
			if err != nil {
				t.Fatal(err)
			}
			did, more := rapid.SampledFrom([]string{"insert", "move", "up", "id"}).Draw(t, "do"), 0
			switch did {
			case "insert":
				more, err = 1, w.Insert(journey.Place{After: id}, send(fmt.Sprintf("inserted-%d", i)))
			case "move":
				err = w.Move(id, journey.Place{After: other})
			case "up":
				_, err = w.Shift(id, false)
			case "id":
				err = w.Set(id, nil)
			}
			if err != nil {
				if journey.CodeOf(err) != journey.CodeInvalid {
					t.Fatal(err)
				}
				continue
			}
			after, problems := journey.Parse("", []byte(w.Source()))
			if len(problems.Errors()) > 0 {
				t.Skip(problems.Error()) // a step that needs one before it was moved: the rule of the language says so
			}
			if formatted, _ := journey.Format([]byte(w.Source())); string(formatted) != w.Source() {
				t.Fatalf("%s of %s is not canonical", did, id)
			}
			if strings.Count(w.Source(), "#") != strings.Count(source, "#") {
				t.Fatalf("%s of %s lost a remark:\n%s", did, id, changed(source, w.Source()))
			}
			if len(after.StepIDs()) != len(ids)+more {
				t.Fatalf("%s of %s: %v became %v", did, id, ids, after.StepIDs())
			}
			for _, was := range ids {
				if after.Step(was) == nil {
					t.Fatalf("%s of %s lost %s", did, id, was)
				}
			}
			source, def = w.Source(), after
		}
	})
}

// What is said by a form is said: the mark of a blank goes from the lines of its fields, and other remarks stay.
func TestRewriteTakesMarksOut(t *testing.T) {
	t.Parallel()
	source := strings.NewReplacer("# short", "# ← short", "reentry: never", "reentry: never # ← yours").Replace(plainJourney)
	got := rewritten(t, source, func(w *journey.Rewrite) error {
		return w.Set("", []journey.Setting{{Path: "reentry", Value: "never"}, {Path: "name", Value: "Tea: a story"}})
	})
	assert.Equal(t, "-reentry: never # ← yours\n+reentry: never", changed(source, got))
	got = rewritten(t, plainJourney, func(w *journey.Rewrite) error {
		return w.Set("hello", []journey.Setting{{Path: "send.message", Value: "hello"}})
	})
	assert.Equal(t, "+    id: hello", changed(plainJourney, got))
}

func TestRewriteNamesPlaces(t *testing.T) {
	t.Parallel()
	w, err := journey.NewRewrite(plainJourney)
	require.NoError(t, err)
	assert.Equal(t, "steps[2].branch[1].else[0]", w.Path("for-others"))
	assert.Equal(t, "steps[1]", w.PathAt(journey.Place{After: "hello"}))
	assert.Equal(t, "steps[2].branch[0].then[0]", w.PathAt(journey.Place{Into: "branch-plan", Way: "1"}))
	assert.Empty(t, w.Path(""))
	assert.Empty(t, w.PathAt(journey.Place{After: "nothing"}))
}
