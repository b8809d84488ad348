package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// Pausing 100,000 enrollments is one row, and holds when it returns: senders stand before their dots all the while, and none of them
// passes after the answer. Resuming wakes those who hold.
func TestPausing100000EnrollmentsIsOneStatementAndHoldsWhenItReturns(t *testing.T) {
	t.Parallel()
	const n, flying = 100_000, 200
	l := newLedger(t)
	l.exec(`INSERT INTO customers (id, email, created_at) SELECT 'cus_' || n, 'ann' || n || '@example.net', $1 FROM generate_series(0, $2::int - 1) n`, l.now(), n)
	l.exec(`INSERT INTO consents (customer_id, topic, state, changed_at) SELECT 'cus_' || n, 'offers', 'given', $1 FROM generate_series(0, $2::int - 1) n`, l.now(), n)
	l.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, plan, entered_at)
		SELECT 'enr_' || n, 'welcome', 1, 'cus_' || n, '', 'active', '{"cursor": 0}', '{"kind": "hold"}', $1 FROM generate_series(0, $2::int - 1) n`, l.now(), n)
	for i := range flying {
		l.queue(fmt.Sprintf("msg_%d", i), i, journey.LaneMarketing)
	}
	var claimed []journey.Claimed
	for len(claimed) < flying {
		claimed = append(claimed, l.claim(journey.LaneMarketing)...)
	}
	changes := func() (k int64) { // rows written in the database so far
		l.exec(`SELECT pg_stat_force_next_flush()`)
		require.NoError(t, l.pool.QueryRow(t.Context(), `
			SELECT sum(n_tup_ins + n_tup_upd) FROM pg_stat_user_tables WHERE relname IN ('enrollments', 'wakeups', 'messages', 'step_log')`).Scan(&k))
		return k
	}
	var wg sync.WaitGroup
	begun := make(chan struct{}, flying)
	for i := range 4 {
		wg.Go(func() {
			for _, c := range claimed[i*flying/4 : (i+1)*flying/4] {
				_, _ = l.ReachDot(t.Context(), false, []journey.Dot{dotOf(c)}) // an error is a no
				begun <- struct{}{}
			}
		})
	}
	for range 20 {
		<-begun
	}
	begin := time.Now() //nolint:forbidigo // a test measures
	require.NoError(t, l.StartPause(t.Context(), journey.Pause{ID: "pau_1", Scope: journey.ScopeJourney, Target: "welcome", Reason: "x", By: "Kim",
		Since: l.now(), OnResume: journey.Keep}, kim, nil))
	took := time.Since(begin) //nolint:forbidigo // a test measures
	passed := func() (k int) {
		require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM messages WHERE state = 'at_dot'`).Scan(&k))
		return k
	}
	atAnswer := passed()
	wg.Wait()
	require.Equal(t, atAnswer, passed(), "nothing passes the dot after the answer")
	require.Less(t, atAnswer, flying)
	require.Equal(t, 1, l.count(`SELECT count(*) FROM pauses`), "one row")
	require.Zero(t, l.count(`SELECT count(*) FROM wakeups`), "and nothing for each of them")
	t.Logf("paused %d enrollments in %s, with %d of %d messages past their dots", n, took, atAnswer, flying)

	before := changes()
	begin = time.Now() //nolint:forbidigo // a test measures
	_, err := l.EndPauses(t.Context(), journey.ScopeJourney, "welcome", "", 0, kim, nil)
	require.NoError(t, err)
	answered := time.Since(begin) //nolint:forbidigo // a test measures
	testenv.Eventually(t, time.Minute, func() bool {
		require.NoError(t, l.FinishResumes(t.Context()))
		return l.count(`SELECT count(*) FROM resumes`) == 0
	}, "everyone to be woken")
	t.Logf("answered after %s, resumed in %s, %d rows", answered, time.Since(begin), changes()-before) //nolint:forbidigo // a test measures
	require.Equal(t, n, l.count(`SELECT count(*) FROM wakeups`), "everyone who held is woken")
}

func (l *ledger) count(sql string, args ...any) (k int) {
	l.t.Helper()
	require.NoError(l.t, l.pool.QueryRow(l.t.Context(), sql, args...).Scan(&k))
	return k
}
