package main

import (
	"fmt"
	"sync"

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
		Step: c.Message.FirstStep(), Variant: c.Message.Variant, Coupons: c.Coupons, JourneyKey: l.def.Key, JourneyName: l.def.Name, Brand: l.brand,
		Links: templates.Links{Unsubscribe: links.Unsubscribe, Preferences: links.Preferences, View: links.View,
			Survey: links.Survey, Back: links.Back, Click: links.Click},
	})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text, From: m.From, ReplyTo: m.ReplyTo}, nil
}

// renderOnce tries a message out, with links that lead nowhere. It keeps the letters of the versions that it was asked for last.
func renderOnce(brand journey.Brand) func(journey.Version, journey.Claimed) (journey.Rendered, error) {
	const most = 50
	var mu sync.Mutex
	compile, kept := compileTemplates(brand), map[string]activities.Templates{}
	letters := func(v journey.Version) (activities.Templates, error) {
		mu.Lock()
		defer mu.Unlock()
		if set := kept[v.Hash]; set != nil {
			return set, nil
		}
		set, err := compile(v)
		if err != nil {
			return nil, err
		}
		if len(kept) >= most {
			clear(kept)
		}
		kept[v.Hash] = set
		return set, nil
	}
	nowhere := brand.PublicURL + "/"
	return func(v journey.Version, c journey.Claimed) (journey.Rendered, error) {
		set, err := letters(v)
		if err != nil {
			return journey.Rendered{}, err
		}
		return set.Render(c, activities.Links{Preferences: nowhere, View: nowhere, Back: nowhere, Click: func(url string) string { return url }})
	}
}
