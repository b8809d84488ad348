//go:build failpoints

package point

import (
	"os"
	"syscall"
)

// Hit ends the process as kill -9 does, where PERENNIAL_FAILPOINT names this moment.
func Hit(name Name) {
	if os.Getenv("PERENNIAL_FAILPOINT") == string(name) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more happens here
	}
}
