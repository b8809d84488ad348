// Package control holds what a caller can do, one file per verb: publish, enroll, pause, skip, redeem, answer. The rules of
// each verb stand here and nowhere else; API, console and command line call the same function (law 9). What is decided about a
// row under its lock, the store decides; what a request must be, and what it means, is decided here.
package control

import (
	"context"
	"io"
	"sync"
	"time"

	"perennial/journey"
)

// Control carries out what callers ask. Every field but Door, Brand and Patience is required.
type Control struct {
	Store  Store
	Flight Flight
	Clock  *journey.Clock

	// Check reports every fault of a journey's templates against its definition. It is handed in because the language of
	// templates lies outside of what this package may know.
	Check func(def *journey.Definition, files map[string]string) journey.Problems

	// Render writes a message once, to look at it or to find out whether it can be; the fault of a template says what it cannot do with. It is
	// handed in for the same reason.
	Render func(v journey.Version, c journey.Claimed) (journey.Rendered, error)

	// WriteTests writes every message of a version as a test mail, to each address. It is handed in for the same reason.
	WriteTests func(v journey.Version, r journey.TestRequest) ([]journey.TestMail, error)

	// LookAt shows one file of a journey as it is being written. It is handed in for the same reason.
	LookAt func(def *journey.Definition, files map[string]string, r journey.LookRequest) journey.Look

	// ShowSurvey makes the page of a survey as customers see it. It is handed in because pages for customers belong to the API.
	ShowSurvey func(journey.SurveyLook) ([]byte, error)

	// Play plays a version on a clock of its own (package simulate). It is handed in for the same reason.
	Play func(ctx context.Context, v journey.Version, r journey.SimulationRequest) (journey.Simulation, error)

	// TakeFile reads a file of customers to its end (package intake). It is handed in for the same reason.
	TakeFile func(ctx context.Context, by journey.Actor, u journey.ImportUpload, file io.Reader) (journey.Import, error)

	// Library are the journeys that ship, to start from. It is handed in for the same reason.
	Library Library

	// Door says whom of those whom a provider of sign-ins vouches for we let in.
	Door Door

	// Sender is what this installation sends with; LookUp says what the DNS says of it. It is handed in for the same reason, and nil where
	// mail goes to the installation's own inbox.
	Sender journey.SenderInfo
	LookUp func(ctx context.Context) []journey.MailFinding

	// Brand is whose customers these are: its zone and its public URL stand in what colleagues are told. The zero value says UTC and no URL.
	Brand journey.Brand

	// Patience is how long a pause waits, in wall time, for what is on its way when it begins; 0: 5 s.
	Patience time.Duration

	turns   sync.Once
	hashers chan struct{} // as many passwords are hashed at once
	playing begun
	checked checked
}

// Store is what the verbs need of the database; each part stands beside its verb.
type Store interface {
	Drafts
	Revisions
	Segments
	Pauses
	Enrollments
	Keys
	Customers
	Accounts
	Imports
	Settings
	Audits
	Suppressions
	Surveys
	Breakers
	Topics
	Audiences
	Reports
	Stops
	Bounces
	Erasures
	Mails
	TestMails
	Images
	Users
	Sessions
	Identities
	Recordings
	Endpoints
	Teams
	Webhooks
	Tasks
	Replies
	Sources
	Scores
	PoolLevels
}

// zone is the one in which colleagues are told times.
func (c *Control) zone() *time.Location {
	if c.Brand.Zone == nil {
		return time.UTC
	}
	return c.Brand.Zone
}

func (c *Control) patience() time.Duration {
	if c.Patience > 0 {
		return c.Patience
	}
	return 5 * time.Second
}

// invalid is a fault of one field of a request.
func invalid(field, message, mend string) *journey.Fault {
	return &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out",
		Problems: journey.Problems{{Path: field, Message: message, Mend: mend}}}
}
