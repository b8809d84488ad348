package templates

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"

	"perennial/journey"
)

// lintSource refuses what no mail may hold: scripts, forms, handlers, links that run, words that were left standing.
func lintSource(src source) journey.Problems {
	l := &linter{src: src}
	masked := mask(src.body)
	z := nethtml.NewTokenizer(strings.NewReader(masked))
	at := 0
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			break
		}
		start := at
		at += len(z.Raw())
		if kind == nethtml.StartTagToken || kind == nethtml.SelfClosingTagToken {
			l.tag(start, z.Token())
		}
	}
	for _, hit := range liquidTag.FindAllStringIndex(masked, -1) {
		l.report(hit[0], "a tag of Liquid", "convert the message: perennial journey convert, or in the console")
	}
	for _, hit := range placeholders.FindAllStringIndex(masked, -1) {
		l.report(hit[0], "placeholder word "+src.body[hit[0]:hit[1]], "write what is meant")
	}
	for _, name := range []string{"subject", "preheader"} {
		f := src.fields[name]
		if liquidTag.MatchString(mask(f.value)) {
			l.problems = append(l.problems, journey.Problem{File: src.file, Line: f.line, Column: f.column, Message: "a tag of Liquid in the " + name,
				Mend: "convert the message: perennial journey convert, or in the console"})
		}
		if hit := placeholders.FindString(mask(f.value)); hit != "" {
			l.problems = append(l.problems, journey.Problem{
				File: src.file, Line: f.line, Column: f.column, Message: "placeholder word " + hit + " in the " + name, Mend: "write what is meant",
			})
		}
	}
	return l.problems
}

var liquidTag = regexp.MustCompile(`\{%-?\s*\w+`)

var placeholders = regexp.MustCompile(`\b(?:(?i:lorem|ipsum|fixme|xxx+|your (?:company|name|text|brand) here|insert [a-z]+ here)|TODO|TBD|FIRST_?NAME|LAST_?NAME|FNAME|LNAME)\b` +
	`|\[(?i:(?:first|last|your|customer|company|brand)[ _-]?name|name|link|date|company)\]|\*\|[A-Z_:]+\|\*|%(?i:first_?name|name)%`)

type linter struct {
	src      source
	problems journey.Problems
}

func (l *linter) report(offset int, message, mend string) {
	before := l.src.body[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	l.problems = append(l.problems, journey.Problem{
		File: l.src.file, Line: l.src.line + strings.Count(before, "\n"), Column: utf8.RuneCountInString(before[start:]) + 1,
		Message: message, Mend: mend,
	})
}

func (l *linter) tag(offset int, t nethtml.Token) {
	refused := []string{
		"script", "form", "input", "button", "select", "textarea", "iframe", "frame", "object", "embed", "applet", "base", "link",
		"meta", "svg", "math", "video", "audio", "html", "head", "body",
	}
	if slices.Contains(refused, t.Data) {
		l.report(offset, "<"+t.Data+"> is not allowed in a message", mendOf(t.Data))
	}
	if t.Data == "img" && !slices.ContainsFunc(t.Attr, func(a nethtml.Attribute) bool { return a.Key == "alt" }) {
		l.report(offset, "image without alt", `say what it shows, or alt="" where it only decorates`)
		l.problems[len(l.problems)-1].Warning = true
	}
	for _, a := range t.Attr {
		if t.Data == "img" && a.Key == "src" && strings.HasSuffix(strings.ToLower(a.Val), ".webp") {
			l.report(offset, "a WebP image, which Outlook on Windows before 2024 does not show", "take PNG or JPEG where your customers read with it")
			l.problems[len(l.problems)-1].Warning = true
		}
		switch {
		case strings.HasPrefix(a.Key, "on"):
			l.report(offset, a.Key+" is not allowed in a message", "mail programs run nothing")
		case slices.Contains([]string{"href", "src", "background", "action", "formaction"}, a.Key):
			l.link(offset, a.Key, a.Val)
		}
	}
}

func mendOf(tag string) string {
	switch tag {
	case "html", "head", "body":
		return "the layout writes it"
	case "form", "input", "select", "textarea", "button":
		return "use button or survey_buttons"
	}
	return "take it out"
}

// link checks the scheme as browsers read it: without white space and control characters, in any case.
func (l *linter) link(offset int, attribute, value string) {
	if strings.HasPrefix(strings.TrimSpace(value), string(rune(maskByte))) {
		return // an action: html/template looks at what comes out
	}
	bare := strings.Map(func(r rune) rune {
		if r <= ' ' || r == maskByte {
			return -1
		}
		return r
	}, strings.ToLower(value))
	scheme, _, found := strings.Cut(bare, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		if bare != "" && !strings.HasPrefix(bare, "#") {
			l.report(offset, fmt.Sprintf("%s %q is not a whole address", attribute, bare), "begin it with https://")
		}
		return
	}
	if !slices.Contains([]string{"http", "https", "mailto", "tel", "cid"}, scheme) {
		l.report(offset, scheme+": is not allowed in "+attribute, "use https")
	}
}

// lintMail asks of a rendered message what marketing mail must carry: a way out, and where we can be found.
func lintMail(m *message, v *variant, mail Mail) journey.Problems {
	sample := Sample()
	if m.topic.Key == journey.TopicTransactional {
		return nil
	}
	var problems journey.Problems
	missing := func(message, mend string) {
		problems = append(problems, journey.Problem{File: v.file, Line: 1, Column: 1, Message: message, Mend: mend})
	}
	if !strings.Contains(mail.HTML, sample.Links.Unsubscribe) || !strings.Contains(mail.Text, sample.Links.Unsubscribe) {
		missing("marketing mail without unsubscribe_url", "keep {{ unsubscribe_url }} in the layout, or write it here")
	}
	if !strings.Contains(textFromHTML(mail.HTML), sample.Brand.Address) || !strings.Contains(mail.Text, sample.Brand.Address) {
		missing("marketing mail without a postal address", "keep {{ brand.address }} in the layout, or write it here")
	}
	return problems
}

// escapeNow makes html/template work out its escaping now, so that its faults are those of the file and not of a customer.
func escapeNow(t *htmltemplate.Template) error {
	var fault *htmltemplate.Error
	if err := t.Execute(io.Discard, journey.NewTextScope(nil)); errors.As(err, &fault) {
		return fault
	}
	return nil
}

func escapeProblem(err error, src source) journey.Problem {
	p := journey.Problem{File: src.file, Line: src.line, Column: 1, Message: err.Error()}
	var fault *htmltemplate.Error
	if errors.As(err, &fault) {
		p.Message = fault.Description
		if fault.Line > 0 {
			p.Line = src.line + fault.Line - 1
		}
	}
	return p
}
