package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"perennial/journey"
	"perennial/journey/graph"
)

// journeysToSay are the journeys that ship, and what has every form of the language.
func journeysToSay(t *testing.T) map[string]*journey.Definition {
	t.Helper()
	out := map[string]*journey.Definition{}
	for _, pattern := range []string{"../templates/*/journey.yaml", "../examples/*/journey.yaml", "../journey/testdata/every-form.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			def, problems := journey.Parse("", source)
			require.Empty(t, problems.Errors(), file)
			out[file] = def
		}
	}
	return out
}

// assertSaid holds that each of our words in a phrase has its line in the book.
func assertSaid(t *testing.T, l *language, where string, p journey.Phrase) {
	t.Helper()
	if p.Form != "" {
		_, known := l.words.line(p.Form, plain)
		assert.True(t, known, "%s: %q has no French; give it a line in phrases/words.fr.yaml", where, p.Form)
	}
	for _, v := range p.Values {
		assertSaid(t, l, where, v)
	}
}

// Whatever a picture says is French on a French page, but for names and what the author wrote.
func TestEveryPictureIsInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	for file, def := range journeysToSay(t) {
		say := func(p journey.Phrase) string {
			assertSaid(t, l, file, p)
			return l.described(p)
		}
		p := graph.Options{Slots: true, Say: say}.Layout(def)
		plain := graph.LayoutSlots(def)
		for i, b := range p.Boxes {
			assert.Equal(t, plain.Boxes[i].ID, b.ID)
		}
		svg := p.SVG(graph.SVG{Bare: true, Counts: map[string]int{graph.Enter: 12345}, Number: l.number})
		assert.Contains(t, svg, `aria-label="Parcours `)
		assert.Contains(t, svg, ">"+l.number(12345)+"</text>", "numbers are written as the page writes them")
		assert.NotContains(t, svg, "12,345")
	}
}

// So is what two versions differ in.
func TestEveryDifferenceIsInFrench(t *testing.T) {
	t.Parallel()
	l, all := french(t), journeysToSay(t)
	for file, def := range all {
		for other, against := range all {
			for _, a := range journey.Diff(journey.Content{Def: def}, journey.Content{Def: against}) {
				assertSaid(t, l, file+" and "+other, a.Words)
			}
		}
	}
	was := map[string]string{"hello.html": "---\nsubject: A\npreheader: P\n---\nx", "hello.fr.txt": "x", "bye.html": "x", "gone.txt": "x"}
	is := map[string]string{"hello.html": "---\nsubject: B\nreply_to: a@example.com\n---\nx", "hello.fr.txt": "y", "bye.html": "x ", "new.fr.html": "x"}
	def := all["../templates/win-back/journey.yaml"]
	for _, a := range journey.Diff(journey.Content{Def: def, Files: was}, journey.Content{Def: def, Files: is}) {
		assertSaid(t, l, "messages", a.Words)
	}
}

// What journey says with a form that stands in the code has its line, whether a journey above says it or not.
func TestEveryFormHasItsFrench(t *testing.T) {
	t.Parallel()
	l, found := french(t), 0
	for _, folder := range []string{"../journey", "../journey/graph", "../simulate"} {
		files, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(tree, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 || !slices.Contains([]string{"say", "ours", "said", "given", "saying", "spanOf"}, nameOf(call.Fun)) {
					return true
				}
				form := textOf(call.Args[0])
				if lit, is := call.Args[0].(*ast.BasicLit); !is || lit.Kind != token.STRING || strings.HasPrefix(form, " ") || strings.HasPrefix(form, ":") || form == "%s" {
					return true // what is put together is seen in the journeys above
				}
				found++
				for _, form := range []string{form, "step `%s` " + form} {
					if _, known := l.words.line(form, plain); known {
						return true
					}
				}
				assert.Contains(t, []string{"name", "topic", "why", "why in %s", "trigger", "reentry", "holdout", "send window", "cap", "group", "priority", "exit `%s`", "goal",
					"message `%s`", "message `%s` (%s)"}, form, "%s: %q has no French", file, form)
				return true
			})
		}
	}
	assert.Greater(t, found, 100)
}

func TestWhatAJourneySaysInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	def, problems := journey.Parse("", []byte(`
journey: words
name: Words
topic: offers
enter:
  when: { event: "Wait and see or not, 5 days" }
  if: { any: [ { attribute: plan, in: [gold, silver] }, { all: [ { consent: offers, is: given }, { not: { event: Order Returned, within: 90d } } ] } ] }
reentry: never
exit:
  - { event: Order Refunded, by: account, match: order_id, as: refunded }
  - { if: { attribute: vip, eq: true }, for: 14d, as: vip }
goal: { event: Order Completed, within: 45d, value: total }
steps:
  - coupon: { pool: printed, expires: 14d, as: offer }
  - wait: { until: { coupon: offer, get: expires_at }, offset: -2d, if_past: skip, then: [ { send: soon } ] }
  - wait: { at: "09:30", day: sat }
  - wait_for: { any: [ { if: { coupon: offer, was: redeemed }, then: [ { exit: used } ] } ], timeout: { after: 10d, then: [ { send: late } ] } }
  - wait_for: { any: [ { event: Order Completed, where: { total: { gte: 100 } }, then: [ { exit: bought } ] } ], timeout: { after: 1d, then: [ { send: later } ] } }
  - wait_for: { any: [ { if: { segment: best }, then: [ { exit: best } ] } ], timeout: { after: 1d, then: [ { send: latest } ] } }
  - repeat: { times: 3, until: { not: { any: [ { attribute: a, missing: true }, { event: Seen, count: { eq: 0 } } ] } }, then: [ { send: again }, { wait: 2d } ] }
  - task: { title: Call and wait until Monday, team: support, due: { working: 4h }, wait: 3d }
  - suppress: { reason: never or always }
`))
	require.Empty(t, problems.Errors(), "%v", problems)
	var lines []string
	add := func(phrases ...journey.Phrase) {
		var said []string
		for _, p := range phrases {
			if !p.Empty() {
				said = append(said, l.described(p))
			}
		}
		lines = append(lines, strings.Join(said, " | "))
	}
	add(def.Enter.Words())
	add(def.Exit[0].Words(), def.Exit[1].Words(), def.Goal.Words())
	for _, s := range def.Steps {
		what, more := s.Words()
		add(what, more)
	}
	assert.Equal(t, []string{
		"Wait and see or not, 5 days, si plan est parmi gold, silver ou (le consentement à offers est donné et Order Returned n’a pas eu lieu au cours des 90 derniers jours)",
		"Order Refunded par une personne du compte avec le même order_id | vip est vrai depuis 14 jours | Order Completed, dans les 45 jours",
		"Donner un coupon de la réserve printed | sous le nom offer, valable 14 jours",
		"Attendre jusqu’à 2 jours avant la fin du coupon offer",
		"Attendre samedi à 09:30",
		"Attendre que le coupon offer ait été utilisé | 10 jours au plus",
		"Attendre Order Completed, où total est d’au moins 100 | 1 jour au plus",
		"Attendre qu’elle soit dans le segment best | 1 jour au plus",
		"Répéter 3 fois au plus | jusqu’à ce que (a soit renseigné et Seen ait déjà eu lieu)",
		"Tâche pour support | Call and wait until Monday, à faire sous 4 heures de travail",
		"Arrêter toute publicité | never or always",
	}, lines)
	what, _ := def.Steps[4].Words()
	assert.Equal(t, "Wait for Order Completed with total is at least 100", (&language{}).described(what), "others read English")
}

// A text that is there twice keeps the console from starting; merging two branches can make one.
func TestNoPhraseIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"phrases/words.fr.yaml", "phrases/decisions.fr.yaml", "phrases/faults.fr.yaml", "text/en.yaml", "text/fr.yaml"} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, yaml.Unmarshal(raw, &map[string]string{}), file)
	}
}
