package control

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// Topics is where topics are kept.
type Topics interface {
	PutTopic(ctx context.Context, t journey.Topic, by journey.Actor) (journey.TopicView, error)
}

// mostCap is the most messages that a cap counts.
const mostCap = 100

// PutTopic declares a topic, or changes one. What a published journey declares of it holds until then, and from its next publication on.
func (c *Control) PutTopic(ctx context.Context, by journey.Actor, t journey.Topic) (journey.TopicView, error) {
	var faults journey.Problems
	add := func(path, message, mend string) {
		faults = append(faults, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	if !journey.IsKey(t.Key) {
		add("key", "is not a key", "small letters, digits and hyphens, such as offers")
	}
	if t.Key == journey.TopicTransactional {
		add("key", "is the topic of what needs no consent", "name a topic that customers agree to")
	}
	if t.Name = strings.TrimSpace(t.Name); t.Name == "" || len(t.Name) > 200 {
		add("name", "is missing or over 200 bytes", "customers read it on their preference page, such as Offers and news")
	}
	t.Names = topicNames(t.Names, add)
	if t.Cap != nil {
		if t.Cap.Messages < 1 || t.Cap.Messages > mostCap {
			add("cap.messages", "is not a number from 1 to 100", "leave the cap out where there is none")
		}
		if t.Cap.Per <= 0 || t.Cap.Per > 400*24*time.Hour {
			add("cap.per", "is no duration up to 400d", "such as 7d")
		}
		switch t.Cap.Over {
		case journey.OverHold, journey.OverDrop, journey.OverReschedule:
		default:
			add("cap.over", "says nothing of what is over it", "hold, drop or reschedule")
		}
	}
	if len(faults) > 0 {
		return journey.TopicView{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: faults}
	}
	return c.Store.PutTopic(ctx, t, by)
}

// topicNames are the names of a topic by locale in small letters; what is wrong with them is added.
func topicNames(given map[string]string, add func(path, message, mend string)) map[string]string {
	names := map[string]string{}
	for _, locale := range slices.Sorted(maps.Keys(given)) {
		key, name := strings.ToLower(locale), strings.TrimSpace(given[locale])
		if _, twice := names[key]; twice {
			add("locales."+locale, "stands twice", "keep one of them")
		}
		if !journey.IsLocale(locale) {
			add("locales."+locale, "is no locale", "a language such as fr, or with its country fr-CA")
		}
		if name == "" || len(name) > 200 {
			add("locales."+locale+".name", "is missing or over 200 bytes", "customers read it on their preference page, such as Offers and news")
		}
		names[key] = name
	}
	return names
}
