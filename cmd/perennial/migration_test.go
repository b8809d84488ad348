package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// inFlight is how many people are in the journey when its next version is published.
const inFlight = 10_000

const (
	resting = "journey: rest\nname: Rest\ntopic: transactional\nenter: { when: api }\nsteps:\n  - send: hello\n  - wait: 30d\n    id: rest\n  - send: later\n"
	rested  = "journey: rest\nname: Rest\ntopic: transactional\nenter: { when: api }\nsteps:\n  - send: hello\n  - wait: 40d\n    id: long-rest\n  - send: later\n"
)

// Ten thousand people are in a journey while its next version is published. In the middle of taking them along everything is
// killed. Started again it goes on where it stood: in the end everybody is in the new version, and nobody has crossed twice.
func TestAMigrationOfTenThousandSurvivesKill9(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dev := p.dev(t)
	marketer, systems := p.as(t, journey.RoleMarketer), p.as(t, journey.RoleIngest)
	put := func(source string) {
		mail := "---\nsubject: Hello\n---\n<p>Hello.</p>\n"
		require.NoError(t, marketer.server.call(t.Context(), http.MethodPut, "/api/journeys/rest",
			map[string]any{"journey": source, "files": map[string]string{"hello.html": mail, "later.html": mail}}, nil))
	}
	put(resting)
	marketer.post("/api/journeys/rest/publish", nil, nil)
	systems.post("/v1/identify", map[string]any{"userId": "first"}, nil)
	marketer.eventually(func() bool {
		return systems.server.call(t.Context(), http.MethodPost, "/api/journeys/rest/enrollments", map[string]any{"customer": "user:first"}, nil) == nil
	}, "the profile of the first customer")
	p.crowd(t)

	put(rested)
	var published struct {
		Version   journey.Version
		Migration *journey.Migration
	}
	began := time.Now()
	marketer.post("/api/journeys/rest/publish", map[string]any{"in_flight": "migrate", "map": map[string]string{"rest": "long-rest"}}, &published)
	require.NotNil(t, published.Migration)
	require.Equal(t, inFlight, published.Migration.Total)
	progress := func() journey.Migration {
		var view struct{ Migration *journey.Migration }
		marketer.get("/api/journeys/rest", &view)
		return *view.Migration
	}
	testenv.Eventually(t, 10*time.Minute, func() bool { return progress().Waiting < inFlight*4/5 }, "a fifth of them to cross")
	dev.kill()
	p.vacate(t)
	t.Logf("killed after %s", time.Since(began).Round(time.Second))

	began = time.Now()
	dev = p.dev(t)
	left := progress().Waiting
	assert.Positive(t, left, "it was killed in the middle")
	testenv.Eventually(t, 10*time.Minute, func() bool { return progress().FinishedAt != nil }, "the end of the migration")
	t.Logf("the other %d crossed within %s of the next start", left, time.Since(began).Round(time.Second))
	p.everybodyCrossedOnce(t)
	require.True(t, dev.running())
}

// crowd puts the people into the wait of the journey, each as the first one stands there. Nobody drives them yet, and Temporal
// is known by the first one, whose id is the last.
func (p *place) crowd(t *testing.T) {
	t.Helper()
	sql := p.database(t)
	testenv.Eventually(t, 30*time.Second, func() bool {
		var n int
		return sql.QueryRow(t.Context(), `SELECT count(*) FROM enrollments WHERE step = 'rest'`).Scan(&n) == nil && n == 1
	}, "the first one to wait")
	for _, statement := range []string{
		`INSERT INTO customers (id, created_at) SELECT 'cus_crowd' || i, now() FROM generate_series(2, $1::int) i`,
		`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, seq, state, plan, step, due_at, listens, entered_at)
		 SELECT 'enr_00' || i, journey_key, version, 'cus_crowd' || i, 'crowd', status, seq, state, plan, step, due_at, listens, entered_at
		 FROM enrollments CROSS JOIN generate_series(2, $1::int) i WHERE step = 'rest' AND id NOT LIKE 'enr_00%'`,
	} {
		_, err := sql.Exec(t.Context(), statement, inFlight)
		require.NoError(t, err)
	}
}

func (p *place) database(t *testing.T) *pgx.Conn {
	t.Helper()
	sql, err := pgx.Connect(t.Context(), p.engine(t).DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = sql.Close(t.Context()) })
	return sql
}

func (p *place) everybodyCrossedOnce(t *testing.T) {
	t.Helper()
	sql := p.database(t)
	for question, want := range map[string]int{
		`SELECT count(*) FROM enrollments WHERE version = 2 AND status = 'active' AND step = 'long-rest'`: inFlight,
		`SELECT count(*) FROM step_log WHERE what = 'migrated'`:                                           inFlight,
		`SELECT count(DISTINCT enrollment_id) FROM step_log WHERE what = 'migrated'`:                      inFlight,
		`SELECT count(DISTINCT due_at) FROM enrollments`:                                                  1, // the wait was kept
		`SELECT count(*) FROM requests`:                                                                   0,
		`SELECT count(*) FROM messages`:                                                                   0, // nobody here has an address
	} {
		var n int
		require.NoError(t, sql.QueryRow(t.Context(), question).Scan(&n))
		assert.Equal(t, want, n, question)
	}
}
