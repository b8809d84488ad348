package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	netmail "net/mail"
	"strings"
	"sync"
	"time"
	"unicode"

	"perennial/journey"
)

// Outbox is the part of the store that a courier needs.
type Outbox interface {
	ClaimParcels(ctx context.Context, limit int, lease time.Duration, sandbox bool) ([]journey.Parcel, error)
	EndParcel(ctx context.Context, id string, attempt int, reply journey.PostReply) error
	Listen(ctx context.Context, channel string) <-chan struct{}
}

// Courier hands over what goes out beside the ledger: notices to teams, our own events to webhooks. An attempt whose end was not stored is made again, so a
// receiver may get one twice; it has the same id then.
type Courier struct {
	Outbox  Outbox
	Post    func(ctx context.Context, p journey.Post) journey.PostReply
	Dial    func(ctx context.Context) (Wire, error)
	Compose func(journey.Envelope) ([]byte, error)
	Brand   journey.Brand
	Clock   *journey.Clock
	Sandbox bool
	Log     *slog.Logger
}

// Bounds of a courier.
const (
	courierHands = 8
	courierLease = time.Minute
	courierLook  = 2 * time.Second
)

// Run hands over what is due until ctx ends. A database that is away is asked again.
func (c *Courier) Run(ctx context.Context) error {
	changed := c.Outbox.Listen(ctx, "parcels")
	for ctx.Err() == nil {
		n, err := c.Round(ctx)
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("handing over parcels", "code", string(codeOf(err)), "error", redact(err.Error()))
		}
		if n == courierHands {
			continue
		}
		timer := time.NewTimer(courierLook)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
		}
		timer.Stop()
	}
	return nil
}

// Round hands over what is due, at most as much as it has hands for, and returns how many attempts were made.
func (c *Courier) Round(ctx context.Context) (int, error) {
	parcels, err := c.Outbox.ClaimParcels(ctx, courierHands, courierLease, c.Sandbox)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	errs := make([]error, len(parcels))
	for i, p := range parcels {
		wg.Go(func() {
			reply := c.carry(ctx, p)
			errs[i] = c.Outbox.EndParcel(context.WithoutCancel(ctx), p.ID, p.Attempt, reply)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return len(parcels), err
		}
	}
	return len(parcels), nil
}

func (c *Courier) carry(ctx context.Context, p journey.Parcel) journey.PostReply {
	switch p.Kind {
	case journey.ParcelMail:
		return c.mail(ctx, p)
	case journey.ParcelEvent, journey.ParcelTest:
		return c.Post(ctx, journey.Post{ID: firstOf(p.Event, p.ID), URL: p.URL, Secret: p.Secret, Body: p.Body, At: c.Clock.Wall()})
	default:
		return c.notice(ctx, p)
	}
}

// notice posts a text in the form that Slack and its likes take. What a customer wrote must not ring everybody's bell.
func (c *Courier) notice(ctx context.Context, p journey.Parcel) journey.PostReply {
	if p.URL == "" {
		return journey.PostReply{Reason: journey.ReasonNoEndpoint, Final: true}
	}
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(p.Text)
	body, err := json.Marshal(struct {
		Text string `json:"text"`
	}{text})
	if err != nil {
		return journey.PostReply{Reason: journey.ReasonRender, Final: true}
	}
	return c.Post(ctx, journey.Post{ID: p.ID, URL: p.URL, Body: body, At: c.Clock.Wall()})
}

// mail sends a text to an address of ours. No consent is asked; the allow-list is.
func (c *Courier) mail(ctx context.Context, p journey.Parcel) journey.PostReply {
	if !p.Allowed {
		return journey.PostReply{Reason: journey.ReasonSandbox, Final: true}
	}
	from, err := netmail.ParseAddress(c.Brand.From)
	if err != nil {
		return journey.PostReply{Reason: journey.ReasonRender, Final: true}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	raw, err := c.Compose(journey.Envelope{
		From: c.Brand.From, ReplyTo: c.Brand.ReplyTo, To: p.Address, Subject: subjectOf(p.Text), Text: p.Text,
		HTML: c.page(p.Text), Date: p.At, MessageID: p.ID + "@" + domain,
	})
	if err != nil {
		return journey.PostReply{Reason: journey.ReasonRender, Final: true}
	}
	wire, err := c.Dial(ctx)
	if err != nil {
		return journey.PostReply{Reason: journey.ReasonUnreachable}
	}
	defer wire.Quit()
	return replyOf(wire.Deliver(ctx, from.Address, p.Address, raw, func(context.Context) error { return nil }))
}

// page is a text as HTML. A line that is an address of our own console is a link; what a customer wrote makes none.
func (c *Courier) page(text string) string {
	lines := strings.Split(html.EscapeString(text), "\n")
	for i, line := range lines {
		if ours := html.EscapeString(c.Brand.PublicURL) + "/"; c.Brand.PublicURL != "" && strings.HasPrefix(line, ours) && !strings.ContainsAny(line, " \t") {
			lines[i] = `<a href="` + line + `">` + line + `</a>`
		}
	}
	return "<p>" + strings.Join(lines, "<br>") + "</p>"
}

// replyOf says what an outcome of SMTP means for a parcel. What is in doubt is sent again: a colleague may read it twice.
func replyOf(o journey.Outcome) journey.PostReply {
	switch o.Kind {
	case journey.OutcomeAccepted:
		return journey.PostReply{Status: o.Code}
	case journey.OutcomeFailed:
		return journey.PostReply{Status: o.Code, Reason: firstOf(o.Reason, journey.ReasonRejected), Final: true}
	case journey.OutcomeUnknown:
		return journey.PostReply{Reason: journey.ReasonInDoubt}
	}
	return journey.PostReply{Status: o.Code, Reason: journey.ReasonUnreachable}
}

// subjectOf is the first line, shortened, without what makes no header.
func subjectOf(text string) string {
	const most = 120
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line)
	if runes := []rune(line); len(runes) > most {
		line = fmt.Sprintf("%s…", string(runes[:most-1]))
	}
	return firstOf(line, "A note")
}
