package journey

import "time"

// Role is what a key may do (design, appendix). Ingest: events in. Viewer: reading. Support: viewer, and customers,
// enrollments, tasks, coupons of one customer. Marketer: viewer, and journeys with what belongs to them. Admin: all.
type Role string

// The roles.
const (
	RoleAdmin    Role = "admin"
	RoleMarketer Role = "marketer"
	RoleSupport  Role = "support"
	RoleViewer   Role = "viewer"
	RoleIngest   Role = "ingest"
)

// Roles lists every role.
func Roles() []Role { return []Role{RoleAdmin, RoleMarketer, RoleSupport, RoleViewer, RoleIngest} }

// Key is a key of the API as it is listed; the secret itself is shown once, when it is made.
type Key struct {
	ID        string     `json:"id"` // key_…
	Name      string     `json:"name"`
	Role      Role       `json:"role"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// Actor is who asks: a key, or a part of the system by its name. It stands in the audit and beside each pause.
type Actor struct {
	ID   string // key_…, or e.g. "command line"
	Name string // the key's name: what people read
	Role Role
}

// AuditFilter narrows the audit; what is empty narrows nothing.
type AuditFilter struct {
	Actor  string // id or name of a key or user, or the name of a part of the system
	Target string
	Verb   string    // customer.pause, or customer for all that begin so
	From   time.Time // then or later
	To     time.Time // before that
}

// AuditEntry says who did what to whom. Entries are only ever added.
type AuditEntry struct {
	ID     int64          `json:"id"`
	At     time.Time      `json:"at"`
	Actor  string         `json:"actor"`
	Name   string         `json:"name,omitempty"` // of the key or user, where the actor is one
	Role   Role           `json:"role"`
	Verb   string         `json:"verb"`   // e.g. customer.pause
	Target string         `json:"target"` // e.g. cus_…, win-back
	Detail map[string]any `json:"detail,omitempty"`
}
