package control

import (
	"context"
	"slices"
	"strings"

	"perennial/journey"
)

// Definition returns what a version of a journey says; version 0 is its draft, or the live version where there is none.
func (c *Control) Definition(ctx context.Context, key string, version int) (*journey.Definition, error) {
	v, err := c.versionOf(ctx, key, version)
	if err != nil {
		return nil, err
	}
	def, problems := journey.Parse(JourneyFile, []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return nil, faulty(key, problems)
	}
	return def, nil
}

// versionOf is a published version, or the draft as if it were one: by its hash it is told apart.
func (c *Control) versionOf(ctx context.Context, key string, version int) (journey.Version, error) {
	if version != 0 {
		return c.Store.Version(ctx, key, version)
	}
	d, err := c.Store.Draft(ctx, key)
	return journey.Version{Key: key, Hash: d.ETag, Source: d.Source, Files: d.Files}, err
}

// PreviewRequest asks how a message looks.
type PreviewRequest struct {
	Journey  string
	Version  int    // 0: the draft
	Message  string // its template
	Customer string // as in Customer; "": one of whom nothing is known but her name
}

// Preview renders a message as it would go out now. Nothing is written, no coupon is taken, and its links lead nowhere. What only an
// enrollment knows (trigger, answers, coupons) is missing, as it may be in a real one.
func (c *Control) Preview(ctx context.Context, p PreviewRequest) (journey.Rendered, error) {
	v, err := c.versionOf(ctx, p.Journey, p.Version)
	if err != nil {
		return journey.Rendered{}, err
	}
	def, problems := journey.Parse(JourneyFile, []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return journey.Rendered{}, faulty(p.Journey, problems)
	}
	if names := def.Templates(); !slices.Contains(names, p.Message) {
		return journey.Rendered{}, journey.Faultf(journey.CodeNotFound, "journey %s sends no message %s; it has %s", p.Journey, p.Message, strings.Join(names, ", "))
	}
	who := journey.Customer{FirstName: "Ada", LastName: "Example", Email: "ada@example.com"}
	if p.Customer != "" {
		if who, err = c.Store.Customer(ctx, p.Customer); err != nil {
			return journey.Rendered{}, err
		}
	}
	claimed := journey.Claimed{Customer: who, Hash: v.Hash, Message: journey.Message{JourneyKey: p.Journey, Version: p.Version,
		CustomerID: who.ID, Topic: def.Topic, Template: p.Message}}
	if who.AccountID != "" {
		account, err := c.Store.Account(ctx, who.AccountID)
		if err != nil {
			return journey.Rendered{}, err
		}
		claimed.Account = &account
	}
	if claimed.Survey, err = c.asked(ctx, def, p.Message); err != nil {
		return journey.Rendered{}, err
	}
	return c.Render(v, claimed)
}

// asked is the question of a message that only the server knows; nil of every other.
func (c *Control) asked(ctx context.Context, def *journey.Definition, message string) (invite *journey.SurveyInvite, err error) {
	kept, err := c.keptSurveys(ctx, def)
	def.Walk(func(s *journey.Step) {
		if s.Survey == nil || s.Survey.Send != message && (s.Survey.Reminder == nil || s.Survey.Reminder.Send != message) {
			return
		}
		if form, known := kept[s.Survey.Ask]; known {
			invite = &journey.SurveyInvite{Ask: s.Survey.Ask, Form: form}
		}
	})
	return invite, err
}
