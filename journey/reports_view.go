package journey

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Reported is what a report is made of: counters, and what is read as it stands. Losses that lie ahead must have been taken off.
type Reported struct {
	Counts   Counts
	Journeys map[string]*Definition // the newest version of each that is counted; nil: it cannot be read
	Times    []ServiceTime
}

// ViewReport makes a report. Now is product time.
func ViewReport(st ReportSettings, r ReportRequest, now time.Time, of Reported) ReportView {
	today, counts := DayIn(now, st.Location()), of.Counts
	v := ReportView{Report: r.Report, By: r.By, Zone: st.Location().String(), AsOf: now, Counting: st.Counting}
	switch r.Report {
	case ReportLoss:
		v.Loss, v.Words = &st.Loss, st.Loss.Words()
		v.Tables = []ReportTable{lossTable(r, today, counts), reasonTable(r, today, counts)}
	case ReportOrders:
		v.Tables = []ReportTable{buyerTable(r, today, counts), moneyTable(r, today, counts), lifetimeTable(counts)}
	case ReportCohorts:
		v.Tables = []ReportTable{cohortTable(r, today, counts), worthTable(r, today, counts)}
	case ReportSatisfaction:
		v.Tables = []ReportTable{satisfactionTable(r, today, counts)}
	case ReportJourneys:
		v.Tables = []ReportTable{journeyTable(r, counts), goalTable(r, counts)}
		v.Tables = append(append(v.Tables, funnelTables(r, of)...), exitTable(r, counts))
	case ReportMessages:
		v.Tables = []ReportTable{messageTable(r, counts)}
	case ReportCoupons:
		v.Tables = couponTables(r, counts)
	case ReportTasks:
		v.Tables = []ReportTable{taskTable(r, today, of.Times)}
	}
	return v
}

// DayIn is the day, at midnight UTC, that a moment lies in.
func DayIn(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Counted lists what a report is made of.
func (r ReportRequest) Counted() []string {
	switch r.Report {
	case ReportLoss:
		return []string{CountBegan, CountKept, CountLost}
	case ReportOrders:
		return []string{CountOrders, CountBuyers, CountAgain, CountFirst}
	case ReportCohorts:
		return []string{CountCohort, CountWorth}
	case ReportSatisfaction:
		return []string{CountAnswer}
	case ReportJourneys:
		return []string{CountEntered, CountReached, CountWorthGoal, CountExit, CountGot, CountHeld, CountHeldReached, CountHeldWorth,
			CountCame, CountTook, CountStands, CountLeft}
	case ReportMessages:
		return []string{CountSent, CountBounced, CountComplained, CountClicked, CountUnsubscribed}
	case ReportCoupons:
		return []string{CountIssued, CountRedeemed}
	}
	return nil
}

// Figures of the loss.
func lossFigures() []Figure {
	return []Figure{
		{"rate", UnitShare, "Lost, as a part of all who were customers at any time in the period: those at its start, and those who came.", false},
		{"lost", UnitPeople, "Losses in the period. Who left, came back and left again counts each time.", true},
		{"at_start", UnitPeople, "Customers when the period began.", true},
		{"came", UnitPeople, "Those who became customers in the period, or became so again.", true},
	}
}

func lossTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "loss", Figures: lossFigures()}
	began, kept, lost := counts.monthly(CountBegan), counts.monthly(CountKept), counts.monthly(CountLost)
	for _, starts := range r.Periods() {
		row, ends := PeriodRow(r.By, starts, today), r.By.Next(starts)
		atStart := began.before(starts).N - kept.before(starts).N - lost.before(starts).N
		came, gone := began.within(starts, ends).N, lost.within(starts, ends).N
		row.Set("at_start", float64(atStart))
		row.Set("came", float64(came))
		row.Set("lost", float64(gone))
		row.Share("rate", float64(gone), float64(atStart+came))
		t.Rows = append(t.Rows, row)
	}
	return t
}

func reasonTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "reasons", Rows: []ReportRow{}, Figures: []Figure{
		{"lost", UnitPeople, "Losses in the period with this answer to the question why. Without a label: no answer.", true},
		{"share", UnitShare, "As a part of all losses in the period.", false},
	}}
	reasons, lost := counts.labels(CountLost), counts.monthly(CountLost)
	for _, starts := range r.Periods() {
		ends := r.By.Next(starts)
		all := lost.within(starts, ends).N
		var rows []ReportRow
		for _, reason := range reasons {
			n := counts.labelled(CountLost, reason).within(starts, ends).N
			if n == 0 {
				continue
			}
			row := PeriodRow(r.By, starts, today)
			row.Label = reason
			row.Set("lost", float64(n))
			row.Share("share", float64(n), float64(all))
			rows = append(rows, row)
		}
		slices.SortStableFunc(rows, func(a, b ReportRow) int { return cmp.Compare(*b.Values["lost"], *a.Values["lost"]) })
		t.Rows = append(t.Rows, rows...)
	}
	return t
}

func buyerTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "buyers", Figures: []Figure{
		{"buyers", UnitPeople, "Customers who ordered in the period. Orders that were cancelled or given back as a whole do not count.", true},
		{"first", UnitPeople, "Those of them whose first order it was.", true},
		{"again", UnitPeople, "Those of them who had ordered before, or ordered twice in the period.", true},
		{"repeat_rate", UnitShare, "Those who ordered again, as a part of all who ordered.", false},
	}}
	first := counts.monthly(CountFirst)
	for _, starts := range r.Periods() {
		row := PeriodRow(r.By, starts, today)
		buyers, again := counts[CountKey{What: CountBuyers, Grain: r.By, Starts: starts}].N, counts[CountKey{What: CountAgain, Grain: r.By, Starts: starts}].N
		row.Set("buyers", float64(buyers))
		row.Set("first", float64(first.within(starts, r.By.Next(starts)).N))
		row.Set("again", float64(again))
		row.Share("repeat_rate", float64(again), float64(buyers))
		t.Rows = append(t.Rows, row)
	}
	return t
}

func moneyTable(r ReportRequest, today time.Time, counts Counts) ReportTable {
	t := ReportTable{Key: "money", Rows: []ReportRow{}, Figures: []Figure{
		{"orders", UnitCount, "Orders completed in the period in this currency; without one: no currency was said.", true},
		{"revenue", UnitMoney, "What they were worth, less what was given back of them since.", false},
		{"average", UnitMoney, "Revenue of an order.", false},
	}}
	for _, starts := range r.Periods() {
		for _, currency := range counts.labels(CountOrders) {
			sum := counts.labelled(CountOrders, currency).within(starts, r.By.Next(starts))
			if sum.N == 0 {
				continue
			}
			row := PeriodRow(r.By, starts, today)
			row.Currency = currency
			row.Set("orders", float64(sum.N))
			row.Set("revenue", MinorUnits(float64(sum.Total), currency))
			row.Share("average", MinorUnits(float64(sum.Total), currency), float64(sum.N))
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func lifetimeTable(counts Counts) ReportTable {
	t := ReportTable{Key: "lifetime", Rows: []ReportRow{}, Figures: []Figure{
		{"value", UnitMoney, "Lifetime value: revenue in this currency since the beginning, of a customer who ever ordered.", false},
		{"orders", UnitCount, "Orders of such a customer in this currency.", false},
		{"customers", UnitPeople, "Customers who ever ordered, in whatever currency.", false},
	}}
	customers := float64(counts.monthly(CountFirst).all().N)
	for _, currency := range counts.labels(CountOrders) {
		sum := counts.labelled(CountOrders, currency).all()
		if sum.N == 0 {
			continue
		}
		row := ReportRow{Currency: currency, Values: map[string]*float64{}}
		row.Set("customers", customers)
		row.Share("value", MinorUnits(float64(sum.Total), currency), customers)
		row.Share("orders", float64(sum.N), customers)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// series is a counter by month.
type series map[time.Time]Count

// monthly adds up a counter over its labels.
func (c Counts) monthly(what string) series {
	out := series{}
	for k, v := range c {
		if k.What == what && k.Grain == ByMonth {
			out[k.Starts] = Count{out[k.Starts].N + v.N, out[k.Starts].Total + v.Total}
		}
	}
	return out
}

func (c Counts) labelled(what, label string) series {
	out := series{}
	for k, v := range c {
		if k.What == what && k.Grain == ByMonth && k.Label == label {
			out[k.Starts] = Count{out[k.Starts].N + v.N, out[k.Starts].Total + v.Total}
		}
	}
	return out
}

// labels are those of a counter, in their order.
func (c Counts) labels(what string) []string {
	seen := map[string]bool{}
	for k := range c {
		if k.What == what {
			seen[k.Label] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (s series) sum(in func(month time.Time) bool) (out Count) {
	for month, v := range s {
		if in(month) {
			out.N += v.N
			out.Total += v.Total
		}
	}
	return out
}

func (s series) before(day time.Time) Count {
	return s.sum(func(m time.Time) bool { return m.Before(day) })
}

func (s series) within(from, to time.Time) Count {
	return s.sum(func(m time.Time) bool { return !m.Before(from) && m.Before(to) })
}

func (s series) all() Count { return s.sum(func(time.Time) bool { return true }) }
