// Package intake turns accepted events into what they mean: Profile says what an event does to the customer herself, and
// Runner sees to it that the inbox is applied. Which journeys an event starts or wakes is decided with journey.Enter and the
// names that enrollments listen to, in the transaction that applies the event.
package intake
