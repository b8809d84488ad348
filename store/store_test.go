package store_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

func TestMigrateSideBySideAndTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var out bytes.Buffer
	require.NoError(t, store.Migrate(t.Context(), w.url, &out))
	assert.Empty(t, out.String(), "there is nothing left to apply")
	require.Empty(t, together(3, func(int) error { return store.Migrate(t.Context(), w.url, &bytes.Buffer{}) }))
}

func TestTheClockGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := w.Clock().Now()
	assert.Equal(t, w.wall.now(), start, "real time at first")
	fast := w.open(store.Options{Speed: 86_400})
	w.wall.pass(3 * time.Second)
	assert.WithinDuration(t, start.AddDate(0, 0, 3), fast.Clock().Now(), time.Microsecond)

	again := w.open(store.Options{})
	assert.InDelta(t, 86_400, again.Clock().Speed(), 0, "the speed is stored")
	assert.Equal(t, fast.Clock().Now(), again.Clock().Now())
	slow := w.open(store.Options{Speed: 1})
	assert.Equal(t, fast.Clock().Now(), slow.Clock().Now(), "no jump when the speed changes")
	w.wall.pass(time.Second)
	assert.WithinDuration(t, start.AddDate(0, 0, 3).Add(time.Second), slow.Clock().Now(), time.Microsecond)
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, err := w.Settings(t.Context())
	require.NoError(t, err)
	assert.True(t, before.Sending)
	assert.False(t, before.Live)
	assert.Len(t, before.TokenKey, 32)
	off, allow := false, []string{"ada@example.com", "@test.example"}
	after, err := w.SetSwitch(t.Context(), journey.Switch{Sending: &off, AllowList: &allow})
	require.NoError(t, err)
	assert.Equal(t, journey.Settings{AllowList: allow, TokenKey: before.TokenKey, DailyCeiling: 5, AudienceFloor: 1000}, after)
	assert.True(t, after.Allows("Ada@Example.com"))
	assert.True(t, after.Allows("x@test.example"))
	assert.False(t, after.Allows("x@example.com"))
	read, err := w.open(store.Options{}).Settings(t.Context())
	require.NoError(t, err)
	assert.Equal(t, after, read)
}

func TestListenersHearWhatWasCommittedAndAfterAReconnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	heard := w.Listen(ctx, "events")
	wait := func(what string) {
		t.Helper()
		deadline := time.NewTimer(10 * time.Second)
		defer deadline.Stop()
		select {
		case <-heard:
		case <-deadline.C:
			require.Fail(t, "nothing heard", what)
		}
	}
	wait("the connection")
	w.accept(w.event("ada", "A", nil))
	wait("an event")
	w.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	        WHERE datname = current_database() AND query ILIKE 'LISTEN%'`)
	wait("the reconnection")
	w.accept(w.event("ada", "B", nil))
	wait("an event after it")
	cancel()
	for range heard { //nolint:revive // drains what is left; it ends because the channel is closed
	}
}

func TestAMissingDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(store.Options{})
	s.Close()
	_, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{Wall: w.wall.now})
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err), "%v", err)

	held, err := w.sql.Begin(t.Context())
	require.NoError(t, err)
	defer held.Rollback(t.Context()) //nolint:errcheck // a lock to wait for
	ada := w.identify("ada", nil)
	_, err = held.Exec(t.Context(), `SELECT FROM customers WHERE id = $1 FOR UPDATE`, ada.ID)
	require.NoError(t, err)
	err = w.MergeCustomers(t.Context(), ada.ID, w.identify("bo", nil).ID, "test")
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err), "%v", err)
	assert.ErrorContains(t, err, "merging two customers")
}

func TestTextThatPostgresCannotKeepIsTheCallersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.AppendEvents(t.Context(), []journey.Event{w.event("ada", "A", map[string]any{"x": "a\x00b"})})
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "%v", err)
	_, err = w.AppendEvents(t.Context(), []journey.Event{w.event("ada\xff", "A", nil)})
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "%v", err)
}

func TestCodesHaveACheckDigit(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
	for range 100 {
		code, err := store.NewCode(alphabet, 8)
		require.NoError(t, err)
		require.Len(t, code, 8)
		require.Zero(t, luhn(code, alphabet), code)
	}
	_, err := store.NewCode("A", 8)
	require.Error(t, err)
}

// luhn is the check as others write it: the sum over all letters is a multiple of the base.
func luhn(code, alphabet string) int {
	sum, factor, base := 0, 1, len(alphabet)
	for i := len(code) - 1; i >= 0; i-- {
		n := bytes.IndexByte([]byte(alphabet), code[i]) * factor
		sum += n/base + n%base
		factor = 3 - factor
	}
	return sum % base
}
