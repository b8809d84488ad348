package workflows_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// board stands for the table of wake-ups where a test forces what a real one does rarely: a row that stays. Leases are over at
// once, so that whatever stays is handed out at the next look.
type board struct {
	mu     sync.Mutex
	rows   map[string]journey.Wakeup
	leases int
	fail   error
	notify chan struct{}
}

func newBoard(rows ...journey.Wakeup) *board {
	b := &board{rows: map[string]journey.Wakeup{}, notify: make(chan struct{}, 1)}
	for _, w := range rows {
		b.rows[w.EnrollmentID] = w
	}
	return b
}

func (b *board) LeaseWakeups(_ context.Context, limit int, _ time.Duration) ([]journey.Wakeup, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leases++
	if b.fail != nil {
		return nil, b.fail
	}
	var leased []journey.Wakeup
	for id, w := range b.rows {
		if len(leased) == limit {
			break
		}
		leased = append(leased, w)
		w.Tries++
		b.rows[id] = w
	}
	return leased, nil
}

func (b *board) Listen(context.Context, string) <-chan struct{} { return b.notify }

func (b *board) put(w journey.Wakeup) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[w.EnrollmentID] = w
	select {
	case b.notify <- struct{}{}:
	default:
	}
}

func (b *board) take(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.rows, id)
}

func (b *board) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rows)
}

func (b *board) set(fail error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

// relay runs a relay until the test ends.
func (r *rig) relay(b *board, c client.Client) {
	r.t.Helper()
	relay := &workflows.Relay{Store: b, Client: c, Queues: r.queues, Log: r.log.logger()}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- relay.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		require.NoError(r.t, <-ended)
	})
}

func (r *rig) wakeup(start bool, seq int64) journey.Wakeup {
	return journey.Wakeup{
		EnrollmentID: r.id, CustomerID: "cus_" + r.id, JourneyKey: "win-back", JourneyName: "Win back", Version: 1, Start: start, Seq: seq,
	}
}

// Rule 1: the relay says it again until the row is gone; here two decisions leave it there, as one does that read less.
func TestRelaySignalsUntilTheRowIsGone(t *testing.T) {
	t.Parallel()
	b := newBoard()
	d := &decider{decide: func(_ context.Context, n int64, in activities.AdvanceInput) (journey.Directive, error) {
		if n == 3 {
			b.take(in.ID)
		}
		return hold(), nil
	}}
	r := newRig(t, d)
	b.put(r.wakeup(true, 0))
	r.relay(b, r.client)
	testenv.Eventually(t, patience, func() bool { return b.left() == 0 }, "a decision that takes the row")
	t.Cleanup(func() {
		_ = r.client.TerminateWorkflow(context.Background(), workflows.EnrollmentID(r.id), "", "test is over")
	})
	require.Equal(t, journey.CauseStart, d.causes()[0])
	require.Equal(t, journey.CauseWake, d.causes()[1], "a second attempt of a start signals the driver that the first one made")

	started := r.history("").GetEvents()[0]
	require.Equal(t, "Win back", summaryOf(t, started))
	attributes := started.GetWorkflowExecutionStartedEventAttributes().GetSearchAttributes().GetIndexedFields()
	require.Equal(t, `"cus_`+r.id+`"`, string(attributes[workflows.AttributeCustomer].GetData()))
	require.Equal(t, `"win-back"`, string(attributes[workflows.AttributeJourney].GetData()))
}

// Rule 5: a driver that has ended is started again by a wake-up, with its seq, and Advance answers that it is done.
func TestRelayStartsADriverThatHasEnded(t *testing.T) {
	t.Parallel()
	b := newBoard()
	d := &decider{decide: func(_ context.Context, _ int64, in activities.AdvanceInput) (journey.Directive, error) {
		b.take(in.ID)
		return end(), nil
	}}
	r := newRig(t, d)
	first := r.start("", 0)
	done(t, first)

	b.put(r.wakeup(false, 1))
	r.relay(b, r.client)
	testenv.Eventually(t, patience, func() bool { return b.left() == 0 }, "the wake-up")
	again := r.client.GetWorkflow(t.Context(), workflows.EnrollmentID(r.id), "")
	done(t, again)
	require.NotEqual(t, first.GetRunID(), again.GetRunID())
	require.Equal(t, []activities.AdvanceInput{
		{ID: r.id, Seq: 1, Cause: journey.CauseStart}, {ID: r.id, Seq: 2, Cause: journey.CauseWake},
	}, d.decisions())
}

// A wake-up that was raised while its driver was being started finds a driver that runs: starting alone would not wake it.
func TestRelaySignalsADriverThatIsAlreadyRunning(t *testing.T) {
	t.Parallel()
	b := newBoard()
	d := &decider{decide: func(_ context.Context, n int64, in activities.AdvanceInput) (journey.Directive, error) {
		if n == 2 {
			b.take(in.ID)
		}
		return hold(), nil
	}}
	r := newRig(t, d)
	r.start("", 0)
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 1 }, "the driver")
	raised := r.wakeup(true, 1)
	raised.Version = 2
	b.put(raised)
	r.relay(b, r.client)
	testenv.Eventually(t, patience, func() bool { return b.left() == 0 }, "the raised wake-up")
	// The board gives no leases: a wake-up that is looked at twice before the driver has acted is said twice, and does no harm.
	require.Positive(t, count(r.history(""), enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED))
	require.Empty(t, r.history("").GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId())
}

// Two relays, and starts of the same driver at once: one driver.
func TestTwoRelaysStartOneDriver(t *testing.T) {
	t.Parallel()
	b := newBoard()
	d := &decider{decide: func(context.Context, int64, activities.AdvanceInput) (journey.Directive, error) { return hold(), nil }}
	r := newRig(t, d)
	b.put(r.wakeup(true, 0))
	r.relay(b, r.client)
	r.relay(b, r.client)
	testenv.Eventually(t, patience, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.leases >= 4 }, "both relays at work")
	b.take(r.id)
	t.Cleanup(func() {
		_ = r.client.TerminateWorkflow(context.Background(), workflows.EnrollmentID(r.id), "", "test is over")
	})
	require.Empty(t, r.history("").GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId())
	for i, in := range d.decisions() {
		require.EqualValues(t, i+1, in.Seq)
	}
}

// Temporal is away: wake-ups stay on the board; when it is back they drain. The same with Postgres.
func TestRelayDrainsWhenTemporalIsBack(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.set(errors.New("no connection to Postgres"))
	r := newRig(t, taker{b})
	for range 20 {
		w := r.wakeup(true, 0)
		w.EnrollmentID = journey.NewID(journey.PrefixEnrollment)
		b.put(w)
	}
	address := "127.0.0.1:" + freePort(t)
	far, err := client.NewLazyClient(client.Options{
		HostPort: address, Namespace: testenv.TheEngine(t).TemporalNamespace, Logger: log.NewStructuredLogger(r.log.logger()),
	})
	require.NoError(t, err)
	t.Cleanup(far.Close)
	r.relay(b, far)
	testenv.Eventually(t, patience, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.leases >= 2 }, "attempts without Postgres")
	b.set(nil)
	testenv.Eventually(t, patience, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.leases >= 4 }, "attempts without Temporal")
	require.Equal(t, 20, b.left(), "nothing is lost")
	forward(t, address, testenv.TheEngine(t).TemporalAddress)
	testenv.Eventually(t, patience, func() bool { return b.left() == 0 }, "the drain")
}

// taker ends every enrollment at its first decision.
type taker struct{ board *board }

func (k taker) Advance(_ context.Context, id string, seq int64, _ journey.Cause) (journey.Directive, error) {
	k.board.take(id)
	plan := end()
	plan.Seq = seq
	return plan, nil
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// forward lets connections to one address through to another, until the test ends.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = pair[0].Close()
				}()
			}
		}
	}()
}
