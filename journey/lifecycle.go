package journey

import "time"

// Stages of a customer's life with us: the attribute lifecycle.
const (
	StageProspect = "prospect" // no order that counts
	StageNew      = "new"      // one, at most 30 days ago
	StageActive   = "active"   // the last one is at most 90 days ago
	StageAtRisk   = "at_risk"  // at most 180 days
	StageLapsed   = "lapsed"   // longer
)

// How long after the last order a stage ends.
const (
	newFor    = 30 * Day
	activeFor = 90 * Day
	riskFor   = 180 * Day
)

// Lifecycle returns the stage of a customer with those attributes at a moment, and when time alone will bring her into the next one
// (zero: it never will). The stage is "" where it cannot be said: she has orders, and nobody knows since when.
func Lifecycle(attributes map[string]any, at time.Time) (stage string, until time.Time) {
	count, _ := asNumber(attributes[AttributeOrdersCount])
	if count <= 0 {
		return StageProspect, time.Time{}
	}
	last, known := asMoment(attributes[AttributeLastOrderAt])
	if !known {
		return "", time.Time{}
	}
	for _, s := range []struct {
		name  string
		until time.Time
		is    bool
	}{
		{StageNew, last.Add(newFor), count == 1}, {StageActive, last.Add(activeFor), true}, {StageAtRisk, last.Add(riskFor), true},
	} {
		if s.is && at.Before(s.until) {
			return s.name, s.until
		}
	}
	return StageLapsed, time.Time{}
}

// Derive brings the attributes up to date that follow from others and from the time: average_order and lifecycle.
func Derive(attributes map[string]any, at time.Time) {
	count, _ := asNumber(attributes[AttributeOrdersCount])
	delete(attributes, AttributeAverageOrder)
	if spent, known := asNumber(attributes[AttributeTotalSpent]); known && count > 0 {
		attributes[AttributeAverageOrder] = Money(spent / count)
	}
	delete(attributes, AttributeLifecycle)
	if stage, _ := Lifecycle(attributes, at); stage != "" {
		attributes[AttributeLifecycle] = stage
	}
}
