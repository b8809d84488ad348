package templates

import (
	"html"
	"strings"

	nethtml "golang.org/x/net/html"

	"perennial/journey"
)

// rewriteLinks sends the http(s) links of a mail through Click; our own links stay as they are, because a mail program that
// unsubscribes by itself must find them as they are in the headers.
func rewriteLinks(source string, links journey.Links) string {
	own := []string{links.Unsubscribe, links.Preferences, links.View, links.Survey, links.Back, links.Confirm}
	var out strings.Builder
	out.Grow(len(source) + len(source)/4)
	z := nethtml.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return out.String()
		}
		raw := z.Raw()
		if kind == nethtml.StartTagToken && isAnchor(raw) { // a mail has a hundred tags and five links: only these are taken apart
			out.WriteString(rewriteTag(string(raw), z.Token(), own, links.Click))
			continue
		}
		out.Write(raw)
	}
}

// isAnchor says whether a start tag, as written, is an <a> with attributes.
func isAnchor(raw []byte) bool {
	return len(raw) > 3 && raw[1]|0x20 == 'a' && strings.IndexByte(" \t\r\n\f/", raw[2]) >= 0
}

func rewriteTag(raw string, tag nethtml.Token, own []string, click func(string) string) string {
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
