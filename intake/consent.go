package intake

import (
	"maps"
	"slices"

	"perennial/journey"
)

// topicTraits reads trait `topics: { offers: true }` of identify. Its proof is the event itself: the source, the wording that
// stood beside the box where the caller sends it as `topics_wording`, and the address that she had then.
func (p *profile) topicTraits(value any) {
	topics, ok := value.(map[string]any)
	if !ok {
		return
	}
	wording, _ := p.event.Properties["topics_wording"].(string)
	source := journey.KindIdentify
	if p.event.Imported() {
		from, _ := p.event.Context["source"].(string)
		source = "import: " + from
	}
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		agreed, ok := topics[topic].(bool)
		if !ok {
			continue
		}
		is := journey.ConsentWithdrawn
		if agreed {
			is = journey.ConsentGiven
		}
		p.consent(topic, is, source, wording, "")
	}
}

// topicEvent reads Topic Subscribed and Topic Unsubscribed, ours or the caller's.
func (p *profile) topicEvent() {
	if p.event.Kind != journey.KindTrack && p.event.Kind != journey.KindOwn {
		return
	}
	is := journey.ConsentGiven
	switch p.event.Name {
	case journey.EventTopicSubscribed:
	case journey.EventTopicUnsubscribed:
		is = journey.ConsentWithdrawn
	default:
		return
	}
	text := func(name string) string { s, _ := p.event.Properties[name].(string); return s }
	source := text("source")
	if source == "" {
		source = p.event.Kind
	}
	if topic := text("topic"); topic != "" {
		p.consent(topic, is, source, text("wording"), text("address"))
	}
}

// consent notes one change. What says the same again is no change; a confirmed consent is not given anew; and an import
// never lifts a withdrawal. The moment of a live change is when we accepted it, for that is the clock by which our own
// unsubscribe links are timed; that of an import is when it happened.
func (p *profile) consent(topic string, is journey.Consent, source, wording, address string) {
	was := p.c.Consents[topic]
	if topic == journey.TopicTransactional || was == is || was == journey.ConsentConfirmed && is == journey.ConsentGiven {
		return
	}
	at := p.event.ReceivedAt
	if p.event.Historical {
		if was == journey.ConsentWithdrawn {
			return
		}
		at = p.event.At
	}
	if address == "" {
		address = p.c.Email
	}
	p.c.Consents[topic] = is
	p.consents = append(p.consents, journey.ConsentChange{
		CustomerID: p.c.ID, Topic: topic, Is: is, Source: source, Wording: wording, Address: address, At: at,
	})
}
