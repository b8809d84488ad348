package console

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"perennial/control"
	"perennial/journey"
)

// What support does for a customer. Each goes back to her page, which then says what was done.

// her is the way back to the customer of the path.
func (r *request) her(key string, values ...any) (reply, error) {
	return r.seeOther("/customers/"+r.path("id"), key, values...)
}

func pauseCustomer(ctx context.Context, r *request) (reply, error) {
	return r.pause(ctx, journey.ScopeCustomer, r.path("id"), r.her)
}

func pauseEnrollment(ctx context.Context, r *request) (reply, error) {
	return r.pause(ctx, journey.ScopeEnrollment, r.path("enrollment"), r.her)
}

// pauseSpans are the lengths of a pause that are chosen without a calendar; "": until someone resumes.
func pauseSpans() []string { return []string{"", "1d", "7d", "30d"} }

// pausedUntil is when a pause of the form ends by itself: at the moment that was written, or after the span that was chosen; nil: it does not.
func (r *request) pausedUntil() (*time.Time, error) {
	until, err := r.moment("until")
	span := r.form.Get("for")
	if err != nil || until != nil || span == "" || !slices.Contains(pauseSpans(), span) {
		return until, err
	}
	length, err := journey.ParseDuration(span)
	if err != nil {
		return nil, fmt.Errorf("reading how long a pause is: %w", err)
	}
	at := r.Clock.Now().Add(length).UTC()
	return &at, nil
}

// pause makes something stand still as the form says, and goes back.
func (r *request) pause(ctx context.Context, scope journey.Scope, target string, back func(string, ...any) (reply, error)) (reply, error) {
	until, err := r.pausedUntil()
	if err != nil {
		return reply{}, err
	}
	done, err := r.Control.Pause(ctx, r.by(), control.PauseRequest{Scope: scope, Target: target, Reason: r.form.Get("reason"),
		Until: until, OnResume: journey.OnResume(r.form.Get("on_resume"))})
	if err != nil {
		return reply{}, err
	}
	if n := len(done.InFlight); n > 0 {
		return back("support.paused_in_flight", "n", n)
	}
	return back("support.paused")
}

// moment reads a local time of the form, in the zone of the times shown; nil where the field is empty.
func (r *request) moment(field string) (*time.Time, error) {
	text := r.form.Get(field)
	if text == "" {
		return nil, nil //nolint:nilnil // none was given
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", text, r.zone())
	if err != nil {
		return nil, r.badField(field, "fault.no_time", "2030-02-05T10:00")
	}
	at = at.UTC()
	return &at, nil
}

// badField is the fault of one field of a form: what is wrong, and an example of what is right.
func (r *request) badField(field, key, example string) *journey.Fault {
	return &journey.Fault{Code: journey.CodeInvalid, Message: r.text("fault.form"),
		Problems: journey.Problems{{Path: field, Message: r.text(key), Mend: example}}}
}

// chosen is the way of resuming that the form names; "": the one that was said when the pause began.
func (r *request) chosen() journey.OnResume { return journey.OnResume(r.form.Get("on_resume")) }

// exportCustomer gives out everything that is held about her; that somebody asked stands in the audit.
func exportCustomer(ctx context.Context, r *request) (reply, error) {
	e, err := r.Read.Export(ctx, r.path("id"), r.by())
	return reply{kind: "application/json", file: e.Customer + ".json", stream: func(w io.Writer) error { return e.Write(ctx, w) }}, err
}

// resuming says what each way of resuming would do, in the zone of the times shown.
func (r *request) resuming(ctx context.Context, scope journey.Scope, target string) ([]journey.Resumption, error) {
	ways, err := r.Control.Resuming(ctx, scope, target, "")
	for i := range ways.Choices {
		ways.Choices[i].Say(r.zone())
	}
	return ways.Choices, err
}

// pausing says what a pause would hold, where that was asked for; nil: it was not.
func (r *request) pausing(ctx context.Context, scope journey.Scope, target string) (*journey.Pausing, error) {
	if r.query("pausing") == "" {
		return nil, nil //nolint:nilnil // nobody asked
	}
	p, err := r.Control.Pausing(ctx, scope, target)
	return &p, err
}

func resumeCustomer(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Resume(ctx, r.by(), journey.ScopeCustomer, r.path("id"), r.chosen()); err != nil {
		return reply{}, err
	}
	return r.her("support.resumed")
}

func resumeEnrollment(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Resume(ctx, r.by(), journey.ScopeEnrollment, r.path("enrollment"), r.chosen()); err != nil {
		return reply{}, err
	}
	return r.her("support.resumed")
}

func skipStep(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.Skip(ctx, r.by(), r.path("enrollment"), r.form.Get("reason")); err != nil {
		return reply{}, err
	}
	return r.her("support.skipped")
}

func moveTo(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.Move(ctx, r.by(), r.path("enrollment"), r.form.Get("to"), r.form.Get("reason")); err != nil {
		return reply{}, err
	}
	return r.her("support.moved", "step", r.form.Get("to"))
}

func exitJourney(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.Exit(ctx, r.by(), r.path("enrollment"), r.form.Get("reason")); err != nil {
		return reply{}, err
	}
	return r.her("support.exited")
}

func releaseEnrollment(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.Release(ctx, r.by(), r.path("enrollment")); err != nil {
		return reply{}, err
	}
	return r.her("support.released")
}

// setTopics sets what she wants to receive; topics that the page did not show stay as they are.
func setTopics(ctx context.Context, r *request) (reply, error) {
	wanted := map[string]bool{}
	for _, topic := range r.form["shown"] {
		wanted[topic] = slices.Contains(r.form["topic"], topic)
	}
	before, err := r.Read.ConsentsOf(ctx, r.path("id"))
	if err != nil {
		return reply{}, err
	}
	for _, state := range before { // a box that stayed as it was changes nothing, and needs no proof
		given := state.State == journey.ConsentGiven || state.State == journey.ConsentConfirmed
		if wanted[state.Topic] == given {
			delete(wanted, state.Topic)
		}
	}
	if len(wanted) == 0 {
		return r.her("support.topics_same")
	}
	if _, err := r.Control.SetTopics(ctx, r.by(), r.path("id"), wanted, r.form.Get("wording")); err != nil {
		return reply{}, err
	}
	return r.her("support.topics")
}

func changeAddress(ctx context.Context, r *request) (reply, error) {
	done, err := r.Control.ChangeAddress(ctx, r.by(), r.path("id"), journey.AddressChange{Email: r.form.Get("email"), Reason: r.form.Get("reason"),
		Keep: r.form.Get("keep") != "", Wording: r.form.Get("wording")})
	if err != nil {
		return reply{}, err
	}
	return r.her("support.address_changed", "address", done.Email)
}

func finishTask(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Done(ctx, r.by(), r.path("task"), r.form.Get("outcome"), r.form.Get("note")); err != nil {
		return reply{}, err
	}
	return r.her("support.task_done")
}

// giveCoupon gives her one code outside of any journey.
func giveCoupon(ctx context.Context, r *request) (reply, error) {
	expires, err := r.moment("expires")
	if err != nil {
		return reply{}, err
	}
	c, err := r.Control.GiveCoupon(ctx, r.by(), r.path("id"), journey.CouponGift{Pool: r.form.Get("pool"), Reason: r.form.Get("reason"), ExpiresAt: expires})
	if err != nil {
		return reply{}, err
	}
	return r.her("support.coupon", "code", c.Code)
}

func addNote(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.AddNote(ctx, r.by(), r.path("id"), r.form.Get("text")); err != nil {
		return reply{}, err
	}
	return r.her("support.noted")
}

// resend sends a mail once more. The token of the form keeps a second click from sending a third one.
func resend(ctx context.Context, r *request) (reply, error) {
	p, err := r.Control.Resend(ctx, r.by(), r.path("id"), r.form.Get("reason"), r.form.Get("once"))
	if err != nil {
		return reply{}, err
	}
	if p.State == journey.MessageDropped {
		return r.seeOther("/messages/"+p.Message, "support.resend_dropped", "why", p.Words)
	}
	return r.seeOther("/messages/"+p.Message, "support.resent")
}

// eraseCustomer forgets her for good, where the word that the form asks for was typed.
func eraseCustomer(ctx context.Context, r *request) (reply, error) {
	if !strings.EqualFold(strings.TrimSpace(r.form.Get("sure")), r.text("support.erase_word")) {
		return reply{}, r.badField("sure", "support.erase_type", r.text("support.erase_word"))
	}
	if _, err := r.Control.Erase(ctx, r.by(), r.path("id"), r.form.Get("reason")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/customers", "support.erased")
}
