package journey

import (
	"fmt"
	"strings"
)

// Problem is one fault of a file, or of a request: where it is, what is wrong and how to mend it.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`   // from 1; 0: not in a file
	Column  int    `json:"column,omitempty"` // from 1
	Path    string `json:"path,omitempty"`   // e.g. "steps[2].wait", or the field of a request
	Message string `json:"message"`          // what is wrong
	Mend    string `json:"mend,omitempty"`   // how to mend it
	Warning bool   `json:"warning,omitempty"`
}

// String is the one-line form: file:line:column: message; mend.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	} else if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// Problems are all faults at once. As an error it prints one per line.
type Problems []Problem

// Error prints every problem, one per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Errors leaves the warnings out.
func (ps Problems) Errors() Problems {
	var out Problems
	for _, p := range ps {
		if !p.Warning {
			out = append(out, p)
		}
	}
	return out
}
