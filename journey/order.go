package journey

import (
	"math"
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

// Order is what is known of one order of a customer, told by its number. It is the same in whatever order, and however often, its
// events come.
type Order struct {
	Completed time.Time // when it was completed; of several such events the first; zero: nothing has said so yet
	Total     float64   // what it was worth, as that event said
	Refunded  float64   // what was given back of it, altogether
	Void      bool      // it was cancelled, or given back as a whole
}

// OrderID returns the number of the order that an event tells of. False: it tells of none, or of one without a number.
func OrderID(e Event) (string, bool) {
	if e.Kind != KindTrack || e.Name != EventOrderCompleted && e.Name != EventOrderRefunded && e.Name != EventOrderCancelled {
		return "", false
	}
	var id string
	switch v := e.Properties["order_id"].(type) {
	case string:
		id = v
	case float64:
		id = strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		id = strconv.FormatInt(v, 10)
	}
	return id, id != "" && len(id) <= longestOrderID
}

// With returns what is known of the order once an event has told of it. The larger refund holds: it says what was given back
// altogether, so a refund that is told twice counts once.
func (o Order) With(e Event) Order {
	amount, known := OrderAmount(e)
	told := Order{}
	switch e.Name {
	case EventOrderCompleted:
		told.Completed, told.Total = e.At.UTC(), amount
	case EventOrderRefunded:
		told.Refunded, told.Void = max(amount, 0), !known
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
	return Order{Completed: first.Completed, Total: first.Total, Refunded: max(o.Refunded, other.Refunded), Void: o.Void || other.Void}
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
