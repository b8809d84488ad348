package console_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

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
	assert.Contains(t, got, "refuses our name and password")
	assert.NotContains(t, got, "All is well")
	o.wall.pass(11 * time.Minute)
	assert.NotContains(t, v.get("/").body, "slow.example")
}
