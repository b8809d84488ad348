package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"perennial/journey"
	"perennial/templates"
)

// MaxDecisions is how often one run may decide; more is a journey that runs in circles.
const MaxDecisions = 10_000

// Options are what a run takes from the installation.
type Options struct {
	Brand      journey.Brand // of the mails; the zero Brand is that of templates.Sample
	EmptyPools []string      // pools that have no code to give

	Winners map[string]string // step → variant that has been chosen for good; else everybody is drawn
	Version int               // of the journey; 0 is 1
	Replies map[string]Reply  // of endpoints that are called; one that is not named answers 200, and nothing else

	// Profile is what an event does to the customer: intake.Profile. Nil: nothing.
	Profile func(journey.Customer, journey.Event) journey.Change
}

// Run plays the script. Set may be nil: then nothing is rendered. The error is a *Fault: a happening that cannot be (an answer
// when nothing was asked), a message that cannot be rendered, or too many decisions; the timeline up to there comes with it.
func Run(def *journey.Definition, set *templates.Set, p Persona, s Script, o Options) (Timeline, error) {
	w := newWorld(def, set, p, s, o)
	err := w.run(s)
	return w.out, err
}

// run plays the script and brings in the ends.
func (w *world) run(s Script) error {
	err := known(w.def, w.opts.Winners)
	if err == nil {
		err = w.play(s)
	}
	if err != nil {
		err = fmt.Errorf("simulating journey %q: %w", w.def.Key, err)
	}
	w.out.Zone = w.zone()
	for _, e := range w.enrollments {
		w.out.Ends = append(w.out.Ends, e.state)
		w.out.Next = append(w.out.Next, journey.NextWords(e.plan))
	}
	return err
}

// known finds winners that the journey has not.
func known(def *journey.Definition, winners map[string]string) error {
	contests := map[string][]string{}
	for _, c := range def.Contests() {
		contests[c.Step] = c.Variants
	}
	for step, variant := range winners {
		if !slices.Contains(contests[step], variant) {
			return journey.Faultf(journey.CodeInvalid, "step %q has no variant %q that could have won", step, variant)
		}
	}
	return nil
}

// world is the customer and everything around her.
type world struct {
	def      *journey.Definition
	messages *templates.Set // nil: nothing is rendered
	needs    journey.Needs
	opts     Options
	now      time.Time

	persona     Persona
	stream      []journey.Event // hers, applied, in order
	enrollments []*enrollment
	pauses      []journey.Pause
	looked      time.Time       // up to when the calendar has been looked at
	tried       map[string]bool // events whose silence has been looked at
	script      []Happening
	ids         map[string]int
	zones       *zones
	reacts      *reactions // nil: she does what the script says, and nothing else
	out         Timeline
}

// enrollment is what the store keeps of one, and what its workflow knows.
type enrollment struct {
	id, key  string
	state    journey.State
	plan     journey.Plan
	listens  []string
	requests []journey.Request
	due      journey.Cause // why it is to be decided on; "": it is not
	coupons  map[string]journey.Coupon
	expired  map[string]bool
	messages []journey.MessageFact
	surveys  []invitation
	tasks    []journey.Task
	offered  map[string]bool   // coupons that a mail has carried
	call     *journey.CallFact // the last one
}

type invitation struct {
	journey.SurveyInvite
	answered bool
}

func newWorld(def *journey.Definition, set *templates.Set, p Persona, s Script, o Options) *world {
	if o.Version == 0 {
		o.Version = 1
	}
	if o.Brand.Name == "" {
		o.Brand = templates.Sample().Brand
	}
	if p.Customer.Consents == nil {
		p.Customer.Consents = map[string]journey.Consent{}
	}
	if p.Customer.Attributes == nil {
		p.Customer.Attributes = map[string]any{}
	}
	script := slices.Clone(s.Happenings)
	slices.SortStableFunc(script, func(a, b Happening) int { return int(a.At - b.At) })
	w := &world{
		def: def, messages: set, needs: def.Needs(), opts: o, now: s.Start.UTC(), looked: s.Start.UTC(), persona: p, script: script,
		tried: map[string]bool{}, ids: map[string]int{}, zones: &zones{},
		out: Timeline{Start: s.Start.UTC(), Visited: map[string]int{}, Refused: map[string]int{}},
	}
	w.remember(p.History)
	return w
}

// remember takes what happened before the start into her stream. Her profile is that of the start already.
func (w *world) remember(history []journey.Event) {
	for _, e := range history {
		e.CustomerID, e.Number = w.persona.Customer.ID, int64(len(w.stream)+1)
		if e.ID == "" {
			e.ID = w.newID(journey.PrefixEvent)
		}
		w.stream = append(w.stream, e)
	}
	w.persona.Customer.Applied = int64(len(w.stream))
}

// play moves the clock from one moment at which something happens to the next.
func (w *world) play(s Script) error {
	for {
		if err := w.happen(s.Start); err != nil {
			return err
		}
		w.expire()
		w.fallSilent()
		w.fallDue()
		w.ring()
		if err := w.settle(); err != nil {
			return err
		}
		next, more := w.next(s)
		if !more || s.Until > 0 && next.Sub(s.Start) > s.Until {
			return nil
		}
		w.now = next
	}
}

// next is the earliest moment after now at which anything is to be done.
func (w *world) next(s Script) (time.Time, bool) {
	var first time.Time
	consider := func(t time.Time) {
		if t.Before(w.now) {
			t = w.now
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if len(w.script) > 0 {
		consider(s.Start.Add(w.script[0].At))
	}
	if at, quiet := w.silence(); quiet {
		consider(at)
	}
	if at, due := w.occasion(s); due {
		consider(at)
	}
	for _, e := range w.enrollments {
		if e.state.Status == journey.StatusEnded {
			continue
		}
		if e.plan.At != nil {
			consider(*e.plan.At)
		}
		for as, c := range e.coupons {
			if c.ExpiresAt != nil && !e.expired[as] {
				consider(*c.ExpiresAt)
			}
		}
	}
	return first, !first.IsZero()
}

// ring marks the enrollments whose timer has come.
func (w *world) ring() {
	for _, e := range w.enrollments {
		if e.state.Status != journey.StatusEnded && e.due == "" && e.plan.At != nil && !e.plan.At.After(w.now) {
			e.due = journey.CauseTimer
		}
	}
}

// settle decides until nobody is left to be decided on at this moment.
func (w *world) settle() error {
	for {
		i := slices.IndexFunc(w.enrollments, func(e *enrollment) bool { return e.due != "" })
		if i < 0 {
			return nil
		}
		if w.out.Decisions++; w.out.Decisions > MaxDecisions {
			return journey.Faultf(journey.CodeInvalid, "more than %d decisions: the journey runs in circles", MaxDecisions)
		}
		if err := w.decide(w.enrollments[i]); err != nil {
			return err
		}
	}
}

// decide is one transaction of Advance, and what the store and delivery do with its effects.
func (w *world) decide(e *enrollment) error {
	in := journey.Input{State: e.state, Facts: w.facts(e), Now: w.now, Cause: e.due, NewID: w.newID}
	if in.Cause == journey.CauseTimer && e.plan.At != nil && e.plan.At.After(in.Now) {
		in.Now = *e.plan.At
	}
	out := journey.Advance(w.def, in)
	for tries := 0; out.Take != nil; tries++ {
		if tries > len(w.def.CouponNames()) {
			return journey.Faultf(journey.CodeInternal, "step %s asks for coupon %s again and again", out.Take.Step, out.Take.As)
		}
		w.take(&in.Facts, e, *out.Take)
		out = journey.Advance(w.def, in)
	}
	e.requests = nil
	e.state, e.plan, e.listens, e.due = out.State, out.Plan, out.Listens, ""
	for step, visits := range out.State.Visits {
		w.out.Visited[step] = max(w.out.Visited[step], visits)
	}
	for _, l := range out.Log {
		w.out.Entries = append(w.out.Entries, Entry{At: l.At, Enrollment: e.id, Log: l})
	}
	if err := w.effect(e, out.Effects); err != nil {
		return err
	}
	w.react(e, out.Effects)
	return nil
}

// take gives out a code, or finds the pool empty.
func (w *world) take(facts *journey.Facts, e *enrollment, want journey.CouponRequest) {
	if slices.Contains(w.opts.EmptyPools, want.Pool) {
		facts.Empty[want.Pool] = true
		return
	}
	c := journey.Coupon{ID: w.newID(journey.PrefixCoupon), Pool: want.Pool, As: want.As, Expires: want.Expires}
	c.Code = "SAMPLE-" + c.ID[len(journey.PrefixCoupon):]
	e.coupons[want.As], facts.Coupons[want.As] = c, c
}

// newID counts, so that a run comes out the same every time.
func (w *world) newID(prefix string) string {
	w.ids[prefix]++
	return prefix + strconv.Itoa(w.ids[prefix])
}
