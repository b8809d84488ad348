package api

import (
	"context"
	"time"

	"perennial/journey"
)

func listApprovals(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Audiences(ctx)
	return journey.Page[journey.Approval]{Data: list}, err
}

// decisionIn approves by default; the count must be typed.
type decisionIn struct {
	Count  int64  `json:"count"`
	Refuse bool   `json:"refuse"`
	AtOnce bool   `json:"at_once"`
	Pace   string `json:"pace"`
	Reason string `json:"reason"`
}

func decide(ctx context.Context, s *server, r *request, in decisionIn) (any, error) {
	pace, err := readPace(in.Pace)
	if err != nil {
		return nil, err
	}
	return s.Control.Decide(ctx, r.By, journey.Decision{ID: r.param("id"), Approve: !in.Refuse, Count: in.Count, AtOnce: in.AtOnce, Pace: pace, Reason: in.Reason})
}

type rampIn struct {
	Pace string `json:"pace"`
}

func beginRamp(ctx context.Context, s *server, r *request, in rampIn) (any, error) {
	pace, err := readPace(in.Pace)
	if err != nil {
		return nil, err
	}
	return s.Control.BeginRamp(ctx, r.By, r.param("key"), pace)
}

func resumeRamp(ctx context.Context, s *server, r *request, in askIn) (any, error) {
	return s.Control.ResumeRamp(ctx, r.By, r.param("key"), in.Reason)
}

// readPace reads a duration of the language; "" is 0.
func readPace(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return journey.ParseDuration(text)
}
