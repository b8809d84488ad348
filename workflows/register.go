package workflows

import (
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"perennial/activities"
)

// Activities is everything that workflows call, ready to run. A process that does not do a part leaves it nil.
type Activities struct {
	Advancer *activities.Advancer
	Scanner  *activities.Scanner
	Sender   *activities.Sender
	Migrator *activities.Migrator
	Caller   *activities.Caller

	Reconciler *Reconciler
}

// Register makes the workflows and activities that a names known to a worker, under the names of the contract.
func Register(r worker.Registry, a Activities) {
	if a.Advancer != nil {
		r.RegisterWorkflowWithOptions(Enrollment, workflow.RegisterOptions{Name: TypeEnrollment})
		r.RegisterActivityWithOptions(a.Advancer.Advance, activity.RegisterOptions{Name: ActivityAdvance})
	}
	if a.Scanner != nil {
		r.RegisterWorkflowWithOptions(Scan, workflow.RegisterOptions{Name: TypeScan})
		r.RegisterActivityWithOptions(a.Scanner.ScanInactive, activity.RegisterOptions{Name: ActivityScanInactive})
	}
	if a.Reconciler != nil {
		r.RegisterWorkflowWithOptions(Reconcile, workflow.RegisterOptions{Name: TypeReconcile})
		r.RegisterActivityWithOptions(a.Reconciler.Activity, activity.RegisterOptions{Name: ActivityReconcile})
	}
	if a.Migrator != nil {
		r.RegisterWorkflowWithOptions(Migrate, workflow.RegisterOptions{Name: TypeMigrate})
		r.RegisterActivityWithOptions(a.Migrator.Migrate, activity.RegisterOptions{Name: ActivityMigrate})
	}
	if a.Caller != nil {
		r.RegisterActivityWithOptions(a.Caller.Call, activity.RegisterOptions{Name: ActivityCall})
	}
	if a.Sender != nil {
		RegisterDelivery(r, a.Sender)
	}
}

// WorkerOptions sizes the workers of one process.
type WorkerOptions struct {
	Queues   Queues
	PoolSize int // connections of the store's pool: no more decisions run at once
	Log      *slog.Logger
}

// pollers ask Temporal for work; the SDK's two starve a worker of short tasks.
const pollers = 8

// StickyCache is how many drivers stay in memory between two tasks. Sleepers have no use of it; it serves those that are woken
// within the same moment.
const StickyCache = 64

// deadlock is how long a workflow may compute before it is thought to hang. The SDK's second is too short for a machine that is
// busy with something else.
const deadlock = 5 * time.Second

// workerDrain is how long a worker that stops waits for what it has begun.
const workerDrain = 10 * time.Second

// callSlots is how many calls one process has under way at a time; each takes at most some ten seconds.
const callSlots = 32

// NewWorkers returns the workers of this process, not yet started: one that drives and scans where a has an Advancer and a Scanner,
// one that calls where it has a Caller, one that sends where it has a Sender. They share one sticky cache, which is the SDK's and counts for the whole process.
func NewWorkers(c client.Client, o WorkerOptions, a Activities) []worker.Worker {
	worker.SetStickyWorkflowCacheSize(StickyCache)
	var workers []worker.Worker
	if a.Advancer != nil || a.Scanner != nil {
		w := worker.New(c, o.Queues.Enrollment, o.options(o.PoolSize))
		Register(w, Activities{Advancer: a.Advancer, Scanner: a.Scanner, Reconciler: a.Reconciler, Migrator: a.Migrator})
		workers = append(workers, w)
	}
	if a.Caller != nil {
		w := worker.New(c, CallQueue(o.Queues.Enrollment), o.options(callSlots))
		Register(w, Activities{Caller: a.Caller})
		workers = append(workers, w)
	}
	if a.Sender != nil {
		workers = append(workers, NewDeliveryWorker(c, o, a.Sender))
	}
	return workers
}

// options sizes a worker so that what it takes from Temporal it can do at once: a decision that waits for a connection eats the
// deadline of its task.
func (o WorkerOptions) options(slots int) worker.Options {
	return worker.Options{
		MaxConcurrentLocalActivityExecutionSize: slots,
		MaxConcurrentWorkflowTaskExecutionSize:  max(2, 2*slots),
		MaxConcurrentActivityExecutionSize:      slots,
		MaxConcurrentWorkflowTaskPollers:        pollers,
		MaxConcurrentActivityTaskPollers:        pollers,
		DeadlockDetectionTimeout:                deadlock,
		WorkerStopTimeout:                       workerDrain,
		DisableRegistrationAliasing:             true,
		Interceptors:                            []interceptor.WorkerInterceptor{activities.Codes(o.Log)},
	}
}
