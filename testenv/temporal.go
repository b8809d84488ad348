package testenv

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// Temporal dials the engine's Temporal, in its namespace. Tests keep apart by task queues and ids of their own.
func Temporal(t testing.TB) client.Client {
	t.Helper()
	e := TheEngine(t)
	c, err := client.Dial(client.Options{
		HostPort:  e.TemporalAddress,
		Namespace: e.TemporalNamespace,
		Logger:    log.NewStructuredLogger(quiet()),
	})
	require.NoError(t, err, "dialling Temporal at %s: is the engine running? `make engine-up`", e.TemporalAddress)
	t.Cleanup(c.Close)
	return c
}
