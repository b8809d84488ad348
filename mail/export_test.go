package mail

// RelaxedBody and RelaxedHeader are the canonical forms that a signature is made of.
func RelaxedBody(body []byte) []byte    { return relaxedBody(body) }
func RelaxedHeader(field string) string { return relaxedHeader(field) }
