package templates_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/templates"
	"perennial/testenv"
)

const head = "---\nsubject: Hello\n---\n"

func definition(t *testing.T, steps string) *journey.Definition {
	t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte("journey: test\nname: Test\ntopic: offers\n"+
		"enter: { when: { event: Started } }\nreentry: always\ntopics: { offers: { name: Offers } }\n"+
		"pools: { comeback: { alphabet: ABC, length: 8 } }\nsteps:\n"+steps))
	require.Empty(t, problems.Errors(), "%v", problems)
	return def
}

func hello(t *testing.T) *journey.Definition { return definition(t, "  - send: hello\n") }

func TestCompileReportsEveryFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ html, want string }{
		"unknown name":         {head + "<p>{{ custmer.name }}</p>", `hello.html:4:7: unknown name "custmer"; did you mean customer?`},
		"unknown in a subject": {"---\nsubject: Hi {{ custmer.name }}\n---\n<p>x</p>", `hello.html:2:16: unknown name "custmer"; did you mean customer?`},
		"unknown coupon":       {head + `<p>{{ coupon "offer" }}</p>`, `hello.html:4:14: no coupon step of this journey is kept as "offer"`},
		"syntax":               {head + "<p>\n{{ customer..name }}</p>", "hello.html:5:1: syntax: "},
		"unclosed block":       {head + "<p>{{ if customer.name }}</p>", "hello.html:4:4: {{ if }} is not closed; add {{ end }}"},
		"no subject":           {"<p>x</p>", "hello.html:1:1: message has no subject; begin the file with ---, subject: …, ---"},
		"unknown header":       {"---\nsubject: x\nsubjct: y\n---\n<p>x</p>", "hello.html:3:1: unknown header subjct; there are subject, preheader, from, reply_to"},
		"header not closed":    {"---\nsubject: x\n<p>x</p>", "hello.html:1:1: header is not closed; end it with a line of ---"},
		"empty":                {head, "hello.html:4:1: message is empty; write its text"},
		"placeholder":          {head + "<p>Lorem ipsum</p>", "hello.html:4:4: placeholder word Lorem; write what is meant"},
		"placeholder, subject": {"---\nsubject: TODO\n---\n<p>x</p>", "hello.html:2:10: placeholder word TODO in the subject; write what is meant"},
		"script":               {head + "<p>a</p>\n<script>x()</script>", "hello.html:5:1: <script> is not allowed in a message; take it out"},
		"form":                 {head + `<form action="https://a.example"><input name="a"></form>`, "hello.html:4:1: <form> is not allowed in a message"},
		"handler":              {head + `<p onclick="x()">a</p>`, "hello.html:4:1: onclick is not allowed in a message"},
		"javascript":           {head + `<a href="JaVaScRiPt:alert(1)">a</a>`, "javascript: is not allowed in href"},
		"javascript, hidden":   {head + `<a href="java&#10;script:alert(1)">a</a>`, "javascript: is not allowed in href"},
		"javascript, encoded":  {head + `<a href="&#106;avascript:alert(1)">a</a>`, "javascript: is not allowed in href"},
		"data":                 {head + `<img src="data:text/html,x">`, "data: is not allowed in src"},
		"relative link":        {head + `<a href="/shop">a</a>`, "is not a whole address; begin it with https://"},
		"broken escaping":      {head + `<a href="https://a.example/{{ if customer.vip }}?a={{ else }}"{{ end }}>a</a>`, "hello.html:4:"},
		"bad from":             {"---\nsubject: x\nfrom: nobody\n---\n<p>x</p>", `from is not an address`},
		"survey out of place":  {head + "{{ survey_buttons }}", "survey_buttons in a message that asks nothing"},
		"range over a number":  {head + "{{ range 10 }}x{{ end }}", "only lists can be repeated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, problems := templates.Compile(hello(t), templates.Files{"hello.html": c.html})
			assert.Nil(t, set)
			assert.Contains(t, problems.Error(), c.want)
		})
	}
}

func TestCompileLooksAtTheWholeFolder(t *testing.T) {
	t.Parallel()
	_, problems := templates.Compile(definition(t, "  - send: hello\n  - send: bye\n"), templates.Files{
		"hello.html": head + "<p>x</p>", "unused.html": head + "<p>x</p>", "lost.txt": "x", "Bad Name.html": head + "<p>x</p>",
		"bye.fr.html": head + "<p>x</p>",
	})
	assert.Equal(t, []string{
		"Bad Name.html:1:1: file name is not a template's; name it message.html, message.txt or message.fr.html, in lower case",
		`journey.yaml:10:1: message "bye" has no template; add bye.html`,
		"lost.txt:1:1: text without its HTML; add lost.html, which carries the headers",
		`unused.html:1:1: warning: no step sends "unused"`,
	}, strings.Split(problems.Error(), "\n"))
}

func TestTitlesOfTasksAreChecked(t *testing.T) {
	t.Parallel()
	_, problems := templates.Compile(definition(t, "  - task: { title: 'Call {{ custmer.name }}', team: support }\n"), templates.Files{})
	assert.Contains(t, problems.Error(), `unknown name "custmer"; did you mean customer?`)
	assert.Equal(t, 9, problems[0].Line)
}

func TestMarketingMailNeedsAWayOutAndAnAddress(t *testing.T) {
	t.Parallel()
	files := templates.Files{"hello.html": head + "<p>x</p>", "layout.html": "<p>{{ content }}</p>", "layout.txt": "{{ content }}"}
	_, problems := templates.Compile(hello(t), files)
	assert.Contains(t, problems.Error(), "hello.html:1:1: marketing mail without unsubscribe_url")
	assert.Contains(t, problems.Error(), "hello.html:1:1: marketing mail without a postal address")

	set, problems := templates.Compile(definition(t, "  - send: { message: hello, topic: transactional }\n"), files)
	assert.Empty(t, problems)
	assert.NotNil(t, set)

	set, problems = templates.Compile(hello(t), templates.Files{"hello.html": head + "<p>x</p>"})
	assert.Empty(t, problems, "the layout that ships carries both")
	assert.NotNil(t, set)
}

func compiled(t *testing.T, html string) *templates.Set {
	t.Helper()
	set, problems := templates.Compile(hello(t), templates.Files{"hello.html": html})
	require.Empty(t, problems.Errors(), "%v", problems)
	return set
}

func TestRenderEscapesWhatCustomersWrite(t *testing.T) {
	t.Parallel()
	set := compiled(t, "---\nsubject: Hi {{ customer.first_name }}\npreheader: {{ customer.first_name }}\n---\n"+
		`<p title="{{ customer.first_name }}">{{ customer.first_name }}</p><a href="{{ customer.site }}">site</a>`)
	d := templates.Sample()
	d.Customer.FirstName = "{{ customer.email }}<script>\r\nBcc: all@example.com"
	d.Customer.Attributes["site"] = "javascript:alert(1)"
	mail, err := set.Render("hello", d)
	require.NoError(t, err)
	assert.Equal(t, "Hi {{ customer.email }}<script> Bcc: all@example.com", mail.Subject)
	assert.Equal(t, "{{ customer.email }}<script> Bcc: all@example.com", mail.Preheader)
	assert.NotContains(t, mail.HTML, "<script>")
	assert.Contains(t, mail.HTML, "{{ customer.email }}&lt;script&gt;")
	assert.NotContains(t, mail.HTML, "javascript:")
	assert.NotContains(t, mail.HTML, "nora.lind@example.com")
	assert.Contains(t, mail.Text, "{{ customer.email }}<script>")
}

func TestRenderPicksTheLocale(t *testing.T) {
	t.Parallel()
	set, problems := templates.Compile(hello(t), templates.Files{
		"hello.html": head + "<p>Hello {{ date \"long\" trigger.at }}</p>", "hello.txt": "plain {{ customer.first_name }}",
		"hello.fr.html":    "---\nsubject: Bonjour\n---\n<p>Bonjour {{ date \"long\" trigger.at }}</p>",
		"hello.fr-CA.html": "---\nsubject: Allô\n---\n<p>Allô</p>",
	})
	require.Empty(t, problems.Errors(), "%v", problems)
	for locale, want := range map[string]string{
		"": "Hello", "en-GB": "Hello", "fr": "Bonjour", "fr-FR": "Bonjour", "fr_BE": "Bonjour", "fr-CA": "Allô", "FR-ca": "Allô", "de": "Hello",
	} {
		d := templates.Sample()
		d.Customer.Locale = locale
		d.Trigger = map[string]any{"at": "2026-03-02T10:00:00Z"}
		mail, err := set.Render("hello", d)
		require.NoError(t, err)
		assert.Equal(t, want, mail.Subject, locale)
		if want == "Bonjour" {
			assert.Contains(t, mail.HTML, `<html lang="fr"`)
			assert.Contains(t, mail.HTML, "Bonjour 2 mars 2026")
			assert.Contains(t, mail.Text, "Bonjour 2 mars 2026")
		}
		if want == "Hello" {
			assert.True(t, strings.HasPrefix(mail.Text, "plain Nora\n"), "a .txt beside the message is its text")
			assert.Contains(t, mail.HTML, `<html lang="en"`)
		}
	}
}

// What has no locale is in the language of the installation, footer and dates included.
func TestTheInstallationHasALanguage(t *testing.T) {
	t.Parallel()
	set, problems := templates.Compile(hello(t), templates.Files{
		"hello.html":    "---\nsubject: Bonjour\n---\n<p>Bonjour {{ date \"long\" trigger.at }}</p>",
		"hello.en.html": head + "<p>Hello {{ date \"long\" trigger.at }}</p>",
	})
	require.Empty(t, problems.Errors(), "%v", problems)
	for locale, lang := range map[string]string{"": "fr", "de": "fr", "fr-CA": "fr", "en-GB": "en"} {
		d := templates.Sample()
		d.Brand.Locale, d.Customer.Locale = "fr", locale
		d.Trigger = map[string]any{"at": "2026-03-02T10:00:00Z"}
		mail, err := set.Render("hello", d)
		require.NoError(t, err)
		assert.Contains(t, mail.HTML, `<html lang="`+lang+`"`, locale)
		assert.Contains(t, mail.HTML, map[string]string{"fr": "Se désabonner", "en": "Unsubscribe"}[lang], locale)
		if locale == "" {
			assert.Contains(t, mail.Text, "Bonjour 2 mars 2026")
		}
	}
}

// A head says what its text is in, where that is not the language of the installation; the name of a file has said it already.
func TestAHeadSaysItsLanguage(t *testing.T) {
	t.Parallel()
	files := templates.Files{"hello.html": "---\nsubject: Hello\nlocale: en-GB\n---\n<p>Hello {{ locale }}</p>", "hello.fr.html": head + "<p>Bonjour</p>"}
	set, problems := templates.Compile(hello(t), files)
	require.Empty(t, problems.Errors(), "%v", problems)
	for locale, lang := range map[string]string{"": "en-GB", "de": "en-GB", "fr-CA": "fr"} {
		d := templates.Sample()
		d.Brand.Locale, d.Customer.Locale = "fr", locale
		mail, err := set.Render("hello", d)
		require.NoError(t, err)
		assert.Equal(t, lang, mail.Locale)
		assert.Contains(t, mail.HTML, `<html lang="`+lang+`"`, locale)
		assert.Contains(t, mail.Text, map[string]string{"fr": "Se désabonner", "en-GB": "Unsubscribe"}[lang], "its footer, too")
	}
	for file, text := range map[string]string{"hello.html": "---\nsubject: Hello\nlocale: english please\n---\n<p>Hello</p>", "hello.fr.html": "---\nsubject: Bonjour\nlocale: fr\n---\n<p>Bonjour</p>"} {
		bad := maps.Clone(files)
		bad[file] = text
		_, problems := templates.Compile(hello(t), bad)
		require.Len(t, problems.Errors(), 1)
		assert.Equal(t, 3, problems.Errors()[0].Line)
	}
}

// A survey that the server keeps and its journey does not declare is asked with its own buttons: as it stands in the invitation, or as the
// server has it; a scale stands for it where neither is known.
func TestAKeptSurveyHasItsButtons(t *testing.T) {
	t.Parallel()
	def, problems := journey.Parse("journey.yaml", []byte("journey: asking\nname: Asking\ntopic: offers\nenter: { when: api }\nsteps: [ { survey: { ask: why, send: ask } } ]\n"))
	require.Empty(t, problems.Errors())
	set, problems := templates.Compile(def, templates.Files{"ask.html": "---\nsubject: Why?\n---\n<p>{{ survey.question }}</p>{{ survey_buttons }}"})
	require.Empty(t, problems.Errors(), "%v", problems)
	form := journey.SurveyForm{Key: "why", Kind: "choice", Question: "Why did you go?", Options: []string{"price", "too_slow"}}
	html := func(d templates.Data) string {
		mail, err := set.Render("ask", d)
		require.NoError(t, err)
		return mail.HTML
	}
	d := templates.Sample()
	assert.Contains(t, html(d), "?score=5")
	d.Kept = map[string]journey.SurveyForm{"why": form}
	assert.Contains(t, html(d), "?choice=too_slow")
	d.Kept, d.Survey = nil, &templates.SurveyBlock{Ask: "why", Form: form}
	assert.Contains(t, html(d), "Why did you go?")
	assert.Contains(t, html(d), ">too slow<")
}

const asking = `journey: asking
name: Asking
topic: offers
enter: { when: api }
topics: { offers: { name: Offers, locales: { fr: { name: Offres } } } }
surveys:
  why: { question: "Why?", kind: choice, options: [price, too_slow], locales: { fr: { question: "Pourquoi ?", options: { price: Le prix, too_slow: Trop lent } } } }
steps: [ { survey: { ask: why, send: ask } }, { survey: { ask: nps, send: rate } } ]
`

// The question, its options and the topic are read in the language of the mail; what a link carries is the value.
func TestAMailAsksInItsLanguage(t *testing.T) {
	t.Parallel()
	def, problems := journey.Parse("journey.yaml", []byte(asking))
	require.Empty(t, problems.Errors())
	const text = "---\nsubject: \"{{ survey.question }}\"\n---\n<p>{{ survey.question }}</p>{{ survey_buttons }}"
	set, problems := templates.Compile(def, templates.Files{"ask.html": text, "ask.fr.html": text, "rate.html": text, "rate.fr.html": text})
	require.Empty(t, problems.Errors(), "%v", problems)
	for locale, says := range map[string][]string{
		"fr-CA": {"Pourquoi ?", ">Trop lent<", "?choice=too_slow", "« Offres »", "Nous recommanderiez-vous"},
		"de":    {"Why?", ">too slow<", "?choice=too_slow", "“Offers”", "How likely are you to recommend us"},
	} {
		d := templates.Sample()
		d.Customer.Locale = locale
		whole := ""
		for _, message := range []string{"ask", "rate"} {
			mail, err := set.Render(message, d)
			require.NoError(t, err)
			whole += mail.HTML
		}
		for _, part := range says {
			assert.Contains(t, whole, part, locale)
		}
	}
}

func TestClickRewritesTheLinksOfTheBody(t *testing.T) {
	t.Parallel()
	set := compiled(t, head+`<a href="https://shop.example/?a=1&amp;b=2">shop</a> <a href="mailto:a@example.com">write</a> `+
		`<a href="{{ back_url }}">back</a> <a href="{{ unsubscribe_url }}">out</a>{{ button "Go" "https://shop.example/go" }}`)
	d := templates.Sample()
	var seen []string
	d.Links.Click = func(url string) string {
		seen = append(seen, url)
		return "https://oakandlinen.example/c/" + string(rune('a'+len(seen)-1)) + "?x=1&y=2"
	}
	mail, err := set.Render("hello", d)
	require.NoError(t, err)
	assert.Equal(t, []string{"https://shop.example/?a=1&b=2", "https://shop.example/go"}, seen)
	assert.Contains(t, mail.HTML, `href="https://oakandlinen.example/c/a?x=1&amp;y=2"`)
	assert.Contains(t, mail.HTML, `href="mailto:a@example.com"`)
	for _, own := range []string{d.Links.Back, d.Links.Unsubscribe, d.Links.Preferences, d.Links.View} {
		assert.Contains(t, mail.HTML, `href="`+own+`"`)
	}
}

func TestRenderNeverSendsAnEmptyCode(t *testing.T) {
	t.Parallel()
	def := definition(t, "  - coupon: { pool: comeback, as: offer, when_empty: go_on }\n  - send: hello\n")
	set, problems := templates.Compile(def, templates.Files{"hello.html": head + `<p>{{ coupon "offer" }}</p>`})
	require.Empty(t, problems.Errors())
	d := templates.Sample()
	d.Coupons = nil
	_, err := set.Render("hello", d)
	require.Error(t, err)
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))

	set, problems = templates.Compile(def, templates.Files{"hello.html": head + `<p>{{ if coupon "offer" }}{{ coupon "offer" }}{{ else }}none{{ end }}</p>`})
	require.Empty(t, problems.Errors())
	mail, err := set.Render("hello", d)
	require.NoError(t, err)
	assert.Contains(t, mail.Text, "none")
}

func TestStylesAreInlined(t *testing.T) {
	t.Parallel()
	set, problems := templates.Compile(hello(t), templates.Files{
		"hello.html": head + `<p class="a" style="margin: 1px; color: {{ customer.colour | default "red" }}">x</p><p class='b' style='margin:1px'>y</p>{{ if customer.vip }}<p>z</p>{{ end }}`,
		"layout.html": `<style>p { color: red; margin: 0 } .a { margin: 2px !important } p:hover { color: blue } @media print { p { color: black } }</style>` +
			`{{ mso }}<b>Outlook</b>{{ end_mso }}<div>{{ content }}</div>{{ unsubscribe_url }} {{ brand.address }}`,
	})
	require.Empty(t, problems.Errors(), "%v", problems)
	d := templates.Sample()
	d.Customer.Attributes["colour"], d.Customer.Attributes["vip"] = "green", true
	mail, err := set.Render("hello", d)
	require.NoError(t, err)
	assert.Contains(t, mail.HTML, `<p style="margin: 1px; color: green;margin:2px" class="a">x</p>`)
	assert.Contains(t, mail.HTML, `<p style='color:red;margin:1px' class='b'>y</p>`)
	assert.Contains(t, mail.HTML, `<p style="color:red;margin:0">z</p>`)
	assert.Contains(t, mail.HTML, "p:hover { color: blue }")
	assert.Contains(t, mail.HTML, "@media print {")
	assert.Contains(t, mail.HTML, "<!--[if mso]><b>Outlook</b><![endif]-->")
	assert.NotContains(t, mail.HTML, ".a {")
	assert.NotContains(t, mail.Text, "Outlook")
}

func TestRenderAsksForMessagesThatAreThere(t *testing.T) {
	t.Parallel()
	_, err := compiled(t, head+"<p>x</p>").Render("bye", templates.Sample())
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
}

// One set serves every sender at once.
func TestRenderIsSafeForManyAtOnce(t *testing.T) {
	t.Parallel()
	set := compiled(t, head+"<p>{{ customer.first_name }}</p>")
	done := make(chan string)
	for range 8 {
		go func() {
			for range 20 {
				mail, err := set.Render("hello", templates.Sample())
				if err != nil || !strings.Contains(mail.HTML, "Nora") {
					done <- "wrong"
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		assert.Empty(t, <-done)
	}
}

func TestHostileTemplates(t *testing.T) {
	t.Parallel()
	many := make([]any, 1000)
	for i := range many {
		many[i] = map[string]any{"name": strings.Repeat("x", 100), "many": []any{"a", "b"}}
	}
	for name, body := range map[string]string{
		"nested loops":            strings.Repeat("{{ range trigger.many }}", 6) + strings.Repeat("{{ end }}", 6),
		"deep loops":              strings.Repeat("{{ range trigger.many }}", 40) + "x" + strings.Repeat("{{ end }}", 40),
		"eight loops":             strings.Repeat("{{ range trigger.many }}", 8) + "<p title=x>" + strings.Repeat("{{ end }}", 8),
		"nested loops that write": strings.Repeat("{{ range trigger.many }}x", 4) + strings.Repeat("{{ end }}", 4),
		"loops that call":         strings.Repeat("{{ range trigger.many }}", 4) + "{{ upper .name }}" + strings.Repeat("{{ end }}", 4),
		"much output":             strings.Repeat("{{ range trigger.many }}{{ .name }}{{ end }}", 12),
		"loop over a number":      "{{ range 1000000000 }}x{{ end }}",
		"loop over a text":        "{{ range customer.email }}x{{ end }}",
		"recursion":               `{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`,
		"printf":                  `{{ printf "%999999999d" 1 }}`,
		"call":                    "{{ call customer.email }}",
		"the scope":               "{{ $ }}", "inner function": `{{ lookup $ "customer" }}`, "method": "{{ customer.Consents.Allows }}",
		"deep parentheses": "{{ " + strings.Repeat("(", 9000) + "1" + strings.Repeat(")", 9000) + " }}",
		"deeper":           "{{ " + strings.Repeat("(", 90000) + "1" + strings.Repeat(")", 90000) + " }}",
		"deep blocks":      strings.Repeat("{{ if 1 }}", 5000) + strings.Repeat("{{ end }}", 5000),
		"long chain":       "{{ customer" + strings.Repeat(".a", 60000) + " }}",
		"long pipe":        "{{ 1" + strings.Repeat(" | default 2", 15000) + " }}",
		"open action":      "{{ customer.email", "open quote": `{{ "abc }}`, "open comment": "{{/* abc", "nul": "a\x00b{{ customer.email }}",
		"big source":    strings.Repeat("<p>x</p>", 40000),
		"many tags":     strings.Repeat("<div>", 20000),
		"open tag":      "<p " + strings.Repeat("a=b ", 5000),
		"action in tag": "<{{ customer.email }}>", "action in attribute name": "<p {{ customer.email }}=1>", "comment": "<!-- {{ customer.email }} -->",
		"style breakout": `<p style="{{ customer.email }}">x</p>`, "title breakout": "</title><title>{{ customer.email }}",
		"css bomb": "<style>" + strings.Repeat("p{color:red}", 5000) + "</style>" + strings.Repeat("<p>x</p>", 500),
		"content":  "{{ content }}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			took := testenv.Processor(t, func() {
				set, problems := templates.Compile(hello(t), templates.Files{"hello.html": head + body})
				if set == nil {
					assert.NotEmpty(t, problems)
					return
				}
				d := templates.Sample()
				d.Trigger = map[string]any{"many": many}
				mail, err := set.Render("hello", d)
				if err == nil {
					assert.LessOrEqual(t, len(mail.HTML), journey.TextMaxOutput)
				}
			})
			assert.Less(t, took, 20*time.Second)
		})
	}
}

func TestADirectoryOverridesTheEmbeddedJourneys(t *testing.T) {
	t.Parallel()
	files, err := templates.Load(fstest.MapFS{
		"mine/journey.yaml": {Data: []byte("journey: mine")}, "mine/hello.html": {Data: []byte("x")},
		"mine/README.md": {Data: []byte("x")}, "mine/scenarios/a.yaml": {Data: []byte("x")},
	}, "mine")
	require.NoError(t, err)
	assert.Equal(t, templates.Files{"journey.yaml": "journey: mine", "hello.html": "x"}, files)

	_, err = templates.Load(templates.Embedded(), "nobody")
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))

	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "win-back"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "win-back", "journey.yaml"), []byte("journey: win-back"), 0o644))
	ours, err := templates.LoadDir(filepath.Join(dir, "win-back"))
	require.NoError(t, err)
	assert.Equal(t, templates.Files{"journey.yaml": "journey: win-back"}, ours)
}
