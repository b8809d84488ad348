package journey

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

func valueNames() []string {
	return []string{"trigger", "attribute", "account", "answer", "coupon", "var"}
}

// AnswerNames are what a survey or a task leaves behind.
func AnswerNames() []string { return []string{"score", "choice", "comment", "outcome"} }

// isValue says whether a map is a value: exactly one value name, with get and default at most.
func isValue(n *yaml.Node) bool {
	names := 0
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		switch key := n.Content[i].Value; {
		case slices.Contains(valueNames(), key):
			names++
		case key != "get" && key != "default":
			return false
		}
	}
	return names == 1
}

// value reads a literal, or a map that names where the value is found.
func (p *parser) value(n *yaml.Node, what string) *Value {
	if n.Kind != yaml.MappingNode {
		return &Value{Literal: p.literal(n, what)}
	}
	name := p.head(n, "a value", valueNames(), []string{"get", "default"})
	if name == "" {
		return &Value{}
	}
	known := []string{name, "default"}
	if name == "coupon" {
		known = []string{name, "get", "default"}
	}
	f := p.fields(n, "a value", known...)
	value := &Value{From: ValueFrom(name)}
	if v := f.get(name); v != nil {
		value.Path = p.named(v, name)
	}
	if name == "coupon" {
		value.Get = "code"
	}
	if v := f.get("get"); v != nil {
		value.Get = p.word(v, "get", "code", "expires_at")
	}
	if v := f.get("default"); v != nil {
		value.Default = p.literal(v, "default")
	}
	return value
}

// named reads what a value name is followed by, and remembers that it must exist.
func (p *parser) named(n *yaml.Node, name string) string {
	text := p.path(n, name)
	if text != "" {
		p.refs = append(p.refs, ref{at: n, kind: name, name: text, scope: p.scope})
	}
	return text
}

// anything reads a value, or a literal that may be a list or a map too.
func (p *parser) anything(n *yaml.Node, what string) Value {
	if n.Kind == yaml.ScalarNode || isValue(n) {
		return *p.value(n, what)
	}
	return Value{Literal: p.plain(n, what)}
}

// plain reads a literal of any shape. Values inside it would never be looked up, so they are refused.
func (p *parser) plain(n *yaml.Node, what string) any {
	switch {
	case n.Kind == yaml.ScalarNode:
		return p.literal(n, what)
	case isValue(n):
		p.fault(n, fmt.Sprintf("%s has a value inside a list or map", what), "let the value stand alone, or write what it is")
		return nil
	case n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			list = append(list, p.plain(item, what))
		}
		return list
	}
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		object[n.Content[i].Value] = p.plain(n.Content[i+1], what)
	}
	return object
}
