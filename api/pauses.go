package api

import (
	"context"
	"time"

	"perennial/control"
	"perennial/journey"
)

// stand names what a path is about: the scope of a pause, and its target.
type stand func(r *request) (journey.Scope, string)

func ofEverything(*request) (journey.Scope, string) { return journey.ScopeEverything, "" }

func ofJourney(r *request) (journey.Scope, string) { return journey.ScopeJourney, r.param("key") }

func ofTopic(r *request) (journey.Scope, string) { return journey.ScopeTopic, r.param("key") }

func ofCustomer(r *request) (journey.Scope, string) { return journey.ScopeCustomer, r.param("id") }

func ofEnrollment(r *request) (journey.Scope, string) { return journey.ScopeEnrollment, r.param("id") }

func ofTopicOfCustomer(r *request) (journey.Scope, string) {
	return journey.ScopeCustomerTopic, journey.TopicOf(r.param("id"), r.param("topic"))
}

// pauseIn asks for a pause. Until is in product time, as all times of the API are.
type pauseIn struct {
	Reason   string           `json:"reason"`
	Until    *time.Time       `json:"until"`
	OnResume journey.OnResume `json:"on_resume"`
}

// pause makes what the path is about stand still.
func pause(what stand) endpoint {
	return with(func(ctx context.Context, s *server, r *request, in pauseIn) (any, error) {
		scope, target := what(r)
		p, err := s.Control.Pause(ctx, r.By, control.PauseRequest{Scope: scope, Target: target, Reason: in.Reason, Until: in.Until, OnResume: in.OnResume})
		return struct {
			Pause    journey.PauseView `json:"pause"`
			InFlight []string          `json:"in_flight"`
		}{journey.ViewPause(p.Pause), p.InFlight}, err
	})
}

// resumeIn may choose another way than was said when the pause began.
type resumeIn struct {
	OnResume journey.OnResume `json:"on_resume"`
}

// resume lets it go on.
func resume(what stand) endpoint {
	return with(func(ctx context.Context, s *server, r *request, in resumeIn) (any, error) {
		scope, target := what(r)
		ended, err := s.Control.Resume(ctx, r.By, scope, target, in.OnResume)
		out := struct {
			Ended []journey.PauseView `json:"ended"`
		}{[]journey.PauseView{}}
		for _, p := range ended {
			out.Ended = append(out.Ended, journey.ViewPause(p))
		}
		return out, err
	})
}

// resuming shows what each way of resuming would do.
func resuming(what stand) endpoint {
	return func(ctx context.Context, s *server, r *request) (any, error) {
		scope, target := what(r)
		return s.Control.Resuming(ctx, scope, target, journey.OnResume(r.query("on_resume")))
	}
}

// pausing shows what a pause would hold.
func pausing(what stand) endpoint {
	return func(ctx context.Context, s *server, r *request) (any, error) {
		scope, target := what(r)
		return s.Control.Pausing(ctx, scope, target)
	}
}

func listPauses(ctx context.Context, s *server, _ *request) (any, error) {
	held, err := s.Read.Pauses(ctx, "", "")
	out := journey.Page[journey.PauseView]{Data: []journey.PauseView{}}
	for _, p := range held {
		out.Data = append(out.Data, journey.ViewPause(p))
	}
	return out, err
}
