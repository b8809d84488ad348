package templates_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/templates"
)

func TestSubjectsThatAStepTries(t *testing.T) {
	t.Parallel()
	def := definition(t, "  - send: { message: hello, subjects: { plain: Hello, name: \"{{ customer.first_name | default \\\"you\\\" }}, hello\" } }\n")
	set, problems := templates.Compile(def, templates.Files{"hello.html": "---\nsubject: The file's\n---\n<p>x</p>", "hello.fr.html": "---\nsubject: Bonjour\n---\n<p>x</p>"})
	require.Empty(t, problems.Errors())
	require.Len(t, problems, 1)
	assert.Equal(t, "journey.yaml:9:1: warning: the subjects of hello are for customers without a language of their own: hello.fr.html keeps its own; "+
		"send the languages by a branch, each with its subjects, or leave them as they are", problems[0].String())
	subject := func(variant, locale string) string {
		d := templates.Sample()
		d.Step, d.Variant, d.Customer.Locale = "hello", variant, locale
		mail, err := set.Render("hello", d)
		require.NoError(t, err)
		return mail.Subject
	}
	assert.Equal(t, "Hello", subject("plain", "en"))
	assert.Equal(t, "Nora, hello", subject("name", ""))
	assert.Equal(t, "The file's", subject("", "en"))
	assert.Equal(t, "Bonjour", subject("name", "fr-CA"))

	_, problems = templates.Compile(definition(t, "  - send: { message: hello, subjects: { a: \"{{ custmer.name }}\", b: TODO } }\n"), templates.Files{"hello.html": head + "<p>x</p>"})
	assert.Equal(t, `journey.yaml:9:1: subject a of hello: unknown name "custmer"; did you mean customer?
journey.yaml:9:1: subject b of hello: placeholder word TODO; write what is meant`, problems.Error())
}
