package api

import (
	"context"
	"net/http"

	"perennial/journey"
)

func listTeams(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Teams(ctx)
	return journey.Page[journey.TeamView]{Data: list}, err
}

type teamIn struct {
	Name   string   `json:"name"`
	Emails []string `json:"emails"`
	URL    *string  `json:"url"`

	Hours      *journey.Hours `json:"hours"`
	EscalateTo string         `json:"escalate_to"`
	Default    bool           `json:"default"`

	EscalateAfter string `json:"escalate_after"`
}

func putTeam(ctx context.Context, s *server, r *request, in teamIn) (any, error) {
	return s.Control.PutTeam(ctx, r.By, journey.Team{Key: r.param("key"), Name: in.Name, Emails: in.Emails, Hours: in.Hours,
		EscalateTo: in.EscalateTo, Default: in.Default, EscalateAfter: in.EscalateAfter}, in.URL)
}

func deleteTeam(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.DeleteTeam(ctx, r.By, r.param("key"))
}
