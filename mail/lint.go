package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Conventions are what a message is held against.
type Conventions struct {
	Marketing bool   // it can be unsubscribed from
	Postal    string // the postal address that marketing mail carries in both parts; "" is not looked for
}

// Lint lists what in a composed message breaks the conventions of docs/operate.md, section Mail; nothing: it keeps them all.
func Lint(raw []byte, c Conventions) []string {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return []string{"it has no headers"}
	}
	l := linter{header: m.Header}
	if err := checkLines(raw); err != nil {
		l.add("%s", err)
	}
	l.headers()
	text, html := l.parts(m.Body)
	if !c.Marketing {
		for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"} {
			l.not(headerValues(m.Header, name) != nil, "%s stands in mail that is no list's", name)
		}
		return l.faults
	}
	l.lists()
	for part, body := range map[string]string{"text": text, "HTML": html} {
		l.not(!strings.Contains(squash(body), squash(c.Postal)), "the %s part does not name the postal address", part)
		l.not(!strings.Contains(body, "/u/"), "the %s part has no link to unsubscribe", part)
	}
	slices.Sort(l.faults)
	return l.faults
}

type linter struct {
	header netmail.Header
	faults []string
}

func (l *linter) add(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *linter) not(broken bool, format string, args ...any) {
	if broken {
		l.add(format, args...)
	}
}

// one returns the value of a header that must stand in the message exactly once.
func (l *linter) one(name string) string {
	values := headerValues(l.header, name)
	if len(values) != 1 {
		l.add("%s stands there %d times", name, len(values))
		return ""
	}
	return values[0]
}

var messageIDForm = regexp.MustCompile(`^<[^<>@\s]+@[^<>@\s]+>$`)

func (l *linter) headers() {
	if _, err := l.header.Date(); err != nil || l.one("Date") == "" {
		l.add("Date is no date")
	}
	for _, name := range []string{"From", "To"} {
		list, err := netmail.ParseAddressList(l.one(name))
		l.not(err != nil || len(list) != 1, "%s is not one address", name)
	}
	l.not(!messageIDForm.MatchString(l.one("Message-ID")), "Message-ID has not the form <left@right>")
	l.not(l.one("Subject") == "", "Subject is empty")
	l.not(l.one("MIME-Version") != "1.0", "MIME-Version is not 1.0")
	l.not(l.one("Auto-Submitted") != "auto-generated", "Auto-Submitted does not say auto-generated (RFC 3834)")
	l.not(strings.Count(l.one("Feedback-ID"), ":") != 3, "Feedback-ID has not four parts")
	for _, signature := range headerValues(l.header, "DKIM-Signature") {
		covered := strings.ToLower(squash(signature))
		for _, name := range signedHeaders {
			there := headerValues(l.header, name) != nil
			l.not(there && !regexp.MustCompile(`[=:]`+strings.ToLower(name)+`[:;]`).MatchString(covered), "the DKIM signature leaves out %s", name)
		}
	}
}

func (l *linter) lists() {
	https, mailto := 0, 0
	for way := range strings.SplitSeq(l.one("List-Unsubscribe"), ",") {
		u, err := url.Parse(strings.Trim(strings.TrimSpace(way), "<>"))
		switch {
		case err != nil:
		case u.Scheme == "https" && u.Host != "":
			https++
		case u.Scheme == "mailto" && u.Opaque != "":
			mailto++
		}
	}
	l.not(https != 1, "List-Unsubscribe has %d https addresses, and RFC 8058 wants one", https)
	l.not(mailto != 1, "List-Unsubscribe has %d mailto addresses (RFC 2369)", mailto)
	l.not(l.one("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click", "List-Unsubscribe-Post is not that of RFC 8058")
	l.not(!regexp.MustCompile(`<[^<>@\s]+\.[^<>@\s]+>$`).MatchString(l.one("List-Id")), "List-Id has not the form of RFC 2919")
}

// parts reads the two parts, and says what is wrong with them.
func (l *linter) parts(body io.Reader) (text, html string) {
	kind, params, err := mime.ParseMediaType(l.one("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		l.add("it is not multipart/alternative")
		return "", ""
	}
	parts := multipart.NewReader(body, params["boundary"])
	var kinds, bodies []string
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			l.add("its parts cannot be read")
			return "", ""
		}
		var from io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			from = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(from)
		l.not(err != nil || len(bytes.TrimSpace(content)) == 0, "a part is empty or broken")
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")) // "" is told below
		kinds, bodies = append(kinds, kind), append(bodies, string(content))
	}
	if !slices.Equal(kinds, []string{"text/plain", "text/html"}) {
		l.add("its parts are not text and HTML, in this order")
		return "", ""
	}
	return bodies[0], bodies[1]
}

// headerValues finds a header under whatever spelling net/mail has given it.
func headerValues(h netmail.Header, name string) []string {
	for key, values := range h {
		if strings.EqualFold(key, name) {
			return values
		}
	}
	return nil
}

// squash leaves out what may differ between an address and its place in a mail: space, and characters written as entities.
func squash(s string) string {
	s = strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`, "<br>", "").Replace(s)
	return strings.Join(strings.Fields(s), "")
}
