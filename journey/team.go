package journey

import "time"

// Team is people of ours: whom journeys tell of customers, and who have tasks.
type Team struct {
	Key    string
	Name   string
	Emails []string
	URL    string // takes {"text": …}, as Slack's incoming webhooks do; "" none

	Hours      *Hours // when it works; nil: around the clock
	EscalateTo string // the team that is told, too, of what this one has not done in time; "" none
	Default    bool   // has what no other team has, such as replies to mails; there is at most one

	EscalateAfter string // how much working time it has before that, as the language writes it, e.g. 90m; "" DefaultEscalateAfter
}

// DefaultEscalateAfter is how much working time a team has for a task that it was told is overdue, unless it says otherwise.
const DefaultEscalateAfter = "1h"

// TeamView is a team as callers of the API see it. Where its webhook is stays unsaid: such an address is a secret.
type TeamView struct {
	Key       string    `json:"key"`
	Name      string    `json:"name"`
	Emails    []string  `json:"emails"`
	Webhook   bool      `json:"webhook"` // it has one
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Hours      *Hours `json:"hours"` // null: around the clock
	EscalateTo string `json:"escalate_to"`
	Default    bool   `json:"default"`

	EscalateAfter string `json:"escalate_after"`
}

// NotifyStep tells a team.
type NotifyStep struct {
	Team string
	Text string // text template
}

// Notice is one text to a team.
type Notice struct {
	Team string
	Text string // rendered
}

// NoticeMax bounds the text of a notice, in bytes.
const NoticeMax = 4000

// Parcel is one thing to hand over outside of the ledger, as its carrier gets it.
type Parcel struct {
	ID      string // par_…
	Kind    ParcelKind
	Attempt int // fence
	URL     string
	Secret  string // "" it is not signed
	Address string // of a mail
	Text    string
	Event   string // evt_…: webhook-id of an event; "" it is the parcel's
	Body    []byte // of an event or a test
	Allowed bool   // a mail: the installation is live, or the address is on the allow-list
	At      time.Time
}

// ParcelKind says how a parcel goes.
type ParcelKind string

// The kinds of parcels.
const (
	ParcelNotice ParcelKind = "notice" // a text to the webhook of a team
	ParcelMail   ParcelKind = "mail"   // a text to an address of a team
	ParcelEvent  ParcelKind = "event"  // one of our own events to a webhook
	ParcelTest   ParcelKind = "test"   // an event that means nothing, to a webhook
)

// ParcelWaits are the pauses, in wall time, between the attempts of a parcel: nine attempts in some three days.
func ParcelWaits() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 14 * time.Hour, 24 * time.Hour,
		27 * time.Hour}
}
