package api

import (
	"context"
	"strings"

	"perennial/journey"
)

// capJSON is a cap as it stands in requests and answers.
type capJSON struct {
	Messages int             `json:"messages"`
	Per      string          `json:"per"`
	Over     journey.OverCap `json:"over"`
}

// topicJSON is a topic with its cap.
type topicJSON struct {
	journey.TopicView
	Cap     *capJSON              `json:"cap,omitempty"`
	Locales map[string]topicWords `json:"locales,omitempty"`
}

// topicWords are what a topic is called in one language.
type topicWords struct {
	Name string `json:"name"`
}

func viewTopic(t journey.TopicView) topicJSON {
	v := topicJSON{TopicView: t, Locales: map[string]topicWords{}}
	for locale, name := range t.Names {
		v.Locales[locale] = topicWords{name}
	}
	if t.Cap != nil {
		v.Cap = &capJSON{t.Cap.Messages, journey.ShortDuration(t.Cap.Per), t.Cap.Over}
	}
	return v
}

func listTopics(ctx context.Context, s *server, _ *request) (any, error) {
	list, err := s.Read.Topics(ctx)
	out := journey.Page[topicJSON]{Data: []topicJSON{}}
	for _, t := range list {
		out.Data = append(out.Data, viewTopic(t))
	}
	return out, err
}

type topicIn struct {
	Name        string   `json:"name"`
	DoubleOptIn bool     `json:"double_opt_in"`
	Cap         *capJSON `json:"cap"`

	Locales map[string]topicWords `json:"locales"`
}

func putTopic(ctx context.Context, s *server, r *request, in topicIn) (any, error) {
	t := journey.Topic{Key: r.param("key"), Name: strings.TrimSpace(in.Name), DoubleOptIn: in.DoubleOptIn, Names: map[string]string{}}
	for locale, words := range in.Locales {
		t.Names[locale] = words.Name
	}
	if in.Cap != nil {
		t.Cap = &journey.Cap{Messages: in.Cap.Messages, Over: in.Cap.Over}
		if t.Cap.Over == "" {
			t.Cap.Over = journey.OverHold
		}
		t.Cap.Per, _ = journey.ParseDuration(in.Cap.Per) // 0 is refused with the other faults
	}
	v, err := s.Control.PutTopic(ctx, r.By, t)
	return viewTopic(v), err
}
