package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestATeamIsToldOnceWhenAPoolRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, team := range []journey.Team{{Key: "marketing", Emails: []string{"marketing@shop.example"}}, {Key: "office", Emails: []string{"office@shop.example"}, Default: true}} {
		_, err := w.PutTeam(t.Context(), team, false, eraser)
		require.NoError(t, err)
	}
	w.publish(yaml("journey: gives", "name: Gives", "topic: transactional", "enter: { when: { event: Asked } }", "reentry: always", "pools: { printed: {} }",
		"steps: [ { coupon: { pool: printed, as: offer, expires: 14d, when_empty: hold } } ]"))
	w.exec(`INSERT INTO pools (key, alphabet, length) VALUES ('printed', '', 0) ON CONFLICT DO NOTHING`)
	say := func(pool string, free, low int) string { return fmt.Sprintf("%s has %d of %d", pool, free, low) }
	tell := func() int {
		t.Helper()
		n, err := w.TellPoolLevels(t.Context(), say)
		require.NoError(t, err)
		return n
	}
	told := func() string {
		return one[string](w, `SELECT coalesce(string_agg(address || ': ' || text, ', ' ORDER BY created_at, seq), '') FROM parcels`)
	}
	ask := func(user string) {
		w.identify(user, nil)
		w.track(user, "Asked", nil)
		w.step(w.enrollment(user, "gives"), journey.CauseStart)
	}
	assert.Zero(t, tell(), "a pool that nobody has filled yet, and nobody needs")
	ask("ada")
	assert.Equal(t, 1, tell(), "somebody stands before it")
	assert.Zero(t, tell(), "once")
	assert.Equal(t, "office@shop.example: printed has 0 of 0", told(), "the default team, where the pool has none")

	_, err := w.SetPoolTeam(t.Context(), "printed", "marketing", eraser)
	require.NoError(t, err)
	_, err = w.SetLowWater(t.Context(), "printed", 2, eraser)
	require.NoError(t, err)
	_, err = w.AddCodes(t.Context(), "printed", []string{"A", "B", "C", "D"}, eraser)
	require.NoError(t, err)
	assert.Zero(t, tell())
	w.step(w.enrollment("ada", "gives"), journey.CauseWake)
	assert.Zero(t, tell(), "three are left")
	ask("ben")
	assert.Empty(t, together(3, func(int) error { _, err := w.TellPoolLevels(t.Context(), say); return err }))
	ask("cleo")
	assert.Zero(t, tell(), "still low")
	ask("dora")
	assert.Equal(t, 1, tell())
	assert.Equal(t, "office@shop.example: printed has 0 of 0, marketing@shop.example: printed has 2 of 2, marketing@shop.example: printed has 0 of 2", told())
	_, err = w.AddCodes(t.Context(), "printed", []string{"E"}, eraser)
	require.NoError(t, err)
	assert.Zero(t, tell(), "one code more is no news")
	_, err = w.SetPoolTeam(t.Context(), "printed", "nobody", eraser)
	assert.ErrorContains(t, err, "cannot be changed")
}
