package journey

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// What is counted.
const (
	CountOrders = "orders" // label: currency
	CountBuyers = "buyers" // at every grain
	CountAgain  = "again"  // at every grain: buyers who had bought before, or bought twice
	CountFirst  = "first"
	CountCohort = "cohort"       // starts: month of the first order; age: months since; those who ordered then
	CountWorth  = "cohort_money" // the same; label: currency
	CountBegan  = "began"
	CountKept   = "kept" // spells that ended without a loss
	CountLost   = "lost" // label: reason
	CountAnswer = "answer"
)

// CountKey names one counter of the reports.
type CountKey struct {
	What   string
	Grain  Grain
	Starts time.Time
	Age    int
	Label  string
}

// Compare orders keys, so that whoever writes them takes them in one order.
func (k CountKey) Compare(other CountKey) int {
	return cmp.Or(cmp.Compare(k.What, other.What), cmp.Compare(k.Grain, other.Grain), k.Starts.Compare(other.Starts),
		cmp.Compare(k.Age, other.Age), cmp.Compare(k.Label, other.Label))
}

// Count is a counter: how many, and ten-thousandths of money.
type Count struct{ N, Total int64 }

// Counts are counters, or what changes them.
type Counts map[CountKey]Count

// Add adds sign times what the facts of one customer count for; sign is 1 or -1.
func (c Counts) Add(f CustomerFacts, zone *time.Location, sign int64) {
	add := func(k CountKey, n, total int64) {
		v := c[k]
		v.N += sign * n
		v.Total += sign * total
		if v == (Count{}) {
			delete(c, k)
			return
		}
		c[k] = v
	}
	addOrders(add, f.Orders)
	addEnrollments(add, f.Enrollments, zone)
	addMessages(add, f.Messages)
	addCoupons(add, f.Coupons, zone)
	for _, s := range f.Spells {
		add(CountKey{What: CountBegan, Grain: ByMonth, Starts: monthIn(s.Began, zone)}, 1, 0)
		switch {
		case s.Lost:
			add(CountKey{What: CountLost, Grain: ByMonth, Starts: monthIn(s.Ended, zone), Label: s.Reason}, 1, 0)
		case !s.Ended.IsZero():
			add(CountKey{What: CountKept, Grain: ByMonth, Starts: monthIn(s.Ended, zone)}, 1, 0)
		}
	}
	for _, a := range f.Answers {
		score := ""
		if a.Score != nil {
			score = strconv.Itoa(*a.Score)
		}
		add(CountKey{What: CountAnswer, Grain: ByMonth, Starts: monthIn(a.At, zone), Label: a.Survey + "/" + a.Kind + "/" + score}, 1, 0)
	}
}

func addOrders(add func(k CountKey, n, total int64), orders []OrderMonth) {
	type period struct {
		grain  Grain
		starts time.Time
	}
	bought, active := map[period]int{}, map[time.Time]bool{}
	for _, o := range orders {
		age := monthsBetween(o.First, o.Month)
		add(CountKey{What: CountOrders, Grain: ByMonth, Starts: o.Month, Label: o.Currency}, int64(o.Orders), o.Total)
		add(CountKey{What: CountWorth, Grain: ByMonth, Starts: o.First, Age: age, Label: o.Currency}, int64(o.Orders), o.Total)
		if !active[o.Month] {
			active[o.Month] = true
			add(CountKey{What: CountCohort, Grain: ByMonth, Starts: o.First, Age: age}, 1, 0)
		}
		for _, g := range Grains() {
			bought[period{g, g.Begin(o.Month)}] += o.Orders
		}
	}
	if len(orders) > 0 {
		add(CountKey{What: CountFirst, Grain: ByMonth, Starts: orders[0].First}, 1, 0)
	}
	for p, n := range bought {
		add(CountKey{What: CountBuyers, Grain: p.grain, Starts: p.starts}, 1, 0)
		if n > 1 || orders[0].First.Before(p.starts) {
			add(CountKey{What: CountAgain, Grain: p.grain, Starts: p.starts}, 1, 0)
		}
	}
}

func monthsBetween(a, b time.Time) int {
	return (b.Year()-a.Year())*12 + int(b.Month()) - int(a.Month())
}

// Close ends what is still open of a customer who is forgotten: she is neither a customer any more nor lost.
func (f CustomerFacts) Close(now time.Time) CustomerFacts {
	spells := make([]Spell, len(f.Spells))
	for i, s := range f.Spells {
		if s.Ended.IsZero() || s.Ended.After(now) {
			s.Ended, s.Lost, s.Reason = now, false, ""
		}
		spells[i] = s
	}
	f.Spells = spells
	f.Enrollments = slices.Clone(f.Enrollments)
	for i := range f.Enrollments {
		f.Enrollments[i].Reason = cmp.Or(f.Enrollments[i].Reason, ReasonErased)
	}
	return f
}

// MinorUnits turns ten-thousandths of a currency into its minor units.
func MinorUnits(tenThousandths float64, currency string) float64 {
	digits := minorDigits(currency)
	unit := 1.0
	for range digits {
		unit *= 10
	}
	return tenThousandths * unit / moneyUnit
}
