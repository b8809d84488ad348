package control

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// PauseOfHers is how long a pause lasts that a customer asks for on her preference page.
const PauseOfHers = 30 * 24 * time.Hour

// Frequencies are what a customer can choose from: at most one marketing message in so many days; 0 is as many as there are.
func Frequencies() []int { return []int{0, 7, 30} }

// Preference is what a customer asks for on her preference page. Wording is what the page said, in her language: the proof of it.
// Address is the one that the mail went to whose link she followed.
type Preference struct {
	Topics   map[string]bool // those that she was shown
	Days     *int            // one of Frequencies; nil: as it was
	Pause    bool            // nothing for PauseOfHers
	EndPause bool
	Wording  string
	Address  string
}

// Prefer stores what a customer wants to receive, at her own wish, each change with its proof. A box that was never ticked withdraws
// nothing. Whoever ticks a topic that asks for double opt-in has confirmed it, for she came by a mail to her address.
func (c *Control) Prefer(ctx context.Context, customer string, p Preference) error {
	if p.Days != nil && !slices.Contains(Frequencies(), *p.Days) {
		return invalid("days", "there is no such choice", "choose 0, 7 or 30")
	}
	who, err := c.Store.Customer(ctx, customer)
	if err != nil {
		return err
	}
	now, err := c.Store.Preferences(ctx, who.ID)
	if err != nil {
		return err
	}
	choice := journey.Choice{MailDays: p.Days, EndPause: p.EndPause, Source: sourcePreferences, Wording: p.Wording}
	if p.Pause && now.PausedUntil == nil {
		until := c.Clock.Now().Add(PauseOfHers)
		choice.Until = &until
	}
	for _, topic := range slices.Sorted(maps.Keys(p.Topics)) {
		at := slices.IndexFunc(now.Topics, func(s journey.ConsentState) bool { return s.Topic == topic })
		if at < 0 {
			return invalid("topics."+topic, "there is no such topic", "open the page again")
		}
		if now.Topics[at].State == journey.ConsentNone && !p.Topics[topic] {
			continue
		}
		is := journey.ConsentWithdrawn
		if p.Topics[topic] {
			is = agreed(now.Topics[at], who.Email, p.Address)
		}
		choice.Consents = append(choice.Consents, journey.ConsentChange{Topic: topic, Is: is, Source: sourcePreferences, Wording: p.Wording})
	}
	return c.Store.Choose(ctx, who.ID, choice, herself(sourcePreferences))
}

// agreed is what ticking a topic means.
func agreed(topic journey.ConsentState, present, mailed string) journey.Consent {
	if topic.DoubleOptIn && strings.EqualFold(present, mailed) {
		return journey.ConsentConfirmed
	}
	return journey.ConsentGiven
}

// Unconfirmed are the topics to which a customer said yes and which she has to confirm before anything is sent about them.
func Unconfirmed(topics []journey.ConsentState) []journey.ConsentState {
	return slices.DeleteFunc(slices.Clone(topics), func(s journey.ConsentState) bool { return !s.DoubleOptIn || s.State != journey.ConsentGiven })
}

// Confirm is the second half of a double opt-in: whoever holds the link of a mail to her present address says once more that she wants
// the topics that wait for it. Doing it again has no effect; a link of a mail to an address that she does not have any more is CodeGone.
func (c *Control) Confirm(ctx context.Context, customer, address, wording string) error {
	who, err := c.Store.Customer(ctx, customer)
	if err != nil {
		return err
	}
	if !strings.EqualFold(who.Email, address) {
		return OldAddress()
	}
	states, err := c.Store.ConsentsOf(ctx, who.ID)
	if err != nil {
		return err
	}
	choice := journey.Choice{Source: sourceConfirm, Wording: wording}
	for _, s := range Unconfirmed(states) {
		choice.Consents = append(choice.Consents, journey.ConsentChange{Topic: s.Topic, Is: journey.ConsentConfirmed, Source: sourceConfirm, Wording: wording})
	}
	return c.Store.Choose(ctx, who.ID, choice, herself(sourceConfirm))
}

// OldAddress is the fault of a confirmation by a mail to another address than the one that she has now.
func OldAddress() *journey.Fault {
	fault := journey.Faultf(journey.CodeGone, "this mail went to another address than the one that you have with us now; nothing was confirmed")
	fault.Reason = "old_address"
	return fault
}
