package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"strings"

	"golang.org/x/net/html"

	"perennial/control"
	"perennial/journey"
)

// messageData is one message as it was sent, or why it was not.
type messageData struct {
	journey.SentMessage
	Letter control.Letter
	Who    journey.Customer
	Once   string // of the form that sends it once more: two clicks are one
}

func (d messageData) title() string {
	if d.Subject != "" {
		return d.Subject
	}
	return d.Template
}

// Kept says whether the bytes are still there to be shown.
func (d messageData) Kept() bool { return len(d.Bytes) > 0 }

func messagePage(ctx context.Context, r *request) (reply, error) {
	m, err := r.Read.SentMessage(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	d := messageData{SentMessage: m}
	if d.Letter, err = control.ReadLetter(m); err != nil {
		return reply{}, err
	}
	if d.Who, err = r.Read.Customer(ctx, m.Customer); err != nil {
		return reply{}, err
	}
	d.Once = rand.Text()
	return show("message", d)
}

// mailPolicy lets a mail look as it does in a mailbox and do nothing: no script, no form, no window of its own.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'; sandbox"

// mailBody is the HTML of a mail, for the frame on its page. Its links lead nowhere: a click here is not a click of hers.
func mailBody(ctx context.Context, r *request) (reply, error) {
	m, err := r.Read.SentMessage(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	letter, err := control.ReadLetter(m)
	if err != nil {
		return reply{}, err
	}
	if letter.HTML == "" {
		return reply{}, journey.Faultf(journey.CodeNotFound, "%s", r.text("message.no_html"))
	}
	return reply{raw: inert(letter.HTML), policy: mailPolicy, kind: "text/html; charset=utf-8"}, nil
}

// inert takes the ways out of a mail: the target of a link becomes its title, forms and scripts are left out.
func inert(source string) []byte {
	var out bytes.Buffer
	in := html.NewTokenizer(strings.NewReader(source))
	for silent := ""; ; {
		kind := in.Next()
		if kind == html.ErrorToken {
			if in.Err() != io.EOF { //nolint:errorlint // the tokenizer returns it bare
				return nil
			}
			return out.Bytes()
		}
		raw := bytes.Clone(in.Raw()) // reading the token changes it
		token := in.Token()
		switch {
		case silent != "":
			if kind == html.EndTagToken && token.Data == silent {
				silent = ""
			}
			continue
		case token.Data == "script" && kind == html.StartTagToken:
			silent = token.Data
			continue
		case kind != html.TextToken && (token.Data == "base" || token.Data == "form" || token.Data == "iframe" || token.Data == "object"):
			continue
		case token.Data == "meta" && attribute(token, "http-equiv") != "":
			continue
		case token.Data == "a" || token.Data == "area":
			for i := range token.Attr {
				if key := token.Attr[i].Key; key == "href" || key == "xlink:href" { // the second is that of a picture's links
					token.Attr[i].Key = "title"
				}
			}
			out.WriteString(token.String())
			continue
		}
		out.Write(raw)
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}
