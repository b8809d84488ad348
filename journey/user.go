package journey

import "time"

// User is somebody who signs in to the console: a colleague, never a customer.
type User struct {
	ID         string     `json:"id"` // usr_…
	Email      string     `json:"email"`
	Name       string     `json:"name,omitempty"`
	Role       Role       `json:"role"`               // every role but ingest
	Language   string     `json:"language,omitempty"` // of the console: en, fr; "": what her browser asks for
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Called is what people read of her: her name, or her address where she has given none.
func (u User) Called() string { return or(u.Name, u.Email) }

// Actor is she who acts, as the audit and the pauses name her.
func (u User) Actor() Actor { return Actor{ID: u.ID, Name: u.Called(), Role: u.Role} }

// UserRoles lists the roles that a user may have.
func UserRoles() []Role { return []Role{RoleAdmin, RoleMarketer, RoleSupport, RoleViewer} }

// LinkPurpose is what a link is for that was made for one user and works once.
type LinkPurpose string

// The purposes of links.
const (
	LinkSignIn   LinkPurpose = "sign_in"  // signs in
	LinkPassword LinkPurpose = "password" // lets her choose a password, and signs in
)

// SignInLink is such a link, as it is kept: by the hash of its token.
type SignInLink struct {
	Hash        []byte
	UserID      string
	Purpose     LinkPurpose
	ExpiresWall time.Time
}

// Session is a browser that is signed in, kept by the hash of its token.
type Session struct {
	Hash        []byte
	UserID      string
	CreatedWall time.Time
	SeenWall    time.Time
	ExpiresWall time.Time // however often it is seen
}

// Identity is who a provider of sign-ins says that somebody is.
type Identity struct {
	Issuer, Subject string // together they never change, whatever her address becomes
	Email           string
	Verified        bool // the provider vouches for the address
	Name            string
	Groups          []string // of the claim that was asked for; nil: it says nothing of groups
}

// Handshake is what a browser that was sent to the provider must bring back, in a cookie of its own.
type Handshake struct {
	State    string `json:"s"` // comes back in the address
	Nonce    string `json:"n"` // comes back in the signed token
	Verifier string `json:"v"` // proves to the provider that we are who began (PKCE)
}

// Arrival is a sign-in by a provider, as control has decided it and the store writes it down: in one transaction.
type Arrival struct {
	User     User
	Identity Identity
	Role     Role // that her groups give; "": the one that she has
	New      bool // there is no such user yet
	Link     bool // the identity is not known yet
}
