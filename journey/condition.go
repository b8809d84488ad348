package journey

import "time"

// Cond is a condition: a tree with exactly one form set per node.
type Cond struct {
	All, Any []*Cond
	Not      *Cond

	Operand *Value // attribute, account, trigger, answer, var: compared by Op, or a list whose items Each is asked of
	Op      Op
	Arg     any // literal, or *Value, or []any for in and not_in; time.Duration for within_last and within_next

	Of   Of    // with Each: of how many items
	Each *Cond // on the fields of an item, read as FromEvent

	Event   *EventCond
	Consent *ConsentCond
	Segment string
	Message *MessageCond
	Coupon  *CouponCond
	Journey *JourneyCond
}

// Op compares. An Op on something missing is false, OpMissing aside.
type Op string

// The operators of the language.
const (
	OpEq         Op = "eq"
	OpNe         Op = "ne"
	OpLt         Op = "lt"
	OpLte        Op = "lte"
	OpGt         Op = "gt"
	OpGte        Op = "gte"
	OpIn         Op = "in"
	OpNotIn      Op = "not_in"
	OpContains   Op = "contains"
	OpStartsWith Op = "starts_with"
	OpExists     Op = "exists"
	OpMissing    Op = "missing"
	OpBefore     Op = "before"
	OpAfter      Op = "after"
	OpWithinLast Op = "within_last"
	OpWithinNext Op = "within_next"
)

// Of says of how many items of a list a condition must hold. Any and all ask for one item at least.
type Of string

// The quantifiers.
const (
	OfAny  Of = "any"
	OfAll  Of = "all"
	OfNone Of = "none"
)

// EventCond counts events of the customer's history. Plain { event } means at least once ever.
type EventCond struct {
	Name       string
	CountOp    Op      // "" is gte
	Count      float64 // 0 with an empty CountOp is 1
	Within     time.Duration
	SinceEntry bool
	ByAccount  bool // those of her colleagues count, too
	Where      *Cond
}

// ConsentCond asks where the customer stands with a topic.
type ConsentCond struct {
	Topic string
	Is    Consent
}

// MessageCond asks what became of a message of this enrollment.
type MessageCond struct {
	Message string        // step id, or "any"
	Was     string        // sent, clicked, bounced or dropped
	CountOp Op            // "" is gte
	Count   float64       // 0 with an empty CountOp is 1
	Within  time.Duration // of its queueing; 0: ever
}

// CouponCond asks what became of a coupon of this enrollment.
type CouponCond struct {
	As  string
	Was string // issued, redeemed or expired
}

// JourneyCond asks whether the customer is in another journey.
type JourneyCond struct {
	Key string
	Is  string // active, finished or never
}
