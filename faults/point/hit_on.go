//go:build failpoints

package point

import (
	"os"
	"syscall"
)

// Hit ends the process as kill -9 does, where PERENNIAL_FAILPOINT names this moment and the file PERENNIAL_FAILPOINT_ARMED is there:
// what was left over from an earlier death can be finished before it is.
func Hit(name Name) {
	if os.Getenv("PERENNIAL_FAILPOINT") != string(name) {
		return
	}
	if _, err := os.Stat(os.Getenv("PERENNIAL_FAILPOINT_ARMED")); err == nil {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more happens here
	}
}
