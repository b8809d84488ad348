package console

import (
	"slices"
	"strings"

	"perennial/journey"
)

// funnelData is the way of those who entered one journey: its steps as they stand in its picture, and where the ways part.
type funnelData struct {
	Span, CSV string
	Steps     []funnelStep
	Means     []figureHead
}

// funnelStep is one step, with what became of those who came to it.
type funnelStep struct {
	ID, What string
	Deep     int // in how many arms it stands
	Former   bool
	Came     reportCell
	Share    string
	Width    float64 // of the bar, in hundredths of those who entered
	Fates    []reportCell
	Ways     []funnelWay
}

type funnelWay struct {
	Words  string
	Former bool
	Took   reportCell
	Share  string
}

// deepest is how far steps are set in at most.
const deepest = 6

// funnel takes the tables of the steps and of the ways out of them for one picture; of all journeys there is none.
func (r *request) funnel(v journey.ReportView) (*funnelData, error) {
	steps, err := v.Table("funnel")
	if err != nil {
		return nil, err
	}
	ways, err := v.Table("ways")
	if err != nil {
		return nil, err
	}
	plain := r.reportTable(v, steps)
	d := funnelData{Span: plain.Span, CSV: plain.CSV, Means: slices.Concat(plain.Means, r.reportTable(v, ways).Means)}
	deep := map[string]int{}
	for _, row := range steps.Rows {
		if holder, _, _ := strings.Cut(row.Inside, "/"); holder != "" {
			deep[row.Label] = min(deep[holder]+1, deepest)
		}
		step := r.funnelStep(v, steps, row)
		step.Deep = deep[row.Label]
		for _, way := range ways.Rows {
			if of, name, _ := strings.Cut(way.Label, "/"); of == row.Label {
				took, share := r.cell(v, ways, ways.Figures[0], way), r.figure(ways.Figures[1], way)
				step.Ways = append(step.Ways, funnelWay{Words: r.worded(way.Words, name), Former: way.Note == journey.NoteFormer, Took: took, Share: share})
			}
		}
		d.Steps = append(d.Steps, step)
	}
	return &d, nil
}

func (r *request) funnelStep(v journey.ReportView, t journey.ReportTable, row journey.ReportRow) funnelStep {
	out := funnelStep{ID: row.Label, What: r.worded(row.Words, row.Label), Former: row.Note == journey.NoteFormer}
	for _, f := range t.Figures {
		cell, value := r.cell(v, t, f, row), row.Values[f.Key]
		switch {
		case f.Key == "came":
			out.Came = cell
		case f.Key == "share":
			out.Share = cell.Text
			if value != nil {
				out.Width = 100 * min(*value, 1)
			}
		case value != nil && *value > 0:
			cell.Text = r.language.counted("funnel."+f.Key, int(*value))
			out.Fates = append(out.Fates, cell)
		}
	}
	return out
}

// worded says words, or gives the name of what nobody knows words for.
func (r *request) worded(words journey.Phrase, name string) string {
	if words.Empty() {
		return name
	}
	return r.language.described(words)
}
