package workflows_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"perennial/activities"
	"perennial/intake"
	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
	"perennial/workflows"
)

// spine is the driver on its real parts: store, relay, workers, Temporal. A day of the product passes in 50 ms.
type spine struct {
	*rig
	store *store.Store
	db    *pgxpool.Pool
}

const spineSpeed = 24 * 3600 * 20

func newSpine(t *testing.T, steps string) *spine {
	t.Helper()
	url := testenv.Database(t)
	s, err := store.Open(t.Context(), url, store.Options{Wall: time.Now, Speed: spineSpeed})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	db, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	publish(t, s, stepsJourney(steps))
	sp := &spine{rig: newRig(t, s), store: s, db: db}
	ctx, cancel := context.WithCancel(t.Context())
	relay := &workflows.Relay{Store: s, Client: sp.client, Queues: sp.queues, Log: sp.log.logger()}
	ended := make(chan error, 1)
	go func() { ended <- relay.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	return sp
}

func stepsJourney(steps string) string {
	return "journey: steps\nname: Steps\ntopic: transactional\nenter: { when: api }\nsteps:\n" + steps
}

func publish(t *testing.T, s *store.Store, source string) {
	t.Helper()
	by := journey.Actor{ID: "test", Name: "test", Role: journey.RoleAdmin}
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(t, problems)
	draft, err := s.EditDraft(t.Context(), def.Key, by, func(d journey.Draft) (journey.Draft, error) {
		d.Name, d.Source, d.Files = def.Name, source, map[string]string{}
		return d, nil
	})
	require.NoError(t, err)
	_, _, err = s.Publish(t.Context(), journey.Publication{Key: def.Key, Name: def.Name, ETag: draft.ETag, Declares: def.Declares, By: by})
	require.NoError(t, err)
}

// enroll takes a new customer into the journey.
func enroll(t *testing.T, s *store.Store, name string) string {
	t.Helper()
	now := s.Clock().Now()
	_, err := s.AppendEvents(t.Context(), []journey.Event{{
		ID: journey.NewID(journey.PrefixEvent), MessageID: name, Kind: journey.KindIdentify, UserID: name,
		Properties: map[string]any{"email": name + "@example.com"}, At: now, ReceivedAt: now,
	}})
	require.NoError(t, err)
	_, err = s.ApplyInbox(t.Context(), intake.Profile, 100)
	require.NoError(t, err)
	c, err := s.Customer(t.Context(), "user:"+name)
	require.NoError(t, err)
	e, err := s.Enroll(t.Context(), journey.EnrollRequest{JourneyKey: "steps", CustomerID: c.ID, By: "test"})
	require.NoError(t, err)
	require.NotEmpty(t, e.EnrollmentID, e.Reason)
	return e.EnrollmentID
}

func (s *spine) enroll(name string) string {
	s.t.Helper()
	id := enroll(s.t, s.store, name)
	s.t.Cleanup(func() {
		_ = s.client.TerminateWorkflow(context.Background(), workflows.EnrollmentID(id), "", "test is over")
	})
	return id
}

func (s *spine) number(sql string, args ...any) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), sql, args...).Scan(&n))
	return n
}

func (s *spine) seq(id string) int { return s.number(`SELECT seq FROM enrollments WHERE id = $1`, id) }

func (s *spine) ended(id string) bool {
	return s.number(`SELECT count(*) FROM enrollments WHERE id = $1 AND status = 'ended'`, id) == 1
}

// The figures that were promised: six events of history per wait-and-send, and at most two commits of ours.
func TestCountersOfWaitAndSend(t *testing.T) {
	t.Parallel()
	const customers, steps = 24, 8
	url := testenv.Database(t)
	ids := prepare(t, url, strings.Repeat("  - wait: 1d\n  - send: { message: hello, window: any }\n", steps), customers)
	before := commits(t, url)

	// One connection, which is never idle for long: the pool asks one that has been idle for a second whether it still lives, and
	// Postgres counts the answer as a commit.
	s, err := store.Open(t.Context(), url, store.Options{Wall: time.Now, MaxConns: 1})
	require.NoError(t, err)
	r := newRig(t, s)
	var runs []client.WorkflowRun
	for _, id := range ids {
		r.id = id
		runs = append(runs, r.start("", 0))
	}
	decisions := 0
	for _, run := range runs {
		done(t, run)
		h := historyOf(t, r.client, run.GetID(), "")
		rests := count(h, enums.EVENT_TYPE_TIMER_STARTED) // on a busy machine two waits can be over at once
		require.GreaterOrEqual(t, rests, steps/2)
		require.Equal(t, 6+6*rests, len(h.GetEvents()), "%s", kinds(h))
		decisions += count(h, enums.EVENT_TYPE_MARKER_RECORDED)
	}
	s.Close()
	spent := commits(t, url) - before
	t.Logf("%d decisions in %d commits", decisions, spent)
	// One transaction per decision. The second commit is the listening session's, which reads that a message was queued; the
	// rest is what Postgres counts by itself: sessions that begin, autovacuum.
	const itself = 60
	require.LessOrEqual(t, spent, 2*decisions+itself)
}

// prepare publishes the journey, and takes customers into it. It leaves no connection behind.
func prepare(t *testing.T, url, steps string, customers int) (enrollments []string) {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Wall: time.Now, Speed: spineSpeed})
	require.NoError(t, err)
	defer s.Close()
	publish(t, s, stepsJourney(steps))
	for i := range customers {
		enrollments = append(enrollments, enroll(t, s, fmt.Sprintf("ann-%d", i)))
	}
	return enrollments
}

// commits reads the counter of a database that nobody is connected to: a session reports its share when it ends.
func commits(t *testing.T, url string) (n int) {
	t.Helper()
	at := strings.LastIndex(url, "/")
	name, _, _ := strings.Cut(url[at+1:], "?")
	conn, err := pgx.Connect(t.Context(), testenv.TheEngine(t).DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	testenv.Eventually(t, patience, func() bool {
		var backends int
		require.NoError(t, conn.QueryRow(t.Context(),
			`SELECT xact_commit, numbackends FROM pg_stat_database WHERE datname = $1`, name).Scan(&n, &backends))
		return backends == 0
	}, "the sessions of %s to end", name)
	return n
}

// Rule 1, on the real table: a request of support reaches a driver that waits, and its row is gone afterwards.
func TestRequestWakesARealWait(t *testing.T) {
	t.Parallel()
	s := newSpine(t, "  - wait: 400d\n  - send: { message: hello, window: any }\n")
	id := s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.seq(id) == 1 }, "the wait")
	require.NoError(t, s.store.Request(t.Context(), id, journey.Request{Verb: journey.VerbSkip, By: "ben"},
		journey.Actor{ID: "test", Name: "ben", Role: journey.RoleSupport}))
	testenv.Eventually(t, patience, func() bool { return s.ended(id) }, "the end")
	require.Zero(t, s.number(`SELECT count(*) FROM wakeups`))
	require.Equal(t, 1, s.number(`SELECT count(*) FROM messages`))
}

// Rule 5, on the real table: a wake-up of an enrollment whose driver has ended starts one, which answers for the row and ends.
func TestRelayAnswersForAnEndedEnrollment(t *testing.T) {
	t.Parallel()
	s := newSpine(t, "  - send: { message: hello, window: any }\n")
	id := s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.ended(id) }, "the end")
	first := s.client.GetWorkflow(t.Context(), workflows.EnrollmentID(id), "")
	done(t, first)
	_, err := s.db.Exec(t.Context(), `INSERT INTO wakeups (enrollment_id, journey_key, created_wall) VALUES ($1, 'steps', $2)`, id, time.Now())
	require.NoError(t, err)
	testenv.Eventually(t, patience, func() bool { return s.number(`SELECT count(*) FROM wakeups`) == 0 }, "the stray wake-up")
	again := s.client.GetWorkflow(t.Context(), workflows.EnrollmentID(id), "")
	done(t, again)
	require.NotEqual(t, first.GetRunID(), again.GetRunID())
	require.Equal(t, 1, s.number(`SELECT count(*) FROM messages`))
}

// Rule 4: a driver that is ahead of what is stored (a restored Postgres) holds until a person releases it, and sends nothing.
func TestDriverAheadOfTheStoreIsHeld(t *testing.T) {
	t.Parallel()
	s := newSpine(t, "  - wait: 400d\n  - send: { message: hello, window: any }\n")
	s.id = s.enroll("ann")
	testenv.Eventually(t, patience, func() bool { return s.seq(s.id) == 1 }, "the wait")
	ahead := s.start("ahead/"+s.id, 7)
	held := func() bool { return s.number(`SELECT count(*) FROM enrollments WHERE held <> ''`) == 1 }
	testenv.Eventually(t, patience, held, "the hold")
	require.Zero(t, s.number(`SELECT count(*) FROM messages`))
	require.NoError(t, s.store.Release(t.Context(), s.id, "ben"))
	require.NoError(t, s.client.SignalWorkflow(t.Context(), ahead.GetID(), "", workflows.SignalWake, nil))
	testenv.Eventually(t, patience, func() bool {
		return count(historyOf(t, s.client, ahead.GetID(), ""), enums.EVENT_TYPE_TIMER_STARTED) == 1
	}, "the wait goes on")
	require.False(t, held())
}

// A name, an address: in none of the histories, not even in their payloads (law 4).
func TestNothingPersonalInHistories(t *testing.T) {
	t.Parallel()
	s := newSpine(t, "  - wait: 1d\n  - send: { message: hello, window: any }\n")
	const canary = "canary-9b2e"
	id := s.enroll(canary)
	testenv.Eventually(t, patience, func() bool { return s.ended(id) }, "the end")
	done(t, s.client.GetWorkflow(t.Context(), workflows.EnrollmentID(id), ""))
	require.NotContains(t, decoded(t, text(t, historyOf(t, s.client, workflows.EnrollmentID(id), ""))), canary)
}

var _ activities.AdvanceStore = (*store.Store)(nil)
var _ activities.ScanStore = (*store.Store)(nil)
var _ workflows.RelayStore = (*store.Store)(nil)
