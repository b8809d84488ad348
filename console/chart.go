package console

import (
	"math"
	"slices"
	"time"

	"perennial/journey"
)

// bars is a small chart of one figure per day, drawn by the template as SVG: coordinates within Wide by High.
type bars struct {
	Name       string
	Says       string // for those who do not see it
	From, To   string // of a report: the first and the last period
	Wide, High float64
	List       []bar
}

type bar struct {
	X, Y, W, H float64
	Title      string
	Last       bool // the one that counts: of today, or of the last period that is over
	SoFar      bool // its period is not over
}

// Measures of a bar chart.
const (
	barWide = 18.0
	barGap  = 4.0
	barHigh = 64.0
	barLow  = 2.0 // of a day with none: the day is there
)

func (r *request) bars(name string, days []journey.DayCount, of func(journey.DayCount) int) bars {
	b := bars{Name: r.text(name), Wide: float64(len(days))*(barWide+barGap) - barGap, High: barHigh}
	most, sum := 0, 0
	for _, d := range days {
		most, sum = max(most, of(d)), sum+of(d)
	}
	for i, d := range days {
		h := barLow + (barHigh-barLow)*float64(of(d))/float64(max(most, 1))
		b.List = append(b.List, bar{X: float64(i) * (barWide + barGap), Y: barHigh - h, W: barWide, H: h, Last: i == len(days)-1,
			Title: r.text("chart.day", "n", of(d), "day", r.language.day(d.Ends, r.zone()))})
	}
	b.Says = r.text("chart.says", "name", b.Name, "n", sum, "days", len(days), "most", most)
	return b
}

// Charts of a report are this many at most: one for each label of its first table.
const mostCharts = 4

// leastPeriods is how many periods a chart has at least, so that one alone is not as wide as the page.
const leastPeriods = 6

// spanned are the periods from the first to the last of these, those without a row among them: time is not left out between two bars.
func spanned(by journey.Grain, some []journey.Date) (out []journey.Date) {
	if len(some) == 0 {
		return nil
	}
	first, last := time.Time(some[0]), time.Time(some[0])
	for _, p := range some {
		if at := time.Time(p); at.Before(first) {
			first = at
		} else if at.After(last) {
			last = at
		}
	}
	for at := first; !at.After(last); at = by.Next(at) {
		out = append(out, journey.Date(at))
	}
	for len(out) < leastPeriods {
		first = by.Begin(first.AddDate(0, 0, -1))
		out = slices.Insert(out, 0, journey.Date(first))
	}
	return out
}

// charts draw the first figure of a table over its periods, the earliest first, one chart for each label that has a value.
func (r *request) charts(by journey.Grain, t journey.ReportTable) []bars {
	f := t.Figures[0]
	var periods []journey.Date
	open := map[journey.Date]bool{} // periods that are not over
	rows := map[string]map[journey.Date]journey.ReportRow{}
	var labels []string
	for _, row := range slices.Backward(t.Rows) {
		if row.Starts == nil {
			return nil
		}
		if !slices.Contains(periods, *row.Starts) {
			periods = append(periods, *row.Starts)
		}
		open[*row.Starts] = open[*row.Starts] || row.SoFar
		label := r.label(t, row)
		if rows[label] == nil {
			rows[label] = map[journey.Date]journey.ReportRow{}
		}
		rows[label][*row.Starts] = row
		if row.Values[f.Key] != nil && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	periods = spanned(by, periods)
	var out []bars
	for _, label := range labels[:min(len(labels), mostCharts)] {
		var all []journey.ReportRow
		for _, starts := range periods {
			row := rows[label][starts]
			row.Starts, row.SoFar = &starts, open[starts]
			all = append(all, row)
		}
		out = append(out, r.chart(by, t, f, label, all))
	}
	return out
}

// chart draws one figure over periods, from 0 up, or down.
func (r *request) chart(by journey.Grain, t journey.ReportTable, f journey.Figure, label string, rows []journey.ReportRow) bars {
	b := bars{Name: r.figureName(t, f), Wide: float64(len(rows))*(barWide+barGap) - barGap, High: barHigh}
	if label != "" {
		b.Name = label + ": " + b.Name
	}
	most := journey.ReportRow{Values: map[string]*float64{}}
	low, high := 0.0, 0.0
	for _, row := range rows {
		v := row.Values[f.Key]
		if v == nil {
			continue
		}
		if most.Values[f.Key] == nil || *v > *most.Values[f.Key] {
			most = row
		}
		low, high = min(low, *v), max(high, *v)
	}
	scale := (barHigh - barLow) / max(high-low, 1e-9)
	zero := barHigh - barLow + low*scale // where 0 lies
	last := len(rows) - 1
	for i, row := range rows {
		one := bar{X: float64(i) * (barWide + barGap), Y: zero, W: barWide, H: barLow, SoFar: row.SoFar,
			Title: r.text("chart.value", "period", r.period(by, row), "value", r.figure(f, row))}
		if row.SoFar {
			one.Title += " (" + r.text("reports.so_far") + ")"
		} else {
			last = i
		}
		if v := row.Values[f.Key]; v != nil {
			one.H += math.Abs(*v) * scale
			one.Y -= max(0, *v) * scale
		}
		b.List = append(b.List, one)
	}
	b.List[last].Last = true
	b.From, b.To = r.period(by, rows[0]), r.period(by, rows[len(rows)-1])
	b.Says = r.text("chart.over", "name", b.Name, "from", b.From, "to", b.To, "most", r.figure(f, most))
	return b
}
