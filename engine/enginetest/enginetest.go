// Package enginetest helps the tests of this module.
package enginetest

import (
	"os"
	"sync"
	"testing"
)

// Dir is a temporary state directory that the account of Postgres can enter also when the tests run as root.
// (t.TempDir is 0700, and would send the data to /var/lib.)
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "perennial-engine-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Say writes progress to the test's log, and nothing once the test is over.
func Say(t testing.TB) func(string, ...any) {
	var mu sync.Mutex
	over := false
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
	})
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			t.Logf(format, args...)
		}
	}
}
