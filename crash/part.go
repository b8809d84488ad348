package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// part is one process of the installation, under a supervisor that starts it again whenever it ends, as systemd would.
type part struct {
	name  string
	args  []string // program first
	env   []string
	log   string // file for what it prints
	pause func() time.Duration

	mu     sync.Mutex
	pid    int // 0 while it does not run
	hold   io.Closer
	killed bool // by us; the supervisor resets it
	selves int  // ends that were not ours: a program may give up while what it needs is away
}

// supervise runs it until ctx ends, then asks it to end, and waits for that.
func (p *part) supervise(ctx context.Context) error {
	for ctx.Err() == nil {
		cmd, err := p.start()
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-ctx.Done():
			p.stop(cmd, ended)
			return nil
		}
		p.mu.Lock()
		p.pid = 0
		wait := 300 * time.Millisecond
		if p.killed {
			wait = p.pause()
		} else {
			p.selves++
		}
		p.killed = false
		p.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

func (p *part) start() (*exec.Cmd, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.name, err)
	}
	defer log.Close()
	// Not CommandContext: the end of ctx is to end it cleanly. Its output is a file, so that Wait waits for nobody else.
	cmd := exec.Command(p.args[0], p.args[1:]...) //nolint:noctx,gosec // see above; the program is the one under test
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at the terminal is ours
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.mu.Lock()
	p.pid, p.hold = cmd.Process.Pid, hold
	p.mu.Unlock()
	return cmd, nil
}

// kill is kill -9; false: it does not run just now.
func (p *part) kill() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 || syscall.Kill(p.pid, syscall.SIGKILL) != nil {
		return false
	}
	p.pid, p.killed = 0, true
	return true
}

func (p *part) stop(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	p.mu.Lock()
	p.pid = 0
	_ = p.hold.Close() // the engine ends with its standard input
	p.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}

func (p *part) ownEnds() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.selves
}
