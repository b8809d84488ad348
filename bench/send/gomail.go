package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"perennial/journey"
)

// byGoMail sends one message after another over one kept connection, as the library's users do: composed by it, with the text
// already rendered, and nothing written down anywhere.
type byGoMail struct {
	address string
	letter  journey.Envelope
	signer  *gomail.DKIMSigner // nil: the relay signs
}

func (g *byGoMail) send(ctx context.Context, ids []string) error {
	host, port, err := net.SplitHostPort(g.address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	options := []gomail.Option{gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithTimeout(time.Minute)}
	if g.signer != nil {
		options = append(options, gomail.WithAlwaysDKIMSign(g.signer))
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // everything was answered
	for i, id := range ids {
		msg, err := g.message(id, i)
		if err != nil {
			return err
		}
		if err := client.Send(msg); err != nil {
			return err
		}
	}
	return nil
}

func (g *byGoMail) message(id string, number int) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.From(g.letter.From); err != nil {
		return nil, err
	}
	if err := msg.To(fmt.Sprintf("customer-%d@example.com", number)); err != nil {
		return nil, err
	}
	msg.Subject(g.letter.Subject)
	msg.SetDateWithValue(g.letter.Date)
	msg.SetMessageIDWithValue(id)
	msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+g.letter.Unsubscribe+">")
	msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	msg.SetBodyString(gomail.TypeTextPlain, g.letter.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, g.letter.HTML)
	return msg, nil
}
