package control

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"perennial/journey"
)

// Revisions is where is kept what a draft was before, and text that could not become a draft.
type Revisions interface {
	Revisions(ctx context.Context, key string) ([]journey.Revision, error)
	TurnDraft(ctx context.Context, key string, by journey.Actor, number int, etag string) (journey.Draft, error)
	Desk(ctx context.Context, key, file, user string) (*journey.Desk, error)
	PutDesk(ctx context.Context, key, file, user string, d journey.Desk) error
	Desks(ctx context.Context, user string) (map[string][]string, error)
}

// Examined is what can be said of a journey's text.
type Examined struct {
	Def    *journey.Definition // nil where there are faults
	Faults journey.Problems    // with them it is no draft
	Open   journey.Problems    // that stand in the way of a publish: messages that are missing or have faults, names that nobody knows
	Warn   journey.Problems
	Blanks []Blank // that are still to be filled in
}

// Blank is a line that is marked as its author's to say: of the journey, or of the message in File.
type Blank struct {
	File string
	Line int
	Text string
}

// Examine looks at a text as the draft of a journey, with the messages that its draft has. Nothing is stored.
func (c *Control) Examine(ctx context.Context, key, source string) (Examined, error) {
	ex := Examined{Blanks: Blanks(source, nil)}
	def, problems, err := c.checkEdit(Edit{Key: key, Source: source})
	var fault *journey.Fault
	switch {
	case errors.As(err, &fault) && len(fault.Problems) > 0:
		ex.Faults, ex.Warn = fault.Problems.Errors(), warningsOf(fault.Problems)
		return ex, nil
	case err != nil:
		return ex, err
	}
	d, err := c.Store.Draft(ctx, key)
	if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
		return ex, err
	}
	ex.Blanks = Blanks(source, d.Files)
	problems = append(problems, c.check(def, source, d.Files)...)
	dangling, err := c.dangling(ctx, def)
	if err != nil {
		return ex, err
	}
	problems = append(problems, dangling...)
	ex.Def, ex.Open, ex.Warn = def, problems.Errors(), warningsOf(problems)
	return ex, nil
}

func warningsOf(all journey.Problems) (out journey.Problems) {
	for _, p := range all {
		if p.Warning {
			out = append(out, p)
		}
	}
	return out
}

// Blanks are the lines of a source, and of its messages, that are still to be filled in.
func Blanks(source string, files map[string]string) []Blank {
	out := blanksOf("", source, "#")
	for _, file := range slices.Sorted(maps.Keys(files)) {
		out = append(out, blanksOf(file, files[file], "<!--")...)
	}
	return out
}

// blanksOf are those of one text, in which a remark begins so.
func blanksOf(file, text, remark string) (out []Blank) {
	for i, line := range strings.Split(text, "\n") {
		if at := strings.Index(line, remark); at >= 0 && strings.Contains(line[at:], journey.Blank) && (file != "" || at > 0) {
			out = append(out, Blank{file, i + 1, strings.TrimSpace(line)})
		}
	}
	return out
}

// Typed is what became of a text that somebody types.
type Typed struct {
	Examined
	Draft journey.Draft // as it is now
	Saved bool          // the text is the draft
	Stale bool          // somebody else was faster: the text lies on her desk
}

// Type makes a text the draft where it has no fault and the draft is still the one of ifMatch, and keeps it on her desk otherwise: what
// was typed is not lost. Changes that follow each other within a minute are one revision.
func (c *Control) Type(ctx context.Context, by journey.Actor, key, source, ifMatch string) (Typed, error) {
	source = strings.ReplaceAll(source, "\r\n", "\n") // as forms send it
	ex, err := c.Examine(ctx, key, source)
	if err != nil {
		return Typed{}, err
	}
	out := Typed{Examined: ex}
	if len(ex.Faults) == 0 {
		out.Draft, _, err = c.SaveDraft(ctx, by, Edit{Key: key, Source: source, IfMatch: ifMatch, Gathers: true})
		out.Stale = journey.CodeOf(err) == journey.CodeStale && err != nil
		out.Saved = err == nil
	}
	if err != nil && !out.Stale {
		return out, err
	}
	if !out.Saved {
		if out.Draft, err = c.Store.Draft(ctx, key); err != nil {
			return out, err
		}
		if out.Draft.Source == source { // the same change, made twice
			out.Saved, out.Stale = true, false
		}
	}
	desk := journey.Desk{Source: source, BaseETag: ifMatch}
	if out.Saved {
		desk = journey.Desk{}
	}
	return out, c.Store.PutDesk(ctx, key, "", by.ID, desk)
}

// Desk is the text that somebody typed and that is not in the draft: of a message, or with file "" of the journey. Nil where there is none.
func (c *Control) Desk(ctx context.Context, by journey.Actor, key, file string) (*journey.Desk, error) {
	return c.Store.Desk(ctx, key, file, by.ID)
}

// Desks are the messages of which she has such text, by journey and file.
func (c *Control) Desks(ctx context.Context, by journey.Actor) (map[string][]string, error) {
	return c.Store.Desks(ctx, by.ID)
}

// DropDesk forgets it.
func (c *Control) DropDesk(ctx context.Context, by journey.Actor, key, file string) error {
	return c.Store.PutDesk(ctx, key, file, by.ID, journey.Desk{})
}

// Undo makes the draft what it was before its last change. One that has none is CodeConflict, another than that of ifMatch CodeStale.
func (c *Control) Undo(ctx context.Context, by journey.Actor, key, ifMatch string) (journey.Draft, error) {
	return c.turnBy(ctx, by, key, ifMatch, journey.Draft.Before, "nothing can be undone: the draft of journey %q has not been changed since it began")
}

// Redo takes the last Undo back, as long as nothing else has been changed.
func (c *Control) Redo(ctx context.Context, by journey.Actor, key, ifMatch string) (journey.Draft, error) {
	return c.turnBy(ctx, by, key, ifMatch, journey.Draft.After, "nothing can be redone: the draft of journey %q is as its last change has left it")
}

func (c *Control) turnBy(ctx context.Context, by journey.Actor, key, ifMatch string, to func(journey.Draft) int, none string) (journey.Draft, error) {
	d, err := c.Store.Draft(ctx, key)
	if err != nil {
		return d, err
	}
	if err := matches(Edit{Key: key, IfMatch: ifMatch}, d); err != nil {
		return d, err
	}
	number := to(d)
	if number == 0 {
		return d, journey.Faultf(journey.CodeConflict, none, key)
	}
	return c.Turn(ctx, by, key, number, d.ETag)
}

// Turn makes the draft what it was in one of its revisions.
func (c *Control) Turn(ctx context.Context, by journey.Actor, key string, number int, ifMatch string) (journey.Draft, error) {
	return c.Store.TurnDraft(ctx, key, by, number, ifMatch)
}

// Turned is one revision with what it changed, in words.
type Turned struct {
	journey.Revision
	Words []journey.Phrase // empty for the first one
}

// History tells the revisions of a draft, the newest first, at most so many.
func (c *Control) History(ctx context.Context, key string, most int) ([]Turned, error) {
	list, err := c.Store.Revisions(ctx, key)
	if err != nil {
		return nil, err
	}
	out := make([]Turned, 0, min(len(list), most))
	var after *journey.Definition
	for i, r := range list {
		if i > most {
			break
		}
		def, _ := journey.Parse(JourneyFile, []byte(r.Source))
		if i > 0 {
			out[i-1].Words = differences(def, after)
		}
		if i < most {
			out = append(out, Turned{Revision: r})
		}
		after = def
	}
	return out, nil
}

// differences says what changed from one text to the next.
func differences(from, to *journey.Definition) (words []journey.Phrase) {
	if from == nil || to == nil {
		return nil
	}
	for _, a := range journey.Diff(journey.Content{Def: from}, journey.Content{Def: to}) {
		words = append(words, a.Words)
	}
	return words
}

// DeskDifferences says what the text on somebody's desk would change in the draft as it is now; nothing where the text has faults.
func (c *Control) DeskDifferences(d journey.Draft, desk journey.Desk) []journey.Phrase {
	from, _ := journey.Parse(JourneyFile, []byte(d.Source))
	to, _ := journey.Parse(JourneyFile, []byte(desk.Source))
	return differences(from, to)
}
