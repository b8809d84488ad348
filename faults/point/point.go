// Package point names the moments at which it matters when a process dies. In a build with the tag failpoints a process that is told so by
// PERENNIAL_FAILPOINT, and armed by a file, ends there with kill -9; in every other build Hit is nothing at all.
package point

// Name is one such moment.
type Name string

// The moments, in the order in which a mail comes past them.
const (
	AfterAppend   Name = "after-append"   // an event is committed, and neither answered nor applied
	BeforeAdvance Name = "before-advance" // a driver asks for a decision
	AfterAdvance  Name = "after-advance"  // it is committed, and the driver has no answer
	AfterLease    Name = "after-lease"    // a relay has wake-ups, and has told Temporal of none
	AfterSignal   Name = "after-signal"   // it has told of one
	AfterClaim    Name = "after-claim"    // a sender has messages
	BeforeAtDot   Name = "before-at-dot"  // their bodies are at the relay
	AfterAtDot    Name = "after-at-dot"   // at_dot is committed, the dot has not gone out
	BeforeReply   Name = "before-reply"   // the relay has answered the dot, the ledger does not know
	AfterReply    Name = "after-reply"    // the ledger knows
)

// Names lists every moment.
func Names() []Name {
	return []Name{AfterAppend, BeforeAdvance, AfterAdvance, AfterLease, AfterSignal, AfterClaim, BeforeAtDot, AfterAtDot, BeforeReply, AfterReply}
}
