// Package rig is what benchmarks stand on: an engine of their own, databases on it, and the processor time of every process that
// took part, read from /proc.
package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Engine is a child with a Postgres, a Temporal and an inbox of its own, or some of these, in a directory that goes with it.
type Engine struct {
	DatabaseURL       string `json:"database_url"`
	TemporalAddress   string `json:"temporal_address"`
	TemporalNamespace string `json:"temporal_namespace"`
	SMTPURL           string `json:"smtp_url"`

	dir  string
	cmd  *exec.Cmd
	hold io.Closer
}

// StartEngine starts the engine's program with the named parts (postgres, temporal, inbox; none named: all), and returns once
// they answer.
func StartEngine(ctx context.Context, program string, parts ...string) (_ *Engine, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("starting the engine: %w", err)
		}
	}()
	e := &Engine{}
	if e.dir, err = os.MkdirTemp("", "perennial-bench-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(e.dir, 0o755); err != nil { //nolint:gosec // Postgres runs as another user when we are root
		return nil, err
	}
	args := []string{"-data", filepath.Join(e.dir, "engine"), "-exit-with-stdin",
		"-temporal-port", "0", "-temporal-ui-port", "0", "-smtp-port", "0", "-inbox-port", "0"}
	if len(parts) > 0 {
		args = append(args, "-only", strings.Join(parts, ","))
	}
	e.cmd = exec.CommandContext(ctx, program, args...)
	e.cmd.Stderr = os.Stderr
	if e.hold, err = e.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(e.dir))
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return e, json.Unmarshal([]byte(address), e)
		}
	}
	e.Stop()
	return nil, errors.New("it ended before it was ready")
}

// Stop ends the engine and removes its directory.
func (e *Engine) Stop() {
	_ = e.hold.Close()
	_ = e.cmd.Wait()
	_ = os.RemoveAll(e.dir)
}

// MakeDatabase creates an empty database and returns its URL.
func (e *Engine) MakeDatabase(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, e.DatabaseURL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	u, err := url.Parse(e.DatabaseURL)
	if err != nil {
		return "", errors.New("reading the database's URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}
