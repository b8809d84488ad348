package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"perennial/control"
	"perennial/journey"
)

func listSources(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Sources(ctx)
	return journey.Page[journey.Source]{Data: list}, err
}

func getSource(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.SourceNamed(ctx, r.param("key"))
}

type sourceIn struct {
	Name    string               `json:"name"`
	Preset  journey.SourcePreset `json:"preset"`
	Mapping *journey.Mapping     `json:"mapping"`
	Secret  string               `json:"secret"`
}

func putSource(ctx context.Context, s *server, r *request, in sourceIn) (any, error) {
	v, err := s.Control.PutSource(ctx, r.By, control.SourceRequest{Key: r.param("key"), Name: in.Name, Preset: in.Preset, Mapping: in.Mapping, Secret: in.Secret})
	return answer{status: http.StatusOK, body: v, secret: v.Secret != ""}, err
}

func deleteSource(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.DeleteSource(ctx, r.By, r.param("key"))
}

type rotateIn struct {
	Secret string `json:"secret"`
}

func rotateSource(ctx context.Context, s *server, r *request, in rotateIn) (any, error) {
	v, err := s.Control.RotateSource(ctx, r.By, r.param("key"), in.Secret)
	return answer{status: http.StatusOK, body: v, secret: v.Secret != ""}, err
}

type tryIn struct {
	Mapping *journey.Mapping  `json:"mapping"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// triedEvent is what would come in.
type triedEvent struct {
	Kind        string         `json:"kind"`
	Name        string         `json:"name,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	MessageID   string         `json:"messageId"`
	Timestamp   any            `json:"timestamp"`
	Historical  bool           `json:"historical"`
	Properties  map[string]any `json:"properties"`
}

func trySource(ctx context.Context, s *server, r *request, in tryIn) (any, error) {
	headers := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(in.Headers)) {
		headers.Set(name, in.Headers[name])
	}
	out, err := s.Control.TrySource(ctx, r.param("key"), in.Mapping, journey.SourceIn{Body: in.Body, Header: headers.Get})
	events := []triedEvent{}
	for _, e := range out.Events {
		events = append(events, triedEvent{e.Kind, e.Name, e.UserID, e.AnonymousID, e.MessageID, e.At, e.Historical, e.Properties})
	}
	return map[string]any{"name": out.Name, "ignored": out.Ignored, "events": events}, err
}

func listSourceDeliveries(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Read.SourceDeliveries(ctx, r.param("key"), p)
}

// takeWebhook is the way in for systems that only have webhooks: their signature is their key.
func (s *server) takeWebhook(c *gin.Context) {
	d, err := s.hearWebhook(c)
	if err != nil {
		s.refuse(c, err)
		return
	}
	s.reply(c, answer{status: http.StatusOK, body: map[string]any{"effect": d.Effect, "reason": d.Reason, "events": d.Events}})
}

func (s *server) hearWebhook(c *gin.Context) (d journey.SourceDelivery, err error) {
	key := c.Param("source")
	if !journey.IsKey(key) {
		return d, journey.Faultf(journey.CodeNotFound, "there is no such source")
	}
	if _, err := s.Read.SourceNamed(c.Request.Context(), key); err != nil {
		return d, err
	}
	body, err := readBody(c)
	if err != nil {
		return d, err
	}
	admit := func(signed bool) error {
		who := map[bool]string{true: "source ", false: "strangers at source "}[signed]
		if !s.limits.allow(who+key, s.Clock.Wall()) {
			return journey.Faultf(journey.CodeRate, "this source tells too much at once; wait a second")
		}
		return nil
	}
	return s.Control.TakeWebhook(c.Request.Context(), key, journey.SourceIn{Body: body, Header: c.Request.Header.Get}, admit)
}
