package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"perennial/bench/rig"
	"perennial/journey"
)

// plan of a plain workflow: what it does after each rest.
type plan struct {
	Rests             int
	Rest              time.Duration
	Local, Activities int // calls after each rest
}

// plainWorkflow rests and calls, with the deadlines that the driver has.
func plainWorkflow(ctx workflow.Context, p plan) error {
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 7 * time.Second})
	regular := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 15 * time.Second})
	for range p.Rests {
		if err := workflow.Sleep(ctx, p.Rest); err != nil {
			return err
		}
		for range p.Local {
			if err := workflow.ExecuteLocalActivity(local, nothing).Get(ctx, nil); err != nil {
				return err
			}
		}
		for range p.Activities {
			if err := workflow.ExecuteActivity(regular, nothing).Get(ctx, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func nothing(context.Context) error { return nil }

const plainQueue = "bench-plain"

func dial(e *rig.Engine) (client.Client, error) {
	return client.Dial(client.Options{
		HostPort: e.TemporalAddress, Namespace: e.TemporalNamespace,
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
}

// plainLoads are the floor and its variations, with the worker that runs them, sized as Perennial's is.
func plainLoads(c client.Client, o options) ([]load, worker.Worker) {
	worker.SetStickyWorkflowCacheSize(o.sticky) // of the process: the first worker that starts decides
	w := worker.New(c, plainQueue, worker.Options{
		MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 8,
		MaxConcurrentLocalActivityExecutionSize: poolSize, MaxConcurrentWorkflowTaskExecutionSize: 2 * poolSize,
	})
	w.RegisterWorkflowWithOptions(plainWorkflow, workflow.RegisterOptions{Name: "Plain"})
	w.RegisterActivityWithOptions(nothing, activity.RegisterOptions{Name: "nothing"})
	var loads []load
	for _, kind := range []struct {
		name              string
		local, activities int
	}{{"timer (the floor)", 0, 0}, {"timer + local activity", 1, 0}, {"timer + activity", 0, 1}, {"timer + three activities", 0, 3}} {
		loads = append(loads, plainLoad(c, kind.name, o.workflows, plan{
			Rests: o.rests, Rest: o.rest, Local: kind.local, Activities: kind.activities,
		}))
	}
	return loads, w
}

func plainLoad(c client.Client, name string, workflows int, p plan) load {
	var runs []client.WorkflowRun
	return load{
		name:    name,
		prepare: func(context.Context) error { runs = nil; return nil },
		run: func(ctx context.Context) error {
			for range workflows {
				run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: journey.NewID("bench/"), TaskQueue: plainQueue}, "Plain", p)
				if err != nil {
					return err
				}
				runs = append(runs, run)
			}
			for _, run := range runs {
				if err := run.Get(ctx, nil); err != nil {
					return err
				}
			}
			return nil
		},
		count: func(ctx context.Context) (steps, events int, err error) {
			for _, run := range runs {
				n, err := length(ctx, c, run.GetID())
				if err != nil {
					return 0, 0, err
				}
				events += n
			}
			return len(runs) * (p.Rests + 1), events, nil // the first rest has a step before it
		},
	}
}

// length is the number of events in the latest run.
func length(ctx context.Context, c client.Client, id string) (int, error) {
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return 0, fmt.Errorf("describing %s: %w", id, err)
	}
	return int(d.GetWorkflowExecutionInfo().GetHistoryLength()), nil
}
