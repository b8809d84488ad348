package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"perennial/control"
	"perennial/journey"
)

func listSurveys(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Surveys(ctx)
	return journey.Page[journey.SurveyInfo]{Data: list}, err
}

func getSurvey(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Survey(ctx, r.param("key"))
}

func putSurvey(ctx context.Context, s *server, r *request) (any, error) {
	if err := soundText(r.Body); err != nil {
		return nil, err
	}
	return s.Control.PutSurvey(ctx, r.By, r.param("key"), string(r.Body), false)
}

// surveyFilter reads from, to, every, journey, version and segment.
func (s *server) surveyFilter(ctx context.Context, r *request) (f journey.SurveyFilter, err error) {
	f = journey.SurveyFilter{Every: r.query("every"), Journey: r.query("journey"), Segment: r.query("segment")}
	for name, into := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := r.query(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return f, journey.Faultf(journey.CodeMalformed, "%s is a time such as 2026-01-01T00:00:00Z", name)
			}
		}
	}
	if text := r.query("version"); text != "" {
		if f.Version, err = strconv.Atoi(text); err != nil || f.Version < 1 {
			return f, journey.Faultf(journey.CodeMalformed, "version is the number of a version of the journey")
		}
	}
	return s.Control.SurveyFilter(ctx, f, s.Brand.Zone)
}

func getSurveyResults(ctx context.Context, s *server, r *request) (any, error) {
	f, err := s.surveyFilter(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.Read.SurveyResults(ctx, r.param("key"), f)
}

func listComments(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	f, err := s.surveyFilter(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.Read.SurveyReplies(ctx, r.param("key"), f, true, p)
}

// exportReplies streams every answer of the filter.
func exportReplies(ctx context.Context, s *server, r *request) (any, error) {
	f, err := s.surveyFilter(ctx, r)
	if err != nil {
		return nil, err
	}
	replies, err := s.Read.EverySurveyReply(ctx, r.param("key"), f, r.By)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusOK, header: csvHeader("answers.csv"), stream: func(to io.Writer) error { return control.WriteReplies(to, replies) }}, nil
}
