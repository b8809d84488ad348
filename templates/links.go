package templates

import (
	"html"
	"strings"

	nethtml "golang.org/x/net/html"
)

// rewriteLinks sends the http(s) links of a mail through Click; our own links stay as they are, because a mail program that
// unsubscribes by itself must find them as they are in the headers.
func rewriteLinks(source string, links Links) string {
	own := []string{links.Unsubscribe, links.Preferences, links.View, links.Survey, links.Back}
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return out.String()
		}
		raw := string(z.Raw())
		if kind == nethtml.StartTagToken {
			raw = rewriteTag(raw, z.Token(), own, links.Click)
		}
		out.WriteString(raw)
	}
}

func rewriteTag(raw string, tag nethtml.Token, own []string, click func(string) string) string {
	if tag.Data != "a" {
		return raw
	}
	for i, a := range tag.Attr {
		if a.Key == "href" && isWeb(a.Val) && !isOwn(a.Val, own) {
			tag.Attr[i].Val = click(a.Val)
			return writeTag(tag)
		}
	}
	return raw
}

func writeTag(tag nethtml.Token) string {
	var b strings.Builder
	b.WriteString("<" + tag.Data)
	for _, a := range tag.Attr {
		b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
	}
	b.WriteString(">")
	return b.String()
}

func isWeb(link string) bool {
	link = strings.ToLower(link)
	return strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://")
}

func isOwn(link string, own []string) bool {
	for _, o := range own {
		if o != "" && (link == o || strings.HasPrefix(link, o+"?") || strings.HasPrefix(link, o+"#")) {
			return true
		}
	}
	return false
}
