package journey

// Change is what one event does to the customer herself, before any journey looks at it.
type Change struct {
	Customer Customer        // as she is afterwards; the one that was given is not touched
	Changed  []string        // what may wake a wait: ListenAttribute + name, ListenTimezone; sorted, no doubles
	Consents []ConsentChange // proofs to keep; CustomerID is set
}
