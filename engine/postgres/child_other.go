//go:build !linux

package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endWithParent does nothing here: there is no parent-death signal, so that an orphan is found at the next start.
func endWithParent(*exec.Cmd) {}

// residents knows the postmaster only: there is no portable way to list the working directories of processes.
func residents(dataDir string) []int {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return nil
	}
	if err := syscall.Kill(pid, 0); err != nil {
		return nil
	}
	return []int{pid}
}
