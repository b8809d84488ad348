package journey

import (
	"fmt"
	"slices"
	"strconv"
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
