package journey

import (
	"slices"
	"strings"
	"time"
)

// Settings are the switches of the installation, and the key that signs its public links.
type Settings struct {
	Sending   bool     // the kill switch: false stops every message before the dot
	Live      bool     // false: only the sandbox relay, and the addresses of AllowList
	AllowList []string // addresses in lower case, or "@domain"
	TokenKey  []byte   // 32 bytes; signs the public links

	DailyCeiling  int        // marketing messages that one customer gets in 24 hours at most; 0: no ceiling
	AudienceFloor int        // audiences of at most so many are never asked about; 0: none is
	HeldReason    string     // why nothing is sent until a person releases it; "" when not held
	HeldAt        *time.Time // since when
}

// Switch changes Settings; what is nil stays as it is.
type Switch struct {
	Sending   *bool
	Live      *bool
	AllowList *[]string
	Ceiling   *int
	Floor     *int // of audiences
	Release   bool // of what is held
}

// Stop keeps some of the mail from being sent, until it is taken away. What it stops stays queued.
type Stop struct {
	Scope  StopScope `json:"scope"`
	Target string    `json:"target"` // key of the journey; key/message; domain of the recipients in lower case
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// StopScope is how much a stop stops. Everything is stopped by Switch.
type StopScope string

// The scopes of stops.
const (
	StopJourney  StopScope = "journey"
	StopTemplate StopScope = "template" // one message of a journey
	StopDomain   StopScope = "domain"   // of the recipient
)

// Allows says whether the allow-list holds the address, or its domain.
func (s Settings) Allows(address string) bool {
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	return slices.Contains(s.AllowList, address) || slices.Contains(s.AllowList, "@"+domain)
}
