package activities_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/activities"
	"perennial/journey"
	"perennial/mailtest"
	"perennial/testenv"
)

func TestRatesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]activities.Rate{"": 0, "20/s": 20, "600/min": 10, "5400/h": 1.5, " 0.5/s ": 0.5} {
		got, err := activities.ParseRate(text)
		require.NoError(t, err, text)
		assert.InDelta(t, float64(want), float64(got), 1e-9, text)
	}
	for _, text := range []string{"20", "0/s", "-1/s", "x/s", "20/week", "NaN/s", "Inf/s"} {
		_, err := activities.ParseRate(text)
		assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), text)
	}
	rates, err := activities.ParseRates("Gmail.com=20/s, outlook.com=300/min,")
	require.NoError(t, err)
	assert.Equal(t, map[string]activities.Rate{"gmail.com": 20, "outlook.com": 5}, rates)
	for _, text := range []string{"gmail.com", "=20/s", "gmail.com=", "a@gmail.com=1/s", "gmail.com=fast"} {
		_, err := activities.ParseRates(text)
		assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), text)
	}
}

// at moves customers to another domain.
func (o *office) at(domain string, from, to int) {
	o.exec(`UPDATE customers SET email = replace(email, 'example.net', $1) WHERE substr(id, 5)::int BETWEEN $2 AND $3`, domain, from, to)
}

// taken counts the messages that the relay took for a domain.
func (o *office) taken(domain string) (n int) {
	for _, m := range o.relay.Messages() {
		if strings.HasSuffix(m.To, "@"+domain) {
			n++
		}
	}
	return n
}

func TestLaneKeepsItsRate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sender.Rate = 20
	o.queue(journey.LaneMarketing, 50)
	begun := time.Now()
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 50}))
	took := time.Since(begun)
	require.GreaterOrEqual(t, took, 1450*time.Millisecond, "a second's worth at once, then 30 at 20 a second")
	t.Logf("50 messages at 20/s: %v", took)
}

func TestDomainKeepsItsRateWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sender.DomainRates = map[string]activities.Rate{"slow.example": 2}
	o.queue(journey.LaneMarketing, 100)
	o.at("slow.example", 1, 50)
	begun := time.Now()
	o.run(journey.LaneMarketing, func() bool {
		return o.taken("example.net") == 50 && o.settled(map[string]int{"claimed": 0, "at_dot": 0})()
	})
	took := time.Since(begun)
	slow := o.taken("slow.example")
	t.Logf("all 50 of the others and %d of slow.example in %v", slow, took)
	require.LessOrEqual(t, slow, 8+2+int(2*took.Seconds()), "what was claimed at once, a burst, and two a second")
}

// A domain that puts us off stands still, longer each time; the others go on.
func TestBreakerShutsADomainWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]string{"for now": "451 4.7.500 busy", "by policy": "550 5.7.1 we do not like you"} {
		o := newOffice(t)
		o.queue(journey.LaneMarketing, 100)
		o.at("bad.example", 1, 50)
		for n := 1; n <= 50; n++ {
			o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, To: fmt.Sprintf("ann%d@bad.example", n), Reply: reply})
		}
		o.sender.Shut = o.store.NoteBreaker
		o.run(journey.LaneMarketing, func() bool { s := o.states(); return s["accepted"] == 50 && s["claimed"]+s["at_dot"] == 0 })
		open := func() []journey.Breaker {
			b, err := o.store.Breakers(t.Context())
			require.NoError(t, err)
			return b
		}
		testenv.Eventually(t, 5*time.Second, func() bool { return len(open()) == 1 }, "a note that people can see")
		require.Equal(t, [3]string{journey.LaneMarketing, "bad.example", journey.BreakerPutOff}, [3]string{open()[0].Lane, open()[0].Domain, open()[0].Why})
		states := o.states()
		require.GreaterOrEqual(t, states["queued"], 50-3-8, "%s: %v", name, states)
		require.Equal(t, 50, o.taken("example.net"))
		t.Logf("%s: shut after %d tries", name, 50-states["queued"])
		o.relay.Reset()
		o.offset.Store(int64(2 * time.Minute))
		require.Empty(t, open(), "it is over")
		o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 100}))
	}
}

// One full mailbox after another says nothing about the domain.
func TestFullMailboxesShutNoDomain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 40)
	for n := 1; n <= 30; n++ {
		o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, To: fmt.Sprintf("ann%d@example.net", n), Reply: "452 4.2.2 mailbox full"})
	}
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 10, "deferred": 30}))
}

// The relay hangs after the dots of two messages: their slots go to others, and their replies are recorded whenever they come.
func TestHangingReplyHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sender.Slots, o.sender.Aside = 2, 50*time.Millisecond
	o.queue(journey.LaneMarketing, 60)
	release := make(chan struct{})
	for _, to := range []string{"ann1@example.net", "ann2@example.net", "ann3@example.net", "ann4@example.net"} {
		o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, To: to, Stall: release})
	}
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 56, "at_dot": 4}))
	close(release)
	testenv.Eventually(t, 10*time.Second, o.settled(map[string]int{"accepted": 60}), "the late replies")
}

func TestHangingRelayGetsNoEndlessConnections(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sender.Slots, o.sender.Aside = 1, 20*time.Millisecond
	o.queue(journey.LaneMarketing, 30)
	release := make(chan struct{})
	o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, Stall: release})
	quiet := time.Time{}
	o.run(journey.LaneMarketing, func() bool {
		switch {
		case o.relay.Dots() < 5:
			return false
		case quiet.IsZero():
			quiet = time.Now()
		}
		return time.Since(quiet) > 500*time.Millisecond
	})
	require.Equal(t, 5, o.relay.Dots(), "one slot, and four aside")
	require.Equal(t, 5, o.relay.Dials())
	close(release)
	testenv.Eventually(t, 10*time.Second, o.settled(map[string]int{"accepted": 5}), "the late replies")
	o.relay.Reset()
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 30}))
}

// New connections hang at their banners; the one that is there goes on.
func TestSlowBannerHoldsUpNoConnectionThatIsThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.queue(journey.LaneMarketing, 1)
	scripted := false
	o.run(journey.LaneMarketing, func() bool {
		if !scripted && o.states()["accepted"] == 1 {
			o.relay.Script(mailtest.Rule{Phase: mailtest.Banner, Stall: make(chan struct{})})
			o.exec(`INSERT INTO customers (id, email, first_name, created_at) SELECT 'cus_' || n, 'ann' || n || '@example.net', 'Ann', $1 FROM generate_series(2, 40) n`, o.now())
			o.exec(`INSERT INTO consents SELECT 'cus_' || n, 'offers', 'given', $1 FROM generate_series(2, 40) n`, o.now())
			o.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at)
				SELECT 'enr_' || n, 'welcome', 1, 'cus_' || n, '', 'active', '{}', $1 FROM generate_series(2, 40) n`, o.now())
			o.more(journey.LaneMarketing, "offers", "b", 40, o.now())
			scripted = true
		}
		return o.states()["accepted"] == 41
	})
	require.Len(t, o.relay.Counts(), 41)
}

// SIGTERM: what stands before its DATA goes back, what is past its dot is recorded, and nothing is sent twice afterwards.
func TestStoppedSenderDrains(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sender.Drain = 4 * time.Second
	o.queue(journey.LaneMarketing, 30)
	reply, never := make(chan struct{}), make(chan struct{})
	for n := 1; n <= 30; n++ {
		to := fmt.Sprintf("ann%d@example.net", n)
		if n%2 == 0 {
			o.relay.Script(mailtest.Rule{Phase: mailtest.Rcpt, To: to, Stall: never})
		} else {
			o.relay.Script(mailtest.Rule{Phase: mailtest.Dot, To: to, Stall: reply})
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan activities.DeliverResult, 1)
	go func() {
		result, _ := o.sender.Run(ctx, journey.LaneMarketing)
		ended <- result
	}()
	testenv.Eventually(t, 20*time.Second, func() bool {
		var here, onTheWay int // those of odd customers are on the way until they stand at their dots
		require.NoError(t, o.pool.QueryRow(t.Context(), `
			SELECT count(*), count(*) FILTER (WHERE state = 'claimed' AND substr(customer_id, 5)::int % 2 = 1)
			FROM messages WHERE state IN ('claimed', 'at_dot')`).Scan(&here, &onTheWay))
		return here == 8 && onTheWay == 0 && o.relay.Dots() == o.states()["at_dot"]
	}, "every slot to be at its phase")
	dots := o.relay.Dots()
	stop()
	close(reply)
	result := <-ended
	require.Equal(t, dots, o.relay.Dots(), "no new DATA")
	require.Equal(t, activities.DeliverResult{Accepted: dots, Unsent: 8 - dots}, result)
	require.Equal(t, map[string]int{"accepted": dots, "queued": 30 - dots}, o.states())
	require.NoError(t, o.sender.Shutdown(t.Context()))

	o.relay.Reset()
	o.sender = o.newSender()
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": 30}))
	for id, times := range o.relay.Counts() {
		require.Equal(t, 1, times, id)
	}
}

// The switch is thrown while many connections stand before their dots: none passes after it has answered.
func TestKillSwitchOfAJourneyIsEffectiveAtTheDot(t *testing.T) {
	t.Parallel()
	const n = 300
	o := newOffice(t)
	o.queue(journey.LaneMarketing, n)
	atStop := -1
	passed := func() int { s := o.states(); return s["at_dot"] + s["accepted"] }
	by := journey.Actor{ID: "key_1", Name: "mara", Role: journey.RoleMarketer}
	o.run(journey.LaneMarketing, func() bool {
		if atStop < 0 && passed() > 20 {
			_, err := o.store.Stop(t.Context(), journey.Stop{Scope: journey.StopJourney, Target: "welcome", Reason: "a wrong price"}, by)
			require.NoError(t, err)
			atStop = passed()
		}
		s := o.states()
		return atStop >= 0 && s["claimed"]+s["at_dot"] == 0
	})
	require.Equal(t, atStop, passed())
	require.Len(t, o.relay.Messages(), atStop)
	require.Equal(t, map[string]int{"accepted": atStop, "queued": n - atStop}, o.states())
	t.Logf("stopped after %d of %d", atStop, n)
	require.NoError(t, o.store.Unstop(t.Context(), journey.StopJourney, "welcome", by))
	o.run(journey.LaneMarketing, o.settled(map[string]int{"accepted": n}))
	require.Len(t, o.relay.Counts(), n)
}
