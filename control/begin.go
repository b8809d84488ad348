package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// maxName is how long the name of a journey may be.
const maxName = 200

// Begin makes the draft of a new journey: a copy of one of the library, or a small one where from is empty. What is its author's to say
// is marked in it. CodeStale where there is a journey of that key.
func (c *Control) Begin(ctx context.Context, by journey.Actor, from, key, name string) (journey.Draft, error) {
	name = strings.TrimSpace(name)
	switch {
	case !journeyKey.MatchString(key):
		return journey.Draft{}, invalid("key", "a journey's key is made of a-z, 0-9 and -", "e.g. win-back")
	case name == "" || len(name) > maxName || strings.ContainsAny(name, "\r\n\t"):
		return journey.Draft{}, invalid("name", "is missing or too long", "write what colleagues call it, in up to 200 letters")
	}
	source, files, err := c.Library.Begin(from, key, name)
	if err != nil {
		return journey.Draft{}, err
	}
	d, _, err := c.SaveDraft(ctx, by, Edit{Key: key, Source: source, Files: files, IfNew: true})
	return d, err
}

// Library are the journeys that ship.
type Library struct {
	List func() []journey.LibraryJourney

	// Begin copies one, or the starter where from is empty, under another key and name.
	Begin func(from, key, name string) (source string, files map[string]string, err error)
}
