package journey

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Band is a range of scores of one kind of survey.
type Band struct {
	Kind      string
	Low, High int
}

// Bands are the scores that count as good, or as bad: promoters and detractors of nps, the upper and the lower two of csat, the upper
// and the lower three of ces.
func Bands(good bool) []Band {
	if good {
		return []Band{{"nps", 9, 10}, {"csat", 4, 5}, {"ces", 5, 7}}
	}
	return []Band{{"nps", 0, 6}, {"csat", 1, 2}, {"ces", 1, 3}}
}

func inBand(bands []Band, kind string, score int) bool {
	return slices.ContainsFunc(bands, func(b Band) bool { return b.Kind == kind && score >= b.Low && score <= b.High })
}

// satisfactionTable says how customers answer, by period and survey.
func satisfactionTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "satisfaction", Rows: []ReportRow{}, Figures: []Figure{
		{"score", UnitScore, "Of nps the share of promoters (9 and 10) less that of detractors (0 to 6), times 100; of other surveys the mean.", false},
		{"answers", UnitPeople, "Answers in the period; of one question the last one.", true},
		{"good", UnitShare, "Those with 9 or 10 of nps, 4 or 5 of csat, 5 to 7 of ces.", true},
		{"bad", UnitShare, "Those with 0 to 6 of nps, 1 or 2 of csat, 1 to 3 of ces.", true},
	}}
	type tally struct{ answers, scored, sum, good, bad int64 }
	for _, starts := range r.Periods() {
		sums, kinds := map[string]tally{}, map[string]string{}
		for k, v := range counts {
			if k.What != CountAnswer || k.Starts.Before(starts) || !k.Starts.Before(r.By.Next(starts)) {
				continue
			}
			survey, rest, _ := strings.Cut(k.Label, "/")
			kind, text, _ := strings.Cut(rest, "/")
			s := sums[survey]
			s.answers += v.N
			if score, err := strconv.Atoi(text); err == nil {
				s.scored += v.N
				s.sum += v.N * int64(score)
				if inBand(Bands(true), kind, score) {
					s.good += v.N
				}
				if inBand(Bands(false), kind, score) {
					s.bad += v.N
				}
			}
			sums[survey], kinds[survey] = s, kind
		}
		var rows []ReportRow
		for survey, s := range sums {
			if s.answers == 0 {
				continue
			}
			row := PeriodRow(r.By, starts, today)
			row.Label = survey
			row.Set("answers", float64(s.answers))
			row.Share("score", float64(s.sum), float64(s.scored))
			row.Values["good"], row.Values["bad"] = nil, nil
			if slices.ContainsFunc(Bands(true), func(b Band) bool { return b.Kind == kinds[survey] }) {
				row.Share("good", float64(s.good), float64(s.scored))
				row.Share("bad", float64(s.bad), float64(s.scored))
			}
			if kinds[survey] == "nps" {
				row.Share("score", 100*float64(s.good-s.bad), float64(s.scored))
			}
			rows = append(rows, row)
		}
		slices.SortFunc(rows, func(a, b ReportRow) int { return cmp.Compare(a.Label, b.Label) })
		t.Rows = append(t.Rows, rows...)
	}
	return t
}
