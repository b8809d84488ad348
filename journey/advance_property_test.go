package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// anyJourney draws a journey of every kind of step. It need not make sense.
type anyJourney struct {
	*rapid.T
	n int
}

func (g *anyJourney) pick(of ...string) string { return rapid.SampledFrom(of).Draw(g.T, "pick") }

func (g *anyJourney) event() string { return g.pick("A", "B", "C") }

func (g *anyJourney) chance() bool { return rapid.IntRange(0, 3).Draw(g.T, "chance") == 0 }

func (g *anyJourney) span() time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 9 * time.Hour, Day, 5 * Day, 30 * Day}).Draw(g.T, "span")
}

func (g *anyJourney) value() Value {
	return rapid.SampledFrom([]Value{
		{Literal: int64(3)}, {Literal: "2026-11-30"}, {Literal: "2026-12-01T09:00:00Z"}, {From: FromAttribute, Path: "a"},
		{From: FromTrigger, Path: "order_id"}, {From: FromAnswer, Path: "score"}, {From: FromCoupon, Path: "p", Get: "expires_at"},
		{From: FromVar, Path: "v.x"}, {From: FromAccount, Path: "plan"}, {From: FromAttribute, Path: "b", Default: int64(2)},
	}).Draw(g.T, "value")
}

func (g *anyJourney) cond() *Cond {
	v, arg := g.value(), g.value()
	return rapid.SampledFrom([]*Cond{
		{Operand: &v, Op: Op(g.pick(operators()...)), Arg: &arg}, {Operand: &v, Op: OpWithinNext, Arg: g.span()},
		{Operand: &v, Op: OpGte, Arg: int64(2)}, {Event: &EventCond{Name: g.event(), Within: g.span()}},
		{Event: &EventCond{Name: g.event(), CountOp: OpLt, Count: 1, Within: g.span(), SinceEntry: true}},
		{Coupon: &CouponCond{As: "p", Was: g.pick("issued", "redeemed", "expired")}},
		{Message: &MessageCond{Message: "any", Was: "sent"}}, {Consent: &ConsentCond{Topic: "offers", Is: ConsentGiven}},
		{Not: &Cond{Journey: &JourneyCond{Key: "x", Is: "never"}}}, {All: []*Cond{}}, {}, nil,
	}).Draw(g.T, "cond")
}

func (g *anyJourney) arms(depth int) []Arm {
	var arms []Arm
	for range rapid.IntRange(0, 3).Draw(g.T, "arms") {
		arms = append(arms, Arm{If: g.cond(), Else: g.chance(), Then: g.steps(depth - 1)})
	}
	return arms
}

func (g *anyJourney) missing() *Missing {
	return rapid.SampledFrom([]*Missing{nil, {After: Day}, {Skip: true}, {Exit: true}, {}}).Draw(g.T, "missing")
}

func (g *anyJourney) steps(depth int) []*Step {
	if depth < 0 {
		return nil
	}
	var steps []*Step
	for range rapid.IntRange(0, 4).Draw(g.T, "steps") {
		g.n++
		s := &Step{ID: fmt.Sprintf("s%d", g.n)}
		g.fill(s, depth)
		steps = append(steps, s)
	}
	return steps
}

func (g *anyJourney) fill(s *Step, depth int) {
	trouble := OnTrouble(g.pick("go_on", "hold", "exit", ""))
	kinds := []string{"send", "wait", "wait_for", "branch", "split", "coupon", "survey", "task", "set", "start", "exit", "send", "wait",
		"repeat", "leave", "consent", "suppress", "pause"}
	switch s.Kind = Kind(g.pick(kinds...)); s.Kind {
	case StepSend:
		s.Send = &Send{Message: s.ID, AnyTime: g.chance(), Unless: g.unless(), IfUnsendable: trouble, Topic: g.pick("", TopicTransactional, "news"),
			Role: g.pick("", "", "", "admin")}
		if g.chance() {
			s.Send.Subjects = []Subject{{"a", "A"}, {"b", "B"}, {"c", "C"}}
		}
	case StepWait:
		s.Wait = g.wait(depth)
	case StepWaitFor:
		s.WaitFor = &WaitFor{Any: []Awaited{
			{Event: g.event(), As: "v", Then: g.steps(depth - 1)}, {If: g.cond(), Then: g.steps(depth - 1)}, {Event: g.event(), Match: "order_id"},
		}[rapid.IntRange(0, 2).Draw(g.T, "from"):]}
		if !g.chance() {
			v := g.value()
			s.WaitFor.Timeout = &Timeout{After: g.span(), Then: g.steps(depth - 1), IfMissing: g.missing()}
			if g.chance() {
				s.WaitFor.Timeout.At = &v
			}
		}
	case StepBranch:
		s.Branch = g.arms(depth)
	case StepSplit:
		s.Split = []Variant{{Name: "a", Share: 40, Then: g.steps(depth - 1)}, {Name: "b", Share: 60, Then: g.steps(depth - 1)}}
	case StepCoupon:
		s.Coupon = &CouponStep{Pool: "p", Expires: g.span(), As: g.pick("p", "q", ""), WhenEmpty: trouble}
	case StepSurvey:
		s.Survey = &Survey{Ask: "nps", Send: s.ID, Wait: g.span(), Answers: g.arms(depth), NoAnswer: g.steps(depth - 1)}
		if g.chance() {
			s.Survey.Reminder = &Reminder{After: g.span(), Send: s.ID + "-again"}
		}
	case StepTask:
		s.Task = &TaskStep{Title: "Call {{ customer.name }}", Wait: g.span(), Due: g.span(), Outcomes: g.arms(depth)}
	case StepSet:
		add := 1.5
		s.Set = []Assignment{{Attribute: "a", Value: g.value()}, {Attribute: "b", Add: &add}}
	case StepStart:
		s.Start = &Start{Journey: "other", With: map[string]Value{"x": g.value()}}
	case StepExit:
		s.Exit = g.pick("", "done")
	case StepRepeat:
		s.Repeat = &Repeat{Times: rapid.IntRange(1, 4).Draw(g.T, "times"), Until: g.cond(), Then: g.steps(depth - 1)}
	case StepLeave:
		s.Leave = []string{"other"}
	case StepConsent:
		s.Consent = &ConsentStep{Topic: g.pick("offers", "news"), Is: Consent(g.pick("given", "withdrawn"))}
	case StepSuppress:
		s.Suppress = "enough"
	case StepPause:
		s.Pause = &PauseStep{Topics: []string{g.pick("offers", "news")}, For: Day}
	}
}

func (g *anyJourney) unless() *Cond {
	if g.chance() {
		if c := g.cond(); c != nil {
			return c
		}
	}
	return nil
}

func (g *anyJourney) wait(depth int) *Wait {
	v := g.value()
	switch g.pick("for", "value", "at", "until") {
	case "value":
		return &Wait{ForValue: &v, Unit: g.span(), Default: g.span(), IfMissing: g.missing()}
	case "at":
		day := time.Saturday
		return rapid.SampledFrom([]*Wait{{At: &LocalTime{Minute: 150}}, {At: &LocalTime{Minute: 600, Day: &day}}}).Draw(g.T, "at")
	case "until":
		return &Wait{Until: &v, Offset: -g.span(), IfPast: g.pick("", "skip", "run", "exit"), IfMissing: g.missing(), Then: g.steps(depth - 1)}
	}
	return &Wait{For: g.span(), Then: g.steps(depth - 1)}
}

func (g *anyJourney) definition() *Definition {
	def := &Definition{Key: "any", Topic: "offers", Steps: g.steps(2)}
	if g.chance() {
		def.SendWindow = &Window{From: 540, To: 1200, Days: []time.Weekday{1, 2, 3, 4, 5}}
	}
	if g.chance() {
		def.Exit = append(def.Exit, ExitRule{Event: g.event(), Match: g.pick("", "order_id"), As: "left"})
	}
	if g.chance() {
		def.Exit = append(def.Exit, ExitRule{If: &Cond{Event: &EventCond{Name: g.event(), CountOp: OpGte, Count: 3, Within: 9 * Day}}, As: "often"})
	}
	if g.chance() {
		def.Goal = &Goal{Event: g.event(), Within: g.span(), Value: "x", Exit: g.chance()}
	}
	def.Compile()
	return def
}

// disturb lets something happen to the customer, as rapid likes.
func (s *story) disturb(g *anyJourney) {
	switch g.pick("event", "event", "answer", "done", "pause", "resume", "request", "attribute", "sleep", "sleep", "zone", "pool", "look", "lots") {
	case "event":
		s.track(g.event(), map[string]any{"order_id": g.pick("o-1", "o-2"), "x": 2.0})
	case "answer":
		s.track(EventSurveyAnswered, map[string]any{"invitation": s.st.Survey, "score": 4.0})
	case "done":
		s.track(EventTaskDone, map[string]any{"task": s.st.Task, "outcome": "fine"})
	case "pause":
		s.pause(OnResume(g.pick("keep", "catch_up", "skip")), g.span())
	case "resume":
		for i := range s.facts.Pauses {
			if now := s.now; s.facts.Pauses[i].Holds(now) && g.chance() {
				s.facts.Pauses[i].EndedAt = &now
			}
		}
	case "request":
		s.facts.Requests = append(s.facts.Requests, Request{
			Verb: g.pick(VerbSkip, VerbMove, VerbMove, VerbExit), To: fmt.Sprintf("s%d", rapid.IntRange(1, 9).Draw(g.T, "to")),
		})
	case "attribute":
		s.facts.Customer.Attributes["a"] = g.value().Literal
		s.facts.Customer.Email = g.pick("", "ada@example.com")
	case "sleep":
		s.sleep(g.span())
	case "zone":
		s.facts.Zone = zone(s.t, g.pick("Pacific/Apia", "Europe/Vienna", "America/New_York"))
	case "lots":
		s.facts.Winners = map[string]string{fmt.Sprintf("s%d", rapid.IntRange(1, 9).Draw(g.T, "step")): g.pick("a", "b", "gone")}
		s.facts.Recipients = []Recipient{
			{ID: "cus_a", Role: "admin", Email: g.pick("", "a@example.com"), Zone: time.UTC, Consents: map[string]Consent{"offers": ConsentGiven}},
			{ID: "cus_b", Role: "admin", Email: "b@example.com", Zone: zone(s.t, "Asia/Tokyo")}, {ID: "cus_c", Role: "buyer"},
		}
	case "pool":
		s.pool = rapid.IntRange(0, 2).Draw(g.T, "codes")
	}
}

// Whatever the journey and whatever happens: every call ends, and what story.check and story.advance ask holds.
func TestAdvanceAnyJourney(t *testing.T) {
	t.Parallel()
	rapid.Check(t, anyLife)
}

// The same, as long as one likes: go test -fuzz FuzzAdvance ./journey
func FuzzAdvance(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyLife)) }

func anyLife(r *rapid.T) {
	g := &anyJourney{T: r}
	s := tellOf(failing{r: r}, g.definition())
	s.advance()
	for range rapid.IntRange(0, 15).Draw(r, "disturbances") {
		s.disturb(g)
		if g.chance() {
			s.pass(g.span())
		}
		s.advance()
	}
	if s.st.Status == StatusEnded {
		assert.Equal(r, PlanDone, s.plan.Kind)
		assert.NotNil(r, s.st.EndedAt)
	}
	assert.LessOrEqual(r, count(s.told, EventJourneyExited), 1)
	assert.LessOrEqual(r, count(s.told, EventJourneyEntered), 1)
	assert.LessOrEqual(r, count(s.told, EventGoalReached), 1)
}

// failing is as much of a test as story needs; it reports to rapid, which then shrinks the journey.
type failing struct {
	testing.TB
	r *rapid.T
}

func (f failing) Errorf(format string, args ...any) { f.r.Errorf(format, args...) }
func (f failing) FailNow()                          { f.r.FailNow() }
func (f failing) Helper()                           {}

// The outcome of waits and pauses does not hang on how often anybody looks.
func TestLookingMoreOftenChangesNothing(t *testing.T) {
	t.Parallel()
	const src = head + `
steps:
  - wait: 3d
  - wait_for: { any: [ { event: A, then: [ { wait: 2d } ] } ], timeout: { after: 4d, then: [ { wait: 1d } ] } }
  - set: { x: 1 }
  - wait: { until: 2026-12-12, if_missing: skip }
  - exit: done
`
	def := tell(t, src).def
	rapid.Check(t, func(r *rapid.T) {
		g := &anyJourney{T: r}
		often, seldom := tellOf(failing{r: r}, def).advance(), tellOf(failing{r: r}, def).advance()
		for range rapid.IntRange(1, 6).Draw(r, "disturbances") {
			length, policy, wait := g.span(), OnResume(g.pick("keep", "catch_up", "skip")), g.span()
			event := g.chance()
			for _, s := range []*story{often, seldom} {
				if event {
					s.track("A", nil)
				} else {
					s.pause(policy, length+time.Second)
				}
			}
			often.advance()
			seldom.sleep(wait)
			for range 7 {
				often.sleep(wait / 7).advance()
			}
			often.now = seldom.now
		}
		often.advance().pass(400 * Day)
		seldom.advance().pass(400 * Day)
		assert.Equal(r, seldom.st.Reason, often.st.Reason)
		assert.Equal(r, seldom.st.EndedAt, often.st.EndedAt)
		assert.Equal(r, seldom.st.Visits, often.st.Visits)
	})
}

// A state that no decision made (a restored row, a version that was migrated by hand) is no reason to panic.
func TestAdvanceAnyState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		g := &anyJourney{T: r}
		s := tellOf(failing{r: r}, g.definition())
		moment := func() time.Time {
			return rapid.SampledFrom([]time.Time{{}, monday(), monday().Add(-5 * Day), monday().Add(5 * Day)}).Draw(r, "moment")
		}
		due := moment()
		s.st = State{
			Step: fmt.Sprintf("s%d", rapid.IntRange(1, 9).Draw(r, "step")), EnteredAt: moment(), Since: moment(), Due: &due,
			Phase:  Phase(g.pick("", "window", "waiting", "asked", "reminded", "held", "else")),
			Survey: g.pick("", "srv_1"), Task: g.pick("", "tsk_1"), Paused: g.chance(), Accounted: moment(),
		}
		if g.chance() {
			s.st.Due = nil
		}
		s.disturb(g)
		out := s.ask()
		s.check(out)
	})
}
