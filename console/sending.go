package console

import (
	"context"
	"strconv"
	"strings"
	"time"

	"perennial/journey"
)

// sendingData is how sending does: switches, lanes, what is left alone, what came back, audiences that wait for a person.
type sendingData struct {
	journey.Sending
	Settings  journey.Settings
	Stops     []journey.Stop
	Approvals []journey.Approval
	Now       time.Time // wall time
	Looked    bool      // the DNS was asked
	Domain    []journey.MailFinding
}

// Allow is the allow-list, an entry on each line.
func (d sendingData) Allow() string { return strings.Join(d.Settings.AllowList, "\n") }

func sendingPage(ctx context.Context, r *request) (reply, error) {
	d := sendingData{Now: r.Clock.Wall(), Looked: r.query("look") == "domain"}
	var err error
	if d.Looked {
		if d.Domain, err = r.Control.MailDomain(ctx); err != nil {
			return reply{}, err
		}
	}
	if d.Sending, err = r.Control.Sending(ctx); err != nil {
		return reply{}, err
	}
	if d.Settings, err = r.Read.Settings(ctx); err != nil {
		return reply{}, err
	}
	if d.Stops, err = r.Read.Stops(ctx); err != nil {
		return reply{}, err
	}
	all, err := r.Read.Audiences(ctx)
	for _, a := range all {
		if a.State == journey.AudienceAsked || a.State == journey.AudienceRamp || a.State == journey.AudienceStopped {
			d.Approvals = append(d.Approvals, a)
		}
	}
	return reply{page: "sending", data: d}, err
}

// setLimits sets who gets mail in the sandbox, how much of it one customer gets in a day, and from which audience on a person is asked.
func setLimits(ctx context.Context, r *request) (reply, error) {
	allow := strings.Fields(r.form.Get("allow_list"))
	to := journey.Switch{AllowList: &allow}
	for field, into := range map[string]**int{"daily_ceiling": &to.Ceiling, "audience_floor": &to.Floor} {
		n, err := strconv.Atoi(strings.TrimSpace(r.form.Get(field)))
		if err != nil {
			return reply{}, r.badField(field, "fault.no_number", "5")
		}
		*into = &n
	}
	if _, err := r.Control.Switch(ctx, r.by(), to); err != nil {
		return reply{}, err
	}
	return r.seeOther("/sending", "account.saved")
}

func closeBreaker(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.CloseBreaker(ctx, r.by(), r.form.Get("lane"), r.form.Get("domain")); err != nil {
		return reply{}, err
	}
	return r.seeOther(ours(r.form.Get("next")), "sending.closed")
}

func stopMail(ctx context.Context, r *request) (reply, error) {
	_, err := r.Control.Stop(ctx, r.by(), journey.StopScope(r.form.Get("scope")), r.form.Get("target"), r.form.Get("reason"))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/sending", "sending.stopped")
}

func unstopMail(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.Unstop(ctx, r.by(), journey.StopScope(r.form.Get("scope")), r.form.Get("target")); err != nil {
		return reply{}, err
	}
	return r.seeOther(ours(r.form.Get("next")), "sending.unstopped")
}

// decideAudience approves an audience by its number as it was typed, or refuses it.
func decideAudience(ctx context.Context, r *request) (reply, error) {
	approve := r.form.Get("do") == "approve"
	count, err := strconv.ParseInt(strings.TrimSpace(r.form.Get("count")), 10, 64)
	if approve && err != nil {
		return reply{}, r.badField("count", "fault.no_number", "1234")
	}
	_, err = r.Control.Decide(ctx, r.by(), journey.Decision{ID: r.path("id"), Approve: approve, Count: count, AtOnce: r.form.Get("at_once") != "",
		Reason: r.form.Get("reason")})
	if err != nil {
		return reply{}, err
	}
	if approve {
		return r.seeOther("/sending", "sending.approved")
	}
	return r.seeOther("/sending", "sending.refused")
}

func resumeRamp(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.ResumeRamp(ctx, r.by(), r.path("key"), r.form.Get("reason")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/sending", "support.resumed")
}
