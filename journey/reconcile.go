package journey

import "time"

// Standing is an enrollment as a reconciler looks at it: what Postgres expects of Temporal.
type Standing struct {
	ID      string
	Status  Status
	Held    string
	Seq     int64
	DueWall *time.Time // wall instant at which its driver should come; nil: it waits for a wake-up alone
	Woken   bool       // there is a wake-up: the relay is at it
}

// Mend is what a reconciler does about a difference. It changes nothing by itself: Advance looks, and decides.
type Mend string

// The mends.
const (
	MendStart Mend = "start" // wake an enrollment that nobody drives: the relay starts its driver
	MendWake  Mend = "wake"  // wake an enrollment whose moment is long past
	MendClose Mend = "close" // signal a driver whose enrollment has ended or is not there: Advance answers done, and it ends
)

// Difference is one thing that Postgres and Temporal do not agree on.
type Difference struct {
	Enrollment string // enr_…
	Postgres   string // what Postgres says, in words
	Temporal   string // what Temporal says
	Mend       Mend
}

// Reconciled counts what a reconciler found. It is a workflow's result: figures only.
type Reconciled struct {
	Active  int // enrollments that were compared with their drivers
	Drivers int // running drivers that were compared with their enrollments
	Started int
	Woken   int
	Closed  int
}

// Count adds a difference.
func (r *Reconciled) Count(m Mend) {
	switch m {
	case MendStart:
		r.Started++
	case MendWake:
		r.Woken++
	case MendClose:
		r.Closed++
	}
}
