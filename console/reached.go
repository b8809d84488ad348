package console

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"perennial/journey"
	"perennial/journey/graph"
)

// reached is who came to each step of a journey, of those who entered it in the last months, for its picture.
type reached struct {
	Months  int // this one among them
	Entered int
	Report  string // where all figures are
	counts  map[string]int
	shares  map[[2]string]string // of the ways, by step and name
	people  map[string]string    // step → where they are listed
}

// monthsShown are the spans to choose from, beside who stands where now.
func monthsShown() []int { return []int{3, 12} }

// Spans are the choices.
func (d journeyData) Spans() []int { return monthsShown() }

// reachedIn reads who came to each step in the months that were asked for; nil where it was asked who stands where now.
func (r *request) reachedIn(ctx context.Context, key string) (*reached, error) {
	months, _ := strconv.Atoi(r.query("months"))
	if !slices.Contains(monthsShown(), months) {
		return nil, nil
	}
	st, err := r.Read.ReportSettings(ctx)
	if err != nil {
		return nil, err
	}
	from := journey.ByMonth.Begin(r.Clock.Now().In(st.Location())).AddDate(0, 1-months, 0)
	v, err := r.Read.ReportView(ctx, journey.ReportRequest{Report: journey.ReportJourneys, By: journey.ByMonth, Journey: key, From: from})
	if err != nil {
		return nil, err
	}
	out := &reached{Months: months, counts: map[string]int{}, shares: map[[2]string]string{}, people: map[string]string{},
		Report: "/reports/journeys?journey=" + key + "&from=" + from.Format(time.DateOnly) + "#table-funnel"}
	for _, t := range v.Tables {
		for _, row := range t.Rows {
			out.take(r, v, t, row)
		}
	}
	return out, nil
}

// take reads one row of the journey's report.
func (d *reached) take(r *request, v journey.ReportView, t journey.ReportTable, row journey.ReportRow) {
	switch t.Key {
	case "journeys":
		d.Entered = int(*row.Values["entered"])
		d.counts[graph.Enter], d.people[graph.Enter] = d.Entered, peopleLink(v, t, t.Figures[0], row)
	case "funnel":
		d.counts[row.Label], d.people[row.Label] = int(*row.Values["came"]), peopleLink(v, t, t.Figures[0], row)
	case "ways":
		step, way, _ := strings.Cut(row.Label, "/")
		if row.Values["share"] != nil {
			d.shares[[2]string{step, way}] = r.figure(t.Figures[1], row)
		}
	}
}

// part is the share that took a way out of a step, as the picture writes it.
func (d *reached) part(step, way string) string { return d.shares[[2]string{step, way}] }

// drawing is how the picture is drawn then: a number says what part of those who entered it is.
func (d *reached) drawing(r *request) graph.SVG {
	return graph.SVG{Bare: true, Counts: d.counts, Number: r.language.number,
		Link: func(id string) string { return d.people[id] },
		Titles: func(n int) string {
			share := r.text("number.percent", "n", r.language.decimal(100*float64(n)/float64(max(d.Entered, 1)), 1))
			return r.language.counted("reached.came", n, "share", share)
		}}
}
