package console

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"perennial/journey"
	"perennial/mail"
)

func french(t *testing.T) *language {
	t.Helper()
	all, err := readLanguages()
	require.NoError(t, err)
	return all[slices.IndexFunc(all, func(l *language) bool { return l.code == "fr" })]
}

// Every fault that journey, control, the store and what stands beside them can make, and every mend, has its French. The texts are read
// from the code: one that is new fails here until it has a line in phrases/faults.fr.yaml.
func TestEveryFaultHasItsFrench(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("phrases/faults.fr.yaml")
	require.NoError(t, err)
	book := map[string]string{}
	require.NoError(t, yaml.Unmarshal(raw, &book))
	texts := map[string]string{}
	for _, folder := range []string{"journey", "control", "store", "intake", "oidc", "templates"} {
		maps.Copy(texts, faultsOf(t, "../"+folder))
	}
	assert.Greater(t, len(texts), 500)
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		_, there := book[text]
		assert.True(t, there, "%s: %q has no French; give it a line in phrases/faults.fr.yaml", texts[text], text)
	}
	for english, said := range book {
		assert.Len(t, verbs.FindAllString(said, -1), len(verbs.FindAllString(english, -1)), "%s: the French has other values", english)
	}
}

// faultsOf returns the texts of the faults and mends that a folder's code makes, by where they stand. Faults of ours, and what only the log
// is told, are left out.
func faultsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	require.NoError(t, err)
	out, set := map[string]string{}, token.NewFileSet()
	keep := func(e ast.Expr) {
		text := textOf(e)
		if strings.Trim(text, "%sqdv: ") != "" && !regexp.MustCompile(`^(rendering|parsing|loading) `).MatchString(text) {
			out[text] = set.Position(e.Pos()).String()
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(filepath.Base(file), "diff") {
			continue
		}
		tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				keepCall(n, keep)
			case *ast.CompositeLit:
				for _, element := range n.Elts {
					if kv, ok := element.(*ast.KeyValueExpr); ok && slices.Contains([]string{"Message", "Mend"}, nameOf(kv.Key)) {
						keep(kv.Value)
					}
				}
			}
			return true
		})
	}
	return out
}

func keepCall(call *ast.CallExpr, keep func(ast.Expr)) {
	switch nameOf(call.Fun) {
	case "Faultf":
		if nameOf(call.Args[0]) != "CodeInternal" {
			keep(call.Args[1])
		}
	case "invalid":
		if len(call.Args) == 3 {
			keep(call.Args[1])
			keep(call.Args[2])
		}
	case "fault", "warn", "faultAt", "warnAt", "problem", "need":
		for _, arg := range call.Args {
			if text := textOf(arg); text != "%s" && strings.Contains(text, " ") {
				keep(arg)
			}
		}
	}
}

// textOf is a text as it stands in the code, with a verb for what is put in.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.CallExpr:
		if nameOf(e.Fun) == "Sprintf" {
			return textOf(e.Args[0])
		}
	}
	return "%s"
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// constants are the texts of the constants of journey whose names begin so.
func constants(t *testing.T, prefix string) (out []string) {
	t.Helper()
	files, err := filepath.Glob("../journey/*.go")
	require.NoError(t, err)
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if strings.HasPrefix(name.Name, prefix) && i < len(spec.Values) && textOf(spec.Values[i]) != "%s" {
						out = append(out, textOf(spec.Values[i]))
					}
				}
			}
		}
	}
	return out
}

// Every sentence about what happened to a customer and why has its French: of each line of the log with all that it can hold and with the
// least, of each reason, message, event of our own, pause and way of going on.
func TestEveryDecisionHasItsFrench(t *testing.T) {
	t.Parallel()
	l, at := french(t), time.Date(2030, 5, 7, 9, 0, 0, 0, time.UTC)
	check := func(english string) {
		t.Helper()
		if _, known := l.decisions.known(l, english); known {
			return
		}
		for _, sentence := range strings.Split(english, "; ") {
			_, known := l.decisions.known(l, sentence)
			assert.True(t, known, "%q has no French", sentence)
		}
	}
	whole := map[string]any{"journey": "win-back", "version": 2, "message": "hello", "channel": "sms", "variant": "a", "recipient": "Mara", "reason": journey.ReasonNoConsent,
		"topic": "offers", "until": at.Add(72 * time.Hour), "from": at, "for": []any{"Order Completed"}, "event": "Order Completed", "if": "x", "pool": "p", "ask": "nps", "score": 9,
		"choice": "c", "arm": "1", "team": "sales", "title": "Call her", "outcome": "reached", "value": 3, "by": "Ana", "shifted": "2 days", "to": "there", "was": "before", "step": "s",
		"text": "hi", "status": 500, "topics": []any{"offers"}, "journeys": []any{"a"}, "round": 2, "is": "given", "source": "form", "url": "https://example.com",
		"code": "C1", "order_id": "o1", "note": "n", "survey": "nps", "comment": "nice"}
	least := map[string]any{}
	for _, name := range []string{"message", "variant", "pool", "ask", "journey", "topic", "is", "to", "title", "reason", "over"} {
		least[name] = "it"
	}
	for _, what := range constants(t, "Log") {
		for _, detail := range []map[string]any{whole, least} {
			check(journey.LogWords(journey.LogEntry{At: at, Step: "s", What: what, Detail: detail}, nil))
		}
	}
	for _, reason := range constants(t, "Reason") {
		if words := journey.ReasonWords(reason, ""); words != strings.ReplaceAll(reason, "_", " ") {
			check(words)
			check(journey.MessageWords(journey.MessageSummary{Template: "hello", State: journey.MessageDropped, Reason: reason}))
		}
		if words := journey.CallWords(reason); words != strings.ReplaceAll(reason, "_", " ") {
			check(words)
		}
	}
	for _, state := range constants(t, "Message") {
		for _, m := range []journey.MessageSummary{{Subject: "Hi"}, {}, {Channel: "sms"}} {
			m.Template, m.State, m.Reason = "hello", journey.MessageState(state), journey.ReasonExpired
			if words := journey.MessageWords(m); !strings.HasPrefix(words, state+" ") {
				check(words)
			}
		}
	}
	for _, event := range []string{journey.EventSurveyAnswered, journey.EventLinkClicked, journey.EventTopicSubscribed, journey.EventTopicUnsubscribed, journey.EventCustomerPaused,
		journey.EventCustomerResumed, journey.EventCustomerReturned, journey.EventCouponIssued, journey.EventCouponRedeemed, journey.EventCouponExpired, journey.EventTaskDone,
		journey.EventMessageBounced, journey.EventMessageComplained, journey.EventMessageDropped} {
		check(journey.EventWords("own", event, whole, nil))
	}
	check(journey.EventWords("own", journey.EventCustomerResumed, map[string]any{"paused_by": "Ana"}, nil))
	for _, scope := range []journey.Scope{journey.ScopeCustomer, journey.ScopeEnrollment, journey.ScopeJourney, journey.ScopeTopic, journey.ScopeEverything} {
		check(strings.ReplaceAll(journey.PauseWords([]journey.PauseView{{Scope: scope, By: "Ana", Reason: "asked", Until: &at}}, "", nil), "; ", ", "))
	}
	for _, r := range []journey.Resumption{{Messages: 0, Waiting: 1}, {Messages: 1, Dropped: 1, OnResume: journey.Keep, Waiting: 7},
		{Messages: 5, Over: "2 hours", FirstAt: &at, Dropped: 3, Estimated: true, Waiting: 2}, {Messages: 5, FirstAt: &at, LastAt: new(at.Add(time.Hour))}} {
		r.Say(time.UTC)
		check(r.Words)
	}
}

func TestWhatIsSaidInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	for english, said := range map[string]string{
		"not sent: no consent for offers (message we-miss-you)": "pas envoyé : pas de consentement pour offers (message we-miss-you)",
		"waits 5 days, until Tue 12 May 09:00":                  "attend 5 jours, jusqu’à mar. 12 mai 09:00",
		"waits":                                                 "attend",
		"queued hello to Mara":                                  "hello mis en file d’attente pour Mara",
		"wait 5 days, then the end":                             "attendre 5 jours, puis la fin",
		"Order Completed, order_id o-17, total 49":              "Order Completed, order_id o-17, total 49",
		"1 message falls due; it will go out at once":           "1 message vient à échéance ; il partira aussitôt",
		"40 people are about to enter silent, and 5 would be usual at most: nobody is let in until it is approved": "40 personnes vont entrer dans silent, contre 5 au plus d’habitude : personne n’entre sans accord",
		"stopped by itself: 6 of 101 messages bounced, more than 5 %":                                              "arrêté automatiquement : 6 messages sur 101 sont revenus en erreur, plus de 5 %",
		"noted by Ana: she is fine until then":                                                                     "noté par Ana : she is fine until then",
	} {
		assert.Equal(t, said, l.decisions.in(l, english))
	}
	fault := l.fault(&journey.Fault{Message: `there is no journey "win-back"`, Problems: journey.Problems{
		{Path: "steps[0]", Message: `steps[0] lacks "send"`, Mend: "add when it goes out, such as `after: 3d`"}, {Message: `wait is a list, not a map`}}})
	assert.Equal(t, "il n’y a pas de parcours « win-back »", fault.Message)
	assert.Equal(t, "il manque « send » à steps[0]", fault.Problems[0].Message)
	assert.Equal(t, "ajoutez quand il part, comme `after: 3d`", fault.Problems[0].Mend)
	assert.Equal(t, "wait est une liste, pas une table", fault.Problems[1].Message)
}

// What the DNS says of a sender is said in French, too: each finding and each mend.
func TestFindingsOfTheDNSAreInFrench(t *testing.T) {
	t.Parallel()
	l := french(t)
	for _, records := range [][]string{nil, {"v=spf1 +all", "v=DMARC1; p=none"}, {"v=spf1 -all"}, {"v=spf1 -all", "v=spf1 ~all", "v=DMARC1; p=none", "v=DMARC1; p=reject"}} {
		for _, f := range mail.ExamineDomain(t.Context(), mail.Sender{From: "oak.example"}, func(context.Context, string) ([]string, error) { return records, nil }) {
			assert.NotEqual(t, f.Found, l.faults.in(l, f.Found))
			if f.Mend != "" {
				assert.NotEqual(t, f.Mend, l.faults.in(l, f.Mend))
			}
		}
	}
}
