package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/faults"
	"perennial/testenv"
)

// Temporal is away: what is reported is taken, applied, and answered with 2xx; wake-ups queue up. When it is back they drain, and
// nobody has to do anything.
func TestTemporalAwayTakesEventsAndDrainsWhenItIsBack(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 0)
	far := faults.To(t, p.temporal)
	p.temporal = far.Addr()
	p.start(p.url)
	p.publish("  - send: { message: hello, window: any, expires: 400d }\n  - wait: 5d\n")
	p.signUp(1)
	p.await(1, waiting, "people who wait")

	far.Refuse()
	const people = 20
	addresses := p.signUp(people)
	p.await(people, `SELECT count(*) FROM wakeups WHERE start`, "starts that queue up")
	assert.Equal(t, people+1, p.number(`SELECT count(*) FROM events WHERE name = 'Signed Up' AND applied_at IS NOT NULL`))
	require.Positive(t, far.Refused())

	began := time.Now()
	far.Heal()
	p.await(people+1, waiting, "people who wait")
	t.Logf("%d wake-ups drained %s after Temporal was back", people, time.Since(began).Round(100*time.Millisecond))
	p.quiet()
	testenv.Eventually(t, 10*time.Second, func() bool { return p.mails(addresses) >= people }, "everyone's mail")
	assert.Equal(t, people, p.mails(addresses), "none twice")
}

// Postgres is away: callers get 503 with Retry-After at once, and what got 2xx is there. It resumes by itself.
func TestPostgresRestartsAnswer503AndResumesByItself(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 0)
	far, url := faults.ToURL(t, p.url)
	p.start(url)
	p.publish("  - send: { message: hello, window: any, expires: 400d }\n  - wait: 5d\n")
	addresses := p.signUp(3)
	p.await(3, waiting, "people who wait")

	taken := 0
	report := func() (status int, retry string) {
		if status, retry = p.report(fmt.Sprintf("seen-%d", taken)); status < 300 {
			taken++
		}
		return status, retry
	}
	status, _ := report()
	require.Less(t, status, 300)

	far.Refuse()
	for range 3 {
		began := time.Now()
		status, retry := report()
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.NotEmpty(t, retry)
		assert.Less(t, time.Since(began), 10*time.Second)
	}
	began := time.Now()
	far.Heal()
	testenv.Eventually(t, 30*time.Second, func() bool { status, _ := report(); return status < 300 }, "the next event to be taken")
	taking := time.Since(began)
	more := p.signUp(3)
	p.await(6, waiting, "people who wait")
	t.Logf("after Postgres was back: events after %s, journeys after %s", taking.Round(10*time.Millisecond), time.Since(began).Round(10*time.Millisecond))
	assert.Less(t, time.Since(began), 30*time.Second)

	far.Reset() // and once more in the midst of it
	p.await(taken, `SELECT count(*) FROM events WHERE name = 'Seen'`, "events that were answered with 2xx")
	p.quiet()
	testenv.Eventually(t, 20*time.Second, func() bool { return p.mails(append(addresses, more...)) >= 6 }, "everyone's mail")
	assert.Equal(t, 6, p.mails(append(addresses, more...)))
}
