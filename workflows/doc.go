// Package workflows is everything that Temporal runs: the driver of one enrollment, the delivery lanes, the scan; and the relay
// that starts and wakes drivers.
//
// A driver owns one customer's life in one journey: its timers, wake-ups, retries and order, and no decision (law 1). It calls
// Advance, does what the answer says, and calls Advance again. Definitions, conditions, zones and randomness never come in here
// (law 2), so that recorded histories replay whatever a marketer publishes; testdata holds one per situation.
package workflows
