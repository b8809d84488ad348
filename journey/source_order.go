package journey

import (
	"maps"
	"math"
	"slices"
)

// PlacedOrder is an order that is known by its number.
type PlacedOrder struct {
	UserID      string // by which she was named who placed it; "": by AnonymousID
	AnonymousID string
	Refunded    float64 // what was given back of it until now, altogether
}

// OfOrder gives what a webhook becomes to her whose order it names, where it does not say who she is; and adds what was given back before
// to a total that is a part: Order Refunded says what was given back altogether. Placed are the orders of that number, of one customer each.
func (o SourceOut) OfOrder(placed []PlacedOrder) SourceOut {
	named := o.Events[0].UserID != "" || o.Email != ""
	switch {
	case len(placed) == 0 && !named:
		o.Ignored, o.Events = "it says of no customer, and no order "+quote(o.Order)+" is known that she could be found by", nil
		return o
	case len(placed) > 1 && !named:
		o.Ignored, o.Events = "it says of no customer, and several have an order "+quote(o.Order), nil
		return o
	case len(placed) != 1:
		return o
	}
	o.Events = slices.Clone(o.Events)
	for i := range o.Events {
		e := &o.Events[i]
		if !named {
			e.UserID, e.AnonymousID = placed[0].UserID, placed[0].AnonymousID
		}
		if total, ok := e.Properties["total"].(float64); ok && o.Part {
			e.Properties = maps.Clone(e.Properties)
			e.Properties["total"] = math.Round((total+placed[0].Refunded)*1e4) / 1e4
		}
	}
	return o
}
