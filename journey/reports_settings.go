package journey

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ReportSettings is how the reports count.
type ReportSettings struct {
	Zone      string         `json:"zone"` // IANA name; months begin and end there
	Loss      LossDefinition `json:"loss"`
	ChangedAt *time.Time     `json:"changed_at,omitempty"`
	ChangedBy string         `json:"changed_by,omitempty"`
	Counting  *Counting      `json:"counting,omitempty"` // after a change everybody is counted anew
}

// Location is the zone, UTC where it is not known.
func (s ReportSettings) Location() *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// LossBy is what a company calls losing a customer.
type LossBy string

// Ways of losing a customer.
const (
	LossSubscription LossBy = "subscription_ended"
	LossOrder        LossBy = "no_order"
	LossCart         LossBy = "cart_abandoned"
)

// LossDefinition says when a customer counts as lost.
type LossDefinition struct {
	By     LossBy   `json:"by"`
	Days   int      `json:"days,omitempty"`   // without an order; of no_order and cart_abandoned
	Begins []string `json:"begins,omitempty"` // names of events: a subscription begins, something is put into a cart
	Ends   []string `json:"ends,omitempty"`   // names of events: a subscription ends
	Survey string   `json:"survey"`           // key of the survey that asks those who leave why; "" none
}

// LossBys lists the ways of losing a customer.
func LossBys() []LossBy { return []LossBy{LossSubscription, LossOrder, LossCart} }

// Bounds of a definition.
const (
	mostLossDays   = 1000
	mostLossEvents = 10
	longestName    = 200
)

// Settle checks a definition and fills in the names that the common event schemas use. What does not belong to its kind is a fault.
func (d LossDefinition) Settle() (LossDefinition, Problems) {
	var problems Problems
	fault := func(path, message, mend string) {
		problems = append(problems, Problem{Path: path, Message: message, Mend: mend})
	}
	if !slices.Contains(LossBys(), d.By) {
		fault("loss.by", "is not a way of losing a customer", "subscription_ended, no_order or cart_abandoned")
		return d, problems
	}
	switch {
	case d.By == LossSubscription && d.Days != 0:
		fault("loss.days", "does not go with subscription_ended", "leave it out")
	case d.By != LossSubscription && (d.Days < 1 || d.Days > mostLossDays):
		fault("loss.days", fmt.Sprintf("is not a number from 1 to %d", mostLossDays), "e.g. 90")
	}
	if d.By == LossOrder && len(d.Begins) > 0 {
		fault("loss.begins", "does not go with no_order: it begins with an order", "leave it out")
	}
	if d.By != LossSubscription && len(d.Ends) > 0 {
		fault("loss.ends", "goes with subscription_ended alone", "leave it out")
	}
	if d.By == LossSubscription && len(d.Begins) == 0 {
		d.Begins = []string{"Subscription Started", EventCustomerReturned}
	}
	if d.By == LossSubscription && len(d.Ends) == 0 {
		d.Ends = []string{"Subscription Cancelled"}
	}
	if d.By == LossCart && len(d.Begins) == 0 {
		d.Begins = []string{"Product Added", "Checkout Started"}
	}
	for path, names := range map[string][]string{"loss.begins": d.Begins, "loss.ends": d.Ends} {
		if len(names) > mostLossEvents || slices.ContainsFunc(names, func(n string) bool { return strings.TrimSpace(n) == "" || len(n) > longestName }) {
			fault(path, fmt.Sprintf("is not a list of up to %d names of events", mostLossEvents), "e.g. [Subscription Cancelled]")
		}
	}
	for _, name := range d.Begins {
		if slices.Contains(d.Ends, name) {
			fault("loss.ends", fmt.Sprintf("holds %q, which begins as well", name), "an event begins or ends")
		}
	}
	if len(d.Survey) > longestName {
		fault("loss.survey", "is too long for the key of a survey", "e.g. why-leaving")
	}
	return d, problems
}

// Words says the definition in a sentence.
func (d LossDefinition) Words() string {
	switch d.By {
	case LossSubscription:
		return fmt.Sprintf("A customer is lost when %s comes in. She is one from %s on, or since we first knew of her.",
			quotedNames(d.Ends), quotedNames(d.Begins))
	case LossCart:
		return fmt.Sprintf("A cart is lost when %d days pass after %s without an order. It is open from the first of these events on.",
			d.Days, quotedNames(d.Begins))
	}
	return fmt.Sprintf("A customer is lost when %d days pass after an order without another. She is one from her first order on; orders that were cancelled or given back do not count.", d.Days)
}

func quotedNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "“" + n + "”"
	}
	return strings.Join(quoted, " or ")
}

// Names are the events that the reports look at.
func (s ReportSettings) Names() []string {
	names := []string{EventOrderCompleted, EventOrderRefunded, EventOrderCancelled, EventSurveyAnswered, EventJourneyEntered, EventJourneyExited,
		EventGoalReached, EventMessageSent, EventMessageBounced, EventMessageComplained, EventLinkClicked, EventTopicUnsubscribed}
	for _, name := range slices.Concat(s.Loss.Begins, s.Loss.Ends) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
