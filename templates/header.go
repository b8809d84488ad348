package templates

import (
	"slices"
	"strings"

	"perennial/journey"
)

// field is one header line of a message: its value, and where that begins in the file.
type field struct {
	value        string
	line, column int
}

// source is one message file taken apart: the header lines between `---` lines, and the body.
type source struct {
	file   string
	fields map[string]field
	body   string
	line   int // of the file at which the body begins
}

func headerNames() []string { return append(writtenHeaders(), "locale") }

// writtenHeaders are those whose values are templates.
func writtenHeaders() []string { return []string{"subject", "preheader", "from", "reply_to"} }

// parseSource splits header and body. The value of a header line is verbatim: no quoting, no escapes.
func parseSource(file, content string) (source, journey.Problems) {
	content = strings.ReplaceAll(strings.TrimPrefix(content, "\ufeff"), "\r\n", "\n")
	s := source{file: file, fields: map[string]field{}, body: content, line: 1}
	lines := strings.Split(content, "\n")
	if strings.TrimSpace(lines[0]) != "---" {
		return s, nil
	}
	end := slices.IndexFunc(lines[1:], func(l string) bool { return strings.TrimSpace(l) == "---" })
	if end < 0 {
		return s, journey.Problems{{File: file, Line: 1, Column: 1, Message: "header is not closed", Mend: "end it with a line of ---"}}
	}
	var problems journey.Problems
	for i, l := range lines[1 : end+1] {
		if strings.TrimSpace(l) == "" {
			continue
		}
		if p, bad := s.field(l, i+2); bad {
			problems = append(problems, p)
		}
	}
	s.body, s.line = strings.Join(lines[end+2:], "\n"), end+3
	return s, problems
}

func (s *source) field(l string, line int) (journey.Problem, bool) {
	name, value, found := strings.Cut(l, ":")
	name = strings.TrimSpace(name)
	at := journey.Problem{File: s.file, Line: line, Column: 1}
	switch _, twice := s.fields[name]; {
	case !found:
		at.Message, at.Mend = "header line without a colon", "write name: value"
	case !slices.Contains(headerNames(), name):
		at.Message, at.Mend = "unknown header "+name, "there are "+strings.Join(headerNames(), ", ")
	case twice:
		at.Message, at.Mend = "header "+name+" stands twice", "leave one out"
	default:
		start := len(l) - len(strings.TrimLeft(value, " \t")) + 1
		s.fields[name] = field{value: strings.TrimSpace(value), line: line, column: len([]rune(l[:start-1])) + 1}
		return journey.Problem{}, false
	}
	return at, true
}
