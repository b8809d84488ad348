package journey

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A tree that goes over several lines, such as a condition, is not written anew when it is set: it is changed where the new one differs,
// line by line, so that what stays keeps its remarks and its form.

// spreads says whether a value goes over several lines in a way that can be changed line by line; one in braces with remarks inside is
// written in such a way first.
func (w *Rewrite) spreads(n *yaml.Node) (bool, error) {
	if n == nil || n.Kind == yaml.ScalarNode || len(n.Content) == 0 {
		return false, nil
	}
	if n.Style&yaml.FlowStyle == 0 {
		return true, nil
	}
	list := remarkedList(n)
	if list == nil {
		return false, nil
	}
	_, err := w.blocked(list)
	return err == nil, err
}

// regraft sets a field whose value goes over several lines; false: it does not.
func (w *Rewrite) regraft(id, path string, value *yaml.Node) (bool, error) {
	if value == nil || value.Kind == yaml.ScalarNode {
		return false, nil
	}
	over, err := w.spreads(descend(w.holder(id), path))
	if err != nil || !over {
		return false, err
	}
	return true, w.graft(w.pathTo(descend(w.holder(id), path)), value)
}

// remarkedList is the first list in a tree one of whose items has a remark.
func remarkedList(n *yaml.Node) *yaml.Node {
	for _, item := range n.Content {
		if n.Kind == yaml.SequenceNode && remarked(item) {
			return n
		}
		if list := remarkedList(item); list != nil {
			return list
		}
	}
	return nil
}

func remarked(n *yaml.Node) bool {
	return marginal(n) != "" || slices.ContainsFunc(n.Content, remarked)
}

// node is what a path of numbers leads to (pathTo).
func (w *Rewrite) node(path []int) *yaml.Node {
	n := w.p.document.Content[0]
	for _, i := range path {
		n = n.Content[i]
	}
	return n
}

// graft makes the tree at a path say what another one says.
func (w *Rewrite) graft(path []int, value *yaml.Node) error {
	n := w.node(path)
	if head := groupOf(n); head != "" && groupOf(value) == "" { // a group of which one stays is left a group
		alone := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{value}}
		if staying(n.Content[1], alone) {
			value = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word(head), alone}}
		}
	}
	switch {
	case alike(n, value):
		return nil
	case n.Style&yaml.FlowStyle == 0 && n.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode && kin(n, value):
		return w.graftMap(path, value)
	case n.Style&yaml.FlowStyle == 0 && n.Kind == yaml.SequenceNode && value.Kind == yaml.SequenceNode && staying(n, value):
		return w.graftList(path, value)
	case n.Style&yaml.FlowStyle == 0 && wraps(n, value) && w.parents[n].Kind == yaml.MappingNode:
		if err := w.wrap(n, value.Content[0].Value); err != nil {
			return err
		}
		return w.graft(path, value)
	}
	return w.regrow(n, value)
}

// regrow writes a value anew.
func (w *Rewrite) regrow(n, value *yaml.Node) error {
	parent := w.parents[n]
	i := slices.Index(parent.Content, n)
	if parent.Kind == yaml.MappingNode {
		lines, err := w.swap(parent, parent.Content[i-1].Value, value)
		if err != nil {
			return err
		}
		return w.read(lines)
	}
	return w.overwrite(n, w.writer().flow(value))
}

// overwrite puts other text in the place of a key or of a value that does not go over lines as a block.
func (w *Rewrite) overwrite(n *yaml.Node, text string) error {
	from, to, ok := w.extent(n)
	if !ok {
		return unwritable()
	}
	source := strings.Join(w.lines, "\n")
	return w.read(strings.Split(source[:from]+text+source[to:], "\n"))
}

func (w *Rewrite) graftMap(path []int, value *yaml.Node) error {
	gone, fresh := keysBeside(w.node(path), value), keysBeside(value, w.node(path))
	if len(gone) == 1 && len(fresh) == 1 { // all to any, eq to ne: what it holds is looked at below
		key := w.node(path).Content[keyOf(w.node(path), gone[0])]
		if err := w.overwrite(key, fresh[0]); err != nil {
			return err
		}
		gone, fresh = nil, nil
	}
	for _, name := range gone {
		lines, err := w.drop(w.node(path), name)
		if err != nil {
			return err
		}
		if err := w.read(lines); err != nil {
			return err
		}
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		name := value.Content[i].Value
		if slices.Contains(fresh, name) {
			lines, err := w.add(w.node(path), name, value.Content[i+1])
			if err != nil {
				return err
			}
			if err := w.read(lines); err != nil {
				return err
			}
			continue
		}
		if err := w.graft(append(slices.Clone(path), keyOf(w.node(path), name)+1), value.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// graftList changes a list from its end, so that the numbers before it hold.
func (w *Rewrite) graftList(path []int, value *yaml.Node) error {
	end := len(value.Content) // of the new list: what stands from here on is done
	put := func(at, from int) error {
		for j := end - 1; j >= from; j-- {
			if err := w.put(w.node(path), at, w.print(value.Content[j])); err != nil {
				return err
			}
		}
		return nil
	}
	becomes := pairs(w.node(path), value)
	for i := len(becomes) - 1; i >= 0; i-- {
		j := becomes[i]
		if j < 0 {
			if _, err := w.cut(w.node(path), i); err != nil {
				return err
			}
			continue
		}
		if err := put(i+1, j+1); err != nil {
			return err
		}
		if err := w.graft(append(slices.Clone(path), i), value.Content[j]); err != nil {
			return err
		}
		end = j
	}
	return put(0, 0)
}

// pairs says for each item of a list which one of the new list it becomes; -1: it goes. Those that are alike find each other first, in
// their order; between them one of the same kind is the same one, changed.
func pairs(was, is *yaml.Node) []int {
	n, m := len(was.Content), len(is.Content)
	longest := make([][]int, n+1) // how many are alike in what is left from i and j on
	for i := range longest {
		longest[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if alike(was.Content[i], is.Content[j]) {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	out := slices.Repeat([]int{-1}, n)
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case alike(was.Content[i], is.Content[j]):
			out[i] = j
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	next := 0 // of the new list: what stands before it is taken
	for i := range out {
		if out[i] < 0 {
			end := m
			if k := slices.IndexFunc(out[i:], func(j int) bool { return j >= 0 }); k >= 0 {
				end = out[i+k]
			}
			if k := slices.IndexFunc(is.Content[next:end], func(item *yaml.Node) bool { return kin(was.Content[i], item) }); k >= 0 {
				out[i] = next + k
			}
		}
		if out[i] >= 0 {
			next = out[i] + 1
		}
	}
	return out
}

// staying says whether anything of a list stays.
func staying(was, is *yaml.Node) bool {
	return slices.ContainsFunc(pairs(was, is), func(j int) bool { return j >= 0 })
}

// wrap makes the value of a key the only item of a group.
func (w *Rewrite) wrap(n *yaml.Node, group string) error {
	parent := w.parents[n]
	i := slices.Index(parent.Content, n) - 1
	from, to := w.entry(parent, i)
	first, indent := n.Line-1, n.Column-1
	lines := append(slices.Clone(w.lines[:from+1]), strings.Repeat(" ", indent)+group+":")
	lines = append(lines, indented(w.lines[from+1:first], 2)...)
	lines = append(lines, strings.Repeat(" ", indent+2)+"- "+w.lines[first][indent:])
	lines = append(lines, indented(w.lines[first+1:to], 4)...)
	return w.read(append(lines, w.lines[to:]...))
}

// wraps says whether a new tree is a group in which the old one stands among others.
func wraps(n, value *yaml.Node) bool {
	if kindOfTree(n) == kindGroup || groupOf(value) == "" {
		return false
	}
	return slices.ContainsFunc(value.Content[1].Content, func(item *yaml.Node) bool { return alike(n, item) })
}

const kindGroup = "group"

// groupOf is all or any where a tree is nothing but such a group.
func groupOf(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[1].Kind == yaml.SequenceNode && (n.Content[0].Value == "all" || n.Content[0].Value == "any") {
		return n.Content[0].Value
	}
	return ""
}

// kindOfTree is what a condition asks, by its first word; "" of what is none.
func kindOfTree(n *yaml.Node) string {
	if groupOf(n) != "" {
		return kindGroup
	}
	for _, kind := range []string{"not", "event", "attribute", "account", "trigger", "answer", "var", "segment", "consent", "message", "coupon", "journey"} {
		if child(n, kind) != nil && n.Kind == yaml.MappingNode {
			return kind
		}
	}
	return ""
}

// kin says whether one tree can become the other: both ask the same kind of thing, and share a word.
func kin(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Kind != yaml.MappingNode || kindOfTree(a) != kindOfTree(b) {
		return false
	}
	return kindOfTree(a) == kindGroup || len(keysBeside(a, b)) < len(a.Content)/2
}

// keysBeside are the keys of one map that another does not have.
func keysBeside(a, b *yaml.Node) (out []string) {
	for i := 0; i+1 < len(a.Content); i += 2 {
		if keyOf(b, a.Content[i].Value) < 0 {
			out = append(out, a.Content[i].Value)
		}
	}
	return out
}

// alike says whether two trees mean the same: a group of one is that one, and `x: { eq: 3 }` is `x: 3`.
func alike(a, b *yaml.Node) bool {
	a, b = plainest(a), plainest(b)
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case yaml.MappingNode:
		if len(a.Content) != len(b.Content) {
			return false
		}
		for i := 0; i+1 < len(a.Content); i += 2 {
			other := child(b, a.Content[i].Value)
			if other == nil || !alike(a.Content[i+1], other) {
				return false
			}
		}
		return true
	case yaml.SequenceNode:
		return slices.EqualFunc(a.Content, b.Content, alike)
	}
	return a.Value == b.Value && a.ShortTag() == b.ShortTag()
}

func plainest(n *yaml.Node) *yaml.Node {
	for {
		switch {
		case groupOf(n) != "" && len(n.Content[1].Content) == 1:
			n = n.Content[1].Content[0]
		case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "eq" && n.Content[1].Kind == yaml.ScalarNode:
			n = n.Content[1]
		default:
			return n
		}
	}
}
