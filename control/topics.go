package control

import (
	"context"
	"maps"
	"slices"
	"strings"

	"perennial/journey"
)

// Sources of a change of consent, as they stand in its proof.
const (
	sourceUnsubscribe = journey.SourceUnsubscribe
	sourcePreferences = "preferences page"
	sourceConfirm     = "confirmation link"
	sourceSupport     = "support"
)

// Unsubscribe withdraws the consent to the topic of a mail, at the wish of whoever holds its link. Once it has answered, no
// mail of the topic reaches her. Doing it again has no effect.
func (c *Control) Unsubscribe(ctx context.Context, customer, topic string) error {
	if topic == journey.TopicTransactional {
		fault := journey.Faultf(journey.CodeInvalid, "this mail is about something that you ordered or asked for; it has no list to leave")
		fault.Reason = "no_list"
		return fault
	}
	_, err := c.changeTopics(ctx, herself(sourceUnsubscribe), customer, map[string]bool{topic: false}, sourceUnsubscribe, "")
	return err
}

// SetTopics sets them for her, by support: wording says what she agreed to, or why a topic is withdrawn, and how she said so. It is the proof.
func (c *Control) SetTopics(ctx context.Context, by journey.Actor, customer string, topics map[string]bool, wording string) ([]journey.ConsentState, error) {
	wording = strings.TrimSpace(wording)
	who, err := c.Store.Customer(ctx, customer)
	if err != nil {
		return nil, err
	}
	if len(topics) == 0 {
		return nil, invalid("topics", "names no topic", "e.g. { \"offers\": false }")
	}
	if slices.Contains(slices.Collect(maps.Values(topics)), true) && wording == "" {
		return nil, invalid("wording", "a consent needs its proof", "say what she agreed to, and how: by phone, by letter")
	}
	if wording == "" || len(wording) > 1000 {
		return nil, invalid("reason", "is missing or over 1,000 bytes", "say why the topic is withdrawn, and how she asked for it")
	}
	return c.changeTopics(ctx, by, who.ID, topics, sourceSupport+", "+by.Name, wording)
}

func (c *Control) changeTopics(ctx context.Context, by journey.Actor, customer string, topics map[string]bool, source, wording string) ([]journey.ConsentState, error) {
	states, err := c.Store.ConsentsOf(ctx, customer)
	if err != nil {
		return nil, err
	}
	var changes []journey.ConsentChange
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		if !slices.ContainsFunc(states, func(s journey.ConsentState) bool { return s.Topic == topic }) && source != sourceUnsubscribe {
			return nil, invalid("topics."+topic, "there is no such topic", "GET /api/customers/{id} lists them; a journey declares new ones under `topics`")
		}
		is := journey.ConsentWithdrawn
		if topics[topic] {
			is = journey.ConsentGiven
		}
		changes = append(changes, journey.ConsentChange{Topic: topic, Is: is, Source: source, Wording: wording})
	}
	if _, err := c.Store.ChangeConsents(ctx, customer, changes, by); err != nil {
		return nil, err
	}
	return c.Store.ConsentsOf(ctx, customer)
}
