package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// CPU returns the milliseconds that the engine itself (Temporal and the inbox) and Postgres have computed since they began. What a
// Postgres backend computed before it ended is in the account of its parent.
func (e *Engine) CPU() (server, postgres float64, err error) {
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

// CPU returns the milliseconds that one process has computed since it began; 0 when it has ended.
func CPU(pid int) float64 {
	p, _ := readProcess(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return p.own
}

// MostMemory returns how many MiB a process has had in memory at most.
func MostMemory(pid int) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status")) //nolint:gosec // a path of /proc
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	_, err = fmt.Sscan(rest, &kib)
	return kib / 1024, err
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
