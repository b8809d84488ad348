package journey

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is something a customer did, or one of our own events about her. Events are accepted (2xx means committed), then
// applied in order, one customer at a time; applying gives the number. Decisions see applied events only.
type Event struct {
	ID          string // evt_… made by us
	MessageID   string // the caller's own id, by which duplicates are known; ours where none was given
	Kind        string // track, identify, alias, group, page, screen; Own for events of our own
	CustomerID  string // cus_…; set when applied
	UserID      string // the caller's id of the customer, as sent
	AnonymousID string
	Name        string         // for track, e.g. "Order Completed"
	Properties  map[string]any // properties of track, traits of identify; alias: { previous_id }; group: { group_id, traits }
	Context     map[string]any
	At          time.Time // when it happened, by the caller's clock corrected by sentAt (product time)
	ReceivedAt  time.Time // when we accepted it (product time)
	Number      int64     // per customer, from 1, in the order of applying; 0 until applied
	Historical  bool      // stored, triggers nothing
}

// WrittenEvent is an event whose properties and context are written as they are kept: as JSON objects. Those of the Event itself are not
// looked at. What comes in as JSON need not become maps on its way to the inbox.
type WrittenEvent struct {
	Event
	PropertiesJSON, ContextJSON string
}

// Written writes the properties and the context of an event down.
func (e Event) Written() (WrittenEvent, error) {
	properties, err := JSONObject(e.Properties)
	if err != nil {
		return WrittenEvent{}, fmt.Errorf("writing the properties of %q: %w", e.Name, err)
	}
	context, err := JSONObject(e.Context)
	if err != nil {
		return WrittenEvent{}, fmt.Errorf("writing the context of %q: %w", e.Name, err)
	}
	return WrittenEvent{Event: e, PropertiesJSON: properties, ContextJSON: context}, nil
}

// JSONObject is the text of a JSON object; nil is {}.
func JSONObject(m map[string]any) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	raw, err := json.Marshal(m)
	return string(raw), err
}

// Kinds of events.
const (
	KindTrack    = "track"
	KindIdentify = "identify"
	KindAlias    = "alias"
	KindGroup    = "group"
	KindPage     = "page"
	KindScreen   = "screen"
	KindOwn      = "own"

	// KindColleague tells a customer's journeys of an event of somebody of her account, for rules that say `by: account`. It is
	// no event of hers otherwise. Its properties stay with the event that it speaks of (Context["event"]).
	KindColleague = "colleague"
)

// Names under which views come in: page and screen name what was seen in their properties (name, category), and journeys see
// them as events of these names.
const (
	EventPageViewed   = "Page Viewed"
	EventScreenViewed = "Screen Viewed"
)

// Names of our own events. They stand in the customer's stream, and a journey can wait for them (design, appendix).
const (
	EventJourneyEntered    = "Journey Entered"
	EventJourneyExited     = "Journey Exited"
	EventGoalReached       = "Goal Reached"
	EventMessageSent       = "Message Sent"
	EventMessageBounced    = "Message Bounced"
	EventMessageComplained = "Message Complained"
	EventMessageDropped    = "Message Dropped"
	EventLinkClicked       = "Link Clicked"
	EventSurveyAnswered    = "Survey Answered"
	EventCouponIssued      = "Coupon Issued"
	EventCouponRedeemed    = "Coupon Redeemed"
	EventCouponExpired     = "Coupon Expired"
	EventTopicSubscribed   = "Topic Subscribed"
	EventTopicUnsubscribed = "Topic Unsubscribed"
	EventAddressChanged    = "Address Changed"
	EventFrequencyChosen   = "Frequency Chosen"
	EventCustomerPaused    = "Customer Paused"
	EventCustomerResumed   = "Customer Resumed"
	EventCustomerReturned  = "Customer Returned"
	EventCustomerMerged    = "Customer Merged"
	EventTaskDone          = "Task Done"
	EventMessageReplied    = "Message Replied"
)

// tells says whether the event only tells of a colleague's.
func (e *Event) tells() bool { return e.Kind == KindColleague }

// Names that an enrollment can listen to (Output.Listens): intake wakes it when one of them happens.
// An event is "event:" + its name, an attribute "attribute:" + its name.
const (
	ListenEvent     = "event:"
	ListenAttribute = "attribute:"
	ListenColleague = "colleague:" // + name: an event of somebody of her account
	ListenAccount   = "account"    // what is said of her account
	ListenTimezone  = "timezone"
	ListenConsent   = "consent:" // + topic
	ListenPool      = "pool:"    // + key: codes were added
	ListenSegment   = "segment:" // + key: she came into it, or left it
)
