package journey

import "time"

// Erasure is how far the erasing of one customer is. From its beginning on nothing of hers can be read, and no mail of hers
// passes the dot.
type Erasure struct {
	Customer   string     `json:"customer"` // cus_… as it was; it names nobody any more
	State      string     `json:"state"`    // erased, or erasing: a background step takes the rest of her events
	AskedAt    time.Time  `json:"asked_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	Rows       int64      `json:"rows"`      // gone or made anonymous so far
	InFlight   []string   `json:"in_flight"` // msg_… that had passed the dot when it began; told by the answer that began it only
}

// States of an erasure.
const (
	ErasureDone    = "erased"
	ErasureRunning = "erasing"
)
