package templates

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
)

// rule is one selector of a style sheet with what it declares.
type rule struct {
	selector     cascadia.Sel
	declarations []declaration
	order        int
}

type declaration struct {
	property, value string
	important       bool
}

// maxRules is how many selectors a message and its layout may have in their style sheets: each is matched against every tag.
const maxRules = 500

// inline writes the rules of every <style> into the style attributes of what they select, because a good part of mail programs
// reads nothing else. What cannot be inlined (@media, :hover) stays in <style>. The source is a template: its actions are left
// alone, and only start tags change.
func inline(src string) (string, error) {
	masked := mask(src)
	doc := outline(masked)
	var rules []rule
	styles := map[int]string{} // offset of a style's text → what is left of it
	for _, s := range doc.styles {
		var rest string
		rules, rest = readRules(src[s.start:s.end], rules)
		styles[s.start] = rest
	}
	if len(rules) > maxRules {
		return "", fmt.Errorf("style sheet has %d selectors: at most %d", len(rules), maxRules)
	}
	var out strings.Builder
	at := 0
	for _, t := range doc.tags {
		hits := t.hits(rules)
		if len(hits) == 0 {
			continue
		}
		out.WriteString(replaceStyles(src, at, t.start, styles))
		out.WriteString(withStyle(src[t.start:t.end], masked[t.start:t.end], t.node.Data, hits))
		at = t.end
	}
	out.WriteString(replaceStyles(src, at, len(src), styles))
	return out.String(), nil
}

var (
	styleOfTag  = regexp.MustCompile(`(?i)\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	isImportant = regexp.MustCompile(`(?i)\s*!\s*important\s*$`)
)

// withStyle writes the declarations into the start tag. What the tag says itself stays as it is written, for it may hold actions:
// before it comes what it overrides by coming later, after it what is important.
func withStyle(tag, masked, name string, hits []declaration) string {
	before, after, own, quote := "", "", "", `"`
	at := styleOfTag.FindStringSubmatchIndex(masked)
	if at != nil {
		from, to := max(at[2], at[4]), max(at[3], at[5])
		own, quote = strings.TrimRight(strings.TrimSpace(tag[from:to]), "; "), tag[from-1:from]
		tag, masked = tag[:at[0]]+tag[at[1]:], masked[from:to]
	} else {
		masked = ""
	}
	said := readDeclarations(masked)
	for _, d := range hits {
		text := html.EscapeString(d.property + ":" + d.value + ";")
		switch overridden := slices.ContainsFunc(said, func(o declaration) bool { return o.property == d.property }); {
		case overridden && d.important:
			after += ";" + strings.TrimSuffix(text, ";")
		case !overridden:
			before += text
		}
	}
	head := 1 + len(name)
	return tag[:head] + " style=" + quote + strings.TrimSuffix(before+own+after, ";") + quote + tag[head:]
}

// replaceStyles copies a part of the source with the texts of its <style> elements replaced.
func replaceStyles(src string, from, to int, styles map[int]string) string {
	starts := make([]int, 0, len(styles))
	for s := range styles {
		if s >= from && s < to {
			starts = append(starts, s)
		}
	}
	slices.Sort(starts)
	var out strings.Builder
	for _, s := range starts {
		end := s + strings.Index(strings.ToLower(src[s:]), "</style")
		out.WriteString(src[from:s] + styles[s])
		from = end
	}
	return out.String() + src[from:to]
}

type span struct{ start, end int }

// openTag is one start tag of the source, with a node of the tree that selectors are matched against.
type openTag struct {
	span
	node *html.Node
}

type document struct {
	tags   []openTag
	styles []span
}

// outline reads the tags of a masked source into a tree without texts. Branches of a template may leave it lopsided; that only
// matters to selectors that look at ancestors.
func outline(masked string) document {
	var doc document
	z := html.NewTokenizer(strings.NewReader(masked))
	at, top := 0, &html.Node{Type: html.DocumentNode}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return doc
		}
		start := at
		at += len(z.Raw())
		token := z.Token()
		switch kind {
		case html.TextToken:
			if top.Data == "style" {
				doc.styles = append(doc.styles, span{start, at})
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			node := &html.Node{Type: html.ElementNode, Data: token.Data, DataAtom: token.DataAtom, Attr: token.Attr}
			top.AppendChild(node)
			doc.tags = append(doc.tags, openTag{span{start, at}, node})
			if kind == html.StartTagToken && !isVoid(token.Data) {
				top = node
			}
		case html.EndTagToken:
			for n := top; n.Parent != nil; n = n.Parent {
				if n.Data == token.Data {
					top = n.Parent
					break
				}
			}
		default: // comments and the document type select nothing
		}
	}
}

func isVoid(name string) bool {
	return slices.Contains([]string{"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}, name)
}

// hits are the declarations of every rule that selects the tag, the last of each property.
func (t openTag) hits(rules []rule) []declaration {
	var hits []rule
	for _, r := range rules {
		if r.selector.Match(t.node) {
			hits = append(hits, r)
		}
	}
	slices.SortStableFunc(hits, func(a, b rule) int {
		switch {
		case a.selector.Specificity().Less(b.selector.Specificity()):
			return -1
		case b.selector.Specificity().Less(a.selector.Specificity()):
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	var kept []declaration
	for _, r := range hits {
		for _, d := range r.declarations {
			kept = override(kept, d)
		}
	}
	return kept
}

// override adds a declaration; one that is important stands against later ones that are not.
func override(kept []declaration, d declaration) []declaration {
	i := slices.IndexFunc(kept, func(k declaration) bool { return k.property == d.property })
	switch {
	case i >= 0 && kept[i].important && !d.important:
		return kept
	case i >= 0:
		kept = slices.Delete(kept, i, i+1)
	}
	return append(kept, d)
}

// readRules reads a style sheet: rules that can be inlined are appended, the rest is returned as text.
func readRules(sheet string, rules []rule) ([]rule, string) {
	p := css.NewParser(parse.NewInputString(sheet), false)
	var rest strings.Builder
	var selectors []string
	var current []declaration
	depth := 0
	for {
		kind, _, data := p.Next()
		if kind == css.ErrorGrammar {
			if errors.Is(p.Err(), io.EOF) {
				return rules, rest.String()
			}
			continue
		}
		values := tokensText(p.Values())
		switch {
		case kind == css.CommentGrammar:
		case kind == css.BeginAtRuleGrammar:
			depth++
			rest.WriteString(string(data) + " " + strings.TrimSpace(values) + " {\n")
		case kind == css.EndAtRuleGrammar:
			depth--
			rest.WriteString("}\n")
		case kind == css.AtRuleGrammar:
			rest.WriteString(string(data) + values + ";\n")
		case depth > 0:
			rest.WriteString(ruleText(kind, data, values))
		case kind == css.QualifiedRuleGrammar:
			selectors = append(selectors, strings.TrimSpace(values))
		case kind == css.BeginRulesetGrammar:
			selectors = append(selectors, strings.TrimSpace(values))
			current = nil
		case kind == css.DeclarationGrammar || kind == css.CustomPropertyGrammar:
			current = append(current, newDeclaration(string(data), values))
		case kind == css.EndRulesetGrammar:
			var left []string
			rules, left = addRules(rules, selectors, current)
			if len(left) > 0 {
				rest.WriteString(strings.Join(left, ", ") + " { " + writeImportant(current) + " }\n")
			}
			selectors = nil
		}
	}
}

func ruleText(kind css.GrammarType, data []byte, values string) string {
	switch kind {
	case css.QualifiedRuleGrammar:
		return "  " + strings.TrimSpace(values) + ","
	case css.BeginRulesetGrammar:
		return "  " + strings.TrimSpace(values) + " {"
	case css.EndRulesetGrammar:
		return " }\n"
	case css.DeclarationGrammar, css.CustomPropertyGrammar:
		return " " + string(data) + ": " + strings.TrimSpace(values) + ";"
	default:
		return ""
	}
}

func tokensText(tokens []css.Token) string {
	var b bytes.Buffer
	for _, t := range tokens {
		b.Write(t.Data)
	}
	return b.String()
}

func newDeclaration(property, value string) declaration {
	bare := isImportant.ReplaceAllString(value, "")
	return declaration{property: strings.ToLower(property), value: strings.TrimSpace(bare), important: bare != value}
}

func readDeclarations(style string) []declaration {
	var out []declaration
	for part := range strings.SplitSeq(style, ";") {
		if property, value, found := strings.Cut(part, ":"); found {
			out = append(out, newDeclaration(strings.TrimSpace(property), value))
		}
	}
	return out
}

func writeImportant(all []declaration) string {
	parts := make([]string, len(all))
	for i, d := range all {
		parts[i] = d.property + ": " + d.value
		if d.important {
			parts[i] += " !important"
		}
	}
	return strings.Join(parts, "; ")
}

// addRules adds a rule per selector; selectors that depend on the reader (:hover) or that nobody knows are left over.
func addRules(rules []rule, selectors []string, declarations []declaration) ([]rule, []string) {
	var left []string
	for _, s := range selectors {
		parsed, err := cascadia.Parse(s)
		if err != nil || parsed.PseudoElement() != "" || strings.Contains(s, ":hover") || strings.Contains(s, ":active") ||
			strings.Contains(s, ":visited") || strings.Contains(s, ":focus") || strings.Contains(s, ":root") {
			left = append(left, s)
			continue
		}
		rules = append(rules, rule{selector: parsed, declarations: declarations, order: len(rules)})
	}
	return rules, left
}
