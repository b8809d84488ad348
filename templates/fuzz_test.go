package templates_test

import (
	"testing"

	"perennial/journey"
	"perennial/templates"
)

// Whatever a marketer writes, compiling ends with a message or with faults that have a place; it never panics, and what compiles renders or
// says why not.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		head + "<p>Hi {{ customer.first_name | default \"there\" }}</p>", head + "{{ if trigger.x }}a{{ else }}b{{ end }}",
		head + "{{ range trigger.products }}{{ .name }}{{ end }}", head + `<a href="{{ trigger.url }}">x</a>`, "---\nsubject: {{ customer.email }}\n---\n",
		head + "<!--[if mso]>x<![endif]-->", head + "{{ coupon \"offer\" }} {{ date trigger.at }}", "{{", "---\n---\n", "",
	} {
		f.Add(seed)
	}
	def, problems := journey.Parse("journey.yaml", []byte("journey: test\nname: Test\ntopic: transactional\nenter: { when: { event: Started } }\nreentry: always\nsteps:\n  - send: hello\n"))
	if len(problems.Errors()) > 0 {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, problems := templates.Compile(def, templates.Files{"hello.html": text})
		if set == nil && len(problems.Errors()) == 0 {
			t.Fatal("neither messages nor faults")
		}
	})
}
