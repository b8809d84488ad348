package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endWithParent makes the kernel ask Postgres for a fast shutdown when the thread that started it ends: that is the
// only thing that still works when the engine is killed with -9. The caller locks its goroutine to that thread.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGINT }

func isPostgres(name string) bool {
	name = strings.TrimSpace(name)
	return name == "postgres" || name == "postmaster"
}

// residents lists the processes that work in the data directory: the postmaster and all its children change into it.
func residents(dataDir string) []int {
	want, err := filepath.EvalSymlinks(dataDir)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		if err != nil || cwd != want {
			continue
		}
		// A shell that somebody left standing there is no reason to wait.
		if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && isPostgres(string(name)) {
			pids = append(pids, pid)
		}
	}
	return pids
}
