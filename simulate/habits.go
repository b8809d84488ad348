package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

// Habits say what customers do while a journey is played for many of them (docs/simulate.md).
type Habits struct {
	Start      time.Time // zero: the caller's
	Happenings []Happening
	Rates      []Rate
	Answers    float64 // share of the questions that are answered
	Redeems    float64 // of the coupons that are redeemed
	TasksDone  float64
	Clicks     float64 // of the mails in which she clicks
	EmptyPools []string
	Persona    *Persona // nil: the file has no customer

	said bool // a file said so, nothing is assumed
}

// Rate is an event that happens to each customer again and again, at random.
type Rate struct {
	Event      string
	PerDay     float64
	Properties map[string]any // a value may be drawn: { from, to }, { one_of }, { count }
}

// assumed are the habits of people of whom nobody has said anything.
func assumed(v vocabulary, trigger string) Habits {
	h := Habits{Answers: 0.5, Redeems: 0.25, TasksDone: 0.9, Clicks: 0.2}
	for _, name := range v.events {
		if name != trigger {
			h.Rates = append(h.Rates, Rate{Event: name, PerDay: assumedRate, Properties: v.where[name]})
		}
	}
	return h
}

const assumedRate = 0.02

// words says what is assumed.
func (h Habits) words() []string {
	if h.said {
		return []string{}
	}
	if h.Rates == nil && h.Answers == 0 {
		return []string{"she enters, and does nothing after that"}
	}
	var names []string
	for _, r := range h.Rates {
		names = append(names, r.Event)
	}
	out := []string{fmt.Sprintf("half of the questions are answered, %.0f %% of the coupons redeemed, %.0f %% of the tasks done; %.0f %% of the mails are clicked",
		h.Redeems*100, h.TasksDone*100, h.Clicks*100)}
	if len(names) > 0 {
		out = append(out, strings.Join(names, ", ")+": each happens to a customer on 2 days of 100")
	}
	return out
}

// the file as it is written
type habitsFile struct {
	Name       string     `yaml:"name"`
	Customer   *person    `yaml:"customer"`
	Start      time.Time  `yaml:"start"`
	Until      string     `yaml:"until"`
	EmptyPools []string   `yaml:"empty_pools"`
	Events     []habit    `yaml:"events"`
	Answers    *share     `yaml:"answers"`
	Redeems    *share     `yaml:"redeems"`
	TasksDone  *share     `yaml:"tasks_done"`
	Clicks     *share     `yaml:"clicks"`
	Expect     *yaml.Node `yaml:"expect"` // a scenario is a script, too; what it expects is not looked at here
}

// habit is a happening at a time, or an event at a rate.
type habit struct {
	rate       string
	event      string
	properties map[string]any
	happening  happening
}

// UnmarshalYAML takes what has a rate for itself, and the rest as scenarios do.
func (h *habit) UnmarshalYAML(node *yaml.Node) error {
	var drawn struct {
		Rate       string         `yaml:"rate"`
		Event      string         `yaml:"event"`
		Properties map[string]any `yaml:"properties"`
	}
	if err := node.Decode(&drawn); err != nil {
		return err
	}
	if drawn.Rate == "" {
		return h.happening.UnmarshalYAML(node)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i].Value; !slices.Contains([]string{"rate", "event", "properties"}, key) {
			return fmt.Errorf("line %d: %s does not go with a rate: write event, rate and properties", node.Line, key)
		}
	}
	if drawn.Event == "" {
		return fmt.Errorf("line %d: a rate is one of an event: write { event: Order Completed, rate: 0.02/d }", node.Line)
	}
	h.rate, h.event, h.properties, h.happening.line = drawn.Rate, drawn.Event, drawn.Properties, node.Line
	return nil
}

// share is a part of a whole, as 40% or 0.4.
type share float64

func (s *share) UnmarshalYAML(node *yaml.Node) error {
	text, percent := strings.CutSuffix(strings.TrimSpace(node.Value), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if percent {
		f /= 100
	}
	if err != nil || f < 0 || f > 1 {
		return fmt.Errorf("line %d: %q is no share: write 40%% or 0.4", node.Line, node.Value)
	}
	*s = share(f)
	return nil
}

// ParseHabits reads a script file. The error is a *Fault with the place.
func ParseHabits(name string, src []byte) (Habits, error) {
	var f habitsFile
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return Habits{}, journey.Faultf(journey.CodeInvalid, "reading %s: %v", name, err)
	}
	h := Habits{Start: f.Start.UTC(), EmptyPools: f.EmptyPools, said: true}
	if f.Start.IsZero() {
		h.Start = time.Time{}
	}
	for _, s := range []struct {
		from *share
		to   *float64
	}{{f.Answers, &h.Answers}, {f.Redeems, &h.Redeems}, {f.TasksDone, &h.TasksDone}, {f.Clicks, &h.Clicks}} {
		if s.from != nil {
			*s.to = float64(*s.from)
		}
	}
	if f.Customer != nil {
		p := f.Customer.persona(f.Start)
		h.Persona = &p
	}
	at := time.Duration(0)
	for _, one := range f.Events {
		if err := h.take(one, &at); err != nil {
			return Habits{}, journey.Faultf(journey.CodeInvalid, "reading %s: line %d: %v", name, one.happening.line, err)
		}
	}
	return h, nil
}

// take adds one line of the file; at is the moment of the one before.
func (h *Habits) take(one habit, at *time.Duration) error {
	if one.rate != "" {
		perDay, err := parseRate(one.rate)
		if err != nil {
			return err
		}
		h.Rates = append(h.Rates, Rate{Event: one.event, PerDay: perDay, Properties: plainMap(one.properties)})
		return nil
	}
	after, err := span(one.happening.After)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	*at += after
	happens, err := one.happening.happening(*at)
	h.Happenings = append(h.Happenings, happens)
	return err
}

// maxRate keeps a simulation finite.
const maxRate = 50.0

// parseRate reads a number per hour, day or week: 0.02/d.
func parseRate(text string) (float64, error) {
	number, unit, found := strings.Cut(text, "/")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	per := map[string]float64{"h": 24, "d": 1, "w": 1.0 / 7}[strings.TrimSpace(unit)]
	if !found || err != nil || per == 0 || f < 0 || f*per > maxRate {
		return 0, fmt.Errorf("%q is no rate: write a number per h, d or w, such as 0.02/d, at most %.0f a day", text, maxRate)
	}
	return f * per, nil
}

// draw lets the events at a rate happen to one customer until the end.
func (h Habits) draw(until time.Duration, r *rand.Rand) []Happening {
	var out []Happening
	for _, rate := range h.Rates {
		if rate.PerDay <= 0 {
			continue
		}
		at := time.Duration(0)
		for n := 1; ; n++ {
			at += time.Duration(r.ExpFloat64() / rate.PerDay * float64(journey.Day))
			if at > until || at < 0 {
				break
			}
			out = append(out, Happening{At: at, Event: rate.Event, Properties: drawnProperties(rate.Properties, n, r), Drawn: true})
		}
	}
	return out
}

func drawnProperties(properties map[string]any, n int, r *rand.Rand) map[string]any {
	out := make(map[string]any, len(properties))
	for name, v := range properties {
		out[name] = drawnValue(v, n, r)
	}
	return out
}

// drawnValue draws { from, to } to the cent, { one_of }, and counts { count }.
func drawnValue(v any, n int, r *rand.Rand) any {
	m, isMap := v.(map[string]any)
	if !isMap {
		return v
	}
	from, hasFrom := m["from"].(float64)
	to, hasTo := m["to"].(float64)
	list, isList := m["one_of"].([]any)
	prefix, counts := m["count"].(string)
	switch {
	case len(m) == 2 && hasFrom && hasTo && to > from:
		return float64(int64((from+r.Float64()*(to-from))*100)) / 100
	case len(m) == 1 && isList && len(list) > 0:
		return pickOf(r, list)
	case len(m) == 1 && counts:
		return prefix + strconv.Itoa(n)
	}
	return v
}
