package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	firstPause   = 100 * time.Millisecond // before a dead Postgres is started again; doubles
	longestPause = 3 * time.Second
	fastStop     = 4 * time.Second // for the last checkpoint; after that Postgres is cut off and recovers next time
)

// supervise keeps Postgres running until Stop. It stays on one thread for as long as a child lives, because the
// parent-death signal is tied to the thread that forked.
func (c *Cluster) supervise() {
	runtime.LockOSThread()
	defer close(c.done)
	pause := firstPause
	for {
		began := time.Now()
		err := c.serveOnce()
		if c.stopping() {
			return
		}
		c.exits.Add(1)
		if time.Since(began) > 30*time.Second {
			pause = firstPause
		}
		c.opts.Say("Postgres ended by itself (%v): starting it again in %s", err, pause)
		select {
		case <-c.stop:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
		if err := c.settle(context.Background()); err != nil {
			c.opts.Say("clearing up after Postgres: %v", err)
		}
	}
}

// serveOnce runs one postmaster to its end.
func (c *Cluster) serveOnce() error {
	cmd := c.serverCommand()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	c.mu.Lock()
	c.process = cmd.Process
	c.mu.Unlock()
	if c.stopping() { // Stop came between the two: it had no process to signal
		_ = cmd.Process.Signal(syscall.SIGINT)
	}
	return cmd.Wait()
}

func (c *Cluster) stopping() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// Stop ends Postgres with a checkpoint; if that takes too long, without. Data is safe either way.
func (c *Cluster) Stop() error {
	if c.stopping() || !c.started {
		return nil
	}
	close(c.stop)
	steps := []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastStop}, {syscall.SIGQUIT, time.Second}, {syscall.SIGKILL, 500 * time.Millisecond}}
	for _, step := range steps {
		c.mu.Lock()
		if c.process != nil {
			_ = c.process.Signal(step.signal)
		}
		c.mu.Unlock()
		select {
		case <-c.done:
			return nil
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("stopping Postgres: it is still there after kill -9")
}

// waitReady waits until Postgres takes connections. Recovery after a crash may take long, and is left its time, as
// long as Postgres is alive.
func (c *Cluster) waitReady(ctx context.Context) error {
	const tries = 3
	for {
		err := c.ping(ctx)
		if err == nil {
			return nil
		}
		if c.exits.Load() >= tries {
			return fmt.Errorf("starting Postgres: it ended %d times; it says:\n%s", tries, c.opts.Log.Tail(2000))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting Postgres: %w (last answer: %w)", ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Cluster) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL(superuser, "postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// settle makes the data directory ready for a new postmaster: whatever still works in it is ended, and a
// postmaster.pid that nobody answers for is removed (Postgres would refuse to start if its number has meanwhile gone
// to another process, as it does in containers). It is never removed while a backend lives: the file is the lock.
func (c *Cluster) settle(ctx context.Context) error {
	if !c.initialised() {
		return nil
	}
	pidFile := filepath.Join(c.data, "postmaster.pid")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		left := residents(c.data)
		if len(left) == 0 {
			break
		}
		if pid := postmaster(pidFile); slices.Contains(left, pid) {
			c.opts.Say("a Postgres (process %d) is still running in %s: stopping it", pid, c.data)
			left = []int{pid} // it ends its children itself
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, signal)
		}
		if err := c.waitEmpty(ctx, fastStop); err != nil {
			return err
		}
	}
	if left := residents(c.data); len(left) > 0 {
		return fmt.Errorf("processes %v in %s do not end", left, c.data)
	}
	if err := os.Remove(pidFile); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("removing a stale postmaster.pid: %w", err)
	}
	return nil
}

// waitEmpty returns nil both when the directory is empty and when the time is up: the caller looks again.
func (c *Cluster) waitEmpty(ctx context.Context, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) && len(residents(c.data)) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func postmaster(pidFile string) int {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid
}
