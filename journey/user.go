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
