package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"perennial/journey"
)

// inventor makes customers up: the same ones for the same seed, whatever their number.
type inventor struct {
	def   *journey.Definition
	words vocabulary
	seed  uint64
	start time.Time
}

// How often something is as it is not meant to be.
const (
	noName, noEmail, noZone, noLocale, noValue = 0.10, 0.03, 0.12, 0.15, 0.12
	withdrawn, neverAsked, suppressed          = 0.06, 0.05, 0.02
)

var (
	inventedNames = []string{
		"Ada", "Bea", "Chiara", "Dilan", "Esther", "Fatou", "Grace", "Hana", "Ines", "Jun", "Kofi", "Lena", "Mei", "Noor",
		"Olga", "Priya", "Quinn", "Rosa", "Søren", "Théa", "Uma", "Vera", "Wanda", "Xenia", "Yusuf", "Zoë",
	}
	inventedZones = []string{
		"Europe/Vienna", "Europe/London", "Europe/Paris", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
		"America/St_Johns", "Africa/Lagos", "Asia/Kolkata", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia",
	}
	inventedLocales = []string{"en", "en-GB", "de", "fr", "fr-CA", "es", "pt-BR", "ja"}
)

// random is the source of one customer: it does not hang on how many there are, nor on who runs when.
func (v inventor) random(i int) *rand.Rand {
	return rand.New(rand.NewPCG(v.seed, uint64(i))) //nolint:gosec // chance that can be had again, no secret
}

// persona makes up the ith customer, from 0.
func (v inventor) persona(i int, r *rand.Rand) Persona {
	c := journey.Customer{
		ID: journey.PrefixCustomer + "invented-" + strconv.Itoa(i+1), CreatedAt: v.start,
		Attributes: map[string]any{}, Consents: map[string]journey.Consent{},
	}
	c.Email = "customer-" + strconv.Itoa(i+1) + "@example.com"
	if chance(r, noEmail) {
		c.Email = ""
	}
	if !chance(r, noName) {
		c.FirstName = pickOf(r, inventedNames)
		c.Attributes["first_name"] = c.FirstName
	}
	if !chance(r, noZone) {
		c.Timezone = pickOf(r, inventedZones)
	}
	if !chance(r, noLocale) {
		c.Locale = pickOf(r, inventedLocales)
	}
	for _, topic := range append(slices.Sorted(maps.Keys(v.def.Declares.Topics)), v.def.Topic) {
		if _, known := c.Consents[topic]; known || topic == journey.TopicTransactional {
			continue
		}
		switch draw := r.Float64(); {
		case draw < withdrawn:
			c.Consents[topic] = journey.ConsentWithdrawn
		case draw >= withdrawn+neverAsked:
			c.Consents[topic] = journey.ConsentGiven
		}
	}
	v.fill(c.Attributes, v.words.attributes, i, r)
	return Persona{Customer: c, Suppressed: chance(r, suppressed)}
}

// fill draws values for the places that the journey reads; some stay missing.
func (v inventor) fill(into map[string]any, places map[string][]any, i int, r *rand.Rand) {
	for _, path := range slices.Sorted(maps.Keys(places)) {
		missing := chance(r, noValue)
		choice := pickOf(r, places[path])
		switch value := choice.(type) {
		case counted:
			into[path] = fmt.Sprintf("%d-%d", i+1, r.IntN(1000)) // never missing: it is what tells things apart
			continue
		case time.Time:
			choice = v.start.Add(time.Duration(r.Int64N(int64(40*journey.Day))) - 5*journey.Day).Format(time.RFC3339)
			if date := v.def.Enter.Date; date != nil && date.Attribute == path {
				choice = v.date(date, r)
			}
		default:
			choice = value
		}
		if _, there := into[path]; !there && !missing && !slices.Contains([]rune(path), '.') {
			into[path] = choice
		}
	}
}

// enters is what makes a customer enter: the trigger once, at a moment within the span; a silence that began so long ago that it
// is over then.
func (v inventor) enters(p *Persona, i int, within time.Duration, r *rand.Rand) []Happening {
	at := time.Duration(0)
	if within > 0 {
		at = time.Duration(r.Int64N(int64(within)))
	}
	enter := &v.def.Enter
	switch {
	case enter.Event != "":
		return []Happening{{At: at, Event: enter.Event, Properties: v.trigger(i, r)}}
	case enter.Inactive != nil:
		before := v.start.Add(at - enter.Inactive.For)
		p.History = append(p.History, journey.Event{Kind: journey.KindTrack, Name: enter.Inactive.Event, At: before, ReceivedAt: before,
			Properties: map[string]any{}})
		return nil
	case enter.Attribute != "":
		delete(p.Customer.Attributes, enter.Attribute)
		return []Happening{{At: at, Traits: map[string]any{enter.Attribute: enter.Becomes}}}
	case enter.API:
		return []Happening{{At: at, Enter: v.trigger(i, r)}}
	}
	return nil // the calendar comes by itself
}

// date is any day of the year for one that comes every year; else one whose moment comes within a month.
func (v inventor) date(d *journey.DateTrigger, r *rand.Rand) string {
	if d.Yearly {
		return v.start.AddDate(-r.IntN(40), 0, r.IntN(365)).Format(time.DateOnly)
	}
	return v.start.Add(time.Duration(1+r.IntN(30))*journey.Day - d.Offset).Format(time.DateOnly)
}

func (v inventor) trigger(i int, r *rand.Rand) map[string]any {
	properties := map[string]any{}
	v.fill(properties, v.words.trigger, i, r)
	for _, list := range slices.Sorted(maps.Keys(v.words.lists)) {
		var items []any
		for range 1 + r.IntN(3) {
			item := map[string]any{}
			v.fill(item, v.words.lists[list], i, r)
			items = append(items, item)
		}
		properties[list] = items
	}
	return properties
}

func chance(r *rand.Rand, share float64) bool { return r.Float64() < share }

func pickOf[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
