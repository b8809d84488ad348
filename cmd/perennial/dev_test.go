package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

func TestDevStartsKeepsItsKeysAndEndsWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	began := time.Now()
	dev := p.dev(t)
	t.Logf("first start: %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, "ready "+p.url(), strings.SplitN(dev.said(), "\n", 2)[0])

	file, err := os.Stat(filepath.Join(p.Data, "keys.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), file.Mode())
	keys := p.keys(t)
	assert.Equal(t, []string{"admin", "ingest", "marketer", "support", "viewer"}, slices.Sorted(maps.Keys(keys)))
	for role := range keys {
		var list journey.Page[journey.JourneyInfo]
		err := p.as(t, journey.Role(role)).server.call(t.Context(), http.MethodGet, "/api/journeys", nil, &list)
		if role == "ingest" {
			assert.ErrorContains(t, err, "403")
			continue
		}
		require.NoError(t, err, role)
		assert.Len(t, list.Data, 4, "the journeys that ship with it are published")
	}

	status, out, _ := command(t, nil, "doctor", "--data", p.Data)
	assert.Equal(t, 0, status, out)
	assert.NotContains(t, out, "SICK")
	for _, part := range []string{"Postgres", "schema", "Temporal", "SMTP"} {
		assert.Contains(t, out, "well  "+part)
	}

	other := start(t, append([]string{"dev"}, newPlace(t).with(p.Data).flags()...)...)
	assert.Equal(t, 1, other.endsWithin(10*time.Second))
	assert.Contains(t, other.complained(), "another perennial works in "+p.Data+": end that one, or choose another --data")

	pids := p.processes(t, dev)
	began = time.Now()
	dev.signal(syscall.SIGTERM)
	assert.Equal(t, 0, dev.endsWithin(15*time.Second))
	t.Logf("end: %s", time.Since(began).Round(time.Millisecond))
	for pid, what := range pids {
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "%s (%d) is still there", what, pid)
	}

	status, out, _ = command(t, nil, "doctor", "--data", p.Data)
	assert.Equal(t, 2, status, out)
	assert.Contains(t, out, "perennial dev --data "+p.Data, "the mend")

	began = time.Now()
	again := p.dev(t)
	t.Logf("second start: %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, keys, p.keys(t))
	p.as(t, journey.RoleViewer).get("/api/journeys", nil)
	again.signal(syscall.SIGINT)
	assert.Equal(t, 0, again.endsWithin(15*time.Second))
}

// with is the same ports on another directory.
func (p *place) with(data string) *place {
	other := *p
	other.Data = data
	return &other
}

// processes are those of the installation: perennial, its engine, Postgres and all its children.
func (p *place) processes(t *testing.T, dev *process) map[int]string {
	t.Helper()
	pids := map[int]string{dev.cmd.Process.Pid: "perennial", p.enginePID(): "the engine", p.postmaster(t): "Postgres"}
	cluster := filepath.Join(p.Data, "engine", "postgres")
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return pids // not Linux
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && cwd == cluster {
			pids[pid] = "a process of Postgres"
		}
	}
	return pids
}

func TestPortsInUseAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	taken := map[string]int{"--http-port": p.http, "--temporal-port": p.temporal, "--temporal-ui-port": p.page, "--smtp-port": p.smtp, "--inbox-port": p.inbox}
	for _, port := range taken {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		require.NoError(t, err)
		defer l.Close()
	}
	dev := p.start(t, "dev")
	assert.Equal(t, 1, dev.endsWithin(10*time.Second))
	for flag, port := range taken {
		assert.Regexp(t, fmt.Sprintf(`port %d \(.+\) is in use: choose another with %s\n`, port, flag), dev.complained())
	}
	_, err := os.Stat(filepath.Join(p.Data, "engine"))
	assert.ErrorIs(t, err, os.ErrNotExist, "nothing was started")
}

func TestDoctorWithoutEnvironmentNamesEveryFaultWithItsMend(t *testing.T) {
	t.Parallel()
	status, out, _ := command(t, []string{"TEMPORAL_ADDRESS=127.0.0.1:1"}, "doctor")
	assert.Equal(t, 2, status)
	for _, name := range []string{"DATABASE_URL", "SMTP_URL", "PUBLIC_URL", "BRAND_NAME", "MAIL_FROM", "POSTAL_ADDRESS"} {
		assert.Contains(t, out, "SICK  environment  "+name+" is not set\n      mend:        "+mends[name]+"\n")
	}
	assert.Contains(t, out, "SICK  Temporal     does not answer on 127.0.0.1:1\n")

	status, out, _ = command(t, []string{"TEMPORAL_ADDRESS=127.0.0.1:1", "DATABASE_URL=mysql://x", "SMTP_URL=relay", "PUBLIC_URL=x", "BRAND_NAME=x",
		"MAIL_FROM=nobody", "POSTAL_ADDRESS=x", "SMTP_TLS=perhaps", "TIME_ZONE=Mars/Base", "LOCALE=French", "ROLES=api,cook", "LOG_LEVEL=loud"}, "doctor")
	assert.Equal(t, 2, status)
	for _, name := range []string{"DATABASE_URL", "SMTP_URL", "PUBLIC_URL", "MAIL_FROM", "SMTP_TLS", "TIME_ZONE", "LOCALE", "ROLES", "LOG_LEVEL"} {
		assert.Contains(t, out, "SICK  environment  "+name+" ", out)
	}
}

func TestServeNamesEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	status, _, errs := command(t, []string{"SMTP_TLS=perhaps"}, "serve")
	assert.Equal(t, 1, status)
	for _, name := range []string{"DATABASE_URL", "SMTP_URL", "PUBLIC_URL", "BRAND_NAME", "MAIL_FROM", "POSTAL_ADDRESS", "SMTP_TLS"} {
		assert.Contains(t, errs, name+": ")
	}
}

func TestMigrateTwice(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + testenv.Database(t)}
	for range 2 {
		status, _, errs := command(t, env, "migrate")
		assert.Equal(t, 0, status, errs)
	}
	status, _, errs := command(t, nil, "migrate")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "DATABASE_URL: is not set; for example DATABASE_URL=")
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	status, out, _ := command(t, nil, "help")
	assert.Equal(t, 0, status)
	for _, name := range []string{"demo", "dev", "serve", "migrate", "journey", "doctor"} {
		assert.Contains(t, out, "\n  "+name)
	}
	for _, wrong := range [][]string{{"dance"}, {"dev", "--tempo", "3"}, {"dev", "--speed", "0", "--data", t.TempDir()}} {
		status, _, errs := command(t, nil, wrong...)
		assert.Equal(t, 1, status)
		assert.NotEmpty(t, errs)
	}
}
