package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

// world is a store on a database of its own, with a clock that the test owns.
type world struct {
	*store.Store
	t    testing.TB
	url  string
	wall *wall
	sql  *pgxpool.Pool // for looking, and for what has no method yet
	n    atomic.Int64
}

type wall struct {
	mu sync.Mutex
	at time.Time
}

func (w *wall) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *wall) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, url: testenv.Database(t), wall: &wall{at: time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)}} // a Monday
	w.Store = w.open(store.Options{})
	var err error
	w.sql, err = pgxpool.New(t.Context(), w.url)
	require.NoError(t, err)
	t.Cleanup(w.sql.Close)
	return w
}

// open is one more process on the same database.
func (w *world) open(o store.Options) *store.Store {
	o.Wall = w.wall.now
	s, err := store.Open(w.t.Context(), w.url, o)
	require.NoError(w.t, err)
	w.t.Cleanup(s.Close)
	return s
}

// publish makes a journey live; publishing it again makes version 2.
func (w *world) publish(source string) string {
	w.t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(w.t, problems.Errors(), "the journey of the test is sound")
	w.exec(`INSERT INTO journeys (key, id, name, state, created_at, updated_at) VALUES ($1, $2, $3, 'live', $4, $4)
	        ON CONFLICT DO NOTHING`, def.Key, journey.NewID(journey.PrefixJourney), def.Name, w.wall.now())
	w.exec(`INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
	        SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, '{}', $5, 'test' FROM versions WHERE journey_key = $2`,
		journey.NewID(journey.PrefixVersion), def.Key, def.Hash, source, w.wall.now())
	w.exec(`UPDATE journeys SET live_version = (SELECT max(number) FROM versions WHERE journey_key = $1) WHERE key = $1`, def.Key)
	return def.Key
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.sql.Exec(context.WithoutCancel(w.t.Context()), sql, args...)
	require.NoError(w.t, err)
}

// one returns the only value of a query.
func one[T any](w *world, sql string, args ...any) T {
	w.t.Helper()
	var v T
	require.NoError(w.t, w.sql.QueryRow(w.t.Context(), sql, args...).Scan(&v), sql)
	return v
}

// track accepts one event of a user and applies the inbox.
func (w *world) track(user, name string, properties map[string]any) {
	w.t.Helper()
	w.accept(w.event(user, name, properties))
	w.apply()
}

// identify makes a customer who can be mailed.
func (w *world) identify(user string, traits map[string]any) journey.Customer {
	w.t.Helper()
	all := map[string]any{"email": user + "@example.com", "topics": map[string]any{"offers": true}}
	for k, v := range traits {
		all[k] = v
	}
	w.accept(journey.Event{Kind: journey.KindIdentify, UserID: user, MessageID: w.id(), Properties: all})
	w.apply()
	c, err := w.Customer(w.t.Context(), "user:"+user)
	require.NoError(w.t, err)
	return c
}

func (w *world) event(user, name string, properties map[string]any) journey.Event {
	return journey.Event{Kind: journey.KindTrack, UserID: user, Name: name, MessageID: w.id(), Properties: properties}
}

func (w *world) id() string { return fmt.Sprintf("test-%d", w.n.Add(1)) }

func (w *world) accept(events ...journey.Event) []journey.Acceptance {
	w.t.Helper()
	out, err := w.AppendEvents(w.t.Context(), events)
	require.NoError(w.t, err)
	return out
}

// apply empties the inbox.
func (w *world) apply() {
	w.t.Helper()
	require.NoError(w.t, drain(w.t.Context(), w.Store))
	require.Zero(w.t, one[int](w, `SELECT count(*) FROM events WHERE applied_at IS NULL`))
}

func drain(ctx context.Context, s *store.Store) error {
	for {
		n, err := s.ApplyInbox(ctx, intake.Profile, 500)
		if err != nil || n == 0 {
			return err
		}
	}
}

// enrollment returns the only enrollment of a user in a journey.
func (w *world) enrollment(user, key string) string {
	w.t.Helper()
	return one[string](w, `SELECT e.id FROM enrollments e JOIN customer_ids i USING (customer_id)
	                       WHERE i.kind = 'user' AND i.external_id = $1 AND e.journey_key = $2`, user, key)
}

// step advances as the driver would: with the next seq.
func (w *world) step(id string, cause journey.Cause) journey.Directive {
	w.t.Helper()
	d, err := w.Advance(w.t.Context(), id, w.seq(id)+1, cause)
	require.NoError(w.t, err)
	return d
}

func (w *world) seq(id string) int64 {
	return one[int64](w, `SELECT seq FROM enrollments WHERE id = $1`, id)
}

// until lets the clock reach the directive's moment and fires its timer.
func (w *world) until(id string, d journey.Directive) journey.Directive {
	w.t.Helper()
	require.NotNil(w.t, d.At, "the plan has a moment: %+v", d)
	w.wall.pass(d.At.Sub(w.wall.now()))
	return w.step(id, journey.CauseTimer)
}

// log is the timeline of an enrollment, in one line.
func (w *world) log(id string) string {
	w.t.Helper()
	return one[string](w, `SELECT coalesce(string_agg(what, ' ' ORDER BY id), '') FROM step_log WHERE enrollment_id = $1`, id)
}

func (w *world) wakeups(id string) int {
	return one[int](w, `SELECT count(*) FROM wakeups WHERE enrollment_id = $1`, id)
}

// together runs f n times at once and returns the errors that there were.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = f(i)
		})
	}
	done.Wait()
	var out []error
	for _, err := range errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// later runs f beside the test.
func (w *world) later(f func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f(w.t.Context()) }()
	return done
}

// blocked waits until n sessions wait for a lock.
func (w *world) blocked(n int) {
	w.t.Helper()
	testenv.Eventually(w.t, 2500*time.Millisecond, func() bool {
		return one[int](w, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) >= n
	}, "%d sessions that wait for a lock", n)
}

func yaml(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

// winBack waits five days between two mails and ends on an order.
func winBack(reentry string) string {
	return yaml(
		"journey: win-back",
		"name: Win back",
		"topic: offers",
		"enter: { when: { event: Signed Up } }",
		"reentry: "+reentry,
		"exit: [ { event: Order Completed, as: won-back } ]",
		"goal: { event: Order Completed, value: total }",
		"steps:",
		"  - send: we-miss-you",
		"  - wait: 5d",
		"  - send: last-call",
		"  - wait: 1d",
	)
}
