package journey

import (
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// textRoots are the names that templates see, each with what stands under it; nil: anything.
func textRoots() map[string][]string {
	none := []string{}
	return map[string][]string{
		"customer": nil, "account": nil, "trigger": nil, "var": nil,
		"answer":  {"score", "choice", "comment", "outcome", "kind", "survey"},
		"journey": {"key", "name"}, "brand": {"name", "address"}, "topic": {"key", "name", "transactional"},
		"survey":          {"ask", "question", "kind", "options", "follow_up"},
		"unsubscribe_url": none, "preferences_url": none, "view_url": none, "survey_url": none, "back_url": none, "confirm_url": none,
		"subject": none, "preheader": none, "locale": none,
	}
}

// textNames are the functions that a template may call; the value is whether the function takes the scope.
func textNames() map[string]bool {
	return map[string]bool{
		"and": false, "or": false, "not": false,
		"default": true, "date": true, "money": true, "upper": true, "lower": true, "title": true, "len": true, "coupon": true,
		"eq": true, "ne": true, "lt": true, "le": true, "lte": true, "gt": true, "ge": true, "gte": true,
	}
}

func (p *textParser) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			p.pipe(n.Pipe)
		case *parse.IfNode:
			p.conditional(&n.BranchNode)
		case *parse.WithNode:
			p.conditional(&n.BranchNode)
		case *parse.RangeNode:
			p.pipe(n.Pipe)
			n.Pipe.Cmds = append(n.Pipe.Cmds, textCommand(n.Pos, parse.NewIdentifier("items").SetPos(n.Pos).SetTree(p.tree), textDollar(n.Pos)))
			p.list(n.List)
			p.list(n.ElseList)
		}
	}
}

// conditional reads a condition and both of its branches, in which what it asks for counts as asked.
func (p *textParser) conditional(n *parse.BranchNode) {
	outer, asked, before := p.inCondition, p.asked, len(p.text.Uses)
	p.inCondition = true
	p.pipe(n.Pipe)
	p.inCondition = outer
	for _, u := range p.text.Uses[before:] {
		p.asked = append(p.asked, u.Path)
	}
	p.list(n.List)
	p.list(n.ElseList)
	p.asked = asked
}

func (p *textParser) pipe(pipe *parse.PipeNode) {
	outer := p.hasDefault
	p.hasDefault = outer || slices.ContainsFunc(pipe.Cmds, func(cmd *parse.CommandNode) bool {
		name, is := cmd.Args[0].(*parse.IdentifierNode)
		return is && name.Ident == "default"
	})
	for i, cmd := range pipe.Cmds {
		p.command(cmd, i > 0)
	}
	p.hasDefault = outer
}

// command rewrites one command: a call gets the scope as its first argument, a value is looked up.
func (p *textParser) command(cmd *parse.CommandNode, piped bool) {
	if name, is := cmd.Args[0].(*parse.IdentifierNode); is {
		if _, isRoot := textRoots()[name.Ident]; !isRoot {
			p.call(cmd, name)
			return
		}
	}
	if len(cmd.Args) > 1 || piped {
		p.report(int(cmd.Args[0].Position()), cmd.Args[0].String()+" is a value, not a function", "put | between a value and a function")
		return
	}
	cmd.Args[0] = p.operand(cmd.Args[0])
}

func (p *textParser) call(cmd *parse.CommandNode, name *parse.IdentifierNode) {
	takesScope, known := textNames()[name.Ident]
	if !known && slices.Contains(p.o.Functions, name.Ident) {
		takesScope, known = true, true
	}
	if !known {
		p.unknown(name)
		return
	}
	args := []parse.Node{name}
	if takesScope {
		args = append(args, textDollar(name.Pos))
	}
	for _, a := range cmd.Args[1:] {
		args = append(args, p.operand(a))
	}
	if name.Ident == "coupon" {
		p.coupon(name, cmd.Args[1:])
	}
	cmd.Args = args
}

func (p *textParser) coupon(name *parse.IdentifierNode, args []parse.Node) {
	as, is := (*parse.StringNode)(nil), false
	if len(args) == 1 {
		as, is = args[0].(*parse.StringNode)
	}
	if !is {
		p.report(int(name.Pos), "coupon takes the name of a coupon", `write coupon "offer"`)
		return
	}
	if p.inCondition {
		name.Ident = "coupon_if"
	}
	if p.o.Known != nil && !slices.Contains(p.o.Known.Coupons, as.Text) {
		p.report(int(as.Pos), "no coupon step of this journey is kept as "+strconv.Quote(as.Text), textSuggest(as.Text, p.o.Known.Coupons))
	}
	p.use(int(name.Pos), []string{"coupon", as.Text})
}

func (p *textParser) unknown(name *parse.IdentifierNode) {
	var all []string
	for known := range textRoots() {
		all = append(all, known)
	}
	for known := range textNames() {
		all = append(all, known)
	}
	all = append(all, p.o.Functions...)
	p.report(int(name.Pos), "unknown name "+strconv.Quote(name.Ident), textSuggest(name.Ident, all))
}

// operand rewrites an argument; what it returns can stand wherever an argument can.
func (p *textParser) operand(node parse.Node) parse.Node {
	switch n := node.(type) {
	case *parse.IdentifierNode:
		return p.path(n, nil)
	case *parse.ChainNode:
		if name, is := n.Node.(*parse.IdentifierNode); is {
			return p.path(name, n.Field)
		}
		return p.lookup(n.Pos, p.operand(n.Node), n.Field)
	case *parse.FieldNode:
		return p.lookup(n.Pos, &parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, n.Ident)
	case *parse.DotNode:
		return p.lookup(n.Pos, n, nil)
	case *parse.VariableNode:
		return p.variable(n)
	case *parse.PipeNode:
		p.pipe(n)
	}
	return node
}

func (p *textParser) variable(n *parse.VariableNode) parse.Node {
	switch {
	case n.Ident[0] == "$" && len(n.Ident) == 1:
		p.report(int(n.Pos), "$ alone is nothing that can be written", "name what you mean, such as customer.first_name")
		return n
	case n.Ident[0] == "$":
		return p.path(parse.NewIdentifier(n.Ident[1]).SetPos(n.Pos), n.Ident[2:])
	case len(n.Ident) == 1:
		return n
	}
	return p.lookup(n.Pos, &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:1]}, n.Ident[1:])
}

// path is a name of the language and what stands under it: customer.first_name becomes a look-up in `$`.
func (p *textParser) path(name *parse.IdentifierNode, fields []string) parse.Node {
	under, isRoot := textRoots()[name.Ident]
	if !isRoot {
		if _, isFunction := textNames()[name.Ident]; isFunction {
			p.report(int(name.Pos), name.Ident+" is a function, not a value", "put it into parentheses: ("+name.Ident+" …)")
		} else {
			p.unknown(name)
		}
		return name
	}
	p.check(name, fields, under)
	path := append([]string{name.Ident}, fields...)
	p.use(int(name.Pos), path)
	return p.lookup(name.Pos, textDollar(name.Pos), path)
}

// check reports what cannot stand under a name. Attributes and properties are the caller's own: there only what is one or two
// letters off a name that we know is refused, and customer.attributes.NAME says that it is meant.
func (p *textParser) check(name *parse.IdentifierNode, fields, under []string) {
	at := int(name.Pos) + len(name.Ident) + 1
	switch {
	case under != nil && len(fields) > 0 && !slices.Contains(under, fields[0]):
		message := name.Ident + " has no " + strconv.Quote(fields[0])
		if len(under) == 0 {
			p.report(at, message, "write "+name.Ident)
			return
		}
		p.report(at, message, textSuggest(fields[0], under))
	case name.Ident == "var" && p.o.Known != nil && len(fields) > 0 && !slices.Contains(p.o.Known.Vars, fields[0]):
		p.report(at, "nothing in this journey is kept as "+strconv.Quote(fields[0]), textSuggest(fields[0], p.o.Known.Vars))
	case name.Ident == "customer" && p.o.Known != nil && len(fields) > 0:
		p.checkAttribute(at, fields[0])
	}
}

func (p *textParser) checkAttribute(at int, attribute string) {
	ours := []string{"first_name", "last_name", "email", "locale", "timezone", "external_id"}
	if slices.Contains(ours, attribute) || slices.Contains(p.o.Known.Attributes, attribute) || attribute == "attributes" {
		return
	}
	for _, known := range ours {
		if d := textDistance(attribute, known); d <= 2 && d < len(known)/2 {
			p.report(at, "customer has no "+strconv.Quote(attribute),
				"did you mean "+known+"? An attribute of your own of that name is customer.attributes."+attribute)
			return
		}
	}
}

func (p *textParser) use(offset int, path []string) {
	line, column := p.place(offset)
	asked := slices.ContainsFunc(p.asked, func(a []string) bool { return slices.Equal(a, path) })
	p.text.Uses = append(p.text.Uses, TextUse{Path: path, Line: line, Column: column, Guarded: p.inCondition || p.hasDefault || asked})
}

func (p *textParser) lookup(pos parse.Pos, base parse.Node, path []string) parse.Node {
	args := []parse.Node{parse.NewIdentifier("lookup").SetPos(pos).SetTree(p.tree), textDollar(pos), base}
	for _, name := range path {
		args = append(args, &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(name), Text: name})
	}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{textCommand(pos, args...)}}
}

func textCommand(pos parse.Pos, args ...parse.Node) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: args}
}

func textDollar(pos parse.Pos) *parse.VariableNode {
	return &parse.VariableNode{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{"$"}}
}

// textSuggest is the mend of an unknown name.
func textSuggest(name string, known []string) string {
	best, least := "", len(name)/2+1
	slices.Sort(known)
	for _, k := range known {
		if d := textDistance(strings.ToLower(name), k); d < least {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return "did you mean " + best + "?"
	case len(known) > 0 && len(known) <= 8:
		return "there are " + strings.Join(known, ", ")
	}
	return ""
}

// textDistance is that of Levenshtein, a swap of neighbours counting as one.
func textDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range t {
		d[0][j+1] = j + 1
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
