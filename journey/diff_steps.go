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
		d.add(Alteration{What: "step", Step: now.id, Words: "step `" + now.id + "` is new: " + lower(now.step) + ", " + now.place()})
		return
	}
	add := func(words string) {
		d.add(Alteration{What: "step", Step: now.id, Was: was, Words: "step `" + now.id + "` " + words})
	}
	if was != "" {
		add("was called `" + was + "`")
	}
	if d.moved(old, now) {
		add("now comes " + now.place())
	}
	said := len(d.out)
	for _, words := range stepChanges(old.step, now.step) {
		add(words)
	}
	if len(d.out) == said && !reflect.DeepEqual(bare(old.step), bare(now.step)) {
		add("is different in its details")
	}
}

// lower is what a step does, inside a sentence: "wait 5 days".
func lower(s *Step) string {
	what, more := s.Words()
	return sentences(strings.ToLower(what[:1])+what[1:], more)
}

// place says where a step stands: "after `x`", "first", "first in `offer-or-not`".
func (p *standsAt) place() string {
	switch holder, _, _ := strings.Cut(p.within, " "); {
	case p.before != "":
		return "after `" + p.before + "`"
	case p.within == "":
		return "first"
	default:
		return "first inside `" + holder + "`"
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
func stepChanges(a, b *Step) (out []string) {
	if a.Kind != b.Kind {
		return []string{"is another kind of step: " + lower(b) + " instead of " + lower(a)}
	}
	differ := func(verb, from, to string) {
		if from != to {
			out = append(out, verb+" "+or(to, "nothing")+" instead of "+or(from, "nothing"))
		}
	}
	what, more := a.Words()
	now, nowMore := b.Words()
	switch {
	case a.Wait != nil && strings.HasPrefix(what, "Wait ") && strings.HasPrefix(now, "Wait "):
		differ("waits", strings.TrimPrefix(what, "Wait "), strings.TrimPrefix(now, "Wait "))
	case a.Send != nil:
		differ("sends", "`"+a.Send.Message+"`", "`"+b.Send.Message+"`")
	case a.Task != nil:
		differ("asks", "“"+a.Task.Title+"”", "“"+b.Task.Title+"”")
		differ("is for", or(a.Task.Team, "anybody"), or(b.Task.Team, "anybody"))
		differ("is due in", dueWords("", a.Task), dueWords("", b.Task))
		differ("waits", spanOf("", a.Task.Wait), spanOf("", b.Task.Wait))
		return out
	case a.Survey != nil:
		differ("asks", askWords(a.Survey.Ask), askWords(b.Survey.Ask))
		differ("sends", "`"+a.Survey.Send+"`", "`"+b.Survey.Send+"`")
		differ("waits", spanOf("", a.Survey.Wait), spanOf("", b.Survey.Wait))
		return append(out, armChanges("answer", a.Survey.Answers, b.Survey.Answers)...)
	case len(a.Branch) > 0:
		return armChanges("arm", a.Branch, b.Branch)
	case len(a.Split) > 0:
		return variantChanges(a.Split, b.Split)
	case a.WaitFor != nil:
		return awaitedChanges(a.WaitFor, b.WaitFor)
	default:
		differ("says", what, now)
	}
	differ("has", more, nowMore)
	return out
}

func armChanges(name string, a, b []Arm) (out []string) {
	cond := func(arm Arm) string {
		if arm.Else {
			return "anything else"
		}
		return arm.If.Words()
	}
	for i := range max(len(a), len(b)) {
		n := counting(i)
		switch {
		case i >= len(a):
			out = append(out, "has a "+n+" "+name+": "+cond(b[i]))
		case i >= len(b):
			out = append(out, "has no "+n+" "+name+" any more: "+cond(a[i]))
		case cond(a[i]) != cond(b[i]):
			out = append(out, "asks in its "+n+" "+name+" for “"+cond(b[i])+"” instead of “"+cond(a[i])+"”")
		}
	}
	return out
}

func counting(i int) string {
	if words := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}; i < len(words) {
		return words[i]
	}
	return "further"
}

func variantChanges(a, b []Variant) (out []string) {
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
			out = append(out, "has a new variant `"+name+"` with "+percent(is[name]))
		case old != is[name]:
			out = append(out, "gives variant `"+name+"` "+percent(is[name])+" instead of "+percent(old))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, has := is[name]; !has {
			out = append(out, "has no variant `"+name+"` any more")
		}
	}
	return out
}

func awaitedChanges(a, b *WaitFor) (out []string) {
	list := func(w *WaitFor) (words []string) {
		for i := range w.Any {
			words = append(words, w.Any[i].words())
		}
		return words
	}
	was, is := list(a), list(b)
	for _, words := range is {
		if !slices.Contains(was, words) {
			out = append(out, "waits for "+words+" too")
		}
	}
	for _, words := range was {
		if !slices.Contains(is, words) {
			out = append(out, "does not wait for "+words+" any more")
		}
	}
	timeout := func(w *WaitFor) string {
		if w.Timeout == nil {
			return "for ever"
		}
		return w.Timeout.words() + " at most"
	}
	if timeout(a) != timeout(b) {
		out = append(out, "waits "+timeout(b)+" instead of "+timeout(a))
	}
	return out
}
