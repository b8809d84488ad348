package console

import (
	"slices"

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
	Last       bool
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

// charts draw the first figure of a table over its periods, the earliest first, one chart for each label.
func (r *request) charts(by journey.Grain, t journey.ReportTable) []bars {
	f := t.Figures[0]
	rows := map[string][]journey.ReportRow{}
	var labels []string
	for _, row := range slices.Backward(t.Rows) {
		if row.Starts == nil {
			return nil
		}
		label := r.label(t, row)
		if rows[label] == nil {
			labels = append(labels, label)
		}
		rows[label] = append(rows[label], row)
	}
	var out []bars
	for _, label := range labels[:min(len(labels), mostCharts)] {
		out = append(out, r.chart(by, t, f, label, rows[label]))
	}
	return out
}

// chart draws one figure over periods. What lies below 0 is drawn as nothing; the table says it.
func (r *request) chart(by journey.Grain, t journey.ReportTable, f journey.Figure, label string, rows []journey.ReportRow) bars {
	b := bars{Name: r.text(figureKey(t, f)), Wide: float64(len(rows))*(barWide+barGap) - barGap, High: barHigh}
	if label != "" {
		b.Name = label + ": " + b.Name
	}
	most := journey.ReportRow{Values: map[string]*float64{}}
	for _, row := range rows {
		if v := row.Values[f.Key]; v != nil && (most.Values[f.Key] == nil || *v > *most.Values[f.Key]) {
			most = row
		}
	}
	high := 0.0
	if v := most.Values[f.Key]; v != nil {
		high = *v
	}
	for i, row := range rows {
		h := barLow
		if v := row.Values[f.Key]; v != nil && high > 0 {
			h += (barHigh - barLow) * max(0, *v) / high
		}
		b.List = append(b.List, bar{X: float64(i) * (barWide + barGap), Y: barHigh - h, W: barWide, H: h, Last: i == len(rows)-1,
			Title: r.text("chart.value", "period", r.period(by, row), "value", r.figure(f, row))})
	}
	b.From, b.To = r.period(by, rows[0]), r.period(by, rows[len(rows)-1])
	b.Says = r.text("chart.over", "name", b.Name, "from", b.From, "to", b.To, "most", r.figure(f, most))
	return b
}
