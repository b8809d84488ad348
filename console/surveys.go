package console

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

type surveysData struct{ List []journey.SurveyInfo }

// Tongues are the languages of one besides that of everybody, by their locales.
func (surveysData) Tongues(s journey.SurveyInfo) []string { return slices.Sorted(maps.Keys(s.Locales)) }

// Says writes the score of one; "" where it has none.
func (surveysData) Says(s journey.SurveyInfo) string { return scoreWords(s.Score, s.Kind) }

func surveysPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Surveys(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("surveys", surveysData{list})
}

// surveyData is what was answered to one survey: how it went over time, by whom it was asked, what people wrote.
type surveyData struct {
	journey.SurveyResults
	Filter   journey.SurveyFilter
	Chart    scores
	Comments []journey.SurveyReply
	More     string
	Journeys []journey.JourneyInfo
	Segments []journey.Segment
	Most     int                 // of the spread, for its bars
	Words    journey.SurveyWords // in the reader's language
	heading  string
}

func (d surveyData) title() string { return d.heading }

// Onward is the address of the comments that follow.
func (d surveyData) Onward() string {
	q := url.Values{"every": {d.Filter.Every}, "journey": {d.Filter.Journey}, "segment": {d.Filter.Segment}, "after": {d.More}}
	return "/surveys/" + url.PathEscape(d.Survey.Key) + "?" + q.Encode()
}

// BuiltIn says whether the survey needs no words of the company's own.
func (d surveyData) BuiltIn() bool { return journey.IsBuiltInSurvey(d.Survey.Key) }

// Says writes a score of the survey.
func (d surveyData) Says(s journey.SurveyScore) string {
	return cmp.Or(scoreWords(s.Score, d.Survey.Kind), "–")
}

// Reads is a choice, or several that were joined, as people read them.
func (d surveyData) Reads(answer string) string {
	var out []string
	for _, option := range d.Survey.Options {
		if rest, is := strings.CutPrefix(answer, option); is && (rest == "" || strings.HasPrefix(rest, ", ")) {
			out, answer = append(out, d.Words.Reads(option)), strings.TrimPrefix(rest, ", ")
		}
	}
	if answer != "" {
		out = append(out, answer)
	}
	return strings.Join(out, ", ")
}

// Scored says whether its answers are numbers.
func (d surveyData) Scored() bool {
	switch d.Survey.Kind {
	case "choice", "choices", "text":
		return false
	}
	return true
}

// Width is that of a bar of the spread, of 100.
func (d surveyData) Width(n int) int { return 100 * n / max(d.Most, 1) }

func surveyPage(ctx context.Context, r *request) (reply, error) {
	key := r.path("key")
	f, err := r.Control.SurveyFilter(ctx, journey.SurveyFilter{Every: r.query("every"), Journey: r.query("journey"), Segment: r.query("segment")}, r.zone())
	if err != nil {
		return reply{}, err
	}
	d := surveyData{Filter: f}
	if d.SurveyResults, err = r.Read.SurveyResults(ctx, key, f); err != nil {
		return reply{}, err
	}
	found, err := r.Read.SurveyReplies(ctx, key, f, true, r.page(pageSize))
	if err != nil {
		return reply{}, err
	}
	d.Comments, d.More = found.Data, more(found)
	if d.Journeys, err = r.Read.Journeys(ctx); err != nil {
		return reply{}, err
	}
	if d.Segments, err = r.Read.Segments(ctx); err != nil {
		return reply{}, err
	}
	for _, s := range d.Spread {
		d.Most = max(d.Most, s.Count)
	}
	d.Words = d.Survey.Locales[r.language.code]
	d.heading, d.Chart = r.asks(d.Survey), r.scores(d.SurveyResults)
	return show("survey", d)
}

// asks is what a survey is called: its question, or the name of a kind that needs none.
func (r *request) asks(s journey.SurveyInfo) string {
	if s.Question != "" {
		return s.Question
	}
	return r.text("survey.kind." + s.Kind)
}

// scores is a chart of one score per week or month, drawn by the template as SVG: each a bar from the zero of the scale, up or down.
type scores struct {
	Says       string // for those who do not see it
	Wide, High float64
	Zero       float64 // where the line of zero is
	List       []bar
}

// scoreHigh is the height of the chart of scores.
const scoreHigh = 120.0

func (r *request) scores(results journey.SurveyResults) scores {
	from, to := journey.ScaleOf(results.Survey.Kind)
	low, high := float64(from), float64(to)
	if results.Survey.Kind == "nps" {
		low, high = -100, 100
	}
	c := scores{High: scoreHigh, Zero: scoreHigh * high / max(high-min(low, 0), 1)}
	for _, p := range results.Points {
		if p.Score == nil {
			continue
		}
		h := max(barLow, scoreHigh*abs(*p.Score)/max(high-min(low, 0), 1))
		y := c.Zero - h
		if *p.Score < 0 {
			y = c.Zero
		}
		c.List = append(c.List, bar{X: float64(len(c.List)) * (barWide + barGap), Y: y, W: barWide, H: h,
			Title: r.text("survey.point", "day", r.language.day(p.From, r.zone()), "score", scoreWords(p.Score, results.Survey.Kind), "n", p.Answered)})
	}
	if n := len(c.List); n > 0 {
		c.List[n-1].Last = true
	}
	c.Wide = max(1, float64(len(c.List))*(barWide+barGap)-barGap)
	c.Says = r.text("survey.says", "score", cmp.Or(scoreWords(results.Survey.Score, results.Survey.Kind), "–"), "n", results.Survey.Answered)
	return c
}

// scoreWords writes a score: that of nps as a whole number with its sign, an average with one digit; "" for none.
func scoreWords(score *float64, kind string) string {
	switch {
	case score == nil:
		return ""
	case kind == "nps" && *score > 0:
		return "+" + strconv.FormatFloat(*score, 'f', 0, 64)
	case kind == "nps":
		return strconv.FormatFloat(*score, 'f', 0, 64)
	}
	return strconv.FormatFloat(*score, 'f', 1, 64)
}

func abs(x float64) float64 { return max(x, -x) }
