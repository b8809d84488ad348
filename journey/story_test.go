package journey

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// story plays one customer through one journey: it keeps what the store would keep, lets time pass as the driver would, and
// writes down what happened. Every call of Advance is checked for what must hold of all of them.
type story struct {
	t      testing.TB
	def    *Definition
	facts  Facts
	st     State
	now    time.Time
	plan   Plan
	out    Output
	ids    int
	number int64

	queued  []Message
	tasks   []Task
	surveys []SurveyInvite
	calls   []Call
	closed  []string // calls that were given up; "" for each decision without
	starts  []StartRequest
	told    []Event
	drops   []string
	leaves  []string
	shift   time.Duration
	log     []LogEntry
	pool    int // codes left
	keys    map[string]bool

	crossings []Crossing // that the next decision makes
	dropSteps []string
}

// monday is 23 November 2026, 10:00 in Vienna.
func monday() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func tell(t testing.TB, src string) *story {
	t.Helper()
	def, problems := Parse("", []byte(src))
	require.Empty(t, problems.Errors(), src)
	return tellOf(t, def)
}

func tellOf(t testing.TB, def *Definition) *story {
	s := &story{t: t, def: def, now: monday(), pool: 100, keys: map[string]bool{}}
	s.facts = Facts{
		EnrollmentID: "enr_1", JourneyKey: def.Key, Version: 3, Zone: zone(t, "Europe/Vienna"),
		Customer: Customer{
			ID: "cus_1", Email: "ada@example.com", Attributes: map[string]any{"first_name": "Ada"},
			Consents: map[string]Consent{"offers": ConsentGiven},
		},
		History: map[string][]Event{}, Coupons: map[string]Coupon{}, Empty: map[string]bool{}, Journeys: map[string]string{},
	}
	s.st = State{Status: StatusActive, EnteredAt: s.now, Trigger: map[string]any{"order_id": "o-1"}, Cursor: 7}
	s.number, s.facts.Applied = 7, 7
	return s
}

// track lets her do something now.
func (s *story) track(name string, properties map[string]any) *story {
	s.number++
	e := Event{
		ID: fmt.Sprintf("evt_%d", s.number), Kind: KindTrack, Name: name, Properties: properties, At: s.now, ReceivedAt: s.now,
		Number: s.number,
	}
	s.facts.Events = append(s.facts.Events, e)
	s.facts.History[name] = append([]Event{e}, s.facts.History[name]...)
	s.facts.Applied = s.number
	return s
}

// does lets her do something, and lets the driver look.
func (s *story) does(name string, properties map[string]any) *story {
	return s.track(name, properties).advance()
}

// pass lets time pass as the driver does: it calls at every deadline.
func (s *story) pass(d time.Duration) *story {
	s.t.Helper()
	end := s.now.Add(d)
	for range 1000 {
		if s.plan.Kind == PlanDone || s.plan.At == nil || s.plan.At.After(end) {
			break
		}
		s.now = later(s.now, *s.plan.At)
		s.advance()
	}
	s.now = end
	return s
}

// sleep lets time pass without anybody looking.
func (s *story) sleep(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s
}

func (s *story) newID(prefix string) string {
	s.ids++
	return fmt.Sprintf("%s%d", prefix, s.ids)
}

func (s *story) input() Input {
	facts := s.facts
	facts.Events = nil
	for _, e := range s.facts.Events {
		if e.Number > s.st.Cursor {
			facts.Events = append(facts.Events, e)
		}
	}
	return Input{State: s.st, Facts: facts, Now: s.now, NewID: s.newID, Crossings: s.crossings}
}

// ask calls Advance, takes coupons as the store does, and sees that the input is left alone.
func (s *story) ask() Output {
	s.t.Helper()
	for range 20 {
		in := s.input()
		before := snapshot(s.t, in)
		out := Advance(s.def, in)
		assert.Equal(s.t, before, snapshot(s.t, in), "Advance must not change its input")
		if out.Take == nil {
			return out
		}
		if s.pool == 0 {
			s.facts.Empty[out.Take.Pool] = true
			continue
		}
		s.pool--
		s.ids++
		s.facts.Coupons[out.Take.As] = Coupon{
			ID: fmt.Sprintf("cpn_%d", s.ids), Pool: out.Take.Pool, As: out.Take.As, Code: fmt.Sprintf("CODE%d", s.ids),
			Expires: out.Take.Expires,
		}
	}
	require.Fail(s.t, "Advance keeps asking for coupons")
	return Output{}
}

func snapshot(t testing.TB, in Input) string {
	in.NewID = nil
	in.Facts.Zone = nil
	text, err := json.Marshal(struct {
		State State
		Facts Facts
	}{in.State, in.Facts})
	require.NoError(t, err)
	return string(text)
}

func (s *story) advance() *story {
	s.t.Helper()
	out := s.ask()
	s.check(out)
	s.apply(out)
	again := s.ask()
	assert.Equal(s.t, s.plan, again.Plan, "asked again, the plan stands")
	assert.Equal(s.t, Effects{}, again.Effects, "asked again, nothing happens")
	assert.Empty(s.t, again.Log, "asked again, nothing is logged")
	assert.Equal(s.t, s.out.Listens, again.Listens)
	assert.Equal(s.t, s.plan.Kind == PlanDo, s.plan.Call != "")
	clear(s.facts.Empty)
	for i := range s.facts.Messages {
		s.facts.Messages[i].State = MessageAccepted // and the mail goes out
	}
	return s
}

// check is what holds of every answer.
func (s *story) check(out Output) {
	s.t.Helper()
	text, err := json.Marshal(out.Plan)
	require.NoError(s.t, err)
	assert.Less(s.t, len(text), 300, string(text))
	assert.LessOrEqual(s.t, len(out.Plan.Summary), 120)
	if out.Plan.At != nil {
		assert.True(s.t, out.Plan.At.After(s.now), "a plan lies ahead: %s", text)
	}
	assert.GreaterOrEqual(s.t, out.State.Cursor, s.st.Cursor)
	for step, n := range s.st.Visits {
		if len(s.crossings) > 0 { // steps may have other names by now
			break
		}
		assert.GreaterOrEqual(s.t, out.State.Visits[step], n)
	}
	for _, m := range out.Effects.Messages {
		key := fmt.Sprintf("%s/%s/%d/%s/%s", m.EnrollmentID, m.Step, m.Visit, m.CustomerID, m.Channel)
		assert.False(s.t, s.keys[key], "the ledger has %s already", key)
		s.keys[key] = true
		assert.True(s.t, m.ExpiresAt.After(m.NotBefore))
	}
}

// apply does what the store does, with the state on its way through JSON.
func (s *story) apply(out Output) {
	s.t.Helper()
	text, err := json.Marshal(out.State)
	require.NoError(s.t, err)
	s.st = State{}
	require.NoError(s.t, json.Unmarshal(text, &s.st))
	s.plan, s.out = out.Plan, out
	s.facts.Requests, s.crossings = nil, nil
	e := out.Effects
	s.dropSteps = append(s.dropSteps, e.DropSteps...)
	if e.Drop != "" {
		s.drops = append(s.drops, e.Drop)
	}
	s.shift += e.Shift
	for _, m := range e.Messages {
		s.queued = append(s.queued, m)
		s.facts.Sent = append(s.facts.Sent, SentFact{Journey: m.JourneyKey, Topic: m.Topic, At: m.NotBefore})
		s.facts.Messages = append(s.facts.Messages, MessageFact{ID: m.ID, Step: m.Step, State: MessageQueued, At: m.QueuedAt})
	}
	s.facts.Coupons = maps.Clone(s.facts.Coupons)
	for as, c := range s.facts.Coupons {
		if end, dated := e.Expiries[c.ID]; dated {
			c.ExpiresAt = &end
			s.facts.Coupons[as] = c
		}
	}
	s.facts.Customer.Attributes = maps.Clone(s.facts.Customer.Attributes)
	for _, a := range e.Set {
		s.facts.Customer.Attributes[a.Name] = a.Value
	}
	s.facts.Customer.Consents = maps.Clone(s.facts.Customer.Consents)
	for _, c := range e.Consents {
		s.facts.Customer.Consents[c.Topic] = c.Is
	}
	for _, p := range e.Pauses {
		if p.Target == TopicOf(s.facts.Customer.ID, s.def.Topic) {
			s.facts.Pauses = append(s.facts.Pauses, p)
		}
	}
	s.facts.Suppressed = s.facts.Suppressed || e.Suppress != ""
	s.leaves = append(s.leaves, e.Leaves...)
	s.tasks = append(s.tasks, e.Tasks...)
	for _, c := range e.Calls {
		s.calls = append(s.calls, c)
		s.facts.Call = &CallFact{ID: c.ID, State: CallOpen}
	}
	s.closed = append(s.closed, e.CloseCall)
	s.surveys = append(s.surveys, e.Surveys...)
	s.starts = append(s.starts, e.Starts...)
	s.told = append(s.told, e.Events...)
	s.log = append(s.log, out.Log...)
}

// timeline is what happened: days and hours since Monday 09:00 UTC, and what.
func (s *story) timeline() []string {
	var lines []string
	for _, e := range s.log {
		about := ""
		for _, key := range []string{"message", "arm", "event", "variant", "pool", "outcome", "reason", "by", "to", "status", "skipped"} {
			if v, ok := e.Detail[key]; ok && v != "" {
				about += " " + fmt.Sprint(v)
			}
		}
		if e.What != LogWait && e.What != LogWaitFor {
			lines = append(lines, since(e.At)+" "+e.What+about)
		}
	}
	return lines
}

func since(t time.Time) string {
	d := t.Sub(monday())
	text := fmt.Sprintf("%dd", d/Day)
	if rest := d % Day; rest != 0 {
		text += " " + rest.String()
	}
	return text
}

func (s *story) sent() []string {
	var lines []string
	for _, m := range s.queued {
		lines = append(lines, since(m.NotBefore)+" "+m.Template)
	}
	return lines
}

// head makes a journey of the steps in the tests: enters on an order, any time of the day.
const head = `
journey: test
name: Test
topic: offers
enter: { when: { event: Order Completed } }
reentry: always
`
