package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCrash is a small run of what make crash does: everything is killed once, some of it together, and nothing is lost or sent twice.
func TestCrash(t *testing.T) {
	program := filepath.Join(t.TempDir(), "perennial")
	said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/perennial").CombinedOutput()
	require.NoError(t, err, string(said))

	r, err := crash(t.Context(), options{
		bin: "../bin", program: program, rounds: 1, seed: uint64(time.Now().UnixNano()), rate: 1.5,
		calm: time.Second, storm: 5 * time.Second, patience: 3 * time.Minute, log: testLog{t},
	})
	require.NoError(t, err)
	var table strings.Builder
	r.print(&table)
	t.Log(table.String())
	assert.True(t, r.clean(), "seed %d", r.seed)
	assert.GreaterOrEqual(t, r.kills[killWorker], 1)
	assert.Greater(t, r.sent, 20, "there was a load")
}

// testLog writes progress into the log of a test.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
