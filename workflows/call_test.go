package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"perennial/activities"
	"perennial/journey"
	"perennial/testenv"
	"perennial/workflows"
)

// office stands for the part of the store that knows of calls; attempts wait for the test where it says so.
type office struct {
	mu       sync.Mutex
	began    []string
	ended    []string
	waits    []time.Duration // of the attempts, in order; after that they come to their end
	released chan struct{}   // an attempt waits for it; nil: it does not
}

func (o *office) BeginCall(_ context.Context, id string) (journey.Calling, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began = append(o.began, id)
	return journey.Calling{Post: &journey.Post{ID: id, Secret: journey.NewSecret()}, Attempt: len(o.began)}, nil
}

func (o *office) EndCall(_ context.Context, id string, attempt int, _ journey.PostReply) (time.Duration, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, id)
	if attempt <= len(o.waits) {
		return o.waits[attempt-1], nil
	}
	return 0, nil
}

func (o *office) post(ctx context.Context, _ journey.Post) journey.PostReply {
	if o.released != nil {
		select {
		case <-o.released:
		case <-ctx.Done():
		}
	}
	return journey.PostReply{Status: 200, Body: []byte("secret reply")}
}

func (o *office) counts() (began, ended int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.began), len(o.ended)
}

func newCallRig(t *testing.T, d activities.AdvanceStore, o *office) *rig {
	t.Helper()
	r := newRig(t, d)
	caller := &activities.Caller{Store: o, Post: o.post, Secret: func(string) string { return "" }}
	for _, w := range workflows.NewWorkers(r.client, workflows.WorkerOptions{Queues: r.queues, PoolSize: 4, Log: r.log.logger()},
		workflows.Activities{Caller: caller}) {
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	return r
}

func callPlan(id string) journey.Directive {
	return journey.Directive{Kind: journey.PlanDo, Step: "webhook-billing", Summary: "call billing, then bye", Call: id}
}

// The driver makes the call, tries it again when it is told to, and decides when it has come to its end.
func TestDriverCalls(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n == 1 {
			return callPlan("cal_1"), nil
		}
		return end(), nil
	}}
	o := &office{waits: []time.Duration{10 * time.Millisecond}}
	r := newCallRig(t, d, o)
	done(t, r.start("", 0))
	assert.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseOutcome}, d.causes())
	assert.Equal(t, []string{"cal_1", "cal_1"}, o.began, "the same call, once more")
	h := r.history("")
	assert.Equal(t, 1, count(h, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
	assert.NotContains(t, text(t, h), "secret reply", "only ids enter Temporal")
}

// Who leaves while her call is under way is not held up by it; the attempt comes to its end, and the reply is stored.
func TestWakeInMidCall(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n < 3 { // begun, and woken for something that changes nothing
			return callPlan("cal_1"), nil
		}
		return end(), nil
	}}
	o := &office{released: make(chan struct{})}
	r := newCallRig(t, d, o)
	run := r.start("", 0)
	testenv.Eventually(t, patience, func() bool { began, _ := o.counts(); return began == 1 }, "the attempt")
	r.wake()
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 2 }, "the wake-up")
	r.wake()
	done(t, run)
	began, ended := o.counts()
	assert.Equal(t, 1, began, "the same plan goes on with the same attempt")
	assert.Zero(t, ended)
	close(o.released)
	testenv.Eventually(t, patience, func() bool { _, ended := o.counts(); return ended == 1 }, "the reply")
	assert.Equal(t, []journey.Cause{journey.CauseStart, journey.CauseWake, journey.CauseWake}, d.causes())
}

// A pause gives the call up; after it the same call is begun anew.
func TestPauseInMidCall(t *testing.T) {
	t.Parallel()
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		switch n {
		case 1, 3:
			return callPlan("cal_1"), nil
		case 2:
			return hold(), nil
		}
		return end(), nil
	}}
	o := &office{waits: []time.Duration{time.Hour}}
	r := newCallRig(t, d, o)
	run := r.start("", 0)
	testenv.Eventually(t, patience, func() bool { _, ended := o.counts(); return ended == 1 }, "the first attempt")
	r.wake()
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 2 }, "the pause")
	r.wake()
	done(t, run)
	began, _ := o.counts()
	assert.Equal(t, 2, began)
}

// recordWebhook is woken in mid-call, then the call comes to its end, and she waits.
func recordWebhook(t *testing.T) *history.History {
	d := &decider{decide: func(_ context.Context, n int64, _ activities.AdvanceInput) (journey.Directive, error) {
		if n < 3 {
			return callPlan("cal_1"), nil
		}
		return rest(time.Hour), nil
	}}
	o := &office{released: make(chan struct{})}
	r := newCallRig(t, d, o)
	r.start("", 0)
	testenv.Eventually(t, patience, func() bool { began, _ := o.counts(); return began == 1 }, "the attempt")
	r.wake()
	testenv.Eventually(t, patience, func() bool { return len(d.decisions()) == 2 }, "the wake-up")
	close(o.released)
	return r.settled(enums.EVENT_TYPE_TIMER_STARTED, 1)
}
