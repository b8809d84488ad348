package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"perennial/journey"
)

func listKeys(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Keys(ctx)
	return journey.Page[journey.Key]{Data: list}, err
}

type keyIn struct {
	Name string       `json:"name"`
	Role journey.Role `json:"role"`
}

// createKey shows the secret, this once.
func createKey(ctx context.Context, s *server, r *request, in keyIn) (any, error) {
	id, secret, err := s.Control.CreateKey(ctx, r.By, in.Name, in.Role)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated, secret: true, body: struct {
		ID     string       `json:"id"`
		Name   string       `json:"name"`
		Role   journey.Role `json:"role"`
		Secret string       `json:"secret"`
	}{id, in.Name, in.Role, secret}}, nil
}

func revokeKey(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.RevokeKey(ctx, r.By, r.param("id"))
}

func listAudit(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	f, err := r.auditFilter()
	if err != nil {
		return nil, err
	}
	return s.Read.Audit(ctx, f, p)
}

// auditFilter reads what narrows the audit.
func (r *request) auditFilter() (f journey.AuditFilter, err error) {
	f = journey.AuditFilter{Actor: r.query("actor"), Target: r.query("target"), Verb: r.query("verb")}
	for name, at := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := r.query(name); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return f, journey.Faultf(journey.CodeMalformed, "%s is no time such as 2026-11-20T00:00:00Z", name)
			}
		}
	}
	return f, nil
}

func exportAudit(ctx context.Context, s *server, r *request) (any, error) {
	f, err := r.auditFilter()
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusOK, header: csvHeader("audit.csv"), stream: func(w io.Writer) error { return s.Control.WriteAudit(ctx, r.By, f, w) }}, nil
}

// switchView is the switches as they stand.
type switchView struct {
	Sending       bool           `json:"sending"`
	Live          bool           `json:"live"`
	AllowList     []string       `json:"allow_list"`
	DailyCeiling  int            `json:"daily_ceiling"`
	AudienceFloor int            `json:"audience_floor"`
	Held          bool           `json:"held"`
	HeldReason    string         `json:"held_reason,omitempty"`
	HeldAt        *time.Time     `json:"held_at,omitempty"`
	Stops         []journey.Stop `json:"stops"`
}

func (s *server) viewSwitch(ctx context.Context, x journey.Settings) (any, error) {
	stops, err := s.Read.Stops(ctx)
	if x.AllowList == nil {
		x.AllowList = []string{}
	}
	return switchView{Sending: x.Sending, Live: x.Live, AllowList: x.AllowList, DailyCeiling: x.DailyCeiling, AudienceFloor: x.AudienceFloor,
		Held: x.HeldReason != "", HeldReason: x.HeldReason, HeldAt: x.HeldAt, Stops: stops}, err
}

func getSwitch(ctx context.Context, s *server, _ *request) (any, error) {
	x, err := s.Read.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return s.viewSwitch(ctx, x)
}

// switchIn changes what it names.
type switchIn struct {
	Sending       *bool     `json:"sending"`
	Live          *bool     `json:"live"`
	AllowList     *[]string `json:"allow_list"`
	DailyCeiling  *int      `json:"daily_ceiling"`
	AudienceFloor *int      `json:"audience_floor"`
	Held          *bool     `json:"held"`
}

func putSwitch(ctx context.Context, s *server, r *request, in switchIn) (any, error) {
	if in.Held != nil && *in.Held {
		return nil, journey.Faultf(journey.CodeInvalid, "held can only be released, with false; to stop all mail send {\"sending\": false}")
	}
	x, err := s.Control.Switch(ctx, r.By, journey.Switch{Sending: in.Sending, Live: in.Live, AllowList: in.AllowList,
		Ceiling: in.DailyCeiling, Floor: in.AudienceFloor, Release: in.Held != nil})
	if err != nil {
		return nil, err
	}
	return s.viewSwitch(ctx, x)
}

// getStop answers one stop; 404 when that is not stopped.
func getStop(ctx context.Context, s *server, r *request) (any, error) {
	stops, err := s.Read.Stops(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range stops {
		if string(p.Scope) == r.param("scope") && p.Target == r.param("target") {
			return p, nil
		}
	}
	return nil, journey.Faultf(journey.CodeNotFound, "mail of %s %q is not stopped", r.param("scope"), r.param("target"))
}

type stopIn struct {
	Reason string `json:"reason"`
}

func putStop(ctx context.Context, s *server, r *request, in stopIn) (any, error) {
	return s.Control.Stop(ctx, r.By, journey.StopScope(r.param("scope")), r.param("target"), in.Reason)
}

func deleteStop(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Unstop(ctx, r.By, journey.StopScope(r.param("scope")), r.param("target"))
}

func listSuppressions(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.Suppressions(ctx, r.query("q"), p)
}

type suppressionIn struct {
	Scope  journey.SuppressionScope `json:"scope"`
	Reason string                   `json:"reason"`
}

func putSuppression(ctx context.Context, s *server, r *request, in suppressionIn) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Suppress(ctx, r.By, r.param("address"), in.Scope, in.Reason)
}

func deleteSuppression(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Unsuppress(ctx, r.By, r.param("address"), r.query("reason"), r.query("asked") == "true")
}
