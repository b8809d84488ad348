package templates

import (
	"fmt"
	"strings"
	texttemplate "text/template"

	"perennial/journey"
)

// variantOf names one of the subjects that a step tries.
type variantOf struct{ step, variant string }

// subjects compiles the subjects that sends try, which are templates too. Their place is that of the step.
func (c *compiler) subjects(def *journey.Definition) {
	if def == nil {
		return
	}
	def.Walk(func(s *journey.Step) {
		if s.Send == nil || len(s.Send.Subjects) == 0 {
			return
		}
		for _, v := range s.Send.Subjects {
			c.subject(s, v)
		}
		for _, locale := range c.locales(s.Send.Message) {
			c.problems = append(c.problems, journey.Problem{
				File: JourneyFile, Line: s.Line, Column: 1, Path: s.ID, Warning: true,
				Message: fmt.Sprintf("the subjects of %s are for customers without a language of their own: %s.%s.html keeps its own", s.ID, s.Send.Message, locale),
				Mend:    "send the languages by a branch, each with its subjects, or leave them as they are",
			})
		}
	})
}

func (c *compiler) subject(s *journey.Step, v journey.Subject) {
	before := len(c.problems.Errors())
	text, problems := journey.ParseText("", v.Text, journey.TextOptions{File: JourneyFile, Functions: functionNames(), Known: c.facts.known})
	if hit := placeholders.FindString(mask(v.Text)); hit != "" {
		problems = append(problems, journey.Problem{Message: "placeholder word " + hit, Mend: "write what is meant"})
	}
	for _, p := range problems {
		p.File, p.Line, p.Column, p.Path, p.Message = JourneyFile, s.Line, 1, s.ID, "subject "+v.Name+" of "+s.ID+": "+p.Message
		c.problems = append(c.problems, p)
	}
	if len(c.problems.Errors()) > before {
		return
	}
	t, err := texttemplate.New(s.ID).Funcs(textFunctions()).AddParseTree(s.ID, text.Tree)
	if err != nil {
		c.report(JourneyFile, s.Line, err.Error(), "")
		return
	}
	c.set.subjects[variantOf{s.ID, v.Name}] = t
}

// locales are those that a message is written for besides the one for everybody, in order.
func (c *compiler) locales(message string) []string {
	var out []string
	for _, name := range sortedKeys(c.files) {
		if f, ok := parseFileName(name); ok && f.message == message && f.ext == "html" && f.locale != "" {
			out = append(out, strings.ToLower(f.locale))
		}
	}
	return out
}

// with is the variant under another subject; a locale of its own keeps the one that it has.
func (v *variant) with(subject *texttemplate.Template, locale string) *variant {
	if subject == nil || locale != "" {
		return v
	}
	other := *v
	other.subject = subject
	return &other
}
