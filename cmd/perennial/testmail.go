package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/templates"
)

// trial writes the messages of one version as test mails.
type trial struct {
	brand   journey.Brand
	compose func(journey.Envelope) ([]byte, error)
	def     *journey.Definition
	set     *templates.Set
	ask     journey.TestRequest
}

// writeTests writes every message of a version as a test, to each address; a fault names every message that cannot be written.
func writeTests(brand journey.Brand, compose func(journey.Envelope) ([]byte, error)) func(journey.Version, journey.TestRequest) ([]journey.TestMail, error) {
	return func(v journey.Version, ask journey.TestRequest) ([]journey.TestMail, error) {
		def, problems := journey.Parse(journeyFile, []byte(v.Source))
		if len(problems.Errors()) > 0 {
			return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "journey " + v.Key + " has faults", Problems: problems}
		}
		set, problems := compiled(def, v.Files, ask.Message)
		if len(problems.Errors()) > 0 {
			return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "journey " + v.Key + " has faults", Problems: problems}
		}
		t := trial{brand, compose, def, set, ask}
		var mails []journey.TestMail
		var faults journey.Problems
		for _, message := range set.Messages() {
			written, err := t.write(message)
			switch {
			case journey.CodeOf(err) == journey.CodeInvalid:
				faults = append(faults, journey.Problem{Path: message, Message: err.Error(), Mend: "give what it reads a default, or test it as a customer who has it"})
			case err != nil:
				return nil, err
			}
			mails = append(mails, written...)
		}
		if len(faults) > 0 {
			return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "the messages cannot all be written", Problems: faults}
		}
		return mails, nil
	}
}

// compiled compiles one message, or every one.
func compiled(def *journey.Definition, files templates.Files, message string) (*templates.Set, journey.Problems) {
	if message == "" {
		return templates.Compile(def, files)
	}
	return templates.CompileOne(def, files, message)
}

func (t trial) write(message string) ([]journey.TestMail, error) {
	step := t.stepOf(message)
	m, err := t.set.Render(message, t.data(step))
	if err != nil {
		return nil, err
	}
	e := journey.Envelope{
		From: cmp.Or(step.From, m.From, t.brand.From), ReplyTo: cmp.Or(step.ReplyTo, m.ReplyTo, t.brand.ReplyTo), Subject: journey.TestMark + m.Subject,
		HTML: webTarget.ReplaceAllString(m.HTML, "${1}"+t.link()), Text: webAddress.ReplaceAllString(m.Text, t.link()), Language: m.Locale, Date: t.ask.At, Test: t.def.Key + "/" + message,
	}
	if step.Topic != journey.TopicTransactional {
		e.Unsubscribe = t.link()
	}
	var mails []journey.TestMail
	for _, to := range t.ask.To {
		id := journey.NewID(journey.PrefixMessage)
		e.To, e.MessageID = to, id+"@"+mailDomain(t.brand.From)
		raw, err := t.compose(e)
		if err != nil {
			return nil, fmt.Errorf("composing message %q: %w", message, err)
		}
		mails = append(mails, journey.TestMail{ID: id, Template: message, Address: to, Subject: e.Subject, MessageID: e.MessageID, Bytes: raw})
	}
	return mails, nil
}

// What leads somewhere beside the links that templates rewrite: addresses in the text part; in the HTML maps, and buttons for Outlook alone.
var (
	webAddress = regexp.MustCompile(`(?i)https?://[^\s<>")\]]+`)
	webTarget  = regexp.MustCompile(`(?i)(\bhref\s*=\s*["']?\s*)https?://[^\s"'>]*`)
)

func (t trial) link() string { return t.brand.PublicURL + journey.TestLinkPath }

// stepOf is the first step that sends the message, with its topic.
func (t trial) stepOf(message string) journey.Send {
	send := journey.Send{Topic: t.def.Topic}
	found := false
	t.def.Walk(func(s *journey.Step) {
		if s.Send != nil && s.Send.Message == message && !found {
			found = true
			send.From, send.ReplyTo, send.Topic = s.Send.From, s.Send.ReplyTo, cmp.Or(s.Send.Topic, t.def.Topic)
		}
	})
	return send
}

// data is what the message reads: the sample customer, or one of ours with the sample's trigger, answer and coupons.
func (t trial) data(step journey.Send) templates.Data {
	d := shownTo(t.set.Sample(), t.brand, t.ask.Customer, t.ask.Account)
	for as, c := range d.Coupons {
		c.Code = journey.TestCode
		if c.ExpiresAt != nil {
			end := t.ask.At.Add(14 * journey.Day)
			c.ExpiresAt = &end
		}
		d.Coupons[as] = c
	}
	d.Kept = t.ask.Kept
	link := t.link()
	d.Links = journey.Links{Unsubscribe: link, Preferences: link, View: link, Survey: link, Back: link, Confirm: link, Click: func(string) string { return link }}
	if step.Topic == journey.TopicTransactional {
		d.Links.Unsubscribe = ""
	}
	return d
}

// shownTo is the sample's data with our brand, and with a customer of ours in the place of the sample's.
func shownTo(d templates.Data, brand journey.Brand, who *journey.Customer, account *journey.Account) templates.Data {
	d.Brand = brand
	if who != nil {
		d.Customer, d.Account = *who, account
	}
	return d
}

// lookAt shows a message while it is being written, with links that show where they lead.
func lookAt(brand journey.Brand) func(*journey.Definition, map[string]string, journey.LookRequest) journey.Look {
	return func(def *journey.Definition, files map[string]string, r journey.LookRequest) journey.Look {
		return templates.Look(def, files, r.File, func(d templates.Data) templates.Data {
			d = shownTo(d, brand, r.Customer, r.Account)
			d.Kept = r.Kept
			if r.Been != nil {
				d.Trigger, d.Answer, d.Vars = r.Been.Trigger, r.Been.Answer, r.Been.Vars
				maps.Copy(d.Coupons, r.Coupons) // one that she has not been given yet is the sample's
			}
			link := brand.PublicURL + journey.TestLinkPath
			d.Links = journey.Links{Unsubscribe: link, Preferences: link, View: link, Survey: link, Back: link, Confirm: link}
			return d
		})
	}
}

// testFlags are what the command line says of test mails.
type testFlags struct {
	To       []string `json:"to"`
	Customer string   `json:"customer,omitempty"`
	Version  string   `json:"version,omitempty"`
	Message  string   `json:"message,omitempty"`
}

func sendTestCommand(env map[string]string, std stdio) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "send-test KEY --to ADDRESS…",
		Short: "Sends every message of a journey to you, marked as a test, with links that do nothing",
		Long: "Sends every message of a journey (its draft, or what is live) to at most five addresses, by the server in PERENNIAL_URL with\n" +
			"the key in PERENNIAL_KEY. Subjects begin with [Test], links do nothing, no coupon is taken, and nothing is counted.\n" +
			"Exit status: 0 all were sent, 2 faults or not all were, 1 anything else.",
		Example: "  perennial journey send-test win-back --to mara@example.com\n" +
			"  perennial journey send-test win-back --to mara@example.com --to sam@example.com --customer user:4711 --version live",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			err = server.sendTest(cmd.Context(), std, args[0], f)
			if fault := (*answered)(nil); errors.As(err, &fault) && len(fault.Problems) > 0 {
				fmt.Fprintln(std.out, fault.Problems.Error())
				return errFaults
			}
			return err
		},
	}
	cmd.Flags().StringSliceVar(&f.To, "to", nil, "whom to send to, up to five addresses")
	cmd.Flags().StringVar(&f.Customer, "customer", "", "whose data they show: cus_…, or user: and your own id (default: the sample customer)")
	cmd.Flags().StringVar(&f.Version, "version", "", "draft, live or a number (default: the draft, where there is one)")
	cmd.Flags().StringVar(&f.Message, "message", "", "one message alone, e.g. we-miss-you (default: every one)")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

// testPatience is how long the command waits for the mails to be sent.
const testPatience = 20 * time.Second

// sendTest asks for the mails, waits for them a while, and prints what became of each.
func (s *server) sendTest(ctx context.Context, std stdio, key string, f testFlags) error {
	var posted journey.PostedTests
	if err := s.call(ctx, http.MethodPost, "/api/journeys/"+key+"/test", f, &posted); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	whole := true
	for _, p := range posted.Data {
		m, err := s.settled(ctx, p.Message)
		if err != nil {
			return fmt.Errorf("asking what became of %s: %w", p.Message, err)
		}
		whole = whole && m.State == journey.MessageAccepted
		fmt.Fprintf(std.out, "%s: %s\n", p.Address, strings.TrimSpace(m.Words))
	}
	if !whole {
		return errFaults
	}
	return nil
}

// settled waits until a message is sent, or will not be, or the time is over.
func (s *server) settled(ctx context.Context, id string) (m journey.MessageSummary, err error) {
	under := []journey.MessageState{journey.MessageQueued, journey.MessageClaimed, journey.MessageAtDot}
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		if err = s.call(context.WithoutCancel(ctx), http.MethodGet, "/api/messages/"+id, nil, &m); err != nil || !slices.Contains(under, m.State) {
			return m, err
		}
		select {
		case <-ctx.Done():
			return m, nil
		case <-again.C:
		}
	}
}
