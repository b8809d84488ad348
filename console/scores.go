package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

// scoresData is how customers are scored by recency, frequency and money: the bounds, those that are suggested beside them, and how many
// customers would have which score by either.
type scoresData struct {
	journey.Scoring
	Typed bool // the bounds are not those that hold
	Wrong bool // and have faults: nobody can be counted by them
}

func (scoresData) place() string { return "segments" }

// Buyers is how many customers have ordered.
func (d scoresData) Buyers() (n int) {
	for _, c := range d.Spread.Recency {
		n += c
	}
	return n
}

// scoreTable is one of the three scores, the best first.
type scoreTable struct {
	Name string // of its fields in the form, and of its texts
	Rows []scoreRow
}

// scoreRow is one score: where it begins, and how many have it.
type scoreRow struct {
	Score            int
	Bound, Suggested string // "": the lowest score has none
	Now, Then        int
}

// Tables are the three of them.
func (d scoresData) Tables() []scoreTable {
	var by journey.ScoreBounds
	var then journey.ScoreSpread
	if d.Suggested != nil {
		by, then = *d.Suggested, *d.Would
	}
	return []scoreTable{
		tableOf("recency", d.Bounds.Recency, by.Recency, d.Spread.Recency[:], then.Recency[:]),
		tableOf("frequency", rising(d.Bounds.Frequency), rising(by.Frequency), d.Spread.Frequency[:], then.Frequency[:]),
		tableOf("monetary", rising(d.Bounds.Monetary), rising(by.Monetary), d.Spread.Monetary[:], then.Monetary[:]),
	}
}

// tableOf lays out bounds, that of the best score first, beside counts, that of the lowest first.
func tableOf(name string, bounds, suggested []string, now, then []int) scoreTable {
	t := scoreTable{Name: name}
	for i := range now {
		score := len(now) - i
		row := scoreRow{Score: score, Now: now[score-1], Then: then[score-1]}
		if i < len(bounds) {
			row.Bound = bounds[i]
		}
		if i < len(suggested) {
			row.Suggested = suggested[i]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// rising are bounds that begin with that of the lowest score, the other way round.
func rising(bounds []float64) (out []string) {
	for _, v := range slices.Backward(bounds) {
		out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
	}
	return out
}

// scoresPage shows the bounds that hold, those of the form or the query, or with take the suggested ones to be looked at and saved.
func scoresPage(ctx context.Context, r *request) (reply, error) {
	scoring, err := r.Read.Scoring(ctx)
	if err != nil {
		return reply{}, err
	}
	d := scoresData{Scoring: scoring}
	fields := r.http.URL.Query()
	if r.form != nil {
		fields = r.form
	}
	switch {
	case fields.Get("take") != "" && d.Suggested != nil:
		d.Typed, d.Bounds, d.Spread = true, *d.Suggested, *d.Would
	case fields.Has("recency"):
		d.Typed, d.Bounds = true, boundsOf(fields)
		if d.Wrong = len(d.Bounds.Check()) > 0; !d.Wrong {
			d.Spread = d.Bounds.Spread(d.Sample)
		}
	}
	return show("scores", d)
}

// boundsOf reads the fields of the form, the best score first. What is no number is 0, which the check refuses with the other faults.
func boundsOf(fields url.Values) (b journey.ScoreBounds) {
	for _, text := range fields["recency"] {
		b.Recency = append(b.Recency, strings.TrimSpace(text))
	}
	numbers := func(name string) (out []float64) {
		for _, text := range slices.Backward(fields[name]) {
			v, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
			out = append(out, v)
		}
		return out
	}
	b.Frequency, b.Monetary = numbers("frequency"), numbers("monetary")
	return b
}

func saveScores(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.SetBounds(ctx, r.by(), boundsOf(r.form)); err != nil {
		return reply{}, err
	}
	return r.seeOther("/scores", "scores.saved")
}
