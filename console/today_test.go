package console_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// What is wrong leads to where it is mended.
func TestTodayLeadsToWhatMendsIt(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, _, _ := o.play()
	_, err := o.sql.Exec(t.Context(), `UPDATE enrollments SET held = $2 WHERE customer_id = $1`, ada, "the database is older than the driver")
	require.NoError(t, err)
	_, err = o.sql.Exec(t.Context(), `INSERT INTO pools (key, length) VALUES ('printed', 0)`)
	require.NoError(t, err)
	page := o.as(journey.RoleAdmin).get("/").body
	assert.Contains(t, page, `href="/coupons/pools/printed"`, "a pool that is low")
	assert.Contains(t, page, `<a href="/customers/`+ada+"#"+o.enrollment(ada)+`">Ada King</a>`, "whoever is held")
}

func TestTodayShowsOpenBreakers(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleViewer)
	for _, b := range []journey.Breaker{
		{Lane: journey.LaneMarketing, Domain: "slow.example", Why: journey.BreakerPutOff}, {Lane: journey.LaneTransactional, Why: string(journey.OutcomeAuthFault)},
	} {
		b.UntilWall = o.wall.now().Add(10 * time.Minute)
		require.NoError(t, o.store.NoteBreaker(t.Context(), b))
	}
	got := v.get("/").body
	assert.Contains(t, got, "What goes to slow.example waits for a while")
	assert.Contains(t, got, "Nothing of transactional mail goes out for a while")
	assert.Contains(t, got, "refuses our user name and password")
	assert.NotContains(t, got, "All is well")
	o.wall.pass(11 * time.Minute)
	assert.NotContains(t, v.get("/").body, "slow.example")
}
