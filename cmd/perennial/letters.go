package main

import (
	"fmt"

	"perennial/activities"
	"perennial/journey"
	"perennial/templates"
)

// letters are the compiled messages of one version, as delivery asks for them.
type letters struct {
	def   *journey.Definition
	set   *templates.Set
	brand journey.Brand
}

// compileTemplates turns a published version into its letters. It was checked when it was published: a fault here is ours.
func compileTemplates(brand journey.Brand) func(journey.Version) (activities.Templates, error) {
	return func(v journey.Version) (activities.Templates, error) {
		def, problems := journey.Parse(journeyFile, []byte(v.Source))
		if def == nil {
			return nil, fmt.Errorf("parsing %s version %d: %w", v.Key, v.Number, problems.Errors())
		}
		set, problems := templates.Compile(def, v.Files)
		if set == nil {
			return nil, fmt.Errorf("compiling the messages of %s version %d: %w", v.Key, v.Number, problems.Errors())
		}
		return &letters{def: def, set: set, brand: brand}, nil
	}
}

// Render writes the message that was decided yesterday with today's name, address and links.
func (l *letters) Render(c journey.Claimed, links activities.Links) (journey.Rendered, error) {
	m, err := l.set.Render(c.Message.Template, templates.Data{
		Customer: c.Customer, Account: c.Account,
		Trigger: c.Message.Data.Trigger, Answer: c.Message.Data.Answer, Vars: c.Message.Data.Vars,
		Coupons: c.Coupons, JourneyKey: l.def.Key, JourneyName: l.def.Name, Brand: l.brand,
		Links: templates.Links{Unsubscribe: links.Unsubscribe, Preferences: links.Preferences, View: links.View,
			Survey: links.Survey, Back: links.Back, Click: links.Click},
	})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text, From: m.From, ReplyTo: m.ReplyTo}, nil
}
