package journey

import (
	"maps"
	"slices"
	"strings"
)

// Needs says which facts the decisions of this version can ask for.
func (d *Definition) Needs() Needs {
	n := needs{events: set{}, history: set{}, colleagues: set{}, journeys: set{}, segments: set{}, roles: set{}, teams: set{}}
	n.condition(d.Enter.If, false)
	for _, key := range slices.Sorted(maps.Keys(d.Declares.Segments)) {
		n.condition(d.Declares.Segments[key], true)
	}
	for _, rule := range d.Exit {
		n.events.add(rule.Event)
		n.condition(rule.If, true)
		n.condition(rule.Where, false)
	}
	if d.Goal != nil {
		n.events.add(d.Goal.Event)
		n.history.add(d.Goal.Event)
		n.condition(d.Goal.Where, false)
		n.condition(d.Goal.If, true)
	}
	d.Walk(n.step)
	n.segments.add(d.Enter.Segment())
	maps.DeleteFunc(n.segments, func(key string, _ bool) bool { _, ok := d.Declares.Segments[key]; return ok })
	return Needs{
		Events: n.events.sorted(), History: n.history.sorted(), Journeys: n.journeys.sorted(), Segments: n.segments.sorted(),
		AccountHistory: n.colleagues.sorted(), Topics: d.mailTopics(), Cap: d.Cap != nil, Messages: n.messages, Coupons: n.coupons, Account: n.account,
		Contests: d.decided(), Roles: n.roles.sorted(), Teams: n.teams.sorted(),
	}
}

// EventNames returns the names of all events that this version looks at: by which it is entered, for which it waits, and which its
// conditions count.
func (d *Definition) EventNames() []string {
	needs, names := d.Needs(), set{}
	names.add(d.Enter.Event)
	if d.Enter.Inactive != nil {
		names.add(d.Enter.Inactive.Event)
	}
	names.add(needs.Events...)
	names.add(needs.History...)
	names.add(needs.AccountHistory...)
	return names.sorted()
}

// decided returns the contests in which one variant is to win.
func (d *Definition) decided() []Contest {
	var out []Contest
	for _, c := range d.Contests() {
		if c.Winner != nil {
			out = append(out, c)
		}
	}
	return out
}

// mailTopics returns the topics of its messages, transactional aside.
func (d *Definition) mailTopics() []string {
	topics := set{}
	topics.add(d.Topic)
	d.Walk(func(s *Step) {
		if s.Send != nil {
			topics.add(s.Send.Topic)
		}
	})
	delete(topics, TopicTransactional)
	return topics.sorted()
}

type set map[string]bool

func (s set) add(names ...string) {
	for _, name := range names {
		if name != "" {
			s[name] = true
		}
	}
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// needs gathers what Needs returns.
type needs struct {
	events, history, colleagues, journeys, segments, roles, teams set
	messages, coupons, account                                    bool
}

func (n *needs) step(s *Step) {
	switch {
	case s.Send != nil:
		n.condition(s.Send.Unless, false)
		n.roles.add(s.Send.Role)
	case s.Wait != nil:
		n.value(s.Wait.ForValue)
		n.value(s.Wait.Until)
	case s.WaitFor != nil:
		n.waitFor(s.WaitFor)
	case s.Survey != nil:
		n.events.add(EventSurveyAnswered)
		n.arms(s.Survey.Answers)
	case s.Task != nil:
		n.task(s.Task)
	case s.Start != nil:
		for _, v := range s.Start.With {
			n.value(&v)
		}
	case s.Repeat != nil:
		n.condition(s.Repeat.Until, false)
	case s.Webhook != nil:
		s.Webhook.Body.each(n.value)
	case s.Notify != nil:
		n.account = n.account || strings.Contains(withoutText(s.Notify.Text), "account")
	}
	n.arms(s.Branch)
	for _, a := range s.Set {
		n.value(&a.Value)
	}
}

func (n *needs) waitFor(w *WaitFor) {
	for _, a := range w.Any {
		n.events.add(a.Event)
		n.condition(a.If, true)
		n.condition(a.Where, false)
	}
	if w.Timeout != nil {
		n.value(w.Timeout.At)
	}
}

func (n *needs) task(t *TaskStep) {
	if t.Wait > 0 {
		n.events.add(EventTaskDone)
	}
	if t.Working {
		n.teams.add(t.Team)
	}
	n.account = n.account || strings.Contains(withoutText(t.Title), "account")
	n.arms(t.Outcomes)
}

// withoutText leaves of a template what stands between `{{` and `}}`.
func withoutText(template string) string {
	var b strings.Builder
	for {
		_, rest, found := strings.Cut(template, "{{")
		if !found {
			return b.String()
		}
		var action string
		action, template, _ = strings.Cut(rest, "}}")
		b.WriteString(action + " ")
	}
}

func (n *needs) arms(arms []Arm) {
	for _, a := range arms {
		n.condition(a.If, false)
	}
}

func (n *needs) value(v *Value) { n.account = n.account || v != nil && v.From == FromAccount }

// condition gathers what a condition looks at; awaited ones can become true at any moment, so that the events that make
// them so are needed too.
func (n *needs) condition(c *Cond, awaited bool) {
	eachCond(c, func(c *Cond) {
		n.value(c.Operand)
		if arg, ok := c.Arg.(*Value); ok {
			n.value(arg)
		}
		switch {
		case c.Event != nil && c.Event.ByAccount:
			n.colleagues.add(c.Event.Name)
		case c.Event != nil:
			n.history.add(c.Event.Name)
		}
		if c.Journey != nil {
			n.journeys.add(c.Journey.Key)
		}
		n.segments.add(c.Segment)
		n.messages = n.messages || c.Message != nil
		n.coupons = n.coupons || c.Coupon != nil
		if awaited {
			n.events.add(eventsOf(c)...)
		}
	})
}

// eventsOf returns the names of the events that can make one node of a condition true or false.
func eventsOf(c *Cond) []string {
	switch {
	case c.Event != nil:
		return []string{c.Event.Name}
	case c.Operand != nil && c.Operand.From == FromAnswer:
		return []string{EventSurveyAnswered, EventTaskDone}
	case c.Consent != nil:
		return []string{EventTopicSubscribed, EventTopicUnsubscribed}
	case c.Journey != nil:
		return []string{EventJourneyEntered, EventJourneyExited}
	case c.Coupon != nil:
		return []string{map[string]string{
			"issued": EventCouponIssued, "redeemed": EventCouponRedeemed, "expired": EventCouponExpired,
		}[c.Coupon.Was]}
	case c.Message != nil:
		return []string{map[string]string{
			"sent": EventMessageSent, "clicked": EventLinkClicked, "bounced": EventMessageBounced, "dropped": EventMessageDropped,
		}[c.Message.Was]}
	}
	return nil
}

// eachCond calls f for every node of a condition; nil has none.
func eachCond(c *Cond, f func(*Cond)) {
	if c == nil {
		return
	}
	f(c)
	for _, inner := range slices.Concat(c.All, c.Any, []*Cond{c.Not, c.Each}) {
		eachCond(inner, f)
	}
	if c.Event != nil {
		eachCond(c.Event.Where, f)
	}
}

// Templates returns the names of all templates that the version sends: of sends, surveys and reminders; sorted, no doubles.
func (d *Definition) Templates() []string {
	names := set{}
	d.Walk(func(s *Step) {
		if s.Send != nil {
			names.add(s.Send.Message)
		}
		if s.Survey != nil {
			names.add(s.Survey.Send)
			if s.Survey.Reminder != nil {
				names.add(s.Survey.Reminder.Send)
			}
		}
	})
	return names.sorted()
}

// CouponNames returns the names under which templates and conditions find coupons (`as`); sorted, no doubles.
func (d *Definition) CouponNames() []string {
	names := set{}
	d.Walk(func(s *Step) {
		if s.Coupon != nil {
			names.add(s.Coupon.As)
		}
	})
	return names.sorted()
}

// VarNames returns the first parts of the paths under `var`: the `as` of every awaited event and every webhook; sorted, no doubles.
func (d *Definition) VarNames() []string {
	names := set{}
	if d.Enter.Each != nil {
		names.add(d.Enter.Each.As)
	}
	d.Walk(func(s *Step) {
		if s.WaitFor != nil {
			for _, a := range s.WaitFor.Any {
				names.add(a.As)
			}
		}
		if s.Webhook != nil {
			names.add(s.Webhook.As)
		}
	})
	return names.sorted()
}

func firstPart(path string) string {
	first, _, _ := strings.Cut(path, ".")
	return first
}

// References are the keys that a version names and does not declare: they must exist on the server. Each is sorted and has
// no doubles; the transactional topic and the built-in surveys are left out.
type References struct {
	Topics, Pools, Surveys, Journeys, Segments, Webhooks, Teams []string
}

// References returns what the version takes for granted.
func (d *Definition) References() References {
	topics, pools, surveys, journeys, segments, webhooks, teams := set{}, set{}, set{}, set{}, set{}, set{}, set{}
	segments.add(d.Enter.Joins, d.Enter.Segment())
	topics.add(d.Topic)
	gather := func(c *Cond) {
		eachCond(c, func(c *Cond) {
			if c.Consent != nil {
				topics.add(c.Consent.Topic)
			}
			if c.Journey != nil {
				journeys.add(c.Journey.Key)
			}
			segments.add(c.Segment)
		})
	}
	d.eachCond(gather)
	d.Walk(func(s *Step) {
		switch {
		case s.Send != nil:
			topics.add(s.Send.Topic)
			webhooks.add(s.Send.Channel)
		case s.Coupon != nil:
			pools.add(s.Coupon.Pool)
		case s.Survey != nil:
			surveys.add(s.Survey.Ask)
		case s.Start != nil:
			journeys.add(s.Start.Journey)
		case s.Consent != nil:
			topics.add(s.Consent.Topic)
		case s.Pause != nil:
			topics.add(s.Pause.Topics...)
		case s.Webhook != nil:
			webhooks.add(s.Webhook.To)
		case s.Notify != nil:
			teams.add(s.Notify.Team)
		}
		journeys.add(s.Leave...)
	})
	delete(topics, TopicTransactional)
	delete(journeys, d.Key)
	for _, key := range builtInSurveys() {
		delete(surveys, key)
	}
	maps.DeleteFunc(topics, func(key string, _ bool) bool { _, ok := d.Declares.Topics[key]; return ok })
	maps.DeleteFunc(pools, func(key string, _ bool) bool { _, ok := d.Declares.Pools[key]; return ok })
	maps.DeleteFunc(segments, func(key string, _ bool) bool { _, ok := d.Declares.Segments[key]; return ok })
	maps.DeleteFunc(surveys, func(key string, _ bool) bool { _, ok := d.Declares.Surveys[key]; return ok })
	maps.DeleteFunc(webhooks, func(key string, _ bool) bool { _, ok := d.Declares.Webhooks[key]; return ok })
	return References{Topics: topics.sorted(), Pools: pools.sorted(), Surveys: surveys.sorted(), Journeys: journeys.sorted(),
		Segments: segments.sorted(), Webhooks: webhooks.sorted(), Teams: teams.sorted()}
}

// eachCond calls f for every whole condition of the version.
func (d *Definition) eachCond(f func(*Cond)) {
	f(d.Enter.If)
	for _, key := range slices.Sorted(maps.Keys(d.Declares.Segments)) {
		f(d.Declares.Segments[key])
	}
	for _, rule := range d.Exit {
		f(rule.If)
		f(rule.Where)
	}
	if d.Goal != nil {
		f(d.Goal.Where)
		f(d.Goal.If)
	}
	arms := func(arms []Arm) {
		for _, a := range arms {
			f(a.If)
		}
	}
	d.Walk(func(s *Step) {
		arms(s.Branch)
		switch {
		case s.Send != nil:
			f(s.Send.Unless)
		case s.WaitFor != nil:
			for _, a := range s.WaitFor.Any {
				f(a.If)
				f(a.Where)
			}
		case s.Survey != nil:
			arms(s.Survey.Answers)
		case s.Task != nil:
			arms(s.Task.Outcomes)
		case s.Repeat != nil:
			f(s.Repeat.Until)
		}
	})
}
