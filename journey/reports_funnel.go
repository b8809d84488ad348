package journey

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Path is where an enrollment has been.
type Path struct {
	Came []string // steps, each once, sorted
	Took []string // ways out of them as step/way, each once, sorted
	At   string   // where she stands, or stood when it ended; "" before the first step
}

// Trail is what there is to know of an enrollment beside what it told her stream.
type Trail struct {
	Holdout bool
	At      string     // the step at which she stands, or stood when it ended
	Log     []LogEntry // in whatever order, each line at least once
}

// path follows the log; whoever is held out is followed nowhere. Where she stands she has come to, also when nothing was done there yet.
func (t Trail) path() Path {
	if t.Holdout {
		return Path{}
	}
	came, took := map[string]bool{}, map[string]bool{}
	for _, l := range append(slices.Clone(t.Log), LogEntry{Step: t.At}) {
		if l.Step == "" {
			continue
		}
		came[l.Step] = true
		if way := l.Way(); way != "" {
			took[wayLabel(l.Step, way)] = true
		}
	}
	return Path{Came: slices.Sorted(maps.Keys(came)), Took: slices.Sorted(maps.Keys(took)), At: t.At}
}

// wayLabel names a way out of a step. No step's id has a slash.
func wayLabel(step, way string) string { return step + "/" + way }

// What is counted of steps, once for each enrollment that was not held out; the label begins with the key of the journey and a slash.
const (
	CountCame   = "came"   // label: journey/step
	CountTook   = "took"   // label: journey/step/way
	CountStands = "stands" // label: journey/step, of those that go on
	CountLeft   = "left"   // the same, of those that have ended
)

// eachPlace calls count for everything that the enrollment counts for on its way.
func (e EnrollmentFact) eachPlace(count func(what, label string)) {
	for _, step := range e.Came {
		count(CountCame, step)
	}
	for _, way := range e.Took {
		count(CountTook, way)
	}
	switch {
	case e.At == "":
	case e.Reason == "":
		count(CountStands, e.At)
	default:
		count(CountLeft, e.At)
	}
}

// Journeys lists the keys of those that somebody is counted to have entered.
func (c Counts) Journeys() []string {
	var keys []string
	for _, label := range c.labels(CountEntered) {
		keys = append(keys, strings.TrimSuffix(label, "/"))
	}
	return keys
}

// NoteFormer marks a step, or a way, that the newest version does not have.
const NoteFormer = "former"

// funnel follows those who entered through the steps of their journeys. Versions are one: a step is the same under the same id, a way
// out of it under the same name.
type funnel struct {
	entered, came, took, stands, left, got map[string]Count
	seen                                   map[string]bool // labels of rows that are there
	steps, ways                            ReportTable
}

// funnelTables are the steps in the order of the journey's picture, and the ways out of those that have several.
func funnelTables(r ReportRequest, of Reported) []ReportTable {
	f := funnel{
		entered: r.span(of.Counts, CountEntered), came: r.span(of.Counts, CountCame), took: r.span(of.Counts, CountTook),
		stands: r.span(of.Counts, CountStands), left: r.span(of.Counts, CountLeft), got: r.span(of.Counts, CountGot),
		seen: map[string]bool{},
		steps: r.spanned("funnel",
			Figure{"came", UnitPeople, "Enrollments that began in the span and came to the step, each once. Those held out are left out.", true},
			Figure{"share", UnitShare, "As a part of those who entered.", false},
			Figure{"went_on", UnitPeople, "Those of them who went on from it.", true},
			Figure{"ended", UnitPeople, "Those whose enrollment ended there.", true},
			Figure{"stands", UnitPeople, "Those who stand there now.", true},
			Figure{"got", UnitPeople, "Those for whom a message of the step went out.", true}),
		ways: r.spanned("ways",
			Figure{"took", UnitPeople, "Enrollments that began in the span and took this way out of the step, each once.", true},
			Figure{"share", UnitShare, "As a part of those who came to the step. In a repeat she can take several.", false}),
	}
	for _, key := range of.Counts.Journeys() {
		if def := of.Journeys[key]; def != nil {
			f.list(key, def.Steps, "")
			for _, last := range def.lastSteps() {
				f.list(key, last, "")
			}
		}
		f.former(key, of.Journeys[key] != nil)
	}
	return []ReportTable{f.steps, f.ways}
}

// list adds steps, and those in their arms.
func (f *funnel) list(key string, steps []*Step, inside string) {
	for _, s := range steps {
		what, _ := s.Words()
		f.step(ReportRow{Group: key, Label: s.ID, Words: what, Inside: inside}, s.Send != nil || s.Survey != nil)
		ways := s.Ways()
		for _, w := range ways {
			took := f.took[key+"/"+wayLabel(s.ID, w.Name)].N
			if w.Name == WayThen {
				took = f.came[key+"/"+w.Then[0].ID].N
			}
			f.way(ReportRow{Group: key, Label: wayLabel(s.ID, w.Name), Words: w.Words}, took)
		}
		for _, w := range ways {
			f.list(key, w.Then, wayLabel(s.ID, w.Name))
		}
		if len(ways) == 0 { // the rounds of a repeat
			for _, arm := range s.Arms() {
				f.list(key, arm, s.ID)
			}
		}
	}
}

// former adds what was counted of steps and ways that are not listed: an older version has them. Where the newest cannot be read,
// nobody knows which.
func (f *funnel) former(key string, known bool) {
	note := ""
	if known {
		note = NoteFormer
	}
	for _, row := range f.missing(f.came, key) {
		row.Note = note
		f.step(row, f.got[key+"/"+row.Label].N > 0)
	}
	for _, row := range f.missing(f.took, key) {
		row.Note = note
		f.way(row, f.took[key+"/"+row.Label].N)
	}
}

// missing begins the rows of what was counted and not listed, the larger ones first.
func (f *funnel) missing(counted map[string]Count, key string) []ReportRow {
	labels := slices.SortedFunc(maps.Keys(counted), func(a, b string) int {
		return cmp.Or(cmp.Compare(counted[b].N, counted[a].N), cmp.Compare(a, b))
	})
	var out []ReportRow
	for _, label := range labels {
		if row := groupedRow(label); row.Group == key && !f.seen[label] {
			out = append(out, row)
		}
	}
	return out
}

// step adds the row of a step. What sends nothing says nothing of what went out.
func (f *funnel) step(row ReportRow, sends bool) {
	label := row.Group + "/" + row.Label
	f.seen[label] = true
	row.Values = map[string]*float64{"got": nil}
	came, left, stands := f.came[label].N, f.left[label].N, f.stands[label].N
	row.Set("came", float64(came))
	row.Share("share", float64(came), float64(f.entered[row.Group+"/"].N))
	row.Set("went_on", float64(came-left-stands))
	row.Set("ended", float64(left))
	row.Set("stands", float64(stands))
	if sends {
		row.Set("got", float64(f.got[label].N))
	}
	f.steps.Rows = append(f.steps.Rows, row)
}

// way adds the row of a way out of a step.
func (f *funnel) way(row ReportRow, took int64) {
	f.seen[row.Group+"/"+row.Label] = true
	step, _, _ := strings.Cut(row.Label, "/")
	row.Values = map[string]*float64{}
	row.Set("took", float64(took))
	row.Share("share", float64(took), float64(f.came[row.Group+"/"+step].N))
	f.ways.Rows = append(f.ways.Rows, row)
}

// ofSteps says whether the rows are of steps, or of ways out of them.
func (t ReportTable) ofSteps() bool { return t.Key == "funnel" || t.Key == "ways" }

// Opened is the request that lists those behind a figure: whoever went on when the moment of a wait came is found at the first step
// there, since no line of the log tells of it.
func (q PeopleRequest) Opened(def *Definition) PeopleRequest {
	name, way, _ := strings.Cut(q.Label, "/")
	step := def.Step(name)
	if q.Table != "ways" || way != WayThen || step == nil || step.Wait == nil || len(step.Wait.Then) == 0 {
		return q
	}
	q.Table, q.Figure, q.Label = "funnel", "came", step.Wait.Then[0].ID
	return q
}
