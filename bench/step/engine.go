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
)

// engine is a child with a Postgres, a Temporal and an inbox of its own, in a directory that goes with it.
type engine struct {
	DatabaseURL       string `json:"database_url"`
	TemporalAddress   string `json:"temporal_address"`
	TemporalNamespace string `json:"temporal_namespace"`
	SMTPURL           string `json:"smtp_url"`

	dir  string
	cmd  *exec.Cmd
	hold io.Closer
}

func startEngine(ctx context.Context, program string) (_ *engine, err error) {
	e := &engine{}
	if e.dir, err = os.MkdirTemp("", "perennial-bench-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(e.dir, 0o755); err != nil { //nolint:gosec // Postgres runs as another user when we are root
		return nil, err
	}
	e.cmd = exec.CommandContext(ctx, program, "-data", filepath.Join(e.dir, "engine"), "-exit-with-stdin",
		"-temporal-port", "0", "-temporal-ui-port", "0", "-smtp-port", "0", "-inbox-port", "0")
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
	e.stop()
	return nil, errors.New("it ended before it was ready")
}

func (e *engine) stop() {
	_ = e.hold.Close()
	_ = e.cmd.Wait()
	_ = os.RemoveAll(e.dir)
}

// cpu returns the milliseconds that the Temporal server (with the inbox) and Postgres have computed since they began. What a
// Postgres backend computed before it ended is in the account of its parent.
func (e *engine) cpu() (server, postgres float64, err error) {
	all, err := processes()
	if err != nil {
		return 0, 0, err
	}
	mine := map[int]bool{e.cmd.Process.Pid: true}
	for grown := true; grown; {
		grown = false
		for pid, p := range all {
			if mine[p.parent] && !mine[pid] {
				mine[pid], grown = true, true
			}
		}
	}
	for pid := range mine {
		p := all[pid]
		if pid == e.cmd.Process.Pid {
			server += p.own
			continue
		}
		postgres += p.own + p.ended
	}
	return server, postgres, nil
}

// process is one line of /proc: milliseconds of its own, and of its children that have ended.
type process struct {
	parent     int
	own, ended float64
}

func processes() (map[int]process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("reading /proc: this benchmark needs Linux (%w)", errors.Join(err, errors.ErrUnsupported))
	}
	all := map[int]process{}
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		if p, ok := readProcess(file); ok {
			all[pid] = p
		}
	}
	return all, nil
}

// readProcess says false for a process that has just ended.
func readProcess(file string) (process, bool) {
	text, err := os.ReadFile(file) //nolint:gosec // a path of /proc
	if err != nil {
		return process{}, false
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return process{}, false
	}
	number := func(i int) float64 { n, _ := strconv.ParseFloat(fields[i], 64); return n }
	const msPerTick = 10 // USER_HZ is 100 on every Linux that Go runs on
	return process{
		parent: int(number(1)), own: msPerTick * (number(11) + number(12)), ended: msPerTick * (number(13) + number(14)),
	}, true
}
