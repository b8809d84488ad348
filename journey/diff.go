package journey

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Content is what can be compared: a journey with its templates.
type Content struct {
	Def   *Definition
	Files map[string]string // name → text
}

// Alteration is one thing in which two versions differ.
type Alteration struct {
	What    string `json:"what"`              // journey, trigger, exit, goal, step, message or declaration
	Step    string `json:"step,omitempty"`    // its id in the new version, or in the old one where it is gone
	Was     string `json:"was,omitempty"`     // its id in the old version, where it is taken for the same step under another id
	Message string `json:"message,omitempty"` // name of the template
	Words   Phrase `json:"words"`             // e.g. "step `rest` waits 7 days instead of 5 days"
}

// Diff says in words what becomes different from one version to the other: the journey, then its steps in their order, then what was
// taken out, then its messages. The order of two equal versions is no change. It is pure.
func Diff(from, to Content) []Alteration {
	d := &diff{from: outline(from.Def), to: outline(to.Def)}
	d.renamed = d.pairs()
	d.journey(from.Def, to.Def)
	d.rules(from.Def, to.Def)
	d.declarations(from.Def.Declares, to.Def.Declares)
	for _, p := range d.to.list {
		d.step(p)
	}
	for _, p := range d.from.list {
		if d.to.at[p.id] == nil && d.renamed[p.id] == "" {
			d.add(Alteration{What: "step", Step: p.id, Words: say("step `%s` is taken out (%s)", p.id, lower(p.step))})
		}
	}
	d.messages(from.Files, to.Files)
	return d.out
}

// Renamed returns the steps that the new version seems to have under another id: of the same kind, in the same place. It is what a
// migration would be given as its map.
func Renamed(from, to *Definition) map[string]string {
	return (&diff{from: outline(from), to: outline(to)}).pairs()
}

type diff struct {
	from, to outlined
	renamed  map[string]string // old id → new id
	out      []Alteration
}

// placed step: where it stands in the tree.
type standsAt struct {
	id, within    string // within: id of the step that holds it, and which arm; "" is the journey itself
	before, after string // its neighbours in the same list
	step          *Step
}

type outlined struct {
	list []*standsAt
	at   map[string]*standsAt
}

func outline(d *Definition) outlined {
	o := outlined{at: map[string]*standsAt{}}
	var lay func(steps []*Step, within string)
	lay = func(steps []*Step, within string) {
		for i, s := range steps {
			p := &standsAt{id: s.ID, within: within, step: s}
			if i > 0 {
				p.before = steps[i-1].ID
			}
			if i+1 < len(steps) {
				p.after = steps[i+1].ID
			}
			o.list, o.at[s.ID] = append(o.list, p), p
			for _, arm := range namedArms(s) {
				lay(arm.steps, s.ID+" "+arm.name)
			}
		}
	}
	lay(d.Steps, "")
	for i := range d.Exit {
		lay(d.Exit[i].Then, "exit "+d.Exit[i].As)
	}
	if d.Goal != nil {
		lay(d.Goal.Then, "goal")
	}
	return o
}

// pairs finds what is gone and what is new, of one kind and between the same neighbours.
func (d *diff) pairs() map[string]string {
	out, taken := map[string]string{}, map[string]bool{}
	same := func(old, now string) bool { return old == now || old != "" && out[old] == now }
	holder := func(within string) string {
		id, arm, _ := strings.Cut(within, " ")
		if to, known := out[id]; known {
			id = to
		}
		return strings.TrimSpace(id + " " + arm)
	}
	for _, old := range d.from.list {
		if d.to.at[old.id] != nil {
			continue
		}
		for _, now := range d.to.list {
			if d.from.at[now.id] != nil || taken[now.id] || now.step.Kind != old.step.Kind || holder(old.within) != now.within {
				continue
			}
			if !sameWork(old.step, now.step) {
				continue
			}
			if same(old.before, now.before) || old.after != "" && old.after == now.after {
				out[old.id], taken[now.id] = now.id, true
				break
			}
		}
	}
	d.lonely(out, taken)
	return out
}

// lonely pairs what is the only one of its kind that is gone from a list with the only one that is new there.
func (d *diff) lonely(out map[string]string, taken map[string]bool) {
	type place struct {
		within string
		kind   Kind
	}
	gone, fresh := map[place][]*standsAt{}, map[place][]*standsAt{}
	for _, p := range d.from.list {
		if d.to.at[p.id] == nil && out[p.id] == "" {
			gone[place{p.within, p.step.Kind}] = append(gone[place{p.within, p.step.Kind}], p)
		}
	}
	for _, p := range d.to.list {
		if d.from.at[p.id] == nil && !taken[p.id] {
			fresh[place{p.within, p.step.Kind}] = append(fresh[place{p.within, p.step.Kind}], p)
		}
	}
	for at, old := range gone {
		if now := fresh[at]; len(old) == 1 && len(now) == 1 && sameWork(old[0].step, now[0].step) {
			out[old[0].id] = now[0].id
		}
	}
}

// namedArm is a list of steps inside a step, under a name that stays when other arms come or go.
type namedArm struct {
	name  string
	steps []*Step
}

func namedArms(s *Step) (out []namedArm) {
	add := func(name string, steps []*Step) { out = append(out, namedArm{name, steps}) }
	numbered := func(arms []Arm) {
		for i, a := range arms {
			name := strconv.Itoa(i + 1)
			if a.Else {
				name = "else"
			}
			add(name, a.Then)
		}
	}
	numbered(s.Branch)
	for _, v := range s.Split {
		add(v.Name, v.Then)
	}
	switch {
	case s.Wait != nil:
		add("then", s.Wait.Then)
	case s.WaitFor != nil:
		for i := range s.WaitFor.Any {
			add(s.WaitFor.Any[i].words().String(), s.WaitFor.Any[i].Then)
		}
		if s.WaitFor.Timeout != nil {
			add("timeout", s.WaitFor.Timeout.Then)
		}
	case s.Survey != nil:
		numbered(s.Survey.Answers)
		add("no answer", s.Survey.NoAnswer)
	case s.Task != nil:
		numbered(s.Task.Outcomes)
	case s.Repeat != nil:
		add("round", s.Repeat.Then)
	}
	return out
}

// sameWork says whether two steps of one kind can be the same under two ids: another message is another step.
func sameWork(a, b *Step) bool {
	switch {
	case a.Send != nil:
		return a.Send.Message == b.Send.Message
	case a.Survey != nil:
		return a.Survey.Ask == b.Survey.Ask
	}
	return true
}

func (d *diff) add(c Alteration) { d.out = append(d.out, c) }

// differ adds a change where two sayings of what has that name differ.
func (d *diff) differ(what string, name, from, to Phrase) {
	saying := func(form string, values ...any) {
		p := say(name.Form+form, values...)
		p.Values = append(slices.Clone(name.Values), p.Values...)
		d.add(Alteration{What: what, Words: p})
	}
	switch {
	case from.same(to):
	case from.Empty():
		saying(" is new: %s", to)
	case to.Empty():
		saying(" is taken out: %s", from)
	default:
		saying(": %s instead of %s", to, from)
	}
}

func (d *diff) journey(from, to *Definition) {
	texts := func(name Phrase, from, to string) { d.differ("journey", name, written(from), written(to)) }
	texts(say("name"), from.Name, to.Name)
	texts(say("topic"), from.Topic, to.Topic)
	texts(say("why"), from.Why, to.Why)
	locales := slices.AppendSeq(slices.Collect(maps.Keys(from.Whys)), maps.Keys(to.Whys))
	slices.Sort(locales)
	for _, locale := range slices.Compact(locales) {
		texts(say("why in %s", locale), from.Whys[locale], to.Whys[locale])
	}
	d.differ("trigger", say("trigger"), from.Enter.Words(), to.Enter.Words())
	if from.Enter.Words().same(to.Enter.Words()) && !reflect.DeepEqual(from.Enter, to.Enter) {
		d.add(Alteration{What: "trigger", Words: say("trigger: its details are different")})
	}
	d.differ("trigger", say("reentry"), from.Reentry.words(), to.Reentry.words())
	texts(say("holdout"), percentOrNone(from.Holdout), percentOrNone(to.Holdout))
	d.differ("journey", say("send window"), from.SendWindow.words(), to.SendWindow.words())
	d.differ("journey", say("cap"), from.Cap.words(), to.Cap.words())
	texts(say("group"), from.Group, to.Group)
	if from.Group != "" && to.Group != "" {
		texts(say("priority"), strconv.Itoa(from.Priority), strconv.Itoa(to.Priority))
	}
}

// rules compares exits by their reason, and the goal.
func (d *diff) rules(from, to *Definition) {
	said := func(def *Definition) (map[string]Phrase, []string) {
		words, names := map[string]Phrase{}, []string{}
		for i := range def.Exit {
			r := &def.Exit[i]
			if words[r.As].Empty() {
				names = append(names, r.As)
			}
			words[r.As] = inRow("%s, or %s", words[r.As], r.Words())
		}
		return words, names
	}
	was, old := said(from)
	is, now := said(to)
	for _, as := range now {
		d.differ("exit", say("exit `%s`", as), was[as], is[as])
	}
	for _, as := range old {
		if is[as].Empty() {
			d.differ("exit", say("exit `%s`", as), was[as], Phrase{})
		}
	}
	goal := func(g *Goal) Phrase {
		if g == nil {
			return Phrase{}
		}
		words := g.Words()
		if g.Value != "" {
			words = say("%s, worth %s", words, g.Value)
		}
		if g.Exit {
			words = say("%s, which ends the journey", words)
		}
		return words
	}
	d.differ("goal", say("goal"), goal(from.Goal), goal(to.Goal))
}

func (d *diff) declarations(from, to Declarations) {
	compare := func(what string, was, is map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(is)) {
			switch old, had := was[key]; {
			case !had:
				d.add(Alteration{What: "declaration", Words: say(what+" `%s` is new", key)})
			case !reflect.DeepEqual(old, is[key]):
				d.add(Alteration{What: "declaration", Words: say(what+" `%s` is different", key)})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(was)) {
			if _, has := is[key]; !has {
				d.add(Alteration{What: "declaration", Words: say(what+" `%s` is taken out", key)})
			}
		}
	}
	compare("topic", anything(from.Topics), anything(to.Topics))
	compare("pool", anything(from.Pools), anything(to.Pools))
	compare("survey", anything(from.Surveys), anything(to.Surveys))
	compare("segment", anything(from.Segments), anything(to.Segments))
}

func anything[V any](m map[string]V) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func (r *Reentry) words() Phrase {
	switch {
	case r == nil:
		return Phrase{}
	case r.Never:
		return say("never")
	case r.Always:
		return say("always")
	case r.After > 0:
		return say("%s after the last one ended", spanPhrase(r.After))
	}
	words := say("per %s", listed(r.Per))
	if r.Meanwhile != "" {
		words = say("%s, a further trigger: %s", words, say(r.Meanwhile))
	}
	return words
}

func (w *Window) words() Phrase {
	if w == nil {
		return Phrase{}
	}
	words := say("%s to %s", clockWords(w.From), clockWords(w.To))
	if len(w.Days) == 0 {
		return words
	}
	days := make([]Phrase, len(w.Days))
	for i, day := range w.Days {
		days[i] = say(day.String())
	}
	return say("%s, on %s", words, sentences(days...))
}

func (c *Cap) words() Phrase {
	if c == nil {
		return Phrase{}
	}
	over := say(or(string(c.Over), string(OverHold)))
	if c.Messages == 1 {
		return say("1 message per %s, else %s", spanPhrase(c.Per), over)
	}
	return say("%s messages per %s, else %s", strconv.Itoa(c.Messages), spanPhrase(c.Per), over)
}

func percentOrNone(n int) string {
	if n == 0 {
		return ""
	}
	return percent(n)
}
