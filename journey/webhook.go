package journey

import "time"

// Webhook is a system of others that is told our own events.
type Webhook struct {
	ID        string     `json:"id"` // whk_…
	URL       string     `json:"url"`
	Events    []string   `json:"events"`
	State     string     `json:"state"` // active, failing or disabled
	Reason    string     `json:"reason,omitempty"`
	FailingAt *time.Time `json:"failing_at,omitempty"`
	Waiting   int        `json:"waiting"` // events that are still to be handed over
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// WebhookDelivery is one event on its way to a webhook.
type WebhookDelivery struct {
	ID         string     `json:"id"` // par_…
	Event      string     `json:"event,omitempty"`
	Type       string     `json:"type"`
	State      string     `json:"state"` // queued, delivered or failed
	Attempts   int        `json:"attempts"`
	Status     *int       `json:"status,omitempty"` // HTTP, of the last reply
	Reason     string     `json:"reason,omitempty"` // of the last attempt that was no success
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// WebhookTest is the type of what a test hands over.
const WebhookTest = "webhook.test"

// ReasonDisabled is the reason of a parcel whose webhook was disabled before its turn came.
const ReasonDisabled = "disabled"

// WebhookPatience is how long a webhook may fail without a break before it is disabled, in wall time.
const WebhookPatience = 72 * time.Hour

// WebhookGate is how long a webhook that has failed so many times in a row is left alone, in wall time.
func WebhookGate(failures int) time.Duration {
	return min(5*time.Second<<min(max(failures-1, 0), 6), 5*time.Minute)
}

// OwnEvents lists the names of our own events.
func OwnEvents() []string {
	return []string{EventJourneyEntered, EventJourneyExited, EventGoalReached, EventMessageSent, EventMessageBounced,
		EventMessageComplained, EventMessageDropped, EventLinkClicked, EventSurveyAnswered, EventCouponIssued, EventCouponRedeemed,
		EventCouponExpired, EventTopicSubscribed, EventTopicUnsubscribed, EventCustomerPaused, EventCustomerResumed,
		EventCustomerReturned, EventCustomerMerged, EventTaskDone, EventMessageReplied,
		EventFrequencyChosen, EventAddressChanged}
}
