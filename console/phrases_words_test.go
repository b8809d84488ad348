package console

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"perennial/journey"
	"perennial/journey/graph"
)

// english are words that journey uses and no author of the journeys that are looked at.
var english = regexp.MustCompile(`\b(Wait|Send|Branch|Split|Give|Repeat|Task for|Set|Add|Start|Leave|Leaves|Consent for|Ask|Exit|Enter|Finished|Goal|Journey|` +
	`wait|send|otherwise|days?|hours?|weeks?|times?|at least|at most|is|was|has|not|and|or|within|with|until|unless|after|before|since|valid|due|waits|reminder|` +
	`everybody|segment of|coupon of|if|any|the|of the same|for|instead|new|taken|called|comes|known|first|its|text)\b`)

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

// Whatever a picture says is French on a French page, but for names and what the author wrote.
func TestEveryPictureIsInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	for file, def := range journeysToSay(t) {
		p := graph.Options{Slots: true, Say: l.describing(def)}.Layout(def)
		plain := graph.LayoutSlots(def)
		for i, b := range p.Boxes {
			assertFrench(t, file, b.What, def)
			assertFrench(t, file, b.More, def)
			assert.Equal(t, plain.Boxes[i].ID, b.ID)
		}
		for _, e := range p.Edges {
			assertFrench(t, file, e.Label, def)
		}
		assert.Contains(t, p.SVG(graph.SVG{Bare: true}), `aria-label="Parcours `)
	}
}

// So is what two versions differ in.
func TestEveryDifferenceIsInFrench(t *testing.T) {
	t.Parallel()
	l, all := french(t), journeysToSay(t)
	from := all["../templates/win-back/journey.yaml"]
	for file, def := range all {
		for _, pair := range [][2]*journey.Definition{{from, def}, {def, from}} {
			for _, a := range journey.Diff(journey.Content{Def: pair[0]}, journey.Content{Def: pair[1]}) {
				if !strings.HasPrefix(a.Words, "why") && !strings.HasPrefix(a.Words, "name") {
					assertFrench(t, file, l.described(a.Words), pair[0], pair[1])
				}
			}
		}
	}
	for _, file := range []string{"diff.golden", "diff-back.golden"} {
		raw, err := os.ReadFile("../journey/testdata/" + file)
		require.NoError(t, err)
		for line := range strings.Lines(string(raw)) {
			assertFrench(t, file, l.described(strings.TrimSpace(line)))
		}
	}
}

// quoted is what is set apart as a name or a text of the author's.
var quoted = regexp.MustCompile("`[^`]*`|« [^»]* »|[a-z0-9]+([-_.][a-z0-9]+)+")

func assertFrench(t *testing.T, file, text string, defs ...*journey.Definition) {
	t.Helper()
	rest := text
	for _, def := range defs {
		for _, name := range authored(def) {
			rest = strings.ReplaceAll(rest, name, "…")
		}
	}
	found := english.FindString(quoted.ReplaceAllString(rest, "…"))
	assert.Empty(t, found, "%s: %s", file, text)
}

func authored(def *journey.Definition) []string {
	out := def.Written()
	for _, message := range def.Templates() {
		out = append(out, "envoyer "+message, "Envoyer "+message)
	}
	return slices.DeleteFunc(out, func(text string) bool { return text == "" })
}

func TestWhatAJourneySaysInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	for english, said := range map[string]string{
		"Wait until Saturday 09:30": "Attendre jusqu’à samedi 09:30",
		"plan is one of gold, silver or (consent for offers is given and not Order Returned)": "plan est l’un de gold, silver ou (le consentement pour offers est donné et pas Order Returned)",
		"topic transactional, at any time of day":                                             "thème transactional, à toute heure",
		"Topic Subscribed with topic is news":                                                 "Topic Subscribed avec topic est news",
		"not line.lasts_days is known yes":                                                    "pas line.lasts_days est connu",
		"at 0 9 * * 1 (cron), everybody in segment best":                                      "à 0 9 * * 1 (cron), toutes celles du segment best",
		"send window: 09:00 to 20:00, on Monday, Friday instead of 08:00 to 20:00":            "fenêtre d’envoi : 09:00 à 20:00, le lundi, vendredi au lieu de 08:00 à 20:00",
		"cap: 1 message per 7 days, else hold instead of 2 messages per 1 day, else drop":     "plafond : 1 message par 7 jours, sinon retenir au lieu de 2 messages par 1 jour, sinon abandonner",
		"step `rest` waits 7 days instead of 5 days":                                          "l’étape `rest` attend 7 jours au lieu de 5 jours",
		"name: Terms and conditions instead of Wait":                                          "nom : Terms and conditions au lieu de Wait",
	} {
		assert.Equal(t, said, l.described(english))
		assert.Equal(t, english, (&language{}).described(english), "others read English")
	}
}

// A line that is there twice would be read once.
func TestNoPhraseIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"words.fr.yaml", "decisions.fr.yaml", "faults.fr.yaml"} {
		raw, err := os.ReadFile("phrases/" + file)
		require.NoError(t, err)
		assert.NoError(t, yaml.Unmarshal(raw, &map[string]string{}), file)
	}
}
