package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// renamed is winBack with another wait and another id of its step.
func renamed(wait string) string {
	return yaml("journey: win-back", "name: Win back", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"exit: [ { event: Refunded, as: refunded } ]", "steps:", "  - send: we-miss-you", "  - wait: "+wait, "    id: breath",
		"  - send: second-call")
}

// republish publishes over the store, with what becomes of those who are in flight.
func (w *world) republish(source string, in journey.InFlight, moves map[string]string, waits journey.Waits) (journey.Version, string) {
	w.t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(w.t, problems.Errors())
	by := journey.Actor{ID: "key_1", Name: "Max", Role: journey.RoleMarketer}
	d, err := w.EditDraft(w.t.Context(), def.Key, by, func(d journey.Draft) (journey.Draft, error) {
		d.Name, d.Source, d.Files = def.Name, source, map[string]string{}
		return d, nil
	})
	require.NoError(w.t, err)
	v, _, err := w.Publish(w.t.Context(), journey.Publication{Key: def.Key, Name: def.Name, ETag: d.ETag, By: by, InFlight: in, Map: moves, Waits: waits})
	require.NoError(w.t, err)
	open, err := w.OpenMigrations(w.t.Context())
	require.NoError(w.t, err)
	if len(open) == 0 {
		return v, ""
	}
	return v, open[len(open)-1]
}

// migrate asks and advances, as activity and drivers would, until the migration is finished.
func (w *world) migrate(id string) (asked int) {
	w.t.Helper()
	testenv.Eventually(w.t, 30*time.Second, func() bool { // other tests have transactions open on the same Postgres
		step, err := w.MigrateSome(w.t.Context(), id, 100)
		require.NoError(w.t, err)
		asked += step.Asked
		w.carry()
		return step.Finished
	}, "the end of the migration")
	return asked
}

// carry advances everybody who has a wake-up.
func (w *world) carry() {
	w.t.Helper()
	leased, err := w.LeaseWakeups(w.t.Context(), 1000, time.Minute)
	require.NoError(w.t, err)
	for _, l := range leased {
		cause := journey.CauseWake
		if l.Start {
			cause = journey.CauseStart
		}
		w.step(l.EnrollmentID, cause)
	}
}

func TestAMigrationTakesEverybodyAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	for i := range 5 {
		w.identify(fmt.Sprintf("u%d", i), nil)
		w.track(fmt.Sprintf("u%d", i), "Signed Up", nil)
	}
	for i := range 4 {
		w.step(w.enrollment(fmt.Sprintf("u%d", i), key), journey.CauseStart)
	}
	waiting, poisoned, begins := w.enrollment("u0", key), w.enrollment("u3", key), w.enrollment("u4", key)
	require.NoError(t, w.StartPause(t.Context(), journey.Pause{ID: journey.NewID(journey.PrefixPause), Scope: journey.ScopeEnrollment,
		Target: w.enrollment("u1", key), Reason: "holiday", By: "Max", Since: w.wall.now(), OnResume: journey.Keep}, journey.Actor{ID: "key_1"}, nil))
	w.step(w.enrollment("u1", key), journey.CauseWake)
	w.exec(`UPDATE enrollments SET held = 'poison' WHERE id = $1`, poisoned)
	due := one[time.Time](w, `SELECT due_at FROM enrollments WHERE id = $1`, waiting)

	v, id := w.republish(renamed("8d"), journey.InFlightMigrate, map[string]string{"wait-5d": "breath"}, journey.WaitsKeep)
	assert.Equal(t, 2, v.Number)
	require.NotEmpty(t, id)
	before, err := w.Migration(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, 5, before.Total)
	assert.Equal(t, 5, before.Waiting)
	w.identify("late", nil)
	w.track("late", "Signed Up", nil)
	assert.Equal(t, 2, one[int](w, `SELECT version FROM enrollments WHERE id = $1`, w.enrollment("late", key)), "who enters enters the new version")

	assert.Equal(t, 5, w.migrate(id))
	after, err := w.Migration(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, 1, after.Waiting)
	assert.Equal(t, 1, after.Held, "a person must release her")
	assert.NotNil(t, after.FinishedAt)
	assert.Equal(t, "entered send wait migrated", w.log(waiting))
	assert.Equal(t, due, one[time.Time](w, `SELECT due_at FROM enrollments WHERE id = $1`, waiting), "the wait is kept")
	assert.Equal(t, "breath", one[string](w, `SELECT step FROM enrollments WHERE id = $1`, waiting))
	assert.Contains(t, w.log(w.enrollment("u1", key)), "paused migrated")
	assert.Contains(t, w.log(begins), "migrated entered send wait", "she enters the new version")
	assert.Equal(t, []string{"event:Refunded"}, one[[]string](w, `SELECT listens FROM enrollments WHERE id = $1`, waiting))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM requests WHERE enrollment_id <> $1`, poisoned))

	require.NoError(t, w.Release(t.Context(), poisoned, "Max"))
	w.step(poisoned, journey.CauseWake)
	assert.Equal(t, 2, one[int](w, `SELECT version FROM enrollments WHERE id = $1`, poisoned), "released, she follows")
}

func TestAMigrationDropsWhatItsVersionDoesNotHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	w.step(id, journey.CauseStart)
	_, migration := w.republish(yaml("journey: win-back", "name: Win back", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"steps:", "  - wait: 5d", "  - send: last-call"), journey.InFlightMigrate, nil, journey.WaitsKeep)
	w.migrate(migration)
	assert.Equal(t, "dropped/migrated", one[string](w, `SELECT state || '/' || reason FROM messages WHERE template = 'we-miss-you'`))
	w.apply()
	assert.Equal(t, 1, one[int](w, `SELECT count FROM event_totals WHERE name = 'Message Dropped'`))

	_, migration = w.republish(renamed("8d"), journey.InFlightMigrate, nil, journey.WaitsKeep)
	w.migrate(migration)
	assert.Equal(t, journey.ReasonStepGone, one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
}

func TestAllOfThemCanBeLetGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", "win-back")
	w.step(id, journey.CauseStart)
	_, migration := w.republish(renamed("8d"), journey.InFlightExit, nil, journey.WaitsKeep)
	w.migrate(migration)
	assert.Equal(t, journey.ReasonNewVersion, one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
	assert.Equal(t, "dropped/exited", one[string](w, `SELECT state || '/' || reason FROM messages`))

	_, none := w.republish(renamed("9d"), journey.InFlightMigrate, nil, journey.WaitsKeep)
	assert.Empty(t, none, "nobody is in flight: there is nothing to do")
}

// Two publications one after the other: whoever is asked by both goes from version to version, and a slow one is overtaken.
func TestMigrationsOvertakeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	for _, name := range []string{"ada", "bo"} {
		w.identify(name, nil)
		w.track(name, "Signed Up", nil)
		w.step(w.enrollment(name, "win-back"), journey.CauseStart)
	}
	_, first := w.republish(renamed("8d"), journey.InFlightMigrate, map[string]string{"wait-5d": "breath"}, journey.WaitsKeep)
	step, err := w.MigrateSome(t.Context(), first, 1)
	require.NoError(t, err)
	require.Equal(t, 1, step.Asked)
	third := winBack("never") + "  - send: fourth\n"
	_, second := w.republish(third, journey.InFlightMigrate, map[string]string{"breath": "wait-5d"}, journey.WaitsKeep)
	step, err = w.MigrateSome(t.Context(), second, 100)
	require.NoError(t, err)
	require.Equal(t, 2, step.Asked)
	w.migrate(second)
	w.migrate(first)
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM enrollments WHERE version = 3 AND step = 'wait-5d' AND status = 'active'`))
	assert.Equal(t, "entered send wait migrated migrated", w.log(w.enrollment("ada", "win-back")))
	assert.Equal(t, "entered send wait migrated", w.log(w.enrollment("bo", "win-back")))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM requests`))
}

// Who enters the old version in a transaction that was open while the new one was published is not forgotten.
func TestAMigrationWaitsForThoseWhoAreStillEntering(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(winBack("never"))
	for _, name := range []string{"ada", "bo"} {
		w.identify(name, nil)
		w.track(name, "Signed Up", nil)
		w.step(w.enrollment(name, "win-back"), journey.CauseStart)
	}
	late := w.enrollment("bo", "win-back")
	w.exec(`UPDATE enrollments SET status = 'ended' WHERE id = $1`, late)
	entering, err := w.sql.Begin(t.Context())
	require.NoError(t, err)
	defer entering.Rollback(t.Context())                                                                //nolint:errcheck // it has committed, unless the test has failed
	_, err = entering.Exec(t.Context(), `UPDATE enrollments SET status = 'active' WHERE id = $1`, late) // stands for an insert
	require.NoError(t, err)

	_, id := w.republish(renamed("8d"), journey.InFlightMigrate, map[string]string{"wait-5d": "breath"}, journey.WaitsKeep)
	for range 5 {
		step, err := w.MigrateSome(t.Context(), id, 100)
		require.NoError(t, err)
		require.False(t, step.Finished)
		w.carry()
	}
	require.NoError(t, entering.Commit(t.Context()))
	assert.Equal(t, 1, w.migrate(id))
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM enrollments WHERE version = 2`))
}

// Who only waits crosses without her driver, which is told where its timer is another now; a migration that wakes many rests until
// they were heard.
func TestAMigrationDoesNotRunAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.crowd(key, 450)
	some := func(id string, times int) (asked int) {
		for range times {
			step, err := w.MigrateSome(t.Context(), id, 50)
			require.NoError(t, err)
			asked += step.Asked
		}
		return asked
	}
	_, id := w.republish(renamed("8d"), journey.InFlightMigrate, map[string]string{"wait-5d": "breath"}, journey.WaitsKeep)
	assert.Equal(t, 450, some(id, 12))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM wakeups`), "their timers stand")
	assert.Equal(t, 450, one[int](w, `SELECT count(DISTINCT enrollment_id) FROM step_log WHERE what = 'migrated'`))

	_, id = w.republish(renamed("9d"), journey.InFlightMigrate, nil, journey.WaitsRecompute)
	assert.Equal(t, 400, some(id, 20))
	assert.Equal(t, 400, one[int](w, `SELECT count(*) FROM wakeups`))
	w.carry()
	assert.Equal(t, 50, w.migrate(id))
	assert.Equal(t, 450, one[int](w, `SELECT count(*) FROM enrollments WHERE version = 3`))
	assert.Equal(t, 1, one[int](w, `SELECT count(DISTINCT due_at) FROM enrollments`))
}

// crowd puts n people into the wait of a journey, as the store would have written them.
func (w *world) crowd(key string, n int) {
	w.t.Helper()
	w.identify("crowd", nil)
	w.track("crowd", "Signed Up", nil)
	first := w.enrollment("crowd", key)
	w.step(first, journey.CauseStart)
	w.exec(`INSERT INTO customers (id, email, created_at) SELECT 'cus_crowd' || i, 'crowd' || i || '@example.com', $2 FROM generate_series(2, $1::int) i`,
		n, w.wall.now())
	w.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, seq, state, plan, step, due_at, listens, entered_at)
		SELECT 'enr_crowd' || i, journey_key, version, 'cus_crowd' || i, 'crowd', status, seq, state, plan, step, due_at, listens, entered_at
		FROM enrollments CROSS JOIN generate_series(2, $2::int) i WHERE id = $1`, first, n)
}
