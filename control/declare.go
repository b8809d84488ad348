package control

import (
	"context"
	"slices"

	"perennial/journey"
)

// Declaration says what something is that a journey brings along: a topic, a pool, a survey, a segment or an endpoint.
type Declaration struct {
	Kind   string // one of journey.Declared
	Was    string // the key that it had; "": it is new
	Key    string
	Fields []journey.Setting // of one with the path "" the value is all of it; what they leave out is said no more
}

// Declare writes it into a draft; the rest of the text stays to the letter. Under another key it is named wherever it was named before. A
// change that would leave a fault is refused with it, and a draft that is another one by now is CodeStale.
func (c *Control) Declare(ctx context.Context, by journey.Actor, key, ifMatch string, d Declaration) (journey.Draft, error) {
	if err := declarable(d.Kind); err != nil {
		return journey.Draft{}, err
	}
	_, saved, err := c.rewrite(ctx, by, key, ifMatch, func(w *journey.Rewrite) error { return w.Declare(d.Kind, d.Was, d.Key, d.Fields) })
	return saved, err
}

// Undeclare takes it out of a draft. What names it means that of the server from then on.
func (c *Control) Undeclare(ctx context.Context, by journey.Actor, key, ifMatch, kind, name string) (journey.Draft, error) {
	if err := declarable(kind); err != nil {
		return journey.Draft{}, err
	}
	_, saved, err := c.rewrite(ctx, by, key, ifMatch, func(w *journey.Rewrite) error { return w.Undeclare(kind, name) })
	return saved, err
}

func declarable(kind string) error {
	if !slices.Contains(journey.Declared(), kind) {
		return journey.Faultf(journey.CodeNotFound, "a journey brings no %s along", kind)
	}
	return nil
}

// rewrite changes the text of a draft by hand of a form, and returns the draft before and after.
func (c *Control) rewrite(ctx context.Context, by journey.Actor, key, ifMatch string, change func(*journey.Rewrite) error) (was, is journey.Draft, err error) {
	if was, err = c.Store.Draft(ctx, key); err != nil {
		return was, is, err
	}
	if err := matches(Edit{Key: key, IfMatch: ifMatch}, was); err != nil {
		return was, is, err
	}
	w, err := journey.NewRewrite(was.Source)
	if err != nil {
		return was, is, err
	}
	if err := change(w); err != nil {
		return was, is, err
	}
	is, _, err = c.SaveDraft(ctx, by, Edit{Key: key, Source: w.Source(), IfMatch: was.ETag})
	return was, is, err
}
