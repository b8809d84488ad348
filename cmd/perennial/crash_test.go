package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A story ends the same, whatever dies in the middle of it. The worker first, with the API: the engine notices and ends. Then
// everything at the same moment, as when the power goes.
func TestStoriesSurviveKill9OfTheWorkerAndOfEverything(t *testing.T) {
	t.Parallel()
	p := newPlace(t)

	demo := p.start(t, "demo", "--once", briskly)
	demo.awaitDay(8)
	require.NotZero(t, p.enginePID())
	demo.kill()
	began := time.Now()
	p.vacate(t)
	t.Logf("the engine ended %s after its parent was killed", time.Since(began).Round(time.Millisecond))

	demo = p.start(t, "demo", "--once", slowly)
	demo.awaitDay(12)
	for _, pid := range []int{p.enginePID(), p.postmaster(t), demo.cmd.Process.Pid} {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	demo.endsWithin(5 * time.Second)

	began = time.Now()
	demo = p.start(t, "demo", "--once", slowly)
	demo.awaitReady()
	t.Logf("ready again %s after everything was killed", time.Since(began).Round(time.Millisecond))
	p.endsAsTold(t, demo)
}

// The engine dies (Temporal and the inbox): perennial says so and ends, and goes on when it is started again. Postgres dies:
// the engine starts it again, and nobody has to do anything.
func TestStoriesSurviveKill9OfTemporalAndOfPostgres(t *testing.T) {
	t.Parallel()
	p := newPlace(t)

	demo := p.start(t, "demo", "--once", briskly)
	demo.awaitDay(8)
	require.NoError(t, syscall.Kill(p.enginePID(), syscall.SIGKILL))
	assert.Equal(t, 1, demo.endsWithin(30*time.Second))
	assert.Contains(t, demo.complained(), "the engine ended (Postgres, Temporal, inbox): start again, nothing is lost")

	demo = p.start(t, "demo", "--once", verySlowly)
	demo.awaitDay(9)
	before := p.postmaster(t)
	require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	began := time.Now()
	demo.await(30*time.Second, func() bool {
		raw, err := os.ReadFile(filepath.Join(p.Data, "engine", "postgres", "postmaster.pid"))
		return err == nil && len(raw) > 0 && !strings.HasPrefix(string(raw), strconv.Itoa(before)+"\n") && p.ready()
	}, "an answer after the end of Postgres")
	t.Logf("ready again %s after Postgres was killed", time.Since(began).Round(time.Millisecond))
	demo.awaitDay(12)
	demo.signal(syscall.SIGTERM)
	require.Equal(t, 0, demo.endsWithin(20*time.Second), "nobody had to start it again")

	p.endsAsTold(t, p.start(t, "demo", "--once", slowly))
}

// ready says whether the API answers that it is.
func (p *place) ready() bool {
	res, err := http.Get(p.url() + "/readyz") //nolint:noctx // the server is ours and bounds it
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// endsAsTold waits for the end of a play that was cut off, and finds that the stories have ended as without. Status 1 is
// right only when a letter was lost in doubt.
func (p *place) endsAsTold(t *testing.T, demo *process) {
	t.Helper()
	status := demo.endsWithin(playTime)
	lost := p.audit(t)
	for _, m := range lost {
		t.Logf("in doubt when it was cut off, and not sent again: %s/%s to %s, %s", m.Journey, m.Template, m.Address, m.State)
	}
	if len(lost) == 0 {
		assert.Equal(t, 0, status)
		assert.Contains(t, demo.said(), "Every message that their stories call for came once, and none that they don't.")
	}
}

var dayOfLine = regexp.MustCompile(`(?m)^day +(\d+) `)

// awaitDay waits until the timeline has come to that day of the shop.
func (p *process) awaitDay(n int) {
	p.t.Helper()
	p.await(playTime, func() bool {
		days := dayOfLine.FindAllStringSubmatch(p.said(), -1)
		if len(days) == 0 {
			return false
		}
		day, err := strconv.Atoi(days[len(days)-1][1])
		return err == nil && day >= n
	}, "day %d of the shop", n)
}
