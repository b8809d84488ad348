package api

import (
	"context"
	"net/http"
	"strconv"

	"perennial/control"
	"perennial/journey"
)

// planView is a plan for programs, with its words for people.
type planView struct {
	journey.PublishPlan
	Words string `json:"words"`
}

type planIn struct {
	publishIn
	Journey string            `json:"journey"` // what to plan instead of the draft
	Files   map[string]string `json:"files"`
}

func planJourney(ctx context.Context, s *server, r *request, in planIn) (any, error) {
	p, err := s.Control.Plan(ctx, control.PlanRequest{
		PublishRequest: control.PublishRequest{Key: r.param("key"), InFlight: in.InFlight, Map: in.Map, Waits: in.Waits, IfMatch: etag(r.header("If-Match"))},
		Source:         in.Journey, Files: in.Files,
	})
	return planView{p, p.Words()}, err
}

// diffJourney compares two versions; draft stands for what can be edited.
func diffJourney(ctx context.Context, s *server, r *request) (any, error) {
	var sides [2]int
	for i, name := range []string{"from", "to"} {
		text := r.query(name)
		if text == "draft" || text == "" && name == "to" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, journey.Faultf(journey.CodeMalformed, "%s is the number of a version, or draft", name)
		}
		sides[i] = n
	}
	changes, err := s.Control.Compare(ctx, r.param("key"), sides[0], sides[1])
	return journey.Page[journey.Alteration]{Data: changes}, err
}

type restoreIn struct {
	Version int `json:"version"` // to make a draft of; 0: the journey takes people in again
}

func restoreJourney(ctx context.Context, s *server, r *request, in restoreIn) (any, error) {
	d, err := s.Control.Restore(ctx, r.By, r.param("key"), in.Version, etag(r.header("If-Match")))
	if err != nil {
		return nil, err
	}
	return answerDraft(d, nil), nil
}

func undoDraft(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	return answerTurned(s.Control.Undo(ctx, r.By, r.param("key"), etag(r.header("If-Match"))))
}

func redoDraft(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	return answerTurned(s.Control.Redo(ctx, r.By, r.param("key"), etag(r.header("If-Match"))))
}

func answerTurned(d journey.Draft, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return answerDraft(d, nil), nil
}

// getVersion answers one published version whole.
func getVersion(ctx context.Context, s *server, r *request) (any, error) {
	n, err := strconv.Atoi(r.param("number"))
	if err != nil {
		return nil, journey.Faultf(journey.CodeNotFound, "there is no version %s", r.param("number"))
	}
	v, err := s.Read.Version(ctx, r.param("key"), n)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusOK, body: struct {
		journey.Version
		Source string            `json:"source"`
		Files  map[string]string `json:"files"`
	}{v, v.Source, v.Files}}, nil
}
