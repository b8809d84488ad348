package workflows

import (
	"time"

	"perennial/journey"
)

// Names of workflow and activity types. They stand in histories: a type may be renamed in Go, never here.
const (
	TypeEnrollment = "Enrollment"
	TypeScan       = "Scan"
	TypeReconcile  = "Reconcile"
	TypeMigrate    = "Migrate"

	ActivityAdvance      = "Advance"
	ActivityScanInactive = "ScanInactive"
	ActivityReconcile    = "Reconcile"
	ActivityMigrate      = "Migrate"
	ActivityCall         = "Call"
)

// SignalWake means: look again. It carries no facts (law 3); what there is to see stands in Postgres.
const SignalWake = "wake"

// Search attributes that an enrollment carries from its start; ids and keys, nothing personal.
const (
	AttributeJourney  = "Journey"  // key of the journey
	AttributeCustomer = "Customer" // cus_…
)

// Queues names the task queues. Processes that share a namespace and not a database must not share queues.
type Queues struct {
	Enrollment string // workflows Enrollment and Scan, with their activities
	Delivery   string // workflow Delivery and its activity
}

// DefaultQueues are those of an installation.
func DefaultQueues() Queues { return Queues{Enrollment: "perennial", Delivery: "perennial-delivery"} }

// CallQueue is the task queue of calls to addresses outside, beside that of the enrollments: an endpoint that hangs takes a slot
// there, and none from decisions.
func CallQueue(enrollment string) string { return enrollment + "-call" }

// EnrollmentID is the workflow id of an enrollment (enr_…).
func EnrollmentID(enrollment string) string { return "enrollment/" + enrollment }

// DeliveryID is the workflow id of a lane.
func DeliveryID(lane string) string { return "delivery/" + lane }

// MigrationID is the workflow id of a migration (mig_…).
func MigrationID(migration string) string { return "migration/" + migration }

// Ids of what runs on a schedule: of the schedule, and of the workflows that it starts (Temporal adds the moment).
const (
	ScanScheduleID      = "scan"
	ScanID              = "scan/inactive"
	ReconcileScheduleID = "reconcile"
	ReconcileID         = "reconcile/all"
)

// EnrollmentInput starts or continues the driver of one enrollment.
type EnrollmentInput struct {
	ID    string        // enr_…
	Seq   int64         // of the last Advance that was applied; 0 before the first
	Cause journey.Cause // of the next Advance; "" says: start at seq 0, wake after that
}

// scanEvery is how much product time may pass between two scans for customers who have gone silent.
const scanEvery = 15 * time.Minute

// scanInterval is the same in wall time. Below a second the scan would cost more than it finds.
func scanInterval(speed float64) time.Duration {
	return max(time.Second, time.Duration(float64(scanEvery)/speed))
}
