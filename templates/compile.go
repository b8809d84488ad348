package templates

import (
	"cmp"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	texttemplate "text/template"

	"perennial/journey"
)

// Set holds the compiled messages of one version of a journey. It is read only and serves any number of goroutines.
type Set struct {
	messages map[string]*message
	subjects map[variantOf]*texttemplate.Template // of sends that try several
	coupons  []string                             // `as` of the journey's coupons
	key      string
	name     string
}

// message is one message in all its locales.
type message struct {
	name     string
	topic    journey.Topic
	survey   *SurveyBlock
	variants map[string]*variant // by locale; "" is the one for everybody else
}

// variant is one message in one locale, parsed.
type variant struct {
	file, locale       string // locale: that its head says
	subject, preheader *texttemplate.Template
	from, replyTo      *texttemplate.Template
	html               *htmltemplate.Template // layout and body in one, so that escaping sees the whole
	plain              *htmltemplate.Template // body alone, to make text from; nil where a .txt stands
	text               *texttemplate.Template // the .txt; nil where there is none
	footer             *texttemplate.Template // what stands under the text
}

// Compile parses and checks every template of a journey: names, syntax, headers, links, placeholder words, and what marketing
// mail must carry. Def may be nil: then names are taken for granted and every message counts as marketing. The Set is nil when
// there are errors; warnings alone do not stop it.
func Compile(def *journey.Definition, files Files) (*Set, journey.Problems) {
	return newCompiler(def, files).compile(def)
}

// CompileOne is Compile for one message in all its locales: what the others lack or have wrong does not stand in its way.
func CompileOne(def *journey.Definition, files Files, message string) (*Set, journey.Problems) {
	c := newCompiler(def, filesOf(files, message))
	c.only = message
	return c.compile(def)
}

// filesOf are the files of one message, and the layouts.
func filesOf(files Files, message string) Files {
	out := Files{}
	for name, content := range files {
		if f, ok := parseFileName(name); ok && (f.message == message || f.message == "layout") {
			out[name] = content
		}
	}
	return out
}

func (c *compiler) compile(def *journey.Definition) (*Set, journey.Problems) {
	c.layouts()
	for _, name := range sortedKeys(c.files) {
		c.file(name)
	}
	c.missing()
	c.titles(def)
	c.subjects(def)
	c.marketing()
	if len(c.problems.Errors()) == 0 {
		c.try()
	}
	slices.SortStableFunc(c.problems, func(a, b journey.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(c.problems.Errors()) > 0 {
		return nil, c.problems
	}
	return c.set, c.problems
}

type compiler struct {
	files        Files
	facts        facts
	set          *Set
	only         string                       // the one message that is asked for; "" all
	layout, foot map[string]string            // sources by locale
	reads        map[string][]journey.TextUse // by file
	problems     journey.Problems
}

func newCompiler(def *journey.Definition, files Files) *compiler {
	c := &compiler{files: files, facts: readFacts(def), set: &Set{messages: map[string]*message{}, subjects: map[variantOf]*texttemplate.Template{}},
		reads: map[string][]journey.TextUse{}}
	if def != nil {
		c.set.key, c.set.name = def.Key, def.Name
	}
	c.set.coupons = c.facts.coupons
	return c
}

// layouts picks the journey's own layouts, and the embedded one for everybody else.
func (c *compiler) layouts() {
	c.layout, c.foot = map[string]string{}, map[string]string{}
	for file, into := range map[string]map[string]string{"layout.html": c.layout, "layout.txt": c.foot} {
		content, err := embedded.ReadFile(file)
		if err != nil {
			c.problems = append(c.problems, journey.Problem{File: file, Message: err.Error()})
		}
		into[""] = string(content)
	}
	for name, content := range c.files {
		f, ok := parseFileName(name)
		switch {
		case !ok || f.message != "layout":
		case !strings.Contains(content, contentMark):
			c.report(name, 1, "a layout without "+contentMark, "put it where the message belongs")
		case f.ext == "html":
			c.layout[f.locale] = content
		default:
			c.foot[f.locale] = content
		}
	}
}

// contentMark is the place of the message in a layout.
const contentMark = "{{ content }}"

func (c *compiler) report(file string, line int, message, mend string) {
	c.problems = append(c.problems, journey.Problem{File: file, Line: line, Column: 1, Message: message, Mend: mend})
}

// file compiles one .html with its headers, or sees to it that a .txt has its .html.
func (c *compiler) file(name string) {
	f, ok := parseFileName(name)
	switch {
	case name == JourneyFile || ok && f.message == "layout":
		return
	case !ok:
		c.report(name, 1, "file name is not a template's", "name it message.html, message.txt or message.fr.html, in lower case")
		return
	case f.ext == "txt":
		if _, has := c.files[strings.TrimSuffix(name, "txt")+"html"]; !has {
			c.report(name, 1, "text without its HTML", "add "+strings.TrimSuffix(name, "txt")+"html, which carries the headers")
		}
		return
	}
	m, before := c.message(f.message), len(c.problems.Errors())
	if v := c.build(f, name); len(c.problems.Errors()) == before {
		m.variants[f.locale] = v
	}
}

// message is the one of that name, empty when nothing of it was compiled yet.
func (c *compiler) message(name string) *message {
	m := c.set.messages[name]
	if m == nil {
		m = &message{name: name, variants: map[string]*variant{}}
		m.topic, m.survey = c.facts.topic(name), c.facts.surveys[name]
		c.set.messages[name] = m
	}
	return m
}

// build compiles one message in one locale; where it has faults, parts of it are nil.
func (c *compiler) build(f fileName, name string) *variant {
	src, problems := parseSource(name, c.files[name])
	c.problems = append(c.problems, problems...)
	v := &variant{file: name}
	v.locale = c.language(src, f)
	for _, header := range writtenHeaders() {
		c.header(v, src, header)
	}
	if strings.TrimSpace(src.body) == "" {
		c.report(name, src.line, "message is empty", "write its text")
	}
	c.problems = append(c.problems, lintSource(src)...)
	c.body(v, src, f)
	if txt := strings.TrimSuffix(name, "html") + "txt"; c.files[txt] != "" {
		v.text = c.textTemplate(txt, strings.ReplaceAll(c.files[txt], "\r\n", "\n"), 1, 1)
	}
	foot := c.foot[""]
	if own, has := c.foot[f.locale]; has {
		foot = own
	}
	v.footer = c.textTemplate("layout.txt", strings.Replace(foot, contentMark, "", 1), 1, 1)
	return v
}

// language is the one that the head of a message says it is written in; "" that of the installation. A file whose name has a locale has said
// it.
func (c *compiler) language(src source, f fileName) string {
	said, has := src.fields["locale"]
	switch {
	case !has:
		return ""
	case f.locale != "":
		c.report(src.file, said.line, "the name of the file says its locale", "leave the header locale out")
	case !journey.IsLocale(said.value):
		c.report(src.file, said.line, fmt.Sprintf("there is no locale %q", said.value), "write a language such as `fr`, or with its country `fr-CA`")
	}
	return said.value
}

func (c *compiler) header(v *variant, src source, name string) {
	f, has := src.fields[name]
	if name == "subject" && f.value == "" {
		c.report(src.file, 1, "message has no subject", "begin the file with ---, subject: …, ---")
		return
	}
	if !has {
		return
	}
	t := c.textTemplate(src.file, f.value, f.line, f.column)
	switch name {
	case "subject":
		v.subject = t
	case "preheader":
		v.preheader = t
	case "from":
		v.from = t
	case "reply_to":
		v.replyTo = t
	}
}

// body parses the message alone, where places are those of the file, and then inside the layout.
func (c *compiler) body(v *variant, src source, f fileName) {
	options := journey.TextOptions{File: src.file, Line: src.line, Functions: functionNames(), Known: c.facts.known}
	alone, problems := journey.ParseText(src.file, src.body, options)
	c.problems = append(c.problems, problems...)
	c.reads[src.file] = append(c.reads[src.file], alone.Uses...)
	if len(problems.Errors()) > 0 {
		return
	}
	if c.facts.known == nil {
		c.takeForGranted(alone, f.message)
	}
	plain, err := htmltemplate.New(src.file).Funcs(plainFunctions()).AddParseTree(src.file, alone.Tree)
	if err == nil {
		v.plain, err = plain, escapeNow(plain)
	}
	if err != nil {
		c.problems = append(c.problems, escapeProblem(err, src))
		return
	}
	layout := c.layout[""]
	if own, has := c.layout[f.locale]; has {
		layout = own
	}
	whole, err := inline(strings.Replace(layout, contentMark, src.body, 1))
	if err != nil {
		c.report(src.file, src.line, err.Error(), "use fewer classes")
		return
	}
	text, problems := journey.ParseText(src.file, whole, journey.TextOptions{File: "layout.html", Functions: functionNames()})
	c.problems = append(c.problems, problems...)
	if len(problems.Errors()) > 0 {
		return
	}
	v.html, err = htmltemplate.New(src.file).Funcs(htmlFunctions()).AddParseTree(src.file, text.Tree)
	if err == nil {
		err = escapeNow(v.html)
	}
	if err != nil {
		c.problems = append(c.problems, journey.Problem{File: "layout.html", Message: err.Error()})
	}
}

// takeForGranted notes what a message reads where no journey says what there is, so that it can be tried.
func (c *compiler) takeForGranted(text *journey.Text, message string) {
	for _, u := range text.Uses {
		if u.Path[0] == "coupon" && !slices.Contains(c.set.coupons, u.Path[1]) {
			c.set.coupons = append(c.set.coupons, u.Path[1])
		}
	}
	c.set.messages[message].survey = standardSurvey("nps")
}

func (c *compiler) textTemplate(file, src string, line, column int) *texttemplate.Template {
	options := journey.TextOptions{File: file, Line: line, Column: column, Functions: functionNames(), Known: c.facts.known}
	text, problems := journey.ParseText(file, src, options)
	c.problems = append(c.problems, problems...)
	c.reads[file] = append(c.reads[file], text.Uses...)
	if len(problems.Errors()) > 0 {
		return nil
	}
	t, err := texttemplate.New(file).Funcs(textFunctions()).AddParseTree(file, text.Tree)
	if err != nil {
		c.report(file, line, err.Error(), "")
		return nil
	}
	return t
}

// missing reports the messages that the journey sends and nobody wrote, those that only some locale has, and those that no
// step sends.
func (c *compiler) missing() {
	for _, use := range c.facts.uses {
		if _, written := c.files[use.message+".html"]; !written && (c.only == "" || c.only == use.message) {
			c.report(JourneyFile, use.line, fmt.Sprintf("message %q has no template", use.message), "add "+use.message+".html")
		}
	}
	for _, name := range sortedKeys(c.set.messages) {
		_, written := c.files[name+".html"]
		if !written && !c.facts.sends(name) {
			c.report(name+".html", 1, fmt.Sprintf("message %q is written for some locales only", name), "add "+name+".html for everybody else")
		}
		if written && c.facts.known != nil && !c.facts.sends(name) {
			c.problems = append(c.problems, journey.Problem{
				File: name + ".html", Line: 1, Column: 1, Warning: true, Message: fmt.Sprintf("no step sends %q", name),
			})
		}
	}
}

// titles checks the titles of tasks and the texts to teams, which are templates too. Their place is that of the step.
func (c *compiler) titles(def *journey.Definition) {
	if def == nil {
		return
	}
	def.Walk(func(s *journey.Step) {
		var src, what string
		switch {
		case s.Task != nil:
			src, what = s.Task.Title, "title of task "
		case s.Notify != nil:
			src, what = s.Notify.Text, "text of "
		default:
			return
		}
		_, problems := journey.ParseText("", src, journey.TextOptions{File: JourneyFile, Known: c.facts.known})
		for _, p := range problems {
			p.Line, p.Column, p.Path, p.Message = s.Line, 1, s.ID, what+s.ID+": "+p.Message
			c.problems = append(c.problems, p)
		}
	})
}

// try renders every message for the sample customer: what marketing mail must carry is asked of the result.
func (c *compiler) try() {
	for _, name := range sortedKeys(c.set.messages) {
		m := c.set.messages[name]
		for _, locale := range sortedKeys(m.variants) {
			v := m.variants[locale]
			mail, err := m.render(v, c.set.Sample(), locale)
			if err != nil {
				c.report(v.file, 1, err.Error(), "")
				continue
			}
			c.problems = append(c.problems, lintMail(m, v, mail)...)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
