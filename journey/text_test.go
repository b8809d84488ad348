package journey_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func textData() map[string]any {
	expires := time.Date(2026, 3, 16, 23, 30, 0, 0, time.UTC)
	return map[string]any{
		"customer": journey.Customer{
			ID: "cus_1", FirstName: "Ada", Email: "ada@example.com", Locale: "en-GB", Timezone: "Europe/Vienna",
			Attributes: map[string]any{"orders_count": 3.0, "points": 1234567.0, "ratio": 0.5, "nickname": "{{ customer.email }}"},
		},
		"account": (*journey.Account)(nil),
		"trigger": map[string]any{
			"order_id": "A-17", "total": 1234.5, "currency": "EUR", "at": "2026-03-02T23:30:00Z",
			"products": []any{map[string]any{"name": "Linen sheet", "quantity": 2.0}, map[string]any{"name": "Towel"}},
			"price":    map[string]any{"amount": 4990.0, "currency": "EUR"},
		},
		"answer":  map[string]any{"score": 3.0},
		"coupon":  map[string]journey.Coupon{"offer": {Code: "BACK-7KQ", Pool: "comeback", ExpiresAt: &expires}},
		"journey": map[string]any{"key": "win-back", "name": "Win back"},
	}
}

func TestRenderText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"a name":                            {`Hello {{ customer.first_name }}`, "Hello Ada"},
		"an attribute":                      {`{{ customer.orders_count }}`, "3"},
		"a whole number stays whole":        {`{{ customer.points }}`, "1234567"},
		"a fraction":                        {`{{ customer.ratio }}`, "0.5"},
		"whole numbers compare":             {`{{ if gte customer.orders_count 3 }}yes{{ end }}`, "yes"},
		"equal to one of several":           {`{{ if eq customer.orders_count 1 3 }}yes{{ end }}`, "yes"},
		"missing":                           {`[{{ customer.nobody }}]`, "[]"},
		"missing under missing":             {`[{{ trigger.ship.to.city }}]`, "[]"},
		"missing account":                   {`[{{ account.name }}]`, "[]"},
		"missing compares as false":         {`{{ if gt customer.nobody 3 }}yes{{ else }}no{{ end }}`, "no"},
		"default":                           {`{{ customer.nobody | default "there" }}`, "there"},
		"default not needed":                {`{{ customer.first_name | default "there" }}`, "Ada"},
		"braces in data stay text":          {`{{ customer.nickname }}`, "{{ customer.email }}"},
		"date in the customer's zone":       {`{{ date "weekday" trigger.at }}`, "Tuesday 3 March"},
		"date through a pipe, Go's layout":  {`{{ trigger.at | date "2 January 2006, 15:04" }}`, "3 March 2026, 00:30"},
		"money":                             {`{{ money trigger.total trigger.currency }}`, "€1,234.50"},
		"money through a pipe":              {`{{ trigger.total | money "USD" }}`, "US$1,234.50"},
		"money of minor units":              {`{{ money trigger.price }}`, "€49.90"},
		"upper, lower, title":               {`{{ upper "ab" }}{{ lower "CD" }} {{ title "bed linen" }}`, "ABcd Bed Linen"},
		"len":                               {`{{ len trigger.products }}`, "2"},
		"and, or, not":                      {`{{ if and customer.first_name (not customer.nobody) (or false true) }}yes{{ end }}`, "yes"},
		"a coupon is its code":              {`{{ coupon "offer" }}`, "BACK-7KQ"},
		"a coupon's fields":                 {`{{ (coupon "offer").code }} {{ date "short" (coupon "offer").expires_at }}`, "BACK-7KQ 17 Mar"},
		"a missing coupon in a condition":   {`{{ if coupon "gift" }}yes{{ else }}no{{ end }}`, "no"},
		"a loop":                            {`{{ range trigger.products }}{{ .name }}×{{ .quantity | default 1 }};{{ end }}`, "Linen sheet×2;Towel×1;"},
		"a loop with variables":             {`{{ range $i, $p := trigger.products }}{{ $i }}{{ $p.name }}{{ $p.a.b }} {{ end }}`, "0Linen sheet 1Towel "},
		"a loop over nothing":               {`{{ range trigger.nothing }}x{{ else }}none{{ end }}`, "none"},
		"names inside a loop":               {`{{ range trigger.products }}{{ customer.first_name }} {{ end }}`, "Ada Ada "},
		"with":                              {`{{ with trigger.price }}{{ .currency }}{{ end }}`, "EUR"},
		"a variable":                        {`{{ $n := customer.first_name }}{{ $n }}`, "Ada"},
		"the dot alone":                     {`[{{ . }}]`, "[]"},
		"explicit attributes":               {`{{ customer.attributes.orders_count }}`, "3"},
		"conditional comments are for HTML": {`<!--[if mso]>x<![endif]-->`, "<!--[if mso]>x<![endif]-->"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := journey.RenderText(c.src, textData())
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestRenderTextRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"an unknown name":         {"Dear {{ custmer.name }}", `1:9: unknown name "custmer"; did you mean customer?`},
		"an unknown function":     {"{{ customer.name | uper }}", `1:20: unknown name "uper"; did you mean upper?`},
		"printf":                  {`{{ printf "%1000000d" 1 }}`, `unknown name "printf"`},
		"call":                    {`{{ call customer.first_name }}`, `unknown name "call"`},
		"html":                    {`{{ html customer.first_name }}`, `unknown name "html"`},
		"js":                      {`{{ js customer.first_name }}`, `unknown name "js"`},
		"print":                   {`{{ print "a" }}`, `unknown name "print"`},
		"our own inner functions": {`{{ lookup "a" }}`, `unknown name "lookup"`},
		"recursion":               {`{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`, "{{ define }} is not part of the template language"},
		"the bare scope":          {`{{ $ }}`, "$ alone"},
		"an unclosed block":       {"one\n  {{ if customer.first_name }}\nthree", "2:3: {{ if }} is not closed; add {{ end }}"},
		"an end too many":         {"one\n{{ end }}", "2:1: {{ end }} without"},
		"an unclosed action":      {"one\ntwo {{ customer.first_name", "2:5: action is not closed; end it with }}"},
		"a syntax error":          {"one\ntwo {{ customer.first_name }} {{ customer..name }}", "2:31: syntax: "},
		"a value with arguments":  {`{{ customer.first_name "x" }}`, "is a value, not a function"},
		"a value in a pipe":       {`{{ "x" | customer.first_name }}`, "is a value, not a function"},
		"nothing under a link":    {`{{ unsubscribe_url.x }}`, `unsubscribe_url has no "x"`},
		"a wrong answer":          {`{{ answer.scor }}`, `1:11: answer has no "scor"; did you mean score?`},
		"a range over a number":   {`{{ range customer.points }}x{{ end }}`, "only lists can be repeated"},
		"a range over a literal":  {`{{ range 1000000000 }}x{{ end }}`, "only lists can be repeated"},
		"a missing coupon":        {`{{ coupon "gift" }}`, `coupon "gift" is missing`},
		"a coupon without name":   {`{{ coupon }}`, "coupon takes the name of a coupon"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := journey.RenderText(c.src, textData())
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
			assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
		})
	}
}

func TestParseTextKnowsDeclaredNames(t *testing.T) {
	t.Parallel()
	known := &journey.TextKnown{Coupons: []string{"offer"}, Vars: []string{"order"}, Attributes: []string{"emails"}}
	_, problems := journey.ParseText("m", `{{ customer.frist_name }}{{ customer.emails }}{{ customer.attributes.emial }}`+
		`{{ customer.favourite_colour }}{{ coupon "ofer" }}{{ var.odrer.total }}`, journey.TextOptions{File: "m.html", Line: 5, Known: known})
	assert.Equal(t, []string{
		`m.html:5:13: customer has no "frist_name"; did you mean first_name? ` +
			`An attribute of your own of that name is customer.attributes.frist_name`,
		`m.html:5:119: no coupon step of this journey is kept as "ofer"; did you mean offer?`,
		`m.html:5:135: nothing in this journey is kept as "odrer"; did you mean order?`,
	}, strings.Split(problems.Error(), "\n"))
}

// The titles of tasks are rendered from what a decision knows.
func TestRenderTextReadsTheDataOfADecision(t *testing.T) {
	t.Parallel()
	expires := time.Date(2026, 3, 16, 23, 30, 0, 0, time.UTC)
	facts := journey.Facts{
		JourneyKey: "win-back", Customer: journey.Customer{FirstName: "Ada", Timezone: "Europe/Vienna"},
		Coupons: map[string]journey.Coupon{"offer": {Code: "BACK-7KQ", ExpiresAt: &expires}},
	}
	state := journey.State{Trigger: map[string]any{"order_id": "A-17"}, Answer: map[string]any{"score": 3.0}}
	got, err := journey.RenderText(`{{ customer.first_name }} {{ trigger.order_id }} {{ answer.score }} {{ journey.key }} `+
		`{{ coupon "offer" }} {{ date "short" (coupon "offer").expires_at }}`, journey.TemplateData(facts, state))
	require.NoError(t, err)
	assert.Equal(t, "Ada A-17 3 win-back BACK-7KQ 17 Mar", got)
}

func TestRenderTextIsBounded(t *testing.T) {
	t.Parallel()
	thousand := make([]any, 1000)
	for i := range thousand {
		thousand[i] = "0123456789"
	}
	data := map[string]any{"trigger": map[string]any{
		"many": thousand, "more": append(append([]any{}, thousand...), "x"), "long": strings.Repeat("x", 600<<10),
	}}
	nested := func(depth int, inside string) string {
		return strings.Repeat("{{ range trigger.many }}", depth) + inside + strings.Repeat("{{ end }}", depth)
	}
	for name, c := range map[string]struct{ src, want string }{
		"rounds":            {"{{ range trigger.more }}{{ end }}", "at most 1000"},
		"output":            {"{{ trigger.long }}{{ trigger.long }}", "output is longer than 1048576 bytes"},
		"loops that write":  {nested(4, "x"), ""},
		"loops that do not": {nested(5, ""), "longer than 250ms"},
		"a source too long": {strings.Repeat("x", 257<<10), "longer than 256 KiB"},
		"parentheses":       {"{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}", ""},
		"a long pipe":       {"{{ 1 " + strings.Repeat("| default 1 ", 20_000) + "}}{{ range 1 }}{{ end }}", ""},
		"blocks in blocks":  {strings.Repeat("{{ if 1 }}", 20_000) + "x" + strings.Repeat("{{ end }}", 20_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := journey.RenderText(c.src, data)
			if err == nil {
				assert.LessOrEqual(t, len(text), journey.TextMaxOutput)
				return
			}
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// Node's Intl is the judge: money must read as it does in the browser beside it. What it says is kept in testdata/money.golden,
// which `go test ./journey -run TestMoney -update` writes anew where Node is installed.
func TestMoneyIsWhatIntlSays(t *testing.T) {
	t.Parallel()
	amounts := []string{"0", "5", "49.9", "999.99", "1234.5", "12345.67", "1234567.89", "-12.5", "-1234.5"}
	var script strings.Builder
	var got []string
	for _, locale := range []string{"en", "en-US", "en-GB", "de", "de-DE", "fr", "fr-FR", "es", "it", "nl", "nl-NL"} {
		for _, currency := range []string{"EUR", "GBP", "USD", "JPY", "CHF", "KWD"} {
			for _, amount := range amounts {
				text, err := journey.RenderText(`{{ money trigger.n trigger.c }}`, map[string]any{
					"customer": map[string]any{"locale": locale},
					"trigger":  map[string]any{"n": mustFloat(t, amount), "c": currency},
				})
				require.NoError(t, err)
				got = append(got, locale+" "+amount+" "+currency+" "+text)
				script.WriteString("console.log(" + strconv.Quote(locale+" "+amount+" "+currency+" ") + "+new Intl.NumberFormat(" +
					strconv.Quote(locale) + ",{style:'currency',currency:" + strconv.Quote(currency) + "}).format(" + amount + "));\n")
			}
		}
	}
	golden := filepath.Join("testdata", "money.golden")
	if flag.Lookup("update").Value.String() == "true" { // it is the package's own
		out, err := exec.Command("node", "-e", script.String()).Output()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(golden, out, 0o644))
	}
	out, err := os.ReadFile(golden)
	require.NoError(t, err)
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		assert.Equal(t, line, got[i])
	}
}

func mustFloat(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}
