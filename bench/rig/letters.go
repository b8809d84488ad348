package rig

import (
	"fmt"

	"perennial/activities"
	"perennial/journey"
	"perennial/templates"
)

// letters are the compiled messages of a version.
type letters struct {
	def   *journey.Definition
	set   *templates.Set
	brand journey.Brand
}

// Compile turns a published version into its letters, as the product does.
func Compile(brand journey.Brand) func(journey.Version) (activities.Templates, error) {
	return func(v journey.Version) (activities.Templates, error) {
		def, problems := journey.Parse(templates.JourneyFile, []byte(v.Source))
		if def == nil {
			return nil, fmt.Errorf("parsing %s: %w", v.Key, problems)
		}
		set, problems := templates.Compile(def, v.Files)
		if set == nil {
			return nil, fmt.Errorf("compiling the messages of %s: %w", v.Key, problems)
		}
		return &letters{def: def, set: set, brand: brand}, nil
	}
}

// Render writes one message.
func (l *letters) Render(c journey.Claimed, links activities.Links) (journey.Rendered, error) {
	m, err := l.set.Render(c.Message.Template, templates.Data{
		Customer: c.Customer, Account: c.Account, Coupons: c.Coupons, Brand: l.brand,
		Trigger: c.Message.Data.Trigger, Answer: c.Message.Data.Answer, Vars: c.Message.Data.Vars,
		JourneyKey: l.def.Key, JourneyName: l.def.Name,
		Links: templates.Links{Unsubscribe: links.Unsubscribe, Preferences: links.Preferences, View: links.View,
			Survey: links.Survey, Back: links.Back, Click: links.Click},
	})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text, From: m.From, ReplyTo: m.ReplyTo}, nil
}
