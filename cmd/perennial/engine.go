package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// engineAddress is what the engine says once everything in it answers (engine/README.md).
type engineAddress struct {
	DatabaseURL       string `json:"database_url"`
	TemporalAddress   string `json:"temporal_address"`
	TemporalNamespace string `json:"temporal_namespace"`
	TemporalUIURL     string `json:"temporal_ui_url"`
	SMTPURL           string `json:"smtp_url"`
	InboxURL          string `json:"inbox_url"`
	PID               int    `json:"pid"`
}

// childEngine is the engine as our child: Postgres, Temporal and the inbox on this machine. It ends with us, even when we are
// killed, because it watches the pipe that we hold on its standard input.
type childEngine struct {
	engineAddress
	hold io.Closer
	done chan struct{} // closed when the process has ended; it says why on its standard error
	cmd  *exec.Cmd
}

// engineStop is how long the engine may take to end; it promises ten seconds.
const engineStop = 15 * time.Second

// startEngine starts the engine and returns when it is ready. Progress goes to std.err as it comes.
func startEngine(ctx context.Context, o devOptions, env map[string]string, std stdio) (*childEngine, error) {
	program, err := engineProgram(env)
	if err != nil {
		return nil, err
	}
	// Not CommandContext: the end of ctx must not kill it, it is to end cleanly after us.
	cmd := exec.Command(program, //nolint:noctx // see above
		"--data", filepath.Join(o.Data, "engine"), "--exit-with-stdin",
		"--temporal-port", strconv.Itoa(o.TemporalPort), "--temporal-ui-port", strconv.Itoa(o.TemporalUIPort),
		"--smtp-port", strconv.Itoa(o.SMTPPort), "--inbox-port", strconv.Itoa(o.InboxPort))
	ownGroup(cmd)
	cmd.Env = pairs(env)
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the engine: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the engine: %w", err)
	}
	cmd.Stderr = std.err
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the engine: %w", err)
	}
	e := &childEngine{hold: hold, done: make(chan struct{}), cmd: cmd}
	ready := make(chan error, 1)
	go func() {
		ready <- e.readReady(out)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(e.done)
	}()
	select {
	case err := <-ready:
		if err == nil {
			return e, nil
		}
		_ = hold.Close()
		<-e.done
		return nil, fmt.Errorf("starting the engine: %w (it says why above)", err)
	case <-ctx.Done():
		e.stop()
		return nil, ctx.Err()
	}
}

func (e *childEngine) readReady(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if object, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			return json.Unmarshal([]byte(object), &e.engineAddress)
		}
	}
	return errors.New("it ended before it was ready")
}

// stop ends the engine cleanly and waits for it.
func (e *childEngine) stop() {
	_ = e.hold.Close()
	select {
	case <-e.done:
	case <-time.After(engineStop):
		_ = e.cmd.Process.Kill()
		<-e.done
	}
}

// engineProgram finds perennial-engine: PERENNIAL_ENGINE_PROGRAM, beside ourselves, or in PATH.
func engineProgram(env map[string]string) (string, error) {
	if named := env["PERENNIAL_ENGINE_PROGRAM"]; named != "" {
		return named, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "perennial-engine")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	if found, err := exec.LookPath("perennial-engine"); err == nil {
		return found, nil
	}
	return "", errors.New("perennial-engine is neither beside perennial nor in PATH: run make build, or use perennial serve " +
		"with a Postgres and a Temporal of your own")
}

func pairs(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}
