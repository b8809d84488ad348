package templates

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

const looked = `journey: hello
name: Hello
topic: offers
topics: { offers: { name: Offers } }
enter: { when: api }
steps:
  - coupon: { pool: p, as: offer, expires: 14d }
  - send: hello
  - send: { message: receipt, topic: transactional }
pools: { p: { alphabet: ABCDEFGH, length: 10 } }
`

func look(t *testing.T, files Files, file string, change func(*Data)) journey.Look {
	t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte(looked))
	require.Empty(t, problems.Errors())
	return Look(def, files, file, func(d Data) Data {
		if change != nil {
			change(&d)
		}
		return d
	})
}

func TestLookSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	files := Files{"hello.html": `---
subject: {{ customer.first_name | default "Hello" }}
---
<p>{{ if customer.nickname }}Dear {{ customer.nickname }}{{ end }}{{ customer.last_name }}</p>
<p>{{ trigger.order_id }} {{ trigger.nothing.here }} {{ account.name }} {{ var.reply }} {{ coupon "offer" }}</p>
{{ range trigger.lines }}<p>{{ .name }}</p>{{ end }}<p>{{ customer.last_name | default "you" }}</p>`}
	got := look(t, files, "hello.html", func(d *Data) { d.Customer = journey.Customer{Locale: "fr"} })
	assert.NotEmpty(t, got.Problems.Errors(), "var.reply is kept by no step")
	files["hello.html"] = strings.Replace(files["hello.html"], "{{ var.reply }} ", "", 1)
	got = look(t, files, "hello.html", func(d *Data) { d.Customer = journey.Customer{Locale: "fr"} })
	require.True(t, got.Written, "%v", got.Problems)
	assert.Equal(t, "Hello", got.Subject)
	assert.Equal(t, []journey.TextGap{
		{Name: "customer.first_name", File: "hello.html", Line: 2, Guarded: true},
		{Name: "customer.nickname", File: "hello.html", Line: 4, Guarded: true},
		{Name: "customer.last_name", File: "hello.html", Line: 4},
		{Name: "trigger.nothing.here", File: "hello.html", Line: 5},
		{Name: "account.name", File: "hello.html", Line: 5},
		{Name: "trigger.lines", File: "hello.html", Line: 6},
	}, got.Missing)
}

// What the lint refuses is seen all the same; only what cannot be rendered is not.
func TestLookShowsWhatHasFaults(t *testing.T) {
	t.Parallel()
	files := Files{
		"hello.html":    "---\nsubject: Hi\n---\n<p>lorem</p>\n<form><p>Hello</p></form>",
		"hello.txt":     "Hello in text {{ customer.nothing }}",
		"hello.fr.html": "---\nsubject: Salut {{ locale }}\n---\n<p>Bonjour {{ date \"weekday\" \"2026-03-02\" }}</p>",
		"broken.html":   "{{ if }}",
	}
	got := look(t, files, "hello.html", nil)
	assert.True(t, got.Written)
	assert.Len(t, got.Problems.Errors(), 2)
	assert.Equal(t, 4, got.Problems[0].Line)
	assert.Contains(t, got.HTML, ">lorem</p>")
	assert.Contains(t, got.Text, "Hello in text")
	assert.Equal(t, []journey.TextGap{{Name: "customer.nothing", File: "hello.txt", Line: 1}}, got.Missing)
	assert.Equal(t, got.Text, look(t, files, "hello.txt", nil).Text)

	french := look(t, files, "hello.fr.html", nil)
	assert.True(t, french.Written, "%v", french.Problems)
	assert.Equal(t, "Salut fr", french.Subject)
	assert.Contains(t, french.Text, "lundi 2 mars")

	for _, bad := range []string{"", "no header", "---\nsubject: {{ customer.first_name\n---\n<p>x</p>", "---\nsubject: x\n---\n{{ nobody }}",
		"---\nsubject: x\n---\n<p title={{ if }}", "---\nsubject: x\n---\n{{ range trigger.total }}{{ end }}<p>x</p>"} {
		got := look(t, Files{"hello.html": bad}, "hello.html", nil)
		assert.False(t, got.Written, bad)
		assert.True(t, bad == "" || len(got.Problems.Errors()) > 0, bad)
	}
	assert.False(t, look(t, files, "../../etc/passwd", nil).Written)
}

// One message can be written while the others are not there yet.
func TestCompileOneMindsItsOwnBusiness(t *testing.T) {
	t.Parallel()
	def, _ := journey.Parse("journey.yaml", []byte(looked))
	files := Files{"receipt.html": "---\nsubject: Receipt\n---\n<p>Thank you</p>", "other.html": "{{ if }}"}
	set, problems := CompileOne(def, files, "receipt")
	require.NotNil(t, set, "%v", problems)
	assert.Equal(t, []string{"receipt"}, set.Messages())
	set, problems = CompileOne(def, files, "hello")
	assert.Nil(t, set)
	assert.Len(t, problems.Errors(), 1)
}
