// Package simulate plays a journey in seconds: the code that decides and renders in production, on a clock that jumps from
// one moment at which something happens to the next. It plays the parts of intake, store and delivery in memory.
//
// A [Script] says what happens to a [Persona] and when; [Run] returns the [Timeline] of what was decided and sent. Scenario
// files (docs/scenarios.md) hold persona, script and the timeline that is expected, beside the journey that they test.
package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

// Persona is the customer that a script happens to.
type Persona struct {
	Customer   journey.Customer
	Account    *journey.Account
	Colleagues []Colleague // others of her account
	Suppressed bool        // her address must not be mailed

	History []journey.Event // what happened to her before the start, oldest first; numbers are given by the run
	Past    []journey.Past  // her enrollments in the journey before the start, which have ended
}

// Colleague is a customer of the same account, to whom messages of the journey may go.
type Colleague struct {
	Customer journey.Customer // with the role in AccountRole
	Agreed   bool             // to every topic of the journey, where Consents is empty
}

// Script is what happens, in order.
type Script struct {
	Start      time.Time // product time
	Happenings []Happening
	Until      time.Duration // since Start; 0: until nothing more can happen
}

// Happening is one thing that happens at a moment. Exactly one of the groups is set.
type Happening struct {
	At   time.Duration // since the start
	Line int           // of the scenario file; 0: none

	Event      string // an event that a system reports, or one of our own
	Colleague  bool   // the event is one of somebody of her account
	Properties map[string]any
	Traits     map[string]any // identify
	Enter      map[string]any // enrolled by the API with these properties; nil: not
	Answer     map[string]any // score, choice, comment: the answer to the survey that is open
	Redeem     string         // `as` of the coupon that she redeems
	Click      string         // step whose last message she clicks in
	Done       string         // outcome with which a person finishes the task that is open
	Pause      *Pause
	Resume     bool

	Drawn bool // by chance: where it cannot be (an answer to nothing), nothing happens
	click *click
}

// Pause makes her stand still.
type Pause struct {
	For      time.Duration // 0: until she is resumed
	OnResume journey.OnResume
}

// Scenario is one scenario file.
type Scenario struct {
	File, Name string
	Persona    Persona
	Script     Script
	EmptyPools []string          // pools that have no code to give
	Winners    map[string]string // step → variant that has been chosen for good
	Expect     []string          // Timeline.Lines
	Replies    map[string]Reply  // of endpoints
}

// the file as it is written
type file struct {
	Name       string    `yaml:"name"`
	Customer   person    `yaml:"customer"`
	Start      time.Time `yaml:"start"`
	Until      string    `yaml:"until"`
	EmptyPools []string  `yaml:"empty_pools"`

	Winners    map[string]string `yaml:"winners"`
	Colleagues []person          `yaml:"colleagues"`
	Events     []happening       `yaml:"events"`
	Expect     []string          `yaml:"expect"`
	Replies    map[string]Reply  `yaml:"replies"`
}

type person struct {
	ID         string          `yaml:"id"`
	Email      *string         `yaml:"email"`
	FirstName  string          `yaml:"first_name"`
	LastName   string          `yaml:"last_name"`
	Locale     string          `yaml:"locale"`
	Timezone   string          `yaml:"timezone"`
	Attributes map[string]any  `yaml:"attributes"`
	Topics     map[string]bool `yaml:"topics"`
	Suppressed bool            `yaml:"suppressed"`
	Role       string          `yaml:"role"` // in her account
}

type happening struct {
	After      string         `yaml:"after"`
	Event      string         `yaml:"event"`
	By         string         `yaml:"by"`
	Properties map[string]any `yaml:"properties"`
	Identify   map[string]any `yaml:"identify"`
	Enter      map[string]any `yaml:"enter"`
	Answer     map[string]any `yaml:"answer"`
	Redeem     string         `yaml:"redeem"`
	Click      string         `yaml:"click"`
	Done       string         `yaml:"done"`
	Pause      *pause         `yaml:"pause"`
	Resume     bool           `yaml:"resume"`
	line       int
}

type pause struct {
	For      string           `yaml:"for"`
	OnResume journey.OnResume `yaml:"on_resume"`
}

// UnmarshalYAML keeps the line beside what is written there. What it does not know it refuses.
func (h *happening) UnmarshalYAML(node *yaml.Node) error {
	type plain happening
	var buffer bytes.Buffer
	if err := yaml.NewEncoder(&buffer).Encode(node); err != nil {
		return err
	}
	decoder := yaml.NewDecoder(&buffer)
	decoder.KnownFields(true)
	if err := decoder.Decode((*plain)(h)); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	h.line = node.Line
	return nil
}

// LoadScenarios reads every scenario of a journey's folder, by file name.
func LoadScenarios(fsys fs.FS, name string) ([]Scenario, error) {
	names, err := fs.Glob(fsys, path.Join(name, "scenarios", "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("loading scenarios of %q: %w", name, err)
	}
	slices.Sort(names)
	var out []Scenario
	for _, n := range names {
		src, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, fmt.Errorf("loading scenarios of %q: %w", name, err)
		}
		s, err := ParseScenario(path.Base(n), src)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// ParseScenario reads one scenario file. The error is a *Fault with the place.
func ParseScenario(name string, src []byte) (Scenario, error) {
	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: %v", name, err)
	}
	if f.Start.IsZero() {
		return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: start is missing: write start: 2026-03-02T08:00:00Z", name)
	}
	s := Scenario{File: name, Name: f.Name, Persona: f.Customer.persona(f.Start), EmptyPools: f.EmptyPools, Winners: f.Winners, Expect: f.Expect}
	for i, p := range f.Colleagues {
		s.Persona.Colleagues = append(s.Persona.Colleagues, p.colleague(i, f.Start))
	}
	s.Script.Start = f.Start.UTC()
	var err error
	if s.Replies, err = replies(f.Replies); err != nil {
		return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: %v", name, err)
	}
	if s.Script.Until, err = span(f.Until); err != nil {
		return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: until: %v", name, err)
	}
	at := time.Duration(0)
	for _, h := range f.Events {
		after, err := span(h.After)
		if err != nil {
			return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: line %d: after: %v", name, h.line, err)
		}
		at += after
		happens, err := h.happening(at)
		if err != nil {
			return Scenario{}, journey.Faultf(journey.CodeInvalid, "reading scenario %s: line %d: %v", name, h.line, err)
		}
		s.Script.Happenings = append(s.Script.Happenings, happens)
	}
	return s, nil
}

// persona fills in what most scenarios do not care about: an address, an id, a moment of sign-up.
func (p person) persona(start time.Time) Persona {
	c := journey.Customer{
		ID: p.ID, FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale, Timezone: p.Timezone, Email: "ada@example.com",
		Attributes: plainMap(p.Attributes), Consents: map[string]journey.Consent{}, CreatedAt: start.UTC(), AccountRole: p.Role,
	}
	if c.ID == "" {
		c.ID = journey.PrefixCustomer + "simulated"
	}
	if p.Email != nil {
		c.Email = *p.Email
	}
	if c.Attributes == nil {
		c.Attributes = map[string]any{}
	}
	for topic, agreed := range p.Topics {
		c.Consents[topic] = journey.ConsentWithdrawn
		if agreed {
			c.Consents[topic] = journey.ConsentGiven
		}
	}
	return Persona{Customer: c, Suppressed: p.Suppressed}
}

// colleague has an address and an id of her own, and has agreed to everything unless topics say otherwise.
func (p person) colleague(n int, start time.Time) Colleague {
	c := p.persona(start).Customer
	if p.ID == "" {
		c.ID = fmt.Sprintf("%scolleague-%d", journey.PrefixCustomer, n+1)
	}
	if p.Email == nil {
		c.Email = fmt.Sprintf("colleague-%d@example.com", n+1)
	}
	return Colleague{Customer: c, Agreed: len(p.Topics) == 0}
}

func (h happening) happening(at time.Duration) (Happening, error) {
	out := Happening{
		At: at, Line: h.line, Event: h.Event, Properties: plainMap(h.Properties), Traits: plainMap(h.Identify),
		Enter: plainMap(h.Enter), Answer: plainMap(h.Answer), Redeem: h.Redeem, Click: h.Click, Done: h.Done, Resume: h.Resume,
	}
	if h.By != "" {
		if h.By != "account" || h.Event == "" {
			return Happening{}, fmt.Errorf("by is %q: write `by: account` beside the event of a colleague", h.By)
		}
		out.Colleague = true
	}
	if h.Pause != nil {
		length, err := span(h.Pause.For)
		if err != nil {
			return Happening{}, err
		}
		out.Pause = &Pause{For: length, OnResume: h.Pause.OnResume}
		if out.Pause.OnResume == "" {
			out.Pause.OnResume = journey.Keep
		}
	}
	if n := len(out.kinds()); n != 1 {
		return Happening{}, fmt.Errorf("one of event, identify, enter, answer, redeem, click, done, pause and resume must be written, not %d", n)
	}
	return out, nil
}

// kinds names the groups that are set.
func (h Happening) kinds() []string {
	set := map[string]bool{
		"event": h.Event != "", "identify": h.Traits != nil, "enter": h.Enter != nil, "answer": h.Answer != nil,
		"redeem": h.Redeem != "", "click": h.Click != "", "done": h.Done != "", "pause": h.Pause != nil, "resume": h.Resume,
	}
	maps.DeleteFunc(set, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(set))
}

// span reads durations of the language, several in a row: "1d 12h". Nothing, and 0d, is no time.
func span(text string) (time.Duration, error) {
	total := time.Duration(0)
	for part := range strings.FieldsSeq(text) {
		if strings.Trim(strings.TrimRight(part, "mhdw"), "0") == "" {
			continue
		}
		d, err := journey.ParseDuration(part)
		if err != nil {
			return 0, err
		}
		total += d
	}
	return total, nil
}

// plainMap brings what YAML reads to what comes out of JSON: numbers are float64, moments RFC 3339.
func plainMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = plain(v)
	}
	return out
}

func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case map[string]any:
		return plainMap(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	}
	return v
}
