package journey

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ParseSurvey reads the declaration of one survey, `{ question, kind, options, follow_up, thanks, locales }` as YAML or JSON, as it would stand under
// `surveys` in a journey. Every fault is reported with its place and its mend.
func ParseSurvey(file, key string, src []byte) (SurveyForm, Problems) {
	p := &parser{file: file, def: &Definition{}, order: map[*yaml.Node][]string{}, marked: map[*yaml.Node]bool{}}
	form := SurveyForm{Key: key}
	if p.document = p.tree(src); p.document != nil {
		if IsBuiltInSurvey(key) {
			p.fault(p.document.Content[0], "the survey "+key+" is there already", "give yours a key of its own, and `kind: "+key+"`")
		}
		form = p.surveyForm(key, p.document.Content[0])
	}
	return form, p.problems()
}

// SurveyInfo is one survey with what came of it.
type SurveyInfo struct {
	Key      string   `json:"key"`
	Kind     string   `json:"kind"`
	Question string   `json:"question,omitempty"` // "" of nps, csat and ces by themselves: asked in her language
	Options  []string `json:"options,omitempty"`
	FollowUp string   `json:"follow_up,omitempty"`
	Thanks   string   `json:"thanks,omitempty"`

	Locales map[string]SurveyWords `json:"locales,omitempty"` // what it says in other languages, by locale

	Asked int `json:"asked"` // invitations
	SurveyScore
	LastAt *time.Time `json:"last_answer_at,omitempty"`
}

// SurveyUse says what hangs on a survey that is to be changed.
type SurveyUse struct {
	Open     int      // invitations that are out: they keep the form that they went out with
	Declared []string // keys of live journeys that declare it themselves, and ask what they declare
}

// SurveyLook asks how the page of a question looks while it is being written.
type SurveyLook struct {
	Form     SurveyForm
	Locale   string    // of the customer; "" one who reads what everybody reads
	Answered bool      // the page that thanks her
	Until    time.Time // until when she may change her answer
}

// SurveyKinds are the kinds of questions.
func SurveyKinds() []string {
	return append([]string{"score", "choice", "choices", "text"}, builtInSurveys()...)
}

// IsBuiltInSurvey says whether a survey of that key needs no declaration, and takes none.
func IsBuiltInSurvey(key string) bool { return slices.Contains(builtInSurveys(), key) }

// SurveyScore is what answers come to. Of nps, Score is promoters less detractors in percent, -100 to 100; of the other scales the
// average; nil where there is no scale, or no answer.
type SurveyScore struct {
	Answered   int      `json:"answered"`
	Score      *float64 `json:"score,omitempty"`
	Average    *float64 `json:"average,omitempty"`
	Promoters  int      `json:"promoters,omitempty"`  // of nps: 9 and 10
	Passives   int      `json:"passives,omitempty"`   // 7 and 8
	Detractors int      `json:"detractors,omitempty"` // 0 to 6
}

// SurveyFilter narrows results: answers in [From, To), of one journey, of one of its versions, of the members of a segment.
type SurveyFilter struct {
	From, To time.Time
	Every    string // week or month
	Zone     string // whose weeks and months they are, e.g. Europe/Vienna
	Journey  string // "" all
	Version  int    // of the journey; 0 all
	Segment  string // those who are in it now; "" everybody
}

// SurveyResults are the answers to one survey in a span of time.
type SurveyResults struct {
	Survey   SurveyInfo      `json:"survey"` // its figures are those of the span
	Every    string          `json:"every"`
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Points   []SurveyPoint   `json:"points"`   // one per week or month with an answer, the oldest first
	Journeys []SurveyJourney `json:"journeys"` // by journey and version
	Spread   []SurveySpread  `json:"spread"`   // how often each score or choice was given
}

// SurveyPoint is a week or a month.
type SurveyPoint struct {
	From time.Time `json:"from"`
	SurveyScore
}

// SurveyJourney is what the answers come to that one version of a journey asked for.
type SurveyJourney struct {
	Journey string `json:"journey"`
	Version int    `json:"version"`
	SurveyScore
}

// SurveySpread is how often one answer was given.
type SurveySpread struct {
	Answer string `json:"answer"`
	Count  int    `json:"count"`
}

// SurveyReply is one answer of one customer. Of one who was erased, only the score is left.
type SurveyReply struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Customer  string    `json:"customer,omitempty"`
	FirstName string    `json:"first_name,omitempty"`
	LastName  string    `json:"last_name,omitempty"`
	Score     *int      `json:"score,omitempty"`
	Choice    string    `json:"choice,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	Journey   string    `json:"journey"`
	Version   int       `json:"version"`
	Locale    string    `json:"locale,omitempty"` // the language that she was asked in, and most likely wrote in; "": not known
}

// SurveyTally says how many gave the same answer to a survey in one week or month, by one version of a journey.
type SurveyTally struct {
	At      time.Time
	Journey string
	Version int
	Score   *int
	Choice  string
	Count   int
}

// Results puts counts together.
func (f SurveyFilter) Results(info SurveyInfo, asked int, tallies []SurveyTally) SurveyResults {
	r := SurveyResults{Survey: info, Every: f.Every, From: f.From, To: f.To, Points: []SurveyPoint{}, Journeys: []SurveyJourney{}, Spread: []SurveySpread{}}
	all, points, journeys := &tally{}, map[time.Time]*tally{}, map[SurveyJourney]*tally{}
	spread := map[string]int{}
	for _, t := range tallies {
		by := SurveyJourney{Journey: t.Journey, Version: t.Version}
		for _, into := range []*tally{all, made(points, t.At), made(journeys, by)} {
			into.add(t)
		}
		for _, answer := range answersOf(info, t) {
			spread[answer] += t.Count
		}
	}
	r.Survey.Asked, r.Survey.SurveyScore = asked, all.score(info.Kind)
	for at, t := range points {
		r.Points = append(r.Points, SurveyPoint{at, t.score(info.Kind)})
	}
	slices.SortFunc(r.Points, func(a, b SurveyPoint) int { return a.From.Compare(b.From) })
	for by, t := range journeys {
		by.SurveyScore = t.score(info.Kind)
		r.Journeys = append(r.Journeys, by)
	}
	slices.SortFunc(r.Journeys, func(a, b SurveyJourney) int {
		return cmp.Or(cmp.Compare(a.Journey, b.Journey), cmp.Compare(b.Version, a.Version))
	})
	for _, answer := range possible(info) {
		r.Spread = append(r.Spread, SurveySpread{answer, spread[answer]})
	}
	return r
}

// tally adds answers up.
type tally struct {
	answered, scored, sum, promoters, passives int
}

func made[K comparable](in map[K]*tally, key K) *tally {
	if in[key] == nil {
		in[key] = &tally{}
	}
	return in[key]
}

func (t *tally) add(s SurveyTally) {
	t.answered += s.Count
	if s.Score == nil {
		return
	}
	t.scored, t.sum = t.scored+s.Count, t.sum+*s.Score*s.Count
	switch {
	case *s.Score >= 9:
		t.promoters += s.Count
	case *s.Score >= 7:
		t.passives += s.Count
	}
}

func (t *tally) score(kind string) SurveyScore {
	return ScoreOf(kind, t.answered, t.scored, t.sum, t.promoters, t.scored-t.promoters-t.passives)
}

// ScoreOf is what so many answers come to, of which so many have a score, of that sum.
func ScoreOf(kind string, answered, scored, sum, promoters, detractors int) SurveyScore {
	s := SurveyScore{Answered: answered}
	if scored == 0 {
		return s
	}
	average := float64(sum) / float64(scored)
	s.Score, s.Average = &average, &average
	if kind == "nps" {
		s.Promoters, s.Passives, s.Detractors = promoters, scored-promoters-detractors, detractors
		net := 100 * float64(promoters-detractors) / float64(scored)
		s.Score = &net
	}
	return s
}

// answersOf are the answers that one tally counts for: of `choices` several.
func answersOf(info SurveyInfo, t SurveyTally) []string {
	if t.Score != nil {
		return []string{valueWords(*t.Score, nil)}
	}
	if info.Kind != "choices" {
		return []string{t.Choice}
	}
	rest, found := t.Choice, []string(nil)
	for _, option := range info.Options { // an option may itself hold a comma
		if rest == option || strings.HasPrefix(rest, option+", ") {
			found, rest = append(found, option), strings.TrimPrefix(strings.TrimPrefix(rest, option), ", ")
		}
	}
	return found
}

// possible are the answers that a survey takes, in their order.
func possible(info SurveyInfo) []string {
	from, to := ScaleOf(info.Kind)
	if to == 0 {
		return info.Options
	}
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, valueWords(n, nil))
	}
	return out
}

// ScaleOf is the range of the scores of a kind of survey; both 0 where it has none.
func ScaleOf(kind string) (from, to int) {
	switch kind {
	case "nps":
		return 0, 10
	case "csat", "score":
		return 1, 5
	case "ces":
		return 1, 7
	}
	return 0, 0
}
