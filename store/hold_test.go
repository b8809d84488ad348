package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Everyone is held: nobody moves, whoever comes. Once released, each goes on with the wait that was left; and after a restore a
// driver that is ahead is believed to be behind, once, because a person has seen that.
func TestEveryoneIsHeldAndReleasedWithTheWaitThatWasLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	for _, u := range []string{"ada", "bo", "cy"} {
		w.identify(u, nil)
		w.track(u, "Signed Up", nil)
		w.step(w.enrollment(u, key), journey.CauseStart)
	}
	ada, cy := w.enrollment("ada", key), w.enrollment("cy", key)
	w.exec(`UPDATE enrollments SET held = 'poison' WHERE id = $1`, cy)
	before := w.seq(ada)
	due := one[string](w, `SELECT due_at::text FROM enrollments WHERE id = $1`, ada)
	held, err := w.HoldEnrollments(t.Context(), "restored", "ben")
	require.NoError(t, err)
	assert.Equal(t, 2, held)
	again, err := w.HoldEnrollments(t.Context(), "other", "ben")
	require.NoError(t, err)
	assert.Zero(t, again, "the first reason stays")
	assert.Equal(t, journey.PlanHold, w.step(ada, journey.CauseTimer).Kind)
	assert.Equal(t, before, w.seq(ada))

	n, err := w.Releasable(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, n, "poison is released one by one")
	n, err = w.ReleaseSome(t.Context(), 1, "ben")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	n, err = w.ReleaseSome(t.Context(), 10, "ben")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, 1, w.wakeups(ada))

	d, err := w.Advance(t.Context(), ada, before+7, journey.CauseWake)
	require.NoError(t, err)
	assert.NotEqual(t, journey.PlanHold, d.Kind, "%+v", d)
	assert.Equal(t, before+1, d.Seq)
	assert.Equal(t, due, one[string](w, `SELECT due_at::text FROM enrollments WHERE id = $1`, ada))
	assert.Contains(t, w.log(ada), "held released")
	d, err = w.Advance(t.Context(), ada, before+7, journey.CauseWake)
	require.NoError(t, err)
	assert.Equal(t, journey.PlanHold, d.Kind, "once")
}

// The tide only grows; a database that has less than a lane has seen went back, and nothing is sent.
func TestTideThatWentBackHoldsAllMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.Tide(t.Context(), 0)
	require.NoError(t, err)
	next, err := w.Tide(t.Context(), first)
	require.NoError(t, err)
	assert.Equal(t, first+1, next)
	_, err = w.Tide(t.Context(), 0) // another lane, which has seen nothing yet
	require.NoError(t, err)
	assert.Empty(t, one[string](w, `SELECT held_reason FROM settings`))
	ahead, err := w.Tide(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, int64(101), ahead)
	assert.Contains(t, one[string](w, `SELECT held_reason FROM settings`), "older backup")
}
