package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"perennial/control"
	"perennial/journey"
)

func listJourneys(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Journeys(ctx)
	return journey.Page[journey.JourneyInfo]{Data: list}, err
}

// draftView is a draft as it is answered.
type draftView struct {
	Key         string            `json:"key"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	LiveVersion int               `json:"live_version,omitempty"`
	IsDraft     bool              `json:"is_draft"`           // false: this is the live version, and there is no draft
	Revision    int               `json:"revision,omitempty"` // of the draft, from 1; with an undo it goes down, with a redo up
	Newest      int               `json:"newest,omitempty"`   // that a redo can lead to
	Source      string            `json:"source"`
	Files       map[string]string `json:"files"`
	Warnings    journey.Problems  `json:"warnings,omitempty"`

	Migration *journey.Migration `json:"migration,omitempty"` // the last one, with how far it is
}

func answerDraft(d journey.Draft, warnings journey.Problems) answer {
	return answer{status: http.StatusOK, header: http.Header{"Etag": {`"` + d.ETag + `"`}},
		body: draftView{d.Key, d.Name, d.State, d.LiveVersion, d.IsDraft, d.Revision, d.Newest, d.Source, d.Files, warnings, nil}}
}

// getJourney answers the draft, or the live version where there is none: as YAML alone to who accepts only that.
func getJourney(ctx context.Context, s *server, r *request) (any, error) {
	d, err := s.Read.Draft(ctx, r.param("key"))
	if err != nil {
		return nil, err
	}
	a := answerDraft(d, nil)
	view := a.body.(draftView)
	if view.Migration, err = s.Read.Migration(ctx, d.Key); err != nil {
		return nil, err
	}
	a.body = view
	if strings.Contains(r.header("Accept"), "yaml") {
		a.raw = []byte(d.Source)
		a.header.Set("Content-Type", "application/yaml; charset=utf-8")
	}
	return a, nil
}

func putJourney(ctx context.Context, s *server, r *request) (any, error) {
	source, files, err := readJourney(r)
	if err != nil {
		return nil, err
	}
	d, warnings, err := s.Control.SaveDraft(ctx, r.By, control.Edit{Key: r.param("key"), Source: source, Files: files,
		IfMatch: etag(r.header("If-Match")), IfNew: r.header("If-None-Match") == "*"})
	if err != nil {
		return nil, err
	}
	return answerDraft(d, warnings), nil
}

// etag takes the quotes of an entity tag away. Weak ones match as strong ones do: the tag is a hash of the content.
func etag(header string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(header), "W/"), `"`)
}

// readJourney reads the file of a journey, alone or with its templates: YAML or JSON as it is; { journey, files }; or a
// multipart form with the parts journey and one per template. Files is nil where none came along.
func readJourney(r *request) (source string, files map[string]string, err error) {
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return "", nil, malformed("", "the body is empty", "send the journey as YAML or JSON")
	}
	kind, parameters, err := mime.ParseMediaType(r.header("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		return readParts(multipart.NewReader(bytes.NewReader(r.Body), parameters["boundary"]))
	}
	if err := soundText(r.Body); err != nil {
		return "", nil, err
	}
	if !isEnvelope(r.Body) {
		return string(r.Body), nil, nil
	}
	var in struct {
		Journey json.RawMessage   `json:"journey"`
		Files   map[string]string `json:"files"`
	}
	if err := decode(r.Body, &in); err != nil {
		return "", nil, err
	}
	if json.Unmarshal(in.Journey, &source) != nil {
		source = string(in.Journey) // the tree itself, which is JSON and so is YAML
	}
	return source, in.Files, nil
}

// isEnvelope tells { journey, files } from a journey that was written as JSON, which has no field `files`.
func isEnvelope(body []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(body, &fields) == nil && fields["files"] != nil
}

func readParts(form *multipart.Reader) (source string, files map[string]string, err error) {
	files = map[string]string{}
	found := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			if !found {
				return "", nil, malformed("journey", "there is no such part", "send the journey's file as the part journey")
			}
			return source, files, nil
		}
		if err != nil {
			return "", nil, malformed("", "the form cannot be read", "send multipart/form-data")
		}
		text, err := io.ReadAll(part)
		if err != nil || !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			return "", nil, malformed(part.FormName(), "is cut off, not UTF-8, or holds NUL", "send text")
		}
		if part.FormName() == "journey" {
			source, found = string(text), true
			continue
		}
		name := part.FileName()
		if name == "" {
			name = part.FormName()
		}
		files[path.Base(name)] = string(text)
	}
}

func getTemplate(ctx context.Context, s *server, r *request) (any, error) {
	d, err := s.Read.Draft(ctx, r.param("key"))
	if err != nil {
		return nil, err
	}
	text, ok := d.Files[r.param("file")]
	if !ok {
		return nil, journey.Faultf(journey.CodeNotFound, "journey %s has no template %s; it has: %s", d.Key, r.param("file"),
			strings.Join(slices.Sorted(maps.Keys(d.Files)), ", "))
	}
	return answer{status: http.StatusOK, raw: []byte(text),
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}, "Etag": {`"` + d.ETag + `"`}}}, nil
}

func putTemplate(ctx context.Context, s *server, r *request) (any, error) {
	if err := soundText(r.Body); err != nil {
		return nil, err
	}
	d, warnings, err := s.Control.SaveTemplate(ctx, r.By, r.param("key"), r.param("file"), string(r.Body), etag(r.header("If-Match")))
	if err != nil {
		return nil, err
	}
	return answerDraft(d, warnings), nil
}

func deleteTemplate(ctx context.Context, s *server, r *request) (any, error) {
	d, err := s.Control.RemoveTemplate(ctx, r.By, r.param("key"), r.param("file"), etag(r.header("If-Match")))
	if err != nil {
		return nil, err
	}
	return answerDraft(d, nil), nil
}

type publishIn struct {
	InFlight journey.InFlight  `json:"in_flight"`
	Map      map[string]string `json:"map"`
	Waits    journey.Waits     `json:"waits"`
}

func publishJourney(ctx context.Context, s *server, r *request, in publishIn) (any, error) {
	p, err := s.Control.Publish(ctx, r.By, control.PublishRequest{Key: r.param("key"), InFlight: in.InFlight, Map: in.Map, Waits: in.Waits,
		IfMatch: etag(r.header("If-Match"))})
	if err != nil {
		return nil, err
	}
	return struct {
		Version   journey.Version    `json:"version"`
		Unchanged bool               `json:"unchanged"`
		Plan      planView           `json:"plan"`
		Migration *journey.Migration `json:"migration,omitempty"`
		Warnings  journey.Problems   `json:"warnings,omitempty"`
	}{p.Version, p.Unchanged, planView{p.Plan, p.Plan.Words()}, p.Migration, p.Warnings}, nil
}

func archiveJourney(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.Archive(ctx, r.By, r.param("key"))
}

func getReport(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Report(ctx, r.param("key"))
}

func listVersions(ctx context.Context, s *server, r *request) (any, error) {
	list, err := s.Read.Versions(ctx, r.param("key"))
	return journey.Page[journey.Version]{Data: list}, err
}

type enrollIn struct {
	Customer   string         `json:"customer"`
	Properties map[string]any `json:"properties"`
}

func enroll(ctx context.Context, s *server, r *request, in enrollIn) (any, error) {
	e, err := s.Control.Enroll(ctx, r.By, r.param("key"), in.Customer, in.Properties, r.header("Idempotency-Key"))
	if err != nil {
		return nil, err
	}
	out := struct {
		Entered    bool   `json:"entered"`
		Enrollment string `json:"enrollment,omitempty"`
		Existing   bool   `json:"existing,omitempty"`
		Reason     string `json:"reason,omitempty"`
	}{e.EnrollmentID != "", e.EnrollmentID, e.Existing, e.Reason}
	if out.Entered && !out.Existing {
		return answer{status: http.StatusCreated, body: out}, nil
	}
	return out, nil
}
