package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"perennial/journey"
	"perennial/mail"
)

// sendProof sends one message through the relay, with everything that marketing mail carries, and tells what it sent and what it can
// read back. It goes beside the ledger, to an address that the operator names: it proves the relay, the sender and the keys.
func sendProof(ctx context.Context, env map[string]string, data, to string, out io.Writer) ([]finding, error) {
	c, inbox, err := proofConfig(env, data)
	if err != nil {
		return nil, err
	}
	if to, err = journey.ParseAddress(to); err != nil {
		return nil, fmt.Errorf("reading --mail: %w", err)
	}
	composer, err := c.composer()
	if err != nil {
		return nil, err
	}
	e, returned := proof(c, to)
	raw, err := composer.Compose(e)
	if err != nil {
		return nil, err
	}
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	fmt.Fprintf(out, "from  %s\nto    %s\n\n%s\n\n", returned, to, strings.ReplaceAll(head, "\r\n", "\n"))
	findings := []finding{handOver(ctx, c, returned, to, raw)}
	for _, fault := range mail.Lint(raw, mail.Conventions{Marketing: true, Postal: c.PostalAddress}) {
		if !c.Sandbox || !strings.Contains(fault, "https") { // on this machine pages are served without TLS
			findings = append(findings, finding{what: "mail", found: fault, mend: "see docs/operate.md, Mail", sick: true})
		}
	}
	if composer.Signer != nil {
		for _, f := range mail.ExamineDomain(ctx, c.sender(composer.Signer), net.DefaultResolver.LookupTXT) {
			findings = append(findings, finding{what: f.What, found: f.Found, mend: f.Mend, sick: f.Sick})
		}
	}
	if inbox != "" && !findings[0].sick {
		findings = append(findings, readBack(ctx, inbox, e.MessageID, to, head))
	}
	return findings, nil
}

// proofConfig is that of the environment, or of a dev that is running, with its inbox where that is the relay.
func proofConfig(env map[string]string, data string) (c config, inbox string, err error) {
	if data == "" {
		c, err = readConfig(env)
		if err == nil && len(c.productionFaults(env)) > 0 {
			err = c.productionFaults(env)
		}
		return c, "", err
	}
	raw, err := os.ReadFile(filepath.Join(data, "engine", "engine.json")) //nolint:gosec // the path is the operator's own
	if err != nil {
		return c, "", fmt.Errorf("looking for what runs in %s: %w", data, err)
	}
	var e engineAddress
	if err := json.Unmarshal(raw, &e); err != nil {
		return c, "", fmt.Errorf("reading the engine's addresses: %w", err)
	}
	o := devOptions{Data: data, Host: "127.0.0.1"}
	c, err = o.config(env, e)
	return c, e.InboxURL, err
}

// proof is the message. Its links lead nowhere: it is in no ledger.
func proof(c config, to string) (e journey.Envelope, returned string) {
	tokens, id := journey.Tokens{Key: []byte(rand.Text())}, journey.NewID(journey.PrefixMessage)
	brand := c.brand()
	unsubscribe := brand.PublicURL + journey.TokenUnsubscribe.Path() + tokens.Sign(journey.TokenUnsubscribe, id, 0)
	sender := bareAddress(cmp.Or(brand.ReplyTo, brand.From))
	_, domain, _ := strings.Cut(sender, "@")
	words := "This is a test that `perennial doctor` sent for " + brand.Name + ". If you can read it, mail reaches you."
	e = journey.Envelope{
		From: brand.From, ReplyTo: brand.ReplyTo, To: to, Subject: "[Test] " + brand.Name + " can send mail",
		Text: words + "\n\n" + brand.Address + "\nUnsubscribe (leads nowhere in a test): " + unsubscribe + "\n",
		HTML: "<p>" + words + "</p><p>" + htmlText(brand.Address) + `<br><a href="` + unsubscribe + `">Unsubscribe</a> (leads nowhere in a test)</p>`,
		Date: wall(), MessageID: strings.ToLower(rand.Text()) + "@" + mailDomain(brand.From),
		ListID: "test." + domain, FeedbackID: "doctor:doctor:test:perennial", Unsubscribe: unsubscribe, Mailto: sender,
	}
	returned = bareAddress(brand.From)
	if c.Mail.BounceDomain != "" {
		returned = tokens.ReturnAddress(id, c.Mail.BounceDomain)
	}
	return e, returned
}

func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func handOver(ctx context.Context, c config, from, to string, raw []byte) finding {
	f := finding{what: "mail", sick: true, mend: "see that the relay runs and that SMTP_URL names it"}
	relay, err := mail.NewRelay(c.SMTPURL, mail.RelayOptions{Plain: c.SMTPTLS == "none"})
	if err != nil {
		f.found = err.Error()
		return f
	}
	conn, err := relay.Dial(ctx)
	if err != nil {
		f.found = err.Error()
		return f
	}
	defer conn.Quit()
	outcome := conn.Deliver(ctx, from, to, raw, func(context.Context) error { return nil })
	if outcome.Kind == journey.OutcomeAccepted {
		return finding{what: "mail", found: "the relay has taken it"}
	}
	f.found = fmt.Sprintf("the relay did not take it (%s): %d %s", outcome.Kind, outcome.Code, outcome.Text)
	f.mend = "see what the relay says of sender, recipient and credentials"
	return f
}

// readBack looks for the message in the inbox of a dev and compares the headers as they came with those that were sent.
func readBack(ctx context.Context, inbox, messageID, to, head string) finding {
	f := finding{what: "inbox", sick: true, mend: "see that the inbox runs: " + inbox}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raw, err := findInInbox(ctx, inbox, messageID, to)
	if err != nil {
		f.found = err.Error()
		return f
	}
	got := strings.ReplaceAll(string(raw), "\r\n", "\n")
	if !strings.Contains(got, strings.ReplaceAll(head, "\r\n", "\n")+"\n\n") {
		f.found, f.mend = "the headers came otherwise than they were sent", "look at it: "+inbox
		return f
	}
	return finding{what: "inbox", found: fmt.Sprintf("read back: all %d lines of the headers came as they were sent", strings.Count(head, "\n")+1)}
}

func findInInbox(ctx context.Context, inbox, messageID, to string) ([]byte, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var list struct {
			Messages []struct{ ID, MessageID string }
		}
		raw, err := getPage(ctx, inbox+"/api/v1/search?limit=100&query="+url.QueryEscape("to:"+to))
		if err == nil {
			err = json.Unmarshal(raw, &list)
		}
		if err != nil {
			return nil, fmt.Errorf("asking the inbox: %w", err)
		}
		for _, m := range list.Messages {
			if strings.Trim(m.MessageID, "<>") == messageID {
				return getPage(ctx, inbox+"/api/v1/message/"+url.PathEscape(m.ID)+"/raw")
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the message does not come into the inbox")
		case <-tick.C:
		}
	}
}

func getPage(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers with status %d", res.StatusCode)
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(res.Body, 8<<20))
	return b.Bytes(), err
}
