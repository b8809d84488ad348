package activities_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mailtest"
)

// Whoever closes a breaker need not wait until it opens by itself: of a domain, and of the lane.
func TestABreakerIsClosed(t *testing.T) {
	t.Parallel()
	admin := journey.Actor{ID: "key_1", Role: journey.RoleAdmin}
	for domain, rule := range map[string]mailtest.Rule{
		"bad.example": {Phase: mailtest.Rcpt, Reply: "451 4.7.500 busy"}, "": {Phase: mailtest.Mail, Reply: "535 5.7.8 no"},
	} {
		o := newOffice(t)
		o.sender.Shut, o.sender.Closed = o.store.NoteBreaker, o.store.TakeClosed
		o.queue(journey.LaneMarketing, 20)
		if domain == "" {
			o.relay.Script(rule)
		} else {
			o.at(domain, 1, 20)
			for n := 1; n <= 20; n++ {
				rule.To = fmt.Sprintf("ann%d@%s", n, domain)
				o.relay.Script(rule)
			}
		}
		open := func() []journey.Breaker {
			list, err := o.store.Breakers(t.Context())
			require.NoError(t, err)
			return list
		}
		o.run(journey.LaneMarketing, func() bool { s := o.states(); return len(open()) == 1 && s["claimed"]+s["at_dot"] == 0 })
		require.Equal(t, journey.CodeNotFound, journey.CodeOf(o.store.CloseBreaker(t.Context(), journey.LaneMarketing, "other.example", admin)))
		waiting := o.states()["queued"]
		require.Positive(t, waiting)
		o.relay.Reset()
		require.NoError(t, o.store.CloseBreaker(t.Context(), journey.LaneMarketing, domain, admin))
		require.True(t, open()[0].Closed)
		o.run(journey.LaneMarketing, func() bool { return o.states()["accepted"] >= waiting })
		assert.Empty(t, open(), domain)
	}
}
