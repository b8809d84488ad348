package journey

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// The events that say what became of an order, in the words of the common event schemas.
const (
	EventOrderCompleted = "Order Completed"
	EventOrderRefunded  = "Order Refunded"
	EventOrderCancelled = "Order Cancelled"
)

// longestOrderID keeps the number of an order fit for an index; an order with a longer one is one without a number.
const longestOrderID = 200

// What a refund says of itself, so that the parts of which an order is given back add up.
const (
	PropertyRefundID = "refund_id" // as the shop numbers it
	PropertyAmount   = "amount"    // what this one gave back
)

// mostRefunds bounds those that are told apart for one order. What comes after them counts where it says what was given back altogether.
const mostRefunds = 1000

// Order is what is known of one order of a customer, told by its number. It is the same in whatever order, and however often, its
// events come.
type Order struct {
	Completed time.Time // when it was completed; of several such events the first; zero: nothing has said so yet
	Total     float64   // what it was worth, as that event said
	Refunded  float64   // what was given back of it, altogether
	Void      bool      // it was cancelled, or given back as a whole

	Refunds map[string]float64 // what each refund gave back that has an id of its own; it is not changed in place
}

// OrderID returns the number of the order that an event tells of. False: it tells of none, or of one without a number.
func OrderID(e Event) (string, bool) {
	if e.Kind != KindTrack || e.Name != EventOrderCompleted && e.Name != EventOrderRefunded && e.Name != EventOrderCancelled {
		return "", false
	}
	return numberIn(e, "order_id")
}

// numberIn is what a shop knows something by: a text, or a number as it writes it.
func numberIn(e Event, property string) (string, bool) {
	var id string
	switch v := e.Properties[property].(type) {
	case string:
		id = v
	case float64:
		id = strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		id = strconv.FormatInt(v, 10)
	}
	return id, id != "" && len(id) <= longestOrderID
}

// refundIn is a refund that is known by its own id, and what it gave back; false: the event tells of none.
func refundIn(e Event) (id string, amount float64, ok bool) {
	id, known := numberIn(e, PropertyRefundID)
	amount, says := asNumber(e.Properties[PropertyAmount])
	return id, max(amount, 0), known && says
}

// With returns what is known of the order once an event has told of it. A refund that is told twice counts once: of those that say what
// was given back altogether the larger holds, those with an id of their own are added up.
func (o Order) With(e Event) Order {
	amount, known := OrderAmount(e)
	told := Order{}
	switch e.Name {
	case EventOrderCompleted:
		told.Completed, told.Total = e.At.UTC(), amount
	case EventOrderRefunded:
		id, gave, own := refundIn(e)
		if own && len(o.Refunds) < mostRefunds {
			told.Refunds = map[string]float64{id: gave}
		}
		told.Refunded, told.Void = max(amount, 0), !known && !own
	case EventOrderCancelled:
		told.Void = true
	}
	return o.Join(told)
}

// Join returns what two who knew of one order know together.
func (o Order) Join(other Order) Order {
	first := o
	switch {
	case o.Completed.IsZero():
		first = other
	case other.Completed.IsZero():
	case other.Completed.Before(o.Completed), other.Completed.Equal(o.Completed) && other.Total > o.Total:
		first = other
	}
	refunds, sum := joinRefunds(o.Refunds, other.Refunds)
	return Order{Completed: first.Completed, Total: first.Total, Refunded: max(o.Refunded, other.Refunded, sum), Refunds: refunds,
		Void: o.Void || other.Void}
}

// joinRefunds returns all refunds of which either knew, and what they gave back together.
func joinRefunds(a, b map[string]float64) (all map[string]float64, sum float64) {
	if len(a)+len(b) == 0 {
		return nil, 0
	}
	all = map[string]float64{}
	for _, some := range []map[string]float64{a, b} {
		for id, amount := range some {
			all[id] = max(all[id], amount)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		sum += all[id]
	}
	return all, Money(sum)
}

// Counts says whether the order stands: it was completed, and neither cancelled nor given back as a whole.
func (o Order) Counts() bool {
	return !o.Completed.IsZero() && !o.Void && (o.Refunded == 0 || o.Refunded < o.Total)
}

// Spent is what she has paid for the order and not got back.
func (o Order) Spent() float64 {
	if !o.Counts() {
		return 0
	}
	return o.Total - o.Refunded
}

// OrderAmount is the money that an event of an order tells of, in the words of the common event schemas; false: it tells of none.
func OrderAmount(e Event) (float64, bool) {
	for _, name := range []string{"total", "revenue", "value"} {
		if v, ok := asNumber(e.Properties[name]); ok {
			return v, true
		}
	}
	return 0, false
}

// mostExact bounds the sums that money rounds; a float64 has no four decimals of more.
const mostExact = 1e11

// Money rounds a sum of money to four decimals, so that it is the same in whatever order it was added up.
func Money(sum float64) float64 {
	if math.Abs(sum) > mostExact {
		return sum
	}
	return math.Round(sum*1e4) / 1e4
}

// CountOrder adds to her attributes what one more order, or other news of one, makes of her count and her money.
func CountOrder(attributes map[string]any, was, is Order) {
	count := 0.0
	if was.Counts() != is.Counts() {
		count = -1
		if is.Counts() {
			count = 1
		}
	}
	for name, change := range map[string]float64{AttributeOrdersCount: count, AttributeTotalSpent: is.Spent() - was.Spent()} {
		if n, _ := asNumber(attributes[name]); change != 0 {
			attributes[name] = Money(n + change)
		}
	}
}
