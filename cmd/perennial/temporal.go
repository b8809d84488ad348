package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/serviceerror"

	"perennial/journey"
	"perennial/workflows"
)

// recognize sees whether Temporal's namespace is the one in which our drivers run. Where they are lost, everyone has been held when
// it returns, and what runs for ever is there again.
func (a *app) recognize(ctx context.Context) error {
	lost, err := workflows.Recognize(ctx, a.temporal, a.namespace, a.store)
	var gone *serviceerror.NamespaceNotFound
	if errors.As(err, &gone) {
		return fmt.Errorf("Temporal has no namespace %s: run perennial rebuild: %w", a.namespace, err) //nolint:staticcheck // a name
	}
	if err != nil || !lost {
		return err
	}
	a.log.Error("Temporal does not know our drivers: its namespace was lost, or is another one. Everyone stands still until " +
		"someone has looked and runs perennial rebuild --release")
	if a.config.has("sender") {
		if err := workflows.EnsureDelivery(ctx, a.temporal, a.queues, journey.Lanes()); err != nil {
			return err
		}
	}
	return workflows.EnsureSchedules(ctx, a.temporal, a.queues, a.store.Clock().Speed())
}

// reconciler compares Postgres with Temporal every hour, and counts what it mends.
func (a *app) reconciler() *workflows.Reconciler {
	mended := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "perennial_reconcile_mended_total", Help: "Differences between Postgres and Temporal that were mended, by mend.",
	}, []string{"mend"})
	for _, m := range []journey.Mend{journey.MendStart, journey.MendWake, journey.MendClose} {
		mended.WithLabelValues(string(m)) // shown before there is one
	}
	a.metrics.MustRegister(mended)
	return &workflows.Reconciler{
		Store: a.store, Client: a.temporal, Namespace: a.namespace, Queues: a.queues, Clock: a.store.Clock(), Log: a.log,
		Found: func(d journey.Difference) { mended.WithLabelValues(string(d.Mend)).Inc() },
	}
}
