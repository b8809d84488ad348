package console

import "perennial/journey"

// bars is a small chart of one figure per day, drawn by the template as SVG: coordinates within Wide by High.
type bars struct {
	Name       string
	Says       string // for those who do not see it
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
