package journey

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// CustomerFacts is what the reports keep of one customer. It is made of all her events at once, so it is the same however they came.
type CustomerFacts struct {
	Orders  []OrderMonth
	Spells  []Spell
	Answers []AnswerFact

	Enrollments []EnrollmentFact
	Messages    []MessageMonth
	Coupons     []CouponFact
}

// OrderMonth is what she ordered in one month, in one currency. Only orders that stand count.
type OrderMonth struct {
	Month    time.Time // its first day
	Currency string    // upper case; "" where none was said
	Orders   int
	Total    int64     // ten-thousandths of the currency, less what was given back
	LastAt   time.Time // of the last of them
	First    time.Time // month of her first order of all
}

// Spell is a time during which she was a customer, or her cart was open, as the definition of loss has it.
type Spell struct {
	Began  time.Time
	Ended  time.Time // zero: it goes on; it may lie ahead: then she is lost unless something comes in
	Lost   bool      // it ended with a loss
	Reason string    // what she said why; "" nothing
}

// AnswerFact is her last answer to one question.
type AnswerFact struct {
	Invitation string
	Survey     string
	Kind       string
	Score      *int
	Choice     string
	At         time.Time
}

// Ten-thousandths of a currency, and what no shop sells for.
const (
	moneyUnit   = 10_000
	mostMoney   = 1e11
	longestText = 100
)

// ReportedCustomer is what the facts of a customer are made of.
type ReportedCustomer struct {
	Known       time.Time        // since when we know of her
	Events      []Event          // in whatever order
	Enrollments map[string]Trail // her enrollments, by their ids
	Coupons     []CouponFact     // as they stand, by their ids
}

// TellFacts makes the facts of a customer.
func TellFacts(s ReportSettings, c ReportedCustomer) CustomerFacts {
	events := slices.Clone(c.Events)
	slices.SortFunc(events, func(a, b Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	orders := tellOrders(events)
	answers := tellAnswers(events)
	return CustomerFacts{
		Orders:  orderMonths(orders, s.Location()),
		Spells:  giveReasons(s.Loss, tellSpells(s.Loss, c.Known, events, orders), answers),
		Answers: answers,

		Enrollments: tellEnrollments(events, c.Enrollments),
		Messages:    tellMessages(events, s.Location()),
		Coupons:     c.Coupons,
	}
}

// told is one order with its currency.
type told struct {
	Order
	Currency string
}

func tellOrders(events []Event) []told {
	byID := map[string]told{}
	for _, e := range events {
		id, numbered := OrderID(e)
		switch {
		case numbered:
			id = "n" + id
		case e.Kind == KindTrack && e.Name == EventOrderCompleted:
			id = "e" + e.ID
		default:
			continue
		}
		o := byID[id]
		is := o.With(e)
		if e.Name == EventOrderCompleted && (is.Completed != o.Completed || is.Total != o.Total) {
			o.Currency = currencyOf(e)
		}
		o.Order = is
		byID[id] = o
	}
	var out []told
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if !byID[id].Completed.IsZero() {
			out = append(out, byID[id])
		}
	}
	slices.SortStableFunc(out, func(a, b told) int { return a.Completed.Compare(b.Completed) })
	return out
}

// currencyOf is the code that an event names; what is none counts as none said.
func currencyOf(e Event) string {
	code, _ := e.Properties["currency"].(string)
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) != 3 || strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return ""
	}
	return code
}

func orderMonths(orders []told, zone *time.Location) []OrderMonth {
	type key struct {
		month    time.Time
		currency string
	}
	sums := map[key]*OrderMonth{}
	var first time.Time
	for _, o := range orders {
		if !o.Counts() {
			continue
		}
		month := monthIn(o.Completed, zone)
		if first.IsZero() {
			first = month
		}
		k := key{month, o.Currency}
		if sums[k] == nil {
			sums[k] = &OrderMonth{Month: month, Currency: o.Currency, First: first}
		}
		sums[k].Orders++
		sums[k].Total += tenThousandths(o.Spent())
		sums[k].LastAt = o.Completed
	}
	var out []OrderMonth
	for _, m := range sums {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b OrderMonth) int {
		return cmp.Or(a.Month.Compare(b.Month), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

func tenThousandths(amount float64) int64 {
	return int64(math.Round(max(-mostMoney, min(amount, mostMoney)) * moneyUnit))
}

// monthIn is the first day, at midnight UTC, of the month that a moment lies in.
func monthIn(at time.Time, zone *time.Location) time.Time { return ByMonth.Begin(at.In(zone)) }

func tellAnswers(events []Event) []AnswerFact {
	last := map[string]AnswerFact{}
	for _, e := range events {
		if e.Kind != KindOwn || e.Name != EventSurveyAnswered {
			continue
		}
		text := func(name string) string {
			v, _ := e.Properties[name].(string)
			return strings.ToValidUTF8(v[:min(len(v), longestText)], "")
		}
		a := AnswerFact{Invitation: cmp.Or(text("invitation"), e.ID), Survey: text("survey"), Kind: text("kind"), Choice: text("choice"), At: e.At.UTC()}
		if n, ok := asNumber(e.Properties["score"]); ok {
			score := int(n)
			a.Score = &score
		}
		last[a.Invitation] = a
	}
	var out []AnswerFact
	for _, id := range slices.Sorted(maps.Keys(last)) {
		out = append(out, last[id])
	}
	return out
}

func tellSpells(d LossDefinition, known time.Time, events []Event, orders []told) []Spell {
	switch d.By {
	case LossSubscription:
		return subscriptions(d, known, events)
	case LossCart:
		return carts(d, events, orders)
	}
	return runs(d, orders)
}

func subscriptions(d LossDefinition, known time.Time, events []Event) []Spell {
	var out []Spell
	open := func() bool { return len(out) > 0 && out[len(out)-1].Ended.IsZero() }
	for _, e := range events {
		at, last := e.At.UTC(), len(out)-1
		switch {
		case e.tells():
		case slices.Contains(d.Begins, e.Name) && !open():
			if last >= 0 && at.Equal(out[last].Began) { // it ended and began at one moment: it goes on
				out[last].Ended, out[last].Lost = time.Time{}, false
				continue
			}
			out = append(out, Spell{Began: at})
		case slices.Contains(d.Ends, e.Name) && open():
			out[last].Ended, out[last].Lost = at, true
		case slices.Contains(d.Ends, e.Name) && len(out) == 0: // it began before anybody told us
			if known = known.UTC(); known.After(at) {
				known = at
			}
			out = append(out, Spell{Began: known, Ended: at, Lost: true})
		}
	}
	return out
}

// runs are times in which order followed order.
func runs(d LossDefinition, orders []told) []Spell {
	patience := time.Duration(d.Days) * 24 * time.Hour
	var out []Spell
	for _, o := range orders {
		if !o.Counts() {
			continue
		}
		if last := len(out) - 1; last >= 0 && !o.Completed.After(out[last].Ended) {
			out[last].Ended = o.Completed.Add(patience)
			continue
		}
		out = append(out, Spell{Began: o.Completed, Ended: o.Completed.Add(patience), Lost: true})
	}
	return out
}

// carts are open until an order, or until nothing came for so long. An order that was cancelled later was an order all the same.
func carts(d LossDefinition, events []Event, orders []told) []Spell {
	patience := time.Duration(d.Days) * 24 * time.Hour
	type mark struct {
		at      time.Time
		ordered bool
	}
	var marks []mark
	for _, e := range events {
		if !e.tells() && slices.Contains(d.Begins, e.Name) {
			marks = append(marks, mark{at: e.At.UTC()})
		}
	}
	for _, o := range orders {
		marks = append(marks, mark{o.Completed, true})
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return a.at.Compare(b.at) }) // at the same moment the cart comes before the order
	var out []Spell
	for _, m := range marks {
		last := len(out) - 1
		open := last >= 0 && out[last].Lost && !m.at.After(out[last].Ended)
		switch {
		case m.ordered && open:
			out[last].Ended, out[last].Lost = m.at, false
		case m.ordered:
		case open:
			out[last].Ended = m.at.Add(patience)
		case last < 0 || m.at.After(out[last].Began):
			out = append(out, Spell{Began: m.at, Ended: m.at.Add(patience), Lost: true})
		}
	}
	return out
}

// giveReasons puts what she said why beside each loss: the last answer between the beginning of the spell and that of the next.
func giveReasons(d LossDefinition, spells []Spell, answers []AnswerFact) []Spell {
	for i := range spells {
		if !spells[i].Lost || d.Survey == "" {
			continue
		}
		var last time.Time
		for _, a := range answers {
			before := i+1 == len(spells) || a.At.Before(spells[i+1].Began)
			if a.Survey == d.Survey && !a.At.Before(spells[i].Began) && before && !a.At.Before(last) {
				last, spells[i].Reason = a.At, a.Choice
			}
		}
	}
	return spells
}
