package journey

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CohortMonths is how many months after a first order a cohort is looked at.
const CohortMonths = 12

// cohortTable says which part of those who came together still ordered so many months later.
func cohortTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "cohorts", Figures: []Figure{{"size", UnitPeople, "Customers whose first order fell into the period.", true}}}
	for age := 1; age <= CohortMonths; age++ {
		t.Figures = append(t.Figures, Figure{strconv.Itoa(age), UnitShare,
			fmt.Sprintf("Those of them who ordered in the calendar month that is %d after the one of their first order.", age), true})
	}
	for _, starts := range r.Periods() {
		row, ends := PeriodRow(r.By, starts, today), r.By.Next(starts)
		size := counts.aged(CountCohort, 0, "").within(starts, ends).N
		row.Set("size", float64(size))
		for age := 1; age <= CohortMonths; age++ {
			if came(ends, age, today) {
				row.Share(strconv.Itoa(age), float64(counts.aged(CountCohort, age, "").within(starts, ends).N), float64(size))
			} else {
				row.Values[strconv.Itoa(age)] = nil
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// came says whether the month that is so many after each month before that day has begun.
func came(ends time.Time, age int, today time.Time) bool {
	return !ends.AddDate(0, age-1, 0).After(today)
}

// worthAges are the months after which a cohort's worth is shown.
func worthAges() []int { return []int{0, 1, 3, 6, 12} }

// worthTable says what a customer of a cohort has brought by then.
func worthTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "worth", Rows: []ReportRow{}}
	for _, age := range worthAges() {
		t.Figures = append(t.Figures, Figure{strconv.Itoa(age), UnitMoney,
			fmt.Sprintf("Revenue of a customer of the cohort up to and with the calendar month that is %d after the one of her first order.", age), false})
	}
	t.Figures = append(t.Figures, Figure{"so_far", UnitMoney, "Revenue of a customer of the cohort up to now.", false})
	for _, starts := range r.Periods() {
		ends := r.By.Next(starts)
		size := float64(counts.aged(CountCohort, 0, "").within(starts, ends).N)
		for _, currency := range counts.labels(CountWorth) {
			row := PeriodRow(r.By, starts, today)
			row.Currency = currency
			sum, orders := 0.0, int64(0)
			for age := 0; age <= monthsBetween(starts, today); age++ {
				c := counts.aged(CountWorth, age, currency).within(starts, ends)
				sum, orders = sum+float64(c.Total), orders+c.N
				if slices.Contains(worthAges(), age) && came(ends, age, today) {
					row.Share(strconv.Itoa(age), MinorUnits(sum, currency), size)
				}
			}
			for _, age := range worthAges() {
				if !came(ends, age, today) {
					row.Values[strconv.Itoa(age)] = nil
				}
			}
			if row.Share("so_far", MinorUnits(sum, currency), size); orders > 0 {
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

// aged is a counter of cohorts at an age, by the month of the cohort.
func (c Counts) aged(what string, age int, label string) series {
	out := series{}
	for k, v := range c {
		if k.What == what && k.Age == age && k.Label == label {
			out[k.Starts] = v
		}
	}
	return out
}

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
