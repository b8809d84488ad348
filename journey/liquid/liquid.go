// Package liquid turns the Liquid of other people's messages into the language of our templates: variables, filters, conditions, loops and
// cases. What has no counterpart stays as it stands and is reported with its place; publishing refuses it, so that it cannot be overlooked.
// Dialects of Liquid that name the same things differently (customer, person, ${first_name}) are all understood.
package liquid

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"perennial/journey"
)

// Convert returns source in our language, with what could not be converted, and, as warnings, what now reads a little differently.
// What is ours already stays as it is.
func Convert(file, source string) (string, journey.Problems) {
	c := &converter{file: file, source: strings.ReplaceAll(source, "\r\n", "\n"), endless: map[string]bool{}, wholes: wholes()}
	if len(source) > journey.TextMaxSource {
		c.report(0, "message is longer than 256 KiB", "split it")
		return source, c.problems
	}
	for c.at < len(c.source) {
		c.next()
	}
	for _, b := range c.blocks {
		c.report(b.at, "{% "+b.tag+" %} is not closed", "add {% end"+b.tag+" %}")
	}
	return c.out.String(), c.problems
}

// Spoken says whether a text holds Liquid: its tags, or filters as only Liquid writes them.
func Spoken(source string) bool {
	return strings.Contains(source, "{%") || spoken.MatchString(source)
}

var spoken = regexp.MustCompile(`\{\{[^}]*(?:\|\s*\w+\s*:|\$\{)`)

// converter goes through a source once.
type converter struct {
	file, source string
	at           int
	out          strings.Builder
	problems     journey.Problems
	blocks       []block           // that are open, the innermost last
	names        []string          // variables of no block
	endless      map[string]bool   // what has no end from here on, so that it is looked for once
	wholes       map[string]string // names that mean one thing of ours
}

// block is a tag that waits for its end.
type block struct {
	tag      string
	at       int
	names    []string // variables that it brings along
	subject  string   // of a case: what is compared
	begun    bool     // of a case: it has had its first when
	verbatim bool     // it could not be converted, and neither is its end
}

// mostProblems are as many as somebody reads at a time.
const mostProblems = 200

func (c *converter) report(at int, message, mend string) {
	switch n := len(c.problems); {
	case n > mostProblems:
		return
	case n == mostProblems:
		message, mend = "there is more that has no counterpart", "mend what stands above, and convert again"
	}
	before := c.source[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	c.problems = append(c.problems, journey.Problem{File: c.file, Line: 1 + strings.Count(before, "\n"),
		Column: 1 + utf8.RuneCountInString(before[start:]), Message: message, Mend: mend})
}

func (c *converter) warn(at int, message, mend string) {
	if c.report(at, message, mend); len(c.problems) <= mostProblems {
		c.problems[len(c.problems)-1].Warning = true
	}
}

// tag is one {{ … }} or {% … %}.
type tag struct {
	whole, inside string
	at            int
	open, shut    string // of what it becomes: with a hyphen where white space goes
}

// next copies text up to the next tag, and converts that.
func (c *converter) next() {
	rest := c.source[c.at:]
	i := strings.IndexByte(rest, '{')
	for i >= 0 && (i+1 == len(rest) || !strings.ContainsRune("{%#", rune(rest[i+1]))) {
		next := strings.IndexByte(rest[i+1:], '{')
		if next < 0 {
			i = -1
			break
		}
		i += 1 + next
	}
	if i < 0 {
		c.out.WriteString(rest)
		c.at = len(c.source)
		return
	}
	c.out.WriteString(rest[:i])
	c.at += i
	kind := rest[i+1]
	closing := map[byte]string{'{': "}}", '%': "%}", '#': "#}"}[kind]
	end := -1
	if !c.endless[closing] {
		end = closes(rest[i+2:], closing)
	}
	c.endless[closing] = end < 0
	if kind == '#' && end < 0 {
		c.out.WriteString("{#") // a colour in a style, or the like
		c.at += 2
		return
	}
	if end < 0 {
		c.report(c.at, "tag is not closed", "end it with "+closing)
		c.out.WriteString(rest[i:])
		c.at = len(c.source)
		return
	}
	t := tag{whole: rest[i : i+2+end+2], inside: rest[i+2 : i+2+end], at: c.at, open: "{{ ", shut: " }}"}
	if strings.HasPrefix(t.inside, "-") {
		t.inside, t.open = t.inside[1:], "{{- "
	}
	if strings.HasSuffix(t.inside, "-") {
		t.inside, t.shut = t.inside[:len(t.inside)-1], " -}}"
	}
	t.inside = strings.TrimSpace(t.inside)
	c.at += len(t.whole)
	switch kind {
	case '{':
		c.output(t)
	case '%':
		c.tag(t)
	}
}

// closes finds the end of a tag, outside of quotes and of ${…}. A quote that is not closed is only an apostrophe.
func closes(s, closing string) int {
	braces := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			braces++
			i++
		case s[i] == '}' && braces > 0:
			braces--
		case strings.HasPrefix(s[i:], closing):
			return i
		case s[i] == '"' || s[i] == '\'':
			line, _, _ := strings.Cut(s[i+1:], "\n")
			if end := strings.IndexByte(line, s[i]); end >= 0 {
				i += end + 1
			}
		}
	}
	return strings.Index(s, closing)
}

// write writes what a tag becomes.
func (c *converter) write(t tag, action string) { c.out.WriteString(t.open + action + t.shut) }

// refuse leaves a tag as it stands.
func (c *converter) refuse(t tag, message, mend string) {
	c.report(t.at, message, mend)
	c.out.WriteString(t.whole)
}

// deepest is how many blocks may be open at once.
const deepest = 100

// ours are the first words of what is in our language already.
func ours() []string {
	return []string{"if", "else", "end", "range", "with", "break", "continue", "button", "survey_buttons", "coupon", "date", "money", "mso", "end_mso",
		"not_mso", "end_not_mso", "content", "upper", "lower", "title", "len", "eq", "ne", "default"}
}

var firstWord = regexp.MustCompile(`^[a-z_]+`)

// output converts {{ expression | filters }}.
func (c *converter) output(t tag) {
	word := firstWord.FindString(t.inside)
	if slices.Contains(ours(), word) && !strings.HasPrefix(t.inside[len(word):], ".") || strings.HasPrefix(t.inside, "/*") || strings.HasPrefix(t.inside, "(") ||
		strings.HasPrefix(t.inside, "$") && !strings.HasPrefix(t.inside, "${") {
		c.out.WriteString(t.whole)
		return
	}
	e, fault := c.expression(t.at, t.inside)
	if fault != nil {
		c.refuse(t, fault.message, fault.mend)
		return
	}
	c.out.WriteString(e.before)
	c.write(t, e.text)
	c.out.WriteString(e.after)
}

// tag converts {% word … %}.
func (c *converter) tag(t tag) {
	word, rest, _ := strings.Cut(strings.Join(strings.Fields(t.inside), " "), " ")
	if word == "comment" || word == "raw" || word == "verbatim" {
		c.skip(t, word)
		return
	}
	if replaced, has := links(word, rest); has {
		c.out.WriteString(replaced)
		return
	}
	if len(c.blocks) > deepest {
		c.refuse(t, "this is nested too deep", "write it one after the other")
		return
	}
	switch word {
	case "if", "unless", "ifchanged":
		c.begin(t, word, rest)
	case "elsif", "elseif", "elif":
		c.otherwise(t, rest)
	case "else":
		if i := len(c.blocks) - 1; i >= 0 && c.blocks[i].verbatim {
			c.out.WriteString(t.whole)
			return
		}
		c.write(t, "else")
	case "case":
		c.choose(t, rest)
	case "when":
		c.when(t, rest)
	case "for":
		c.loop(t, rest)
	case "break", "continue":
		c.write(t, word)
	case "assign":
		c.assign(t, rest)
	case "echo":
		t.inside = rest
		c.output(t)
	default:
		if opened, is := strings.CutPrefix(word, "end"); is {
			c.end(t, opened)
			return
		}
		if slices.Contains([]string{"capture", "tablerow", "form", "block", "schema", "style", "javascript", "paginate", "with", "autoescape"}, word) {
			c.blocks = append(c.blocks, block{tag: word, at: t.at, verbatim: true})
		}
		c.refuse(t, "{% "+word+" %} has no counterpart", mendOfTag(word))
	}
}

func mendOfTag(word string) string {
	switch word {
	case "include", "render", "section", "layout", "extends", "block":
		return "write the text where it belongs; what every mail has goes into layout.html"
	case "abort_message":
		return "say it at the step: send: { message: …, unless: … }"
	case "connected_content", "catalog_items":
		return "fetch it with a webhook step, and read what it answered as var.AS"
	case "capture", "increment", "decrement", "cycle":
		return "write it out where it is used"
	}
	return "take it out, or write it in our language"
}

// skip leaves a comment out, and what is raw as it is.
func (c *converter) skip(t tag, word string) {
	rest := c.source[c.at:]
	var end []int
	if !c.endless[word] {
		end = regexp.MustCompile(`\{%-?\s*end` + word + `\s*-?%\}`).FindStringIndex(rest)
	}
	if c.endless[word] = end == nil; end == nil {
		c.refuse(t, "{% "+word+" %} is not closed", "add {% end"+word+" %}")
		return
	}
	if word != "comment" {
		c.out.WriteString(strings.ReplaceAll(rest[:end[0]], "{{", `{{ "{{" }}`))
	}
	c.at += end[1]
}

// links are tags that write a link of ours.
func links(word, rest string) (string, bool) {
	label := strings.Trim(rest, `'" `)
	anchor := func(name, text string) (string, bool) {
		if label != "" {
			text = label
		}
		return `<a href="{{ ` + name + ` }}">` + text + `</a>`, true
	}
	switch word {
	case "unsubscribe_url", "unsubscribe_link":
		return "{{ unsubscribe_url }}", true
	case "manage_subscription_preferences_url", "manage_preferences_url", "manage_preferences_link":
		return "{{ preferences_url }}", true
	case "view_in_browser_url", "web_view_link":
		return "{{ view_url }}", true
	case "unsubscribe":
		return anchor("unsubscribe_url", "Unsubscribe")
	case "manage_preferences":
		return anchor("preferences_url", "Choose what you get")
	case "web_view", "view_in_browser":
		return anchor("view_url", "Read in a browser")
	}
	return "", false
}
