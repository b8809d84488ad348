package api

import (
	"context"

	"perennial/journey"
)

func getScoring(ctx context.Context, s *server, _ *request) (any, error) { return s.Read.Scoring(ctx) }

func putScoring(ctx context.Context, s *server, r *request, in journey.ScoreBounds) (any, error) {
	return s.Control.SetBounds(ctx, r.By, in)
}
