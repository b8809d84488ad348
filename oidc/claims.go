package oidc

// claims are what a provider says of somebody, beside what the library has checked.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // true, or "true" from providers that write it as a text
	Name     string `json:"name"`
	Party    string `json:"azp"`
}

// verified says whether the provider vouches for the address. One that says nothing does not.
func (c claims) verified() bool { return c.Verified == true || c.Verified == "true" }

// said is a token, or the provider's page about somebody.
type said interface{ Claims(v any) error }

// groups returns the groups that the claim lists; nil where the claim is not there, or none was named.
func groups(s said, claim string) ([]string, error) {
	if claim == "" {
		return nil, nil
	}
	all := map[string]any{}
	if err := s.Claims(&all); err != nil {
		return nil, err
	}
	return list(all[claim]), nil
}

// list reads a claim that is a list of texts, or one text.
func list(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		out := []string{}
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
