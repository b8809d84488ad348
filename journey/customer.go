package journey

import "time"

// Customer is a person we keep. Attributes are what systems told us of her (traits of identify, derived facts such as
// orders_count); a number is a float64 or int64, a time an RFC 3339 string, as they come out of JSON.
type Customer struct {
	ID          string // cus_…
	ExternalID  string // the caller's own id ("user:" + this names her in paths); empty when unknown
	Email       string // the address as given, IDN as A-label; empty when unknown: not mailable
	FirstName   string // shown to support and templates; also in Attributes
	LastName    string
	Locale      string             // BCP 47, e.g. "en-GB"; empty when unknown
	Timezone    string             // IANA, e.g. "Europe/Vienna"; empty when unknown: the installation's zone
	AccountID   string             // acc_…; empty when she belongs to none
	AccountRole string             // what she is in the account, e.g. admin; empty when unknown
	Attributes  map[string]any     // by name; never nil after loading
	Consents    map[string]Consent // by topic; a topic that is missing was never asked
	CreatedAt   time.Time
	MergedInto  string           // cus_… of the customer that took her over; empty when she stands for herself
	Orders      map[string]Order // by number: those that the event at hand may tell of, not all of hers
	Applied     int64            // number of the last event applied to her
}

// Consent says where a customer stands with a topic.
type Consent string

// The states of a consent. Given needs a confirmation where the topic asks for double opt-in.
const (
	ConsentNone      Consent = ""
	ConsentGiven     Consent = "given"
	ConsentConfirmed Consent = "confirmed"
	ConsentWithdrawn Consent = "withdrawn"
)

// Allows says whether mail on the topic may go out. Transactional mail needs no consent; asking that is the caller's part.
func (c Consent) Allows() bool { return c == ConsentGiven || c == ConsentConfirmed }

// ConsentChange is the proof of one change of consent: what, when, where, in what words, for which address.
type ConsentChange struct {
	CustomerID string
	Topic      string
	Is         Consent
	Source     string // e.g. "identify", "unsubscribe link", "support"
	Wording    string // what she agreed to, as it was shown; may be empty
	Address    string
	At         time.Time
}

// AddressChange gives a customer another address.
type AddressChange struct {
	Email   string
	Reason  string
	Keep    bool   // her consents hold for the new address, too: she said so
	Wording string // what she said, and how
}

// AddressChanged is what came of it.
type AddressChanged struct {
	Customer string         `json:"customer"`
	Email    string         `json:"email"`
	Was      string         `json:"was"`
	Consents []ConsentState `json:"consents"`
}

// TopicTransactional is the topic of messages that need no consent: receipts, security, answers.
const TopicTransactional = "transactional"

// Account is a company with several customers.
type Account struct {
	ID         string
	ExternalID string
	Name       string
	Attributes map[string]any
}
