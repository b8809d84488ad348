package api

import (
	"context"
	"net/http"
	"strings"

	"perennial/control"
	"perennial/journey"
)

func listSegments(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Segments(ctx)
	return journey.Page[journey.Segment]{Data: list}, err
}

func answerSegment(seg journey.Segment) answer {
	return answer{status: http.StatusOK, header: http.Header{"Etag": {`"` + seg.ETag + `"`}}, body: seg}
}

// getSegment answers the segment: its source alone, as YAML, to who accepts only that.
func getSegment(ctx context.Context, s *server, r *request) (any, error) {
	seg, err := s.Read.Segment(ctx, r.param("key"))
	if err != nil {
		return nil, err
	}
	a := answerSegment(seg)
	if strings.Contains(r.header("Accept"), "yaml") {
		a.raw = []byte(seg.Source)
		a.header.Set("Content-Type", "application/yaml; charset=utf-8")
	}
	return a, nil
}

func putSegment(ctx context.Context, s *server, r *request) (any, error) {
	if err := soundText(r.Body); err != nil {
		return nil, err
	}
	seg, err := s.Control.PutSegment(ctx, r.By, control.Edit{Key: r.param("key"), Source: string(r.Body),
		IfMatch: etag(r.header("If-Match")), IfNew: r.header("If-None-Match") == "*"})
	if err != nil {
		return nil, err
	}
	return answerSegment(seg), nil
}

func deleteSegment(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.DeleteSegment(ctx, r.By, r.param("key"), etag(r.header("If-Match")))
}

func previewSegment(ctx context.Context, s *server, r *request) (any, error) {
	if err := soundText(r.Body); err != nil {
		return nil, err
	}
	return s.Control.PreviewSegment(ctx, string(r.Body))
}

func listMembers(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.SegmentMembers(ctx, r.param("key"), p)
}
