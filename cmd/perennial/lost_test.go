package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

const ( // how often somebody moved, and how many wait
	moves   = `SELECT coalesce(sum(seq), 0)::int FROM enrollments`
	waiting = `SELECT count(*) FROM enrollments WHERE status = 'active' AND seq > 0`
	held    = `SELECT count(*) FROM enrollments WHERE held = 'namespace lost'`
)

// The namespace is lost. Whoever comes back on another one holds everybody, until a person has looked; then everyone goes on with
// what was left of their wait, and nobody gets a mail twice.
func TestNamespaceLostIsRebuiltFromPostgresAndHeldUntilReleased(t *testing.T) {
	t.Parallel()
	const people = 5
	p := newPlant(t, dayOf(100*time.Millisecond))
	p.start(p.url)
	p.publish("  - send: { message: hello, window: any, expires: 400d }\n  - wait: 60d\n  - send: { message: hello-again, window: any, expires: 400d }\n")
	addresses := p.signUp(people)
	p.await(people, waiting, "people who wait")
	p.quiet()
	p.stop()
	before := p.number(moves)
	due := p.dueDates()

	p.namespace = newNamespace(t)
	status, out, _ := command(t, p.environment(), "doctor", "--deep")
	assert.Equal(t, 2, status)
	assert.Contains(t, out, "perennial rebuild")
	p.start(p.url)
	p.await(people, held, "people who are held")

	// Somebody asks for something: a driver comes, is told to hold, and nothing moves.
	ids := p.enrollments()
	require.NoError(t, p.post("/api/enrollments/"+ids[0]+"/skip", map[string]any{"reason": "test"}))
	p.await(0, `SELECT count(*) FROM wakeups`, "wake-ups")
	assert.Equal(t, before, p.number(moves), "nobody moves")
	assert.Equal(t, people, p.mails(addresses))

	status, out, errs := command(t, p.environment(), "rebuild")
	require.Zero(t, status, errs)
	assert.Contains(t, out, "perennial rebuild --release --expect 5")
	status, _, errs = command(t, p.environment(), "rebuild", "--release", "--expect", "4")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "5 enrollments are held")
	assert.Equal(t, before, p.number(moves))

	// One alone, over the API; then all.
	require.NoError(t, p.post("/api/enrollments/"+ids[1]+"/release", map[string]any{}))
	p.await(people-1, held, "people who are still held")
	p.await(0, `SELECT count(*) FROM wakeups`, "wake-ups")
	for id, at := range p.dueDates() {
		assert.Equal(t, due[id], at, "the wait is what it was")
	}
	status, out, errs = command(t, p.environment(), "rebuild", "--release", "--expect", "4")
	require.Zero(t, status, errs)
	assert.Contains(t, out, "4 enrollments are released")
	p.await(people, `SELECT count(*) FROM enrollments WHERE status = 'ended'`, "people who are through")
	p.quiet()
	testenv.Eventually(t, 10*time.Second, func() bool { return p.mails(addresses) >= 2*people }, "both mails of everyone")
	assert.Equal(t, 2*people, p.mails(addresses), "none twice")
	assert.Zero(t, p.number(`SELECT count(*) FROM enrollments WHERE ended_at < (SELECT max(due_at) FROM (VALUES ($1::timestamptz)) AS d (due_at)) AND id <> $2`,
		latest(due), ids[0]), "nobody but her who was skipped is early")
}

func latest(due map[string]time.Time) (at time.Time) {
	for _, d := range due {
		if at.IsZero() || d.Before(at) {
			at = d
		}
	}
	return at
}

// dueDates is when everyone's wait is over, in product time.
func (p *plant) dueDates() map[string]time.Time {
	p.t.Helper()
	rows, err := p.db.Query(p.t.Context(), `SELECT id, due_at FROM enrollments WHERE status = 'active' AND due_at IS NOT NULL`)
	require.NoError(p.t, err)
	out := map[string]time.Time{}
	var id string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error { out[id] = at.UTC(); return nil })
	require.NoError(p.t, err)
	return out
}

// The namespace is deleted under a product that runs: intake goes on, and nobody has to restart anything once it is rebuilt.
func TestNamespaceThatNeverWasIsWaitedForAndMadeByRebuild(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 0)
	p.namespace = journey.NewID("test-")
	p.start(p.url)
	p.publish("  - wait: 5d\n")
	p.signUp(2)
	p.await(2, `SELECT count(*) FROM wakeups WHERE start`, "starts that queue up")
	testenv.Eventually(t, 10*time.Second, func() bool { return strings.Contains(p.said.String(), "run perennial rebuild") }, "the log to say what to do")

	c := testenv.Temporal(t)
	t.Cleanup(func() { dropNamespace(t, c, p.namespace) })
	status, out, errs := command(t, p.environment(), "rebuild")
	require.Zero(t, status, errs)
	assert.Contains(t, out, "made the namespace")
	status, _, errs = command(t, p.environment(), "rebuild", "--release", "--expect", "2")
	require.Zero(t, status, errs)
	p.await(2, waiting, "people who wait")
}

// An older backup: the product is switched to a copy of its database of some time ago, in which mails are queued that were sent
// since. Nothing is sent until a person releases it.
func TestOlderPostgresIsHeldUntilReleased(t *testing.T) {
	t.Parallel()
	const people = 3
	p := newPlant(t, 0)
	p.start(p.url)
	p.publish("  - send: { message: hello, window: any, expires: 400d }\n  - wait: 5d\n")
	sending := func(on bool) {
		require.NoError(t, p.api().call(t.Context(), http.MethodPut, "/api/switch", map[string]any{"sending": on}, nil))
	}
	sending(false)
	addresses := p.signUp(people)
	p.await(people, waiting, "people who wait")
	p.stop()
	p.db.Close()
	backup := testenv.Copy(t, p.url)
	p.connect()
	p.start(p.url)
	sending(true)
	p.await(people, `SELECT count(*) FROM messages WHERE state = 'accepted'`, "mails")
	p.stop()
	require.Equal(t, people, p.mails(addresses))

	p.url = backup
	p.connect()
	_, err := p.db.Exec(t.Context(), `UPDATE settings SET sending = true`)
	require.NoError(t, err)
	p.start(p.url)
	p.await(1, `SELECT count(*) FROM settings WHERE held_reason <> ''`, "hold of all mail")
	tide := p.number(`SELECT tide FROM temporal`)
	testenv.Eventually(t, 20*time.Second, func() bool { return p.number(`SELECT tide FROM temporal`) > tide+3 }, "the lanes to have looked")
	assert.Equal(t, people, p.number(`SELECT count(*) FROM messages WHERE state = 'queued' AND attempt = 0`))
	assert.Equal(t, people, p.mails(addresses), "nothing is sent twice")

	require.NoError(t, p.api().call(t.Context(), http.MethodPut, "/api/switch", map[string]any{"held": false}, nil))
	p.await(people, `SELECT count(*) FROM messages WHERE state = 'accepted'`, "mails that a person has released")
}

// What no one foresaw: drivers that are gone, and drivers that drive nobody. The doctor finds them and changes nothing; then it
// mends them.
func TestDoctorFindsAndMendsDifferencesBothWays(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 0)
	p.start(p.url)
	p.publish("  - wait: 5d\n")
	p.signUp(4)
	p.await(4, waiting, "people who wait")
	p.quiet()
	deep := func(flags ...string) (int, string) {
		status, out, errs := command(t, p.environment(), append([]string{"doctor", "--deep"}, flags...)...)
		require.Empty(t, strings.TrimSpace(strings.ReplaceAll(errs, "perennial: there are faults", "")))
		return status, out
	}
	testenv.Eventually(t, 10*time.Second, func() bool {
		_, out := deep()
		return strings.Contains(out, "compared 4 enrollments and 4 drivers: 0 differ")
	}, "agreement")

	ids, c := p.enrollments(), p.direct()
	require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.EnrollmentID(ids[0]), "", "somebody did"))
	_, err := p.db.Exec(t.Context(), `UPDATE enrollments SET status = 'ended', reason = 'merged' WHERE id = $1`, ids[1])
	require.NoError(t, err)
	_, err = p.db.Exec(t.Context(), `UPDATE enrollments SET due_at = due_at - interval '30 days' WHERE id = $1`, ids[2])
	require.NoError(t, err)
	for range 2 { // looking changes nothing
		status, out := deep()
		assert.Equal(t, 2, status)
		assert.Contains(t, out, "3 differ (1 to start, 1 to wake, 1 to close)")
		assert.Regexp(t, ids[0]+`.*no driver|`+ids[0]+`.*terminated`, out)
		assert.Regexp(t, ids[1]+` +Postgres: ended +Temporal: a running driver +mend: close`, out)
		assert.Regexp(t, ids[2]+`.*a driver that does nothing +mend: wake`, out)
	}
	_, out := deep("--mend")
	assert.Contains(t, out, "mended")
	testenv.Eventually(t, 20*time.Second, func() bool {
		_, out = deep()
		return strings.Contains(out, "compared 3 enrollments and 3 drivers: 0 differ")
	}, "agreement again")
	// The reconciler does the same on its schedule, and goes on where it was cut off.
	require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.EnrollmentID(ids[3]), "", "somebody did"))
	_, err = p.db.Exec(t.Context(), `UPDATE temporal SET walked_to = $1`, ids[0])
	require.NoError(t, err)
	require.NoError(t, c.ScheduleClient().GetHandle(t.Context(), workflows.ReconcileScheduleID).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	testenv.Eventually(t, 20*time.Second, func() bool {
		return strings.Contains(string(fetch(t, "http://"+p.address+"/metrics")), `perennial_reconcile_mended_total{mend="start"} 1`)
	}, "the reconciler's count")
	testenv.Eventually(t, 20*time.Second, func() bool { _, out = deep(); return strings.Contains(out, ": 0 differ") }, "agreement once more")
	assert.Zero(t, p.number(`SELECT count(*) FROM temporal WHERE walked_to <> ''`), "it is through")
}
