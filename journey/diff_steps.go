package journey

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// step says what is different about one step of the new version.
func (d *diff) step(now *standsAt) {
	old, was := d.from.at[now.id], ""
	for from, to := range d.renamed {
		if to == now.id {
			old, was = d.from.at[from], from
		}
	}
	if old == nil {
		d.add(Alteration{What: "step", Step: now.id, Words: say("step `%s` is new: %s, %s", now.id, lower(now.step), now.place())})
		return
	}
	add := func(words Phrase) {
		words.Form, words.Values = "step `%s` "+words.Form, append([]Phrase{written(now.id)}, words.Values...)
		d.add(Alteration{What: "step", Step: now.id, Was: was, Words: words})
	}
	if was != "" {
		add(say("was called `%s`", was))
	}
	if d.moved(old, now) {
		add(say("now comes %s", now.place()))
	}
	said := len(d.out)
	for _, words := range stepChanges(old.step, now.step) {
		add(words)
	}
	if len(d.out) == said && !reflect.DeepEqual(bare(old.step), bare(now.step)) {
		add(say("is different in its details"))
	}
}

// lower is what a step does, inside a sentence: "wait 5 days".
func lower(s *Step) Phrase {
	what, more := s.Words()
	return sentences(what.lower(), more)
}

// place says where a step stands: "after `x`", "first", "first inside `offer-or-not`".
func (p *standsAt) place() Phrase {
	switch holder, _, _ := strings.Cut(p.within, " "); {
	case p.before != "":
		return say("after `%s`", p.before)
	case p.within == "":
		return say("first")
	default:
		return say("first inside `%s`", holder)
	}
}

// moved says whether a step stands in another list, or changed places with others of its list: those of the longest sequence that
// both lists have in common did not.
func (d *diff) moved(old, now *standsAt) bool {
	if d.name(old.within) != now.within {
		return true
	}
	var was, is []string
	for _, p := range d.from.list {
		if id := d.called(p.id); p.within == old.within && d.to.at[id] != nil && d.to.at[id].within == now.within {
			was = append(was, id)
		}
	}
	for _, p := range d.to.list {
		if p.within == now.within && slices.Contains(was, p.id) {
			is = append(is, p.id)
		}
	}
	return !slices.Contains(common(was, is), now.id)
}

// called is the id of a step of the old version in the new one.
func (d *diff) called(id string) string { return or(d.renamed[id], id) }

func (d *diff) name(within string) string {
	id, arm, _ := strings.Cut(within, " ")
	return strings.TrimSpace(d.called(id) + " " + arm)
}

// common is the longest common subsequence.
func common(a, b []string) []string {
	longest := make([][][]string, len(a)+1)
	for i := range longest {
		longest[i] = make([][]string, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			switch {
			case a[i] == b[j]:
				longest[i][j] = append([]string{a[i]}, longest[i+1][j+1]...)
			case len(longest[i+1][j]) >= len(longest[i][j+1]):
				longest[i][j] = longest[i+1][j]
			default:
				longest[i][j] = longest[i][j+1]
			}
		}
	}
	return longest[0][0]
}

// bare is a step without its place in the file and without the steps that it holds, which are compared by themselves.
func bare(s *Step) Step {
	b := *s
	b.ID, b.Line, b.HasID = "", 0, false
	b.Branch = barred(s.Branch)
	b.Split = slices.Clone(s.Split)
	for i := range b.Split {
		b.Split[i].Then = nil
	}
	if s.Wait != nil {
		w := *s.Wait
		w.Then, b.Wait = nil, &w
	}
	if s.WaitFor != nil {
		w := *s.WaitFor
		w.Any = slices.Clone(w.Any)
		for i := range w.Any {
			w.Any[i].Then = nil
		}
		if w.Timeout != nil {
			t := *w.Timeout
			t.Then, w.Timeout = nil, &t
		}
		b.WaitFor = &w
	}
	if s.Survey != nil {
		w := *s.Survey
		w.Answers, w.NoAnswer, b.Survey = barred(w.Answers), nil, &w
	}
	if s.Task != nil {
		w := *s.Task
		w.Outcomes, b.Task = barred(w.Outcomes), &w
	}
	if s.Repeat != nil {
		w := *s.Repeat
		w.Then, b.Repeat = nil, &w
	}
	return b
}

func barred(arms []Arm) []Arm {
	out := slices.Clone(arms)
	for i := range out {
		out[i].Then = nil
	}
	return out
}

// stepChanges says how a step itself changed.
func stepChanges(a, b *Step) (out []Phrase) {
	if a.Kind != b.Kind {
		return []Phrase{say("is another kind of step: %s instead of %s", lower(b), lower(a))}
	}
	differ := func(form string, from, to Phrase) {
		if !from.same(to) {
			out = append(out, say(form, to.or(say("nothing")), from.or(say("nothing"))))
		}
	}
	what, more := a.Words()
	now, nowMore := b.Words()
	switch {
	case a.Wait != nil:
		differ("waits %s instead of %s", a.Wait.long(), b.Wait.long())
	case a.Send != nil:
		differ("sends `%s` instead of `%s`", written(a.Send.Message), written(b.Send.Message))
	case a.Task != nil:
		differ("asks “%s” instead of “%s”", written(a.Task.Title), written(b.Task.Title))
		anybody := say("anybody")
		differ("is for %s instead of %s", written(a.Task.Team).or(anybody), written(b.Task.Team).or(anybody))
		differ("is due in %s instead of %s", dueWords("%s", a.Task), dueWords("%s", b.Task))
		differ("waits %s instead of %s", spanOf("%s", a.Task.Wait), spanOf("%s", b.Task.Wait))
		return out
	case a.Survey != nil:
		differ("asks %s instead of %s", written(askWords(a.Survey.Ask)), written(askWords(b.Survey.Ask)))
		differ("sends `%s` instead of `%s`", written(a.Survey.Send), written(b.Survey.Send))
		differ("waits %s instead of %s", spanOf("%s", a.Survey.Wait), spanOf("%s", b.Survey.Wait))
		return append(out, armChanges("answer", a.Survey.Answers, b.Survey.Answers)...)
	case len(a.Branch) > 0:
		return armChanges("arm", a.Branch, b.Branch)
	case len(a.Split) > 0:
		return variantChanges(a.Split, b.Split)
	case a.WaitFor != nil:
		return awaitedChanges(a.WaitFor, b.WaitFor)
	default:
		differ("says “%s” instead of “%s”", what, now)
	}
	differ("has “%s” instead of “%s”", more, nowMore)
	return out
}

// long says how long a wait lasts: its words without the verb.
func (w *Wait) long() Phrase {
	what, _ := w.describe()
	what.Form = strings.TrimPrefix(what.Form, "Wait ")
	switch what.Form {
	case "%s":
		return what.Values[0]
	case "until %s": // a repeat's is followed by a condition
		what.Form += "|waits"
	}
	return what
}

func armChanges(name string, a, b []Arm) (out []Phrase) {
	cond := func(arm Arm) Phrase {
		if arm.Else {
			return say("anything else")
		}
		return arm.If.Words()
	}
	for i := range max(len(a), len(b)) {
		n := counting(i)
		switch {
		case i >= len(a):
			out = append(out, say("has a %s "+name+": %s", n, cond(b[i])))
		case i >= len(b):
			out = append(out, say("has no %s "+name+" any more: %s", n, cond(a[i])))
		case !cond(a[i]).same(cond(b[i])):
			out = append(out, say("asks in its %s "+name+" for “%s” instead of “%s”", n, cond(b[i]), cond(a[i])))
		}
	}
	return out
}

func counting(i int) Phrase {
	if words := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}; i < len(words) {
		return say(words[i] + "|of several")
	}
	return say("further")
}

func variantChanges(a, b []Variant) (out []Phrase) {
	shares := func(variants []Variant) map[string]int {
		m := map[string]int{}
		for _, v := range variants {
			m[v.Name] = v.Share
		}
		return m
	}
	was, is := shares(a), shares(b)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		switch old, had := was[name]; {
		case !had:
			out = append(out, say("has a new variant `%s` with %s", name, percent(is[name])))
		case old != is[name]:
			out = append(out, say("gives variant `%s` %s instead of %s", name, percent(is[name]), percent(old)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, has := is[name]; !has {
			out = append(out, say("has no variant `%s` any more", name))
		}
	}
	return out
}

func awaitedChanges(a, b *WaitFor) (out []Phrase) {
	differ := func(form string, these, others []Awaited) {
		for i := range these {
			words := these[i].words()
			if !slices.ContainsFunc(others, func(o Awaited) bool { return o.words().same(words) }) {
				out = append(out, say(form, words))
			}
		}
	}
	differ("waits for %s too", b.Any, a.Any)
	differ("does not wait for %s any more", a.Any, b.Any)
	if was, is := a.most().or(say("for ever")), b.most().or(say("for ever")); !was.same(is) {
		out = append(out, say("waits %s instead of %s", is, was))
	}
	return out
}
