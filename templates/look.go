package templates

import (
	"slices"
	"strings"

	"perennial/journey"
)

// Look renders one file of a journey as it is being written, as far as it goes: what a fault of the lint is does not keep it from
// being seen. File is that of a message, .html or .txt; fill makes the data out of what the sample customer has.
func Look(def *journey.Definition, files Files, file string, fill func(Data) Data) journey.Look {
	f, ok := parseFileName(file)
	if !ok {
		return journey.Look{Problems: journey.Problems{{File: file, Line: 1, Column: 1, Message: "file name is not a template's"}}}
	}
	page := strings.TrimSuffix(file, f.ext) + "html"
	text := strings.TrimSuffix(file, f.ext) + "txt"
	own := filesOf(files, f.message)
	_, problems := CompileOne(def, own, f.message)
	out := journey.Look{Problems: slices.DeleteFunc(problems, func(p journey.Problem) bool { return p.File != page && p.File != text })}
	if own[page] == "" {
		return out
	}
	c := newCompiler(def, own)
	c.layouts()
	m := c.message(f.message)
	v := c.build(fileName{f.message, f.locale, "html"}, page)
	if v.subject == nil || v.html == nil || v.plain == nil || v.footer == nil || own[text] != "" && v.text == nil {
		return out
	}
	d := fill(c.set.Sample())
	if f.locale != "" {
		d.Customer.Locale = f.locale
	}
	out.Missing = c.missed(m.scope(d, f.locale, v.languageOf(d, f.locale)), page, text)
	mail, err := m.render(v, d, f.locale)
	if err != nil {
		if fault := (journey.Problem{File: page, Line: 1, Column: 1, Message: err.Error()}); len(out.Problems.Errors()) == 0 {
			out.Problems = append(out.Problems, fault)
		}
		return out
	}
	out.Written, out.Preheader = true, mail.Preheader
	out.Rendered = journey.Rendered{Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text, From: mail.From, ReplyTo: mail.ReplyTo, Locale: mail.Locale}
	return out
}

// missed lists what the files read of the customer and her enrollment that is not there, each name once.
func (c *compiler) missed(scope *journey.TextScope, files ...string) (out []journey.TextGap) {
	for _, file := range files {
		for _, u := range c.reads[file] {
			if !slices.Contains([]string{"customer", "account", "trigger", "answer", "var", "coupon"}, u.Path[0]) || scope.Has(u.Path...) {
				continue
			}
			name := strings.Join(u.Path, ".")
			if i := slices.IndexFunc(out, func(o journey.TextGap) bool { return o.Name == name }); i >= 0 {
				out[i].Guarded = out[i].Guarded && u.Guarded
				continue
			}
			out = append(out, journey.TextGap{Name: name, File: file, Line: u.Line, Guarded: u.Guarded})
		}
	}
	return out
}
