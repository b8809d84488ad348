package intake_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"perennial/intake"
	"perennial/journey"
)

func orderEvent(name, id string, at time.Time, total any) journey.Event {
	properties := map[string]any{}
	if id != "" {
		properties["order_id"] = id
	}
	if total != nil {
		properties["total"] = total
	}
	return journey.Event{Kind: journey.KindTrack, Name: name, Properties: properties, At: at, ReceivedAt: noon}
}

// refund tells what one refund gave back, and not what was given back altogether.
func refund(order, id string, amount float64) journey.Event {
	e := orderEvent("Order Refunded", order, noon, nil)
	e.Properties["refund_id"], e.Properties["amount"] = id, amount
	return e
}

func TestRefundsAndCancellationsAreTakenOff(t *testing.T) {
	t.Parallel()
	c := journey.Customer{}
	take := func(events ...journey.Event) map[string]any {
		for _, e := range events {
			c = intake.Profile(c, e).Customer
		}
		return c.Attributes
	}
	facts := func(orders, spent, average float64, stage string) map[string]any {
		return map[string]any{"orders_count": orders, "total_spent": spent, "average_order": average, "lifecycle": stage,
			"first_order_at": "2030-05-06T12:00:00Z", "last_order_at": "2030-05-06T12:00:00Z", "last_seen_at": "2030-05-06T12:00:00Z"}
	}
	one, two := orderEvent("Order Completed", "1", noon, 30.0), orderEvent("Order Completed", "2", noon, 10.0)
	assert.Equal(t, facts(2, 40, 20, "active"), take(one, two, one), "the same order twice is one")
	part := orderEvent("Order Refunded", "1", noon, 12.5)
	assert.Equal(t, facts(2, 27.5, 13.75, "active"), take(part, part), "a refund told twice is one")
	assert.Equal(t, facts(2, 20, 10, "active"), take(orderEvent("Order Refunded", "1", noon, 20.0)), "the larger says what was given back altogether")
	assert.Equal(t, facts(2, 15, 7.5, "active"), take(refund("1", "a", 5), refund("1", "b", 20), refund("1", "a", 5)), "those with ids add up")
	assert.Equal(t, facts(1, 10, 10, "new"), take(orderEvent("Order Refunded", "1", noon, nil)), "without a sum: all of it")
	gone := take(orderEvent("Order Cancelled", "2", noon, nil))
	assert.InDelta(t, 0, gone["orders_count"], 0)
	assert.NotContains(t, gone, "average_order")
	assert.Equal(t, "prospect", gone["lifecycle"])
	take(orderEvent("Order Refunded", "", noon, 5.0), orderEvent("Order Refunded", "never heard of", noon, 5.0))
	assert.InDelta(t, 0, gone["total_spent"], 0, "nothing is given back of what nobody knows")
}

// In whatever order the events come, and however often: the facts are those of a count over the events.
func TestFactsAreACountOfTheEvents(t *testing.T) {
	t.Parallel()
	cents := rapid.Custom(func(t *rapid.T) any { return float64(rapid.IntRange(0, 5000).Draw(t, "cents")) / 100 })
	event := rapid.Custom(func(t *rapid.T) journey.Event {
		if rapid.IntRange(0, 4).Draw(t, "what") == 0 { // what one refund gave back is the same whenever it is told
			id := rapid.IntRange(1, 3).Draw(t, "refund")
			return refund(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "order"), fmt.Sprint(id), float64(id)*7.25)
		}
		return orderEvent(rapid.SampledFrom([]string{"Order Completed", "Order Completed", "Order Refunded", "Order Cancelled"}).Draw(t, "name"),
			rapid.SampledFrom([]string{"", "1", "2", "3", "4"}).Draw(t, "order"), noon.Add(time.Duration(rapid.IntRange(-200, 0).Draw(t, "days"))*journey.Day),
			rapid.OneOf(cents, rapid.Just[any](nil)).Draw(t, "total"))
	})
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(event, 1, 12).Draw(t, "events")
		c := journey.Customer{}
		for _, e := range rapid.Permutation(events).Draw(t, "arrival") {
			c = intake.Profile(c, e).Customer
			if _, numbered := journey.OrderID(e); numbered && rapid.Bool().Draw(t, "twice") {
				c = intake.Profile(c, e).Customer
			}
		}
		want := recount(events)
		got := map[string]any{"lifecycle": c.Attributes["lifecycle"]}
		for name := range want {
			got[name] = c.Attributes[name]
		}
		assert.Equal(t, want, got)
	})
}

// recount says what follows from all events at once, without what the product knows of orders.
func recount(events []journey.Event) map[string]any {
	type order struct {
		at              time.Time
		total, refunded float64
		completed, void bool
		refunds         [4]float64
	}
	orders, out := map[string]order{}, map[string]any{}
	var count, spent float64
	var last time.Time
	for _, e := range events {
		id, _ := e.Properties["order_id"].(string)
		total, priced := e.Properties["total"].(float64)
		o := orders[id]
		switch e.Name {
		case "Order Completed":
			out["orders_count"] = 0.0
			if priced {
				out["total_spent"] = 0.0
			}
			if e.At.After(last) {
				last = e.At
			}
			if id == "" {
				count, spent = count+1, spent+total
			} else if !o.completed || e.At.Before(o.at) || e.At.Equal(o.at) && total > o.total {
				o.completed, o.at, o.total = true, e.At, total
			}
		case "Order Refunded":
			if amount, own := e.Properties["amount"].(float64); own {
				o.refunds[int(e.Properties["refund_id"].(string)[0]-'0')] = amount
				break
			}
			o.void = o.void || !priced
			o.refunded = max(o.refunded, total)
		case "Order Cancelled":
			o.void = true
		}
		orders[id] = o
	}
	for id, o := range orders {
		o.refunded = max(o.refunded, o.refunds[1]+o.refunds[2]+o.refunds[3])
		if id != "" && o.completed && !o.void && (o.refunded == 0 || o.refunded < o.total) {
			count, spent = count+1, spent+o.total-o.refunded
		}
	}
	spent = math.Round(spent*1e4) / 1e4
	if _, ordered := out["orders_count"]; ordered {
		out["orders_count"] = count
	}
	if _, priced := out["total_spent"]; priced {
		out["total_spent"] = spent
		if count > 0 {
			out["average_order"] = math.Round(spent/count*1e4) / 1e4
		}
	}
	age := int(noon.Sub(last).Hours() / 24)
	switch {
	case count == 0:
		out["lifecycle"] = "prospect"
	case count == 1 && age < 30:
		out["lifecycle"] = "new"
	case age < 90:
		out["lifecycle"] = "active"
	case age < 180:
		out["lifecycle"] = "at_risk"
	default:
		out["lifecycle"] = "lapsed"
	}
	return out
}
