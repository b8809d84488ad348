package journey

// AccountView is an account as callers of the API see it, with one page of its members.
type AccountView struct {
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id,omitempty"` // the caller's own
	Name       string         `json:"name,omitempty"`
	Attributes map[string]any `json:"attributes"`
	Members    Page[Member]   `json:"members"` // by id
}

// Member is a customer in her account.
type Member struct {
	CustomerSummary
	Role string `json:"role"` // what she is in the account, e.g. admin; empty when nobody said
}
