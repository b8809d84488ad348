// Package testenv gives tests real parts: a migrated Postgres database of their own, Temporal, and an inbox. The parts are
// served by the engine (`make test` starts it; `make engine-up` leaves one running for work on single tests). A part that is
// missing fails the test and says the mend; nothing is skipped.
package testenv

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Engine says where the parts are. It is the object that the engine prints and keeps in its state directory.
type Engine struct {
	DatabaseURL       string `json:"database_url"`
	TemporalAddress   string `json:"temporal_address"`
	TemporalNamespace string `json:"temporal_namespace"`
	SMTPURL           string `json:"smtp_url"`
	InboxURL          string `json:"inbox_url"`
}

// TheEngine reads the engine's address file: PERENNIAL_ENGINE names it, and the default is where `make engine-up` puts it.
func TheEngine(t testing.TB) Engine {
	t.Helper()
	file := os.Getenv("PERENNIAL_ENGINE")
	if file == "" {
		file = filepath.Join(moduleRoot(t), ".cache", "test-engine", "engine.json")
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the path is the developer's own
	require.NoError(t, err, "no engine is running for tests: run `make engine-up` first, or all of `make test`")
	var e Engine
	require.NoError(t, json.Unmarshal(raw, &e), "reading %s", file)
	return e
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, parent, dir, "no go.mod above the test")
		dir = parent
	}
}
