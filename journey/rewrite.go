package journey

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rewrite changes the text of a journey at its steps and at its head (who enters, what ends it …), and leaves everything else as its
// author has it: remarks, blank lines, the order of keys. What was canonical (Format) is canonical afterwards. Where it takes the id of
// a step, "" is the head. After an error it is of no use any more.
type Rewrite struct {
	lines     []string
	canonical bool
	p         *parser
	parents   map[*yaml.Node]*yaml.Node
}

// Place is where a step can stand: behind another one, or first in the way out of one, or first of all.
type Place struct {
	After string // id of the step before it
	Into  string // else: id of the step whose way begins with it; "": the journey
	Way   string // with Into: the name of the way (Way.Name), WayRound for the rounds of a repeat
}

// WayRound is the place inside a repeat. It is no way out.
const WayRound = "round"

// Setting is one field of a step, or of the head.
type Setting struct {
	Path  string // keys and numbers with dots between, e.g. wait_for.timeout.after, branch.0.if or, of the head, enter.when.event
	Value string // "" takes the field out
	Tree  bool   // the value is YAML of its own, such as a condition; else it is text
}

// NewRewrite begins to change a text. One that is no tree, or whose steps cannot be told apart, is a fault: it is for its author to mend.
func NewRewrite(source string) (*Rewrite, error) {
	w := &Rewrite{}
	if err := w.read(strings.Split(source, "\n")); err != nil {
		return nil, err
	}
	formatted, _ := Format([]byte(source))
	w.canonical = string(formatted) == source
	return w, nil
}

// read takes the text over.
func (w *Rewrite) read(lines []string) error {
	p := parseSource("", []byte(strings.Join(lines, "\n")))
	if p.document == nil {
		return &Fault{Code: CodeInvalid, Message: "the text cannot be read", Problems: p.problems()}
	}
	w.lines, w.p, w.parents = lines, p, map[*yaml.Node]*yaml.Node{}
	var climb func(n *yaml.Node)
	climb = func(n *yaml.Node) {
		for _, child := range n.Content {
			w.parents[child] = n
			climb(child)
		}
	}
	climb(p.document)
	return nil
}

// Source is the text as it is now: canonical where it was.
func (w *Rewrite) Source() string {
	source := strings.Join(w.lines, "\n")
	if w.canonical {
		if formatted, problems := Format([]byte(source)); len(problems.Errors()) == 0 {
			return string(formatted)
		}
	}
	return source
}

// Get is the value of a field as text, a map or list on one line; "" where it is not there.
func (w *Rewrite) Get(id, path string) string {
	n := descend(w.holder(id), path)
	if n == nil {
		return ""
	}
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return (&writer{words: w.p.order}).flow(n)
}

// Insert puts a new step of that kind, with those fields, at a place.
func (w *Rewrite) Insert(at Place, settings []Setting) error {
	step := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range settings {
		if s.Value == "" {
			continue
		}
		value, err := s.node()
		if err != nil {
			return err
		}
		plant(step, strings.Split(s.Path, "."), value)
	}
	if len(step.Content) == 0 {
		return Faultf(CodeInvalid, "the step is empty")
	}
	shorten(step)
	return w.insert(at, w.print(step))
}

// Remove takes a step out, with all that hangs on it and the remarks right above it.
func (w *Rewrite) Remove(id string) error {
	list, i, err := w.listOf(id)
	if err != nil {
		return err
	}
	if len(list.Content) == 1 {
		return onlyStep(id)
	}
	_, err = w.cut(list, i)
	return err
}

func onlyStep(id string) *Fault {
	return &Fault{Code: CodeInvalid, Message: "the step cannot be taken from its place", Problems: Problems{{Path: id,
		Message: "is the only step there, and steps are never empty", Mend: "put another one beside it first, or take out the step that it hangs on"}}}
}

// Move puts a step, with all that hangs on it, at another place.
func (w *Rewrite) Move(id string, to Place) error {
	if to.After == id {
		return nil
	}
	if err := w.pin(id); err != nil {
		return err
	}
	if to.After != "" {
		if err := w.pin(to.After); err != nil {
			return err
		}
	}
	target := to.After
	if target == "" {
		target = to.Into
	}
	if s := w.find(target); s != nil && w.within(s.node, w.find(id).node) {
		return Faultf(CodeInvalid, "a step cannot be moved into itself")
	}
	list, i, err := w.listOf(id)
	if err != nil {
		return err
	}
	home, at, err := w.place(to)
	if err != nil {
		return err
	}
	if home != list && len(list.Content) == 1 {
		return onlyStep(id)
	}
	if home == list && at == i {
		return nil
	}
	if list, i, err = w.listOf(id); err != nil { // finding the place may have written the text anew
		return err
	}
	taken, err := w.cut(list, i)
	if err != nil {
		return err
	}
	return w.insert(to, taken)
}

// Shift moves a step one place up or down in its list; false: it stands at the end of it.
func (w *Rewrite) Shift(id string, down bool) (bool, error) {
	list, i, err := w.listOf(id)
	if err != nil {
		return false, err
	}
	other := i - 1
	if down {
		other = i + 1
	}
	if other < 0 || other >= len(list.Content) {
		return false, nil
	}
	upper, lower := min(i, other), max(i, other)
	from, to := w.item(list, upper)
	from2, to2 := w.item(list, lower)
	lines := slices.Concat(w.lines[:from], w.lines[from2:to2], w.lines[to:from2], w.lines[from:to], w.lines[to2:])
	return true, w.read(lines)
}

// Set changes fields of a step; what is not named stays as it is. Its id is written out first: derived ids change with the step. A mark
// that says that a field is its author's to fill in (Blank) goes: this is she, also where she leaves it as it is.
func (w *Rewrite) Set(id string, settings []Setting) error {
	if err := w.pin(id); err != nil {
		return err
	}
	for _, s := range settings {
		if err := w.unmark(descend(w.holder(id), s.Path)); err != nil {
			return err
		}
		if w.Get(id, s.Path) == s.Value {
			continue
		}
		if strings.HasPrefix(s.Path, "split.winner.") && s.Value != "" {
			if err := w.variants(id); err != nil {
				return err
			}
		}
		var value *yaml.Node
		if s.Value != "" {
			var err error
			if value, err = s.node(); err != nil {
				return err
			}
		}
		if grafted, err := w.regraft(id, s.Path, value); err != nil {
			return err
		} else if grafted {
			continue
		}
		holder := w.holder(id)
		if holder == nil {
			return noStep(id)
		}
		lines, err := w.set(holder, strings.Split(s.Path, "."), value)
		if err != nil {
			return err
		}
		if err := w.read(lines); err != nil {
			return err
		}
	}
	return nil
}

// AddWay adds an arm to a step, before its `else` where it has one; or a rule to the exits of the head.
func (w *Rewrite) AddWay(id string, list string, arm []Setting) error {
	if err := w.pin(id); err != nil {
		return err
	}
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range arm {
		value, err := s.node()
		if err != nil {
			return err
		}
		plant(node, strings.Split(s.Path, "."), value)
	}
	holder := w.holder(id)
	if holder == nil {
		return noStep(id)
	}
	seq := descend(holder, list)
	if seq == nil {
		tree := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{node}}
		lines, err := w.set(holder, strings.Split(list, "."), tree)
		if err != nil {
			return err
		}
		return w.read(lines)
	}
	if seq.Kind != yaml.SequenceNode {
		return unwritable()
	}
	seq, err := w.blocked(seq)
	if err != nil {
		return err
	}
	at := len(seq.Content)
	if at > 0 && child(seq.Content[at-1], "else") != nil {
		at--
	}
	return w.put(seq, at, w.print(node))
}

// RemoveWay takes an arm out of a step, with its steps, or a rule out of the head. List is where they stand, e.g. branch, wait_for.any or
// exit; i counts from 0.
func (w *Rewrite) RemoveWay(id, list string, i int) error {
	seq := descend(w.holder(id), list)
	if seq == nil || seq.Kind != yaml.SequenceNode || i < 0 || i >= len(seq.Content) {
		return noStep(id)
	}
	if len(seq.Content) == 1 && id == "" { // a journey need have none
		return w.Set("", []Setting{{Path: list}})
	}
	if len(seq.Content) == 1 {
		return &Fault{Code: CodeInvalid, Message: "the way cannot be taken out", Problems: Problems{{Path: id,
			Message: "this is its only way", Mend: "take out the whole step"}}}
	}
	seq, err := w.blocked(seq)
	if err != nil {
		return err
	}
	_, err = w.cut(seq, i)
	return err
}

func noStep(id string) *Fault {
	return Faultf(CodeNotFound, "there is no step %q in the draft any more", id)
}

// holder is the map that a step is, or that the head is where id is "".
func (w *Rewrite) holder(id string) *yaml.Node {
	if id == "" {
		return w.p.document.Content[0]
	}
	if s := w.find(id); s != nil {
		return s.node
	}
	return nil
}

// Path is where a step stands, as problems name it, e.g. steps[2]; "" for the head.
func (w *Rewrite) Path(id string) string {
	paths := map[*yaml.Node]string{}
	trace(w.p.document.Content[0], "", paths)
	return paths[w.holder(id)]
}

// PathAt is where a step will stand that is put in at a place; "" where there is no such place.
func (w *Rewrite) PathAt(at Place) string {
	list, i, err := w.place(at)
	if err != nil {
		return ""
	}
	paths := map[*yaml.Node]string{}
	trace(w.p.document.Content[0], "", paths)
	return fmt.Sprintf("%s[%d]", paths[list], i)
}

func (w *Rewrite) find(id string) *placed {
	for _, s := range w.p.placed {
		if s.step.ID == id {
			return s
		}
	}
	return nil
}

// listOf returns the list that a step stands in, as a block, and its number there.
func (w *Rewrite) listOf(id string) (*yaml.Node, int, error) {
	s := w.find(id)
	if s == nil {
		return nil, 0, noStep(id)
	}
	list := w.parents[s.node]
	i := slices.Index(list.Content, s.node)
	list, err := w.blocked(list)
	return list, i, err
}

// place returns the list of a place, as a block, and the number that a step gets there.
func (w *Rewrite) place(at Place) (*yaml.Node, int, error) {
	if at.After != "" {
		list, i, err := w.listOf(at.After)
		return list, i + 1, err
	}
	list := child(w.p.document.Content[0], "steps")
	if at.Into != "" {
		s := w.find(at.Into)
		if s == nil {
			return nil, 0, noStep(at.Into)
		}
		list = s.way(at.Way)
		if list == nil {
			return nil, 0, Faultf(CodeNotFound, "step %q has no way %q any more", at.Into, at.Way)
		}
	}
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil, 0, Faultf(CodeInvalid, "the journey has no list of steps")
	}
	list, err := w.blocked(list)
	return list, 0, err
}

// way is the list of steps of a way out of a step; nil where the text has none.
func (s *placed) way(name string) *yaml.Node {
	value := child(s.node, string(s.step.Kind))
	n, err := strconv.Atoi(name)
	arm := func(list *yaml.Node, key string) *yaml.Node {
		if err != nil || list == nil || list.Kind != yaml.SequenceNode || n < 1 || n > len(list.Content) {
			return nil
		}
		return child(list.Content[n-1], key)
	}
	switch s.step.Kind {
	case StepBranch:
		if name == WayElse && len(value.Content) > 0 {
			return child(value.Content[len(value.Content)-1], "else")
		}
		return arm(value, "then")
	case StepSplit:
		variants := value
		if value.Kind == yaml.MappingNode {
			variants = child(value, "variants")
		}
		for i, v := range s.step.Split {
			if v.Name == name && variants != nil && i < len(variants.Content) {
				return child(variants.Content[i], "then")
			}
		}
		return nil
	case StepWaitFor:
		if name == WayTimeout {
			return child(child(value, "timeout"), "then")
		}
		return arm(child(value, "any"), "then")
	case StepSurvey:
		if name == WayTimeout {
			return child(value, "no_answer")
		}
		return arm(child(value, "answers"), "then")
	case StepTask:
		return arm(child(value, "outcomes"), "then")
	case StepRepeat, StepWait:
		return child(value, "then")
	default:
		return nil
	}
}

func (w *Rewrite) within(n, in *yaml.Node) bool {
	for ; n != nil; n = w.parents[n] {
		if n == in {
			return true
		}
	}
	return false
}

// pin writes the id of a step out.
func (w *Rewrite) pin(id string) error {
	s := w.find(id)
	switch {
	case id == "":
		return nil
	case s == nil:
		return noStep(id)
	case s.id != nil:
		return nil
	}
	lines, err := w.set(s.node, []string{"id"}, word(id))
	if err != nil {
		return err
	}
	return w.read(lines)
}

// insert puts lines that begin without indentation at a place.
func (w *Rewrite) insert(at Place, lines []string) error {
	list, i, err := w.place(at)
	if err != nil {
		return err
	}
	return w.put(list, i, lines)
}

// node makes the tree of a value.
func (s Setting) node() (*yaml.Node, error) {
	if !s.Tree {
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s.Value}
		if !unquoted(s.Value) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(s.Value), &doc); err != nil || len(doc.Content) != 1 {
		return nil, &Fault{Code: CodeInvalid, Message: "the step cannot be written", Problems: Problems{{Path: s.Path,
			Message: "is not written in the language", Mend: fmt.Sprintf("e.g. %s", "{ attribute: plan, eq: gold }")}}}
	}
	flat(doc.Content[0])
	return doc.Content[0], nil
}

// flat puts a tree on one line, without its remarks.
func flat(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	switch n.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		n.Style = yaml.FlowStyle
	default:
		n.Style &^= yaml.LiteralStyle | yaml.FoldedStyle
		if n.Style == 0 && !unquoted(n.Value) && n.ShortTag() == "!!str" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	for _, c := range n.Content {
		flat(c)
	}
}

// unquoted says whether a text is itself in YAML where it stands without quotes, also inside braces.
func unquoted(text string) bool {
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, ":#{}[],&*!|>'\"%@`?\n\t\\") || strings.HasPrefix(text, "- ") || text == "-" {
		return false
	}
	var n yaml.Node
	return yaml.Unmarshal([]byte(text), &n) == nil && len(n.Content) == 1 && n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Value == text &&
		slices.Contains([]string{"!!str", "!!int", "!!float"}, n.Content[0].ShortTag())
}
