package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"

	"perennial/journey"
)

// LookRequest asks how one file of a journey's draft reads, with the text as it is being written.
type LookRequest struct {
	Journey  string
	File     string  // we-miss-you.html, we-miss-you.fr.html or we-miss-you.txt
	Text     *string // nil: as it is saved
	Customer string  // whose data it shows: as in Customer; "" the sample customer's
}

// Look shows a message while it is being written: how it reads, what its faults are, which of the data it asks for is missing.
// Nothing is written, no coupon is taken, and its links lead nowhere. What only an enrollment knows is that of her last time in the
// journey; the sample's for who was never in it.
func (c *Control) Look(ctx context.Context, r LookRequest) (journey.Look, error) {
	d, err := c.Store.Draft(ctx, r.Journey)
	if err != nil {
		return journey.Look{}, err
	}
	files := maps.Clone(d.Files)
	if r.Text != nil {
		if err := checkFile(r.File, *r.Text); err != nil {
			return journey.Look{}, err
		}
		files[r.File] = *r.Text
	}
	def, problems := journey.Parse(JourneyFile, []byte(d.Source))
	if len(problems.Errors()) > 0 {
		return journey.Look{}, faulty(r.Journey, problems)
	}
	ask := journey.LookRequest{File: r.File}
	if ask.Kept, err = c.keptSurveys(ctx, def); err != nil {
		return journey.Look{}, err
	}
	if r.Customer != "" {
		who, err := c.Store.Customer(ctx, r.Customer)
		if err != nil {
			return journey.Look{}, err
		}
		ask.Customer = &who
		if who.AccountID != "" {
			account, err := c.Store.Account(ctx, who.AccountID)
			if err != nil {
				return journey.Look{}, err
			}
			ask.Account = &account
		}
		if ask.Been, ask.Coupons, err = c.Store.LastThrough(ctx, r.Journey, who.ID); err != nil {
			return journey.Look{}, err
		}
	}
	look := c.LookAt(def, files, ask)
	look.Been = ask.Been != nil
	return look, nil
}

// MessageEdit asks for a new text of one message, by somebody who has read the one before.
type MessageEdit struct {
	Key, File string
	Text      string
	Was       string // Mark of the text that she read; "": there was none
}

// Mark tells one text of a message from another; that of no text is "".
func Mark(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// KeepMessage keeps a text on the desk of whoever writes it: the draft stays as it is. What the draft says already needs no keeping.
func (c *Control) KeepMessage(ctx context.Context, by journey.Actor, e MessageEdit) error {
	if err := checkFile(e.File, e.Text); err != nil {
		return err
	}
	d, err := c.Store.Draft(ctx, e.Key)
	if err != nil {
		return err
	}
	desk := journey.Desk{Source: e.Text, BaseETag: e.Was}
	if d.Files[e.File] == e.Text {
		desk = journey.Desk{}
	}
	return c.Store.PutDesk(ctx, e.Key, e.File, by.ID, desk)
}

// SaveMessage is SaveTemplate for people who write: where somebody else has changed the same message meanwhile, the fault is of
// CodeStale; what others did to the rest of the journey does not stand in the way. The same text again makes no draft. A text that cannot be
// saved stays on her desk; one that is clears it.
func (c *Control) SaveMessage(ctx context.Context, by journey.Actor, e MessageEdit) (journey.Draft, journey.Problems, error) {
	if err := c.KeepMessage(ctx, by, e); err != nil {
		return journey.Draft{}, nil, err
	}
	d, warnings, err := c.saveMessage(ctx, by, e)
	if err != nil {
		return d, warnings, err
	}
	return d, warnings, c.DropDesk(ctx, by, e.Key, e.File)
}

func (c *Control) saveMessage(ctx context.Context, by journey.Actor, e MessageEdit) (journey.Draft, journey.Problems, error) {
	if d, err := c.Store.Draft(ctx, e.Key); err != nil || e.Text != "" && d.Files[e.File] == e.Text {
		return d, nil, err
	}
	return c.saveTemplate(ctx, by, e.Key, e.File, e.Text, func(was journey.Draft) error {
		if Mark(was.Files[e.File]) != e.Was {
			return journey.Faultf(journey.CodeStale, "somebody else has saved %s meanwhile; compare, then save again to put yours in its place", e.File)
		}
		return nil
	})
}

// RemoveTemplate takes a template out of a draft. One that a step sends may go, too: publishing asks for it.
func (c *Control) RemoveTemplate(ctx context.Context, by journey.Actor, key, file, ifMatch string) (journey.Draft, error) {
	return c.Store.EditDraft(ctx, key, by, func(was journey.Draft) (journey.Draft, error) {
		if _, has := was.Files[file]; was.State == "" || !has {
			return was, journey.Faultf(journey.CodeNotFound, "journey %s has no template %q", key, file)
		}
		if err := matches(Edit{Key: key, IfMatch: ifMatch}, was); err != nil {
			return was, err
		}
		was.Files = maps.Clone(was.Files)
		delete(was.Files, file)
		return was, nil
	})
}
