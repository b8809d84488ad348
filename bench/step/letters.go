package main

import (
	"fmt"

	"perennial/activities"
	"perennial/journey"
	"perennial/templates"
)

// letters are the compiled messages of the journey.
type letters struct {
	set   *templates.Set
	brand journey.Brand
}

func compile(v journey.Version, brand journey.Brand) (activities.Templates, error) {
	def, problems := journey.Parse("journey.yaml", []byte(v.Source))
	if def == nil {
		return nil, fmt.Errorf("parsing %s: %w", v.Key, problems)
	}
	set, problems := templates.Compile(def, v.Files)
	if set == nil {
		return nil, fmt.Errorf("compiling the messages of %s: %w", v.Key, problems)
	}
	return &letters{set: set, brand: brand}, nil
}

// Render writes one message.
func (l *letters) Render(c journey.Claimed, links activities.Links) (journey.Rendered, error) {
	m, err := l.set.Render(c.Message.Template, templates.Data{
		Customer: c.Customer, JourneyKey: "steps", JourneyName: "Steps", Brand: l.brand,
		Links: templates.Links{View: links.View, Preferences: links.Preferences, Click: links.Click},
	})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text, From: m.From, ReplyTo: m.ReplyTo}, nil
}
