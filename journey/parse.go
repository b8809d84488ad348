package journey

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Bounds of a source. They keep a hostile file from costing more than a fraction of a second.
const (
	maxSource   = 1 << 20
	maxDepth    = 50
	maxSteps    = 1000
	maxProblems = 200
	maxListed   = 24     // names in one mend
	maxCompared = 20_000 // names, to find the nearest to each typo
)

// Parse reads a journey written in the language (docs/language.md), as YAML or as JSON, which is the same tree. It reports
// all faults at once, in the order of the file, each with its line and column; file is the name that they carry. The
// definition is nil when there is an error; warnings leave it standing. A definition is compiled and has its hash.
func Parse(file string, src []byte) (*Definition, Problems) {
	p := parseSource(file, src)
	problems := p.problems()
	if len(problems.Errors()) > 0 {
		return nil, problems
	}
	sum := sha256.Sum256(canonical(p, src))
	p.def.Hash = hex.EncodeToString(sum[:])
	p.def.Compile()
	return p.def, problems
}

// parseSource reads a source as far as it can be read.
func parseSource(file string, src []byte) *parser {
	p := &parser{file: file, def: &Definition{}, order: map[*yaml.Node][]string{}, marked: map[*yaml.Node]bool{}}
	if p.document = p.tree(src); p.document != nil {
		p.journey(p.document.Content[0])
		p.check()
	}
	return p
}

// parser reads one source and collects every fault on the way.
type parser struct {
	file     string
	document *yaml.Node // nil when the source is no tree that can be read
	def      *Definition
	faults   []fault

	compared int // names, in the search for the nearest

	scope  scope
	placed []*placed               // the steps, in the order of reading; in that of the file once they have ids
	unread bool                    // a step could not be read: what it declares is not known
	refs   []ref                   // names that must exist
	hangs  []hang                  // waits that hang on a value
	order  map[*yaml.Node][]string // the canonical order of the keys of a map
	marked map[*yaml.Node]bool     // nodes with a fault
	wins   []*yaml.Node            // what is decided by the goal
	goalAt *yaml.Node
	asked  []asked // conditions of the arms of surveys

	namings []naming // of what the journey may bring along
}

// fault is a problem before its place in the tree is known.
type fault struct {
	at           *yaml.Node
	line, column int // instead of at
	message      string
	mend         string
	warning      bool
}

// scope says which part of the journey is being read: what a condition may ask depends on it.
type scope string

const (
	scopeEnter   scope = "enter"
	scopeExit    scope = "exit"
	scopeSteps   scope = "steps"
	scopeSegment scope = "segment"
	scopeKept    scope = "kept" // a segment that the server keeps: there is no journey around it
	scopeLast    scope = "last" // last steps: every step of the journey may have come before
)

// placed is a step and where it stands.
type placed struct {
	step *Step
	node *yaml.Node
	id   *yaml.Node // nil when the id was not written
	base string     // the id that it gets unless it is taken
}

// ref is a name that must exist: of a coupon, a message, a var, an answer.
type ref struct {
	at    *yaml.Node
	kind  string
	name  string
	scope scope
}

// asked is the condition of an arm of a survey.
type asked struct {
	survey *Survey
	cond   *Cond
	at     *yaml.Node
}

// hang is a wait that hangs on a value, and whether it says what happens when the value is missing.
type hang struct {
	at      *yaml.Node
	value   *Value
	covered bool
	mend    string
}

func (p *parser) fault(at *yaml.Node, message, mend string) {
	p.marked[at] = true
	p.faults = append(p.faults, fault{at: at, message: message, mend: mend})
}

func (p *parser) warn(at *yaml.Node, message, mend string) {
	p.faults = append(p.faults, fault{at: at, message: message, mend: mend, warning: true})
}

func (p *parser) faultAt(line, column int, message, mend string) {
	p.faults = append(p.faults, fault{line: line, column: column, message: message, mend: mend})
}

// problems returns the faults in the order of the file.
func (p *parser) problems() Problems {
	if len(p.faults) == 0 {
		return nil
	}
	paths := map[*yaml.Node]string{}
	if p.document != nil {
		trace(p.document.Content[0], "", paths)
	}
	out := make(Problems, 0, len(p.faults))
	for _, f := range p.faults {
		problem := Problem{
			File: p.file, Line: f.line, Column: f.column,
			Message: f.message, Mend: f.mend, Warning: f.warning,
		}
		if f.at != nil {
			problem.Line, problem.Column, problem.Path = f.at.Line, f.at.Column, paths[f.at]
		}
		out = append(out, problem)
	}
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return capped(slices.Compact(out))
}

// capped leaves out what nobody would read, without ever hiding that there are errors.
func capped(all Problems) Problems {
	if len(all) <= maxProblems {
		return all
	}
	left := len(all) - maxProblems
	last := all[maxProblems]
	return append(all[:maxProblems:maxProblems], Problem{
		File: last.File, Line: last.Line, Column: last.Column, Path: last.Path,
		Message: fmt.Sprintf("from here on there are %d more problems", left), Mend: "mend those above first",
		Warning: len(all[maxProblems:].Errors()) == 0,
	})
}

// trace writes down the path of every node, e.g. "steps[2].wait"; a key has that of its value.
func trace(n *yaml.Node, path string, paths map[*yaml.Node]string) {
	paths[n] = path
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			inner := n.Content[i].Value
			if path != "" {
				inner = path + "." + inner
			}
			paths[n.Content[i]] = inner
			trace(n.Content[i+1], inner, paths)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			trace(item, fmt.Sprintf("%s[%d]", path, i), paths)
		}
	default: // nothing inside
	}
}
