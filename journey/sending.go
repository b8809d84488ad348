package journey

import "time"

// SenderInfo is what an installation sends with, as its environment says it. Nothing in it is secret.
type SenderInfo struct {
	Relay        string `json:"relay"`                   // host and port
	Sandbox      bool   `json:"sandbox"`                 // the relay is the inbox of the installation
	From         string `json:"from"`                    // the domain of the sender
	BounceDomain string `json:"bounce_domain,omitempty"` // where mail comes back to
	SignedBy     string `json:"signed_by,omitempty"`     // selector and domain of our DKIM key; empty: the relay signs, or nobody
	Connections  int    `json:"connections"`             // of each lane
	Rate         string `json:"rate,omitempty"`          // of each lane, such as 50/s; empty: none
	DomainRates  string `json:"domain_rates,omitempty"`  // of each lane, by domain of the recipient: gmail.com=20/s
}

// LaneState is how one lane does.
type LaneState struct {
	Lane     string     `json:"lane"`
	Due      int        `json:"due"`                  // queued or deferred, and due now
	Later    int        `json:"later"`                // queued, and due later
	Deferred int        `json:"deferred"`             // of both: put off by the other side at least once
	OnTheWay int        `json:"on_the_way"`           // claimed or at the dot
	Oldest   *time.Time `json:"oldest_due,omitempty"` // since when the one that is due the longest is due
	LastHour int        `json:"sent_in_the_last_hour"`
}

// BounceCount is how many messages came back from one domain.
type BounceCount struct {
	Domain     string `json:"domain"`
	Hard       int    `json:"hard"`
	Soft       int    `json:"soft"`
	Complaints int    `json:"complaints"`
}

// Sending is how sending does now.
type Sending struct {
	Sender   SenderInfo    `json:"sender"`
	Lanes    []LaneState   `json:"lanes"`
	Breakers []Breaker     `json:"breakers"` // that are open
	Bounces  []BounceCount `json:"bounces"`  // of the last 24 hours, the most first, 20 at most
}

// MailFinding is one thing that the DNS says of a sender, or does not.
type MailFinding struct {
	What  string `json:"what"`           // DKIM, SPF or DMARC
	Found string `json:"found"`          // in a sentence, with the record where there is one
	Mend  string `json:"mend,omitempty"` // where it is not well
	Sick  bool   `json:"sick"`
}

// TopicView is a topic as callers of the API see it, with how many customers stand how.
type TopicView struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	DoubleOptIn bool   `json:"double_opt_in"`
	Cap         *Cap   `json:"-"`
	Given       int    `json:"given"`
	Confirmed   int    `json:"confirmed"`
	Withdrawn   int    `json:"withdrawn"`

	Names map[string]string `json:"-"` // in other languages, by locale
}
