package journey

import (
	"fmt"
	"regexp"
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

// Text is a parsed template: its names are paths of `$`, its functions take the scope, its loops are bounded.
type Text struct {
	Tree *parse.Tree
	Uses []TextUse
}

// TextUse is one name that a template reads: customer.first_name, unsubscribe_url, coupon.offer.
type TextUse struct {
	Path         []string
	Line, Column int
	Guarded      bool // it has a default, or is asked for in a condition here or around it
}

// TextOptions say what a template may name, beside the names of the language.
type TextOptions struct {
	File         string   // for Problems
	Line, Column int      // where the source starts in the file, from 1; 0 is 1
	Functions    []string // further functions, each taking *TextScope first
	Known        *TextKnown
}

// TextKnown are the names that a journey declares. Nil: nobody knows, and every name is taken for granted.
type TextKnown struct {
	Coupons    []string // `as` of its coupons
	Vars       []string // `as` of what it waits for
	Attributes []string // attributes of the customer that it names itself
}

// ParseText parses a template and rewrites its names. Every fault is a Problem with line, column and the nearest name.
func ParseText(name, src string, o TextOptions) (*Text, Problems) {
	p := &textParser{o: o, src: src, text: &Text{}}
	if len(src) > TextMaxSource {
		p.report(0, "template is longer than 256 KiB", "split it")
		return p.text, p.problems
	}
	actions := scanTextActions(src)
	if p.structure(actions); len(p.problems) > 0 {
		return p.text, p.problems
	}
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(src, "", "", trees); err != nil {
		p.syntax(err, actions)
		return p.text, p.problems
	}
	p.text.Tree = tree
	p.tree = tree
	p.list(tree.Root)
	return p.text, p.problems
}

type textParser struct {
	o           TextOptions
	src         string
	tree        *parse.Tree
	text        *Text
	problems    Problems
	inCondition bool
	hasDefault  bool       // of the pipe that is being read
	asked       [][]string // names that the conditions around ask for
}

// place turns an offset of the source into line and column of the file, both from 1.
func (p *textParser) place(offset int) (line, column int) {
	offset = min(max(offset, 0), len(p.src))
	before := p.src[:offset]
	line = strings.Count(before, "\n")
	start := strings.LastIndexByte(before, '\n') + 1
	column = utf8.RuneCountInString(before[start:]) + 1
	if line == 0 && p.o.Column > 1 {
		column += p.o.Column - 1
	}
	return line + max(p.o.Line, 1), column
}

func (p *textParser) report(offset int, message, mend string) {
	line, column := p.place(offset)
	p.problems = append(p.problems, Problem{File: p.o.File, Line: line, Column: column, Message: message, Mend: mend})
}

// textAction is one {{ … }} of a source.
type textAction struct {
	start, end int    // offsets; end is after the closing braces, or of the source when they are missing
	word       string // its first word: if, range, with, else, end, …
	closed     bool
}

// scanTextActions finds the actions of a source, with quotes and comments understood.
func scanTextActions(src string) []textAction {
	var out []textAction
	for at := 0; ; {
		i := strings.Index(src[at:], "{{")
		if i < 0 {
			return out
		}
		a := textAction{start: at + i}
		a.end, a.closed = textActionEnd(src, a.start+2)
		inside := strings.TrimLeft(strings.TrimPrefix(src[a.start+2:a.end], "-"), " \t\r\n")
		if cut := strings.IndexFunc(inside, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }); cut >= 0 {
			a.word = inside[:cut]
		}
		out = append(out, a)
		at = a.end
	}
}

func textActionEnd(src string, at int) (end int, closed bool) {
	rest := strings.TrimLeft(strings.TrimPrefix(src[at:], "-"), " \t\r\n")
	if strings.HasPrefix(rest, "/*") {
		if i := strings.Index(src[at:], "*/"); i >= 0 {
			at += i + 2
		}
	}
	for i := at; i < len(src); i++ {
		switch c := src[i]; {
		case strings.HasPrefix(src[i:], "}}"):
			return i + 2, true
		case c == '"' || c == '\'' || c == '`':
			i = textQuoteEnd(src, i)
		}
	}
	return len(src), false
}

func textQuoteEnd(src string, at int) int {
	quote := src[at]
	for i := at + 1; i < len(src); i++ {
		switch {
		case src[i] == '\\' && quote != '`':
			i++
		case src[i] == quote:
			return i
		case src[i] == '\n' && quote != '`':
			return i // not closed on its line: the parser says so
		}
	}
	return len(src)
}

// structure reports what the parser cannot place: actions that are not closed, and blocks without their end.
func (p *textParser) structure(actions []textAction) {
	var open []textAction
	loops := 0
	for _, a := range actions {
		switch a.word {
		case "if", "range", "with":
			open = append(open, a)
			if a.word == "range" {
				loops++
			}
			if loops > TextMaxNested {
				p.report(a.start, fmt.Sprintf("loops are nested more than %d deep", TextMaxNested), "write them one after the other")
				return
			}
		case "end":
			if len(open) == 0 {
				p.report(a.start, "{{ end }} without {{ if }}, {{ range }} or {{ with }}", "take it out")
				return
			}
			if open[len(open)-1].word == "range" {
				loops--
			}
			open = open[:len(open)-1]
		case "define", "template", "block":
			p.report(a.start, "{{ "+a.word+" }} is not part of the template language", "write the text where it belongs")
		}
		if !a.closed {
			p.report(a.start, "action is not closed", "end it with }}")
			return
		}
	}
	for _, a := range open {
		p.report(a.start, "{{ "+a.word+" }} is not closed", "add {{ end }}")
	}
}

// syntax places an error of the parser, which knows the line only: it is in the action that alone gives the same error.
func (p *textParser) syntax(err error, actions []textAction) {
	text := textErrorWords(err)
	for _, a := range actions {
		source := p.src[a.start:a.end]
		switch a.word {
		case "if", "range", "with":
			source += "{{end}}"
		case "else", "end":
			continue
		}
		alone := parse.New("")
		alone.Mode = parse.SkipFuncCheck
		if _, fault := alone.Parse(source, "", "", map[string]*parse.Tree{}); fault != nil && textErrorWords(fault) == text {
			p.report(a.start, "syntax: "+text, "")
			return
		}
	}
	line := textErrorLine(err)
	for _, a := range actions {
		if strings.Count(p.src[:a.end], "\n")+1 >= line {
			p.report(a.start, "syntax: "+text, "")
			return
		}
	}
	p.report(0, "syntax: "+text, "")
}

func textErrorParts(err error) []string {
	return regexp.MustCompile(`(?s)^template: [^:]*:(\d+): (.*)$`).FindStringSubmatch(err.Error())
}

func textErrorWords(err error) string {
	if parts := textErrorParts(err); parts != nil {
		return parts[2]
	}
	return err.Error()
}

func textErrorLine(err error) int {
	line := 0
	if parts := textErrorParts(err); parts != nil {
		for _, c := range parts[1] {
			line = line*10 + int(c-'0')
		}
	}
	return line
}
