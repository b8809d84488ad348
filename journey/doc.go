// Package journey holds the language in which marketers write journeys, and the nouns that every other package speaks:
// customer, event, journey, step, enrollment, message, coupon, survey, task, pause.
//
// It is pure: it imports nothing of ours, does no I/O, reads no clock. [Parse] turns a file into a [Definition] and reports
// all its faults at once. [Advance] decides what happens next to one customer in one journey: it takes values and returns a
// [Plan] and [Effects]. Production calls it inside one Postgres transaction; the simulator calls it with a virtual clock.
package journey
