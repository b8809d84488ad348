package templates

import (
	"html"
	"slices"
	"strings"

	"github.com/k3a/html2text"
	nethtml "golang.org/x/net/html"
)

// textFromHTML makes the text part of a message. The library knows paragraphs, breaks, lists and links, so that the rest is
// brought to these first.
func textFromHTML(source string) string {
	text := html2text.HTML2TextWithOptions(simplify(source), html2text.WithUnixLineBreaks(), html2text.WithLinksInnerText(),
		html2text.WithListSupportPrefix("- "))
	lines := strings.Split(strings.ReplaceAll(text, "\u00a0", " "), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	lines = slices.CompactFunc(lines, func(a, b string) bool { return a == "" && b == "" })
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// simplify leaves bare paragraphs, breaks, headings, lists and links; comments and what is hidden fall away, a picture becomes
// its alt text.
func simplify(source string) string {
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(source))
	hidden := 0
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return out.String()
		}
		t := z.Token()
		switch {
		case hidden > 0:
			hidden += nesting(kind, t)
		case kind == nethtml.TextToken:
			out.WriteString(html.EscapeString(t.Data))
		case kind == nethtml.StartTagToken && isHidden(t):
			hidden = nesting(kind, t)
		case kind == nethtml.StartTagToken || kind == nethtml.SelfClosingTagToken:
			out.WriteString(simpleStart(t))
		case kind == nethtml.EndTagToken:
			out.WriteString(simpleEnd(t.Data))
		}
	}
}

func nesting(kind nethtml.TokenType, t nethtml.Token) int {
	switch {
	case kind == nethtml.StartTagToken && !isVoid(t.Data):
		return 1
	case kind == nethtml.EndTagToken:
		return -1
	}
	return 0
}

func isHidden(t nethtml.Token) bool {
	return t.Data == "style" || slices.ContainsFunc(t.Attr, func(a nethtml.Attribute) bool { return a.Key == "hidden" })
}

func simpleStart(t nethtml.Token) string {
	switch t.Data {
	case "br", "ul", "ol", "li":
		return "<" + t.Data + ">"
	case "p", "div", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr":
		return "<p>"
	case "tr":
		return "<br>"
	case "td", "th":
		return " "
	case "a":
		for _, a := range t.Attr {
			if a.Key == "href" {
				return `<a href="` + html.EscapeString(a.Val) + `">`
			}
		}
	case "img":
		for _, a := range t.Attr {
			if a.Key == "alt" {
				return html.EscapeString(a.Val)
			}
		}
	}
	return ""
}

func simpleEnd(name string) string {
	switch name {
	case "ul", "ol", "a":
		return "</" + name + ">"
	case "p", "div", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6":
		return "</p>"
	}
	return ""
}
