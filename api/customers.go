package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"perennial/journey"
)

func searchCustomers(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.SearchCustomers(ctx, r.query("q"), p)
}

func getCustomer(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Overview(ctx, r.param("id"))
}

func getTimeline(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	c, err := s.Read.Customer(ctx, r.param("id"))
	if err != nil {
		return nil, err
	}
	f := journey.TimelineFilter{Kind: r.query("kind"), Journey: r.query("journey")}
	if f.Kind != "" && !slices.Contains(journey.TimelineKinds(), f.Kind) {
		return nil, journey.Faultf(journey.CodeMalformed, "kind is one of %s", strings.Join(journey.TimelineKinds(), ", "))
	}
	return s.Read.Timeline(ctx, c.ID, f, p)
}

// liveTimeline follows everybody: ask again with the cursor that it gave.
func liveTimeline(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	p.Cursor = r.query("after")
	return s.Read.LiveTimeline(ctx, p)
}

type topicsIn struct {
	Topics  map[string]bool `json:"topics"`
	Wording string          `json:"wording"`
	Reason  string          `json:"reason"`
}

func setTopics(ctx context.Context, s *server, r *request, in topicsIn) (any, error) {
	states, err := s.Control.SetTopics(ctx, r.By, r.param("id"), in.Topics, cmp.Or(in.Wording, in.Reason))
	return journey.Page[journey.ConsentState]{Data: states}, err
}

type addressIn struct {
	Email        string `json:"email"`
	Reason       string `json:"reason"`
	KeepConsents bool   `json:"keep_consents"`
	Wording      string `json:"wording"`
}

func changeAddress(ctx context.Context, s *server, r *request, in addressIn) (any, error) {
	return s.Control.ChangeAddress(ctx, r.By, r.param("id"), journey.AddressChange{Email: in.Email, Reason: in.Reason, Keep: in.KeepConsents, Wording: in.Wording})
}

type noteIn struct {
	Text string `json:"text"`
}

func addNote(ctx context.Context, s *server, r *request, in noteIn) (any, error) {
	n, err := s.Control.AddNote(ctx, r.By, r.param("id"), in.Text)
	return answer{status: http.StatusCreated, body: n}, err
}

func getEnrollment(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Enrollment(ctx, r.param("id"))
}

type askIn struct {
	Reason string `json:"reason"`
}

type moveIn struct {
	To     string `json:"to"`
	Reason string `json:"reason"`
}

func skipStep(ctx context.Context, s *server, r *request, in askIn) (any, error) {
	return s.asked(ctx, r, s.Control.Skip(ctx, r.By, r.param("id"), in.Reason))
}

func moveTo(ctx context.Context, s *server, r *request, in moveIn) (any, error) {
	return s.asked(ctx, r, s.Control.Move(ctx, r.By, r.param("id"), in.To, in.Reason))
}

func exitJourney(ctx context.Context, s *server, r *request, in askIn) (any, error) {
	return s.asked(ctx, r, s.Control.Exit(ctx, r.By, r.param("id"), in.Reason))
}

func releaseEnrollment(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	return s.asked(ctx, r, s.Control.Release(ctx, r.By, r.param("id")))
}

// asked answers 202 with the enrollment as it stands: the request is stored, and carried out a moment later.
func (s *server) asked(ctx context.Context, r *request, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	e, err := s.Read.Enrollment(ctx, r.param("id"))
	return answer{status: http.StatusAccepted, body: e}, err
}

func listEvents(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.Events(ctx, r.query("name"), p)
}

func listEventNames(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.EventNames(ctx, p)
}

func getEvent(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Event(ctx, r.param("id"))
}
