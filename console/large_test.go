package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
)

// A journey of 200 steps with 100,000 people in it is looked at, edited and compared in under a second; the figures stand in docs/benchmarks.md.
func TestALargeJourneyIsQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a database")
	}
	t.Parallel()
	o := open(t)
	var steps strings.Builder
	for i := range 49 {
		fmt.Fprintf(&steps, "  - id: rest-%d\n    wait: 5d\n  - id: fork-%d\n    branch:\n      - if: { attribute: plan, eq: gold }\n        then:\n          - id: gold-%d\n            send: hello\n"+
			"      - else:\n          - id: other-%d\n            send: hello\n", i, i, i, i)
	}
	source := "journey: large\nname: Large\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: never\nsteps:\n  - id: first\n    send: hello\n" + steps.String() +
		"  - id: second\n    wait: 3d\n  - id: third\n    send: hello\n  - id: last\n    wait: 5d\n"
	def, problems := journey.Parse("", []byte(source))
	require.Empty(t, problems.Errors())
	require.Len(t, def.StepIDs(), 200)
	files := map[string]string{"hello.html": "---\nsubject: Hello\n---\n<p>Hello {{ customer.first_name }}</p>"}
	_, _, err := o.ctl.SaveDraft(t.Context(), tester, control.Edit{Key: "large", Source: source, Files: files})
	require.NoError(t, err)
	_, err = o.ctl.Publish(t.Context(), tester, control.PublishRequest{Key: "large"})
	require.NoError(t, err)
	for _, sql := range []string{
		`INSERT INTO customers (id, email, created_at) SELECT 'cus_' || n, n || '@example.com', '2030-05-01' FROM generate_series(1, 100000) n`,
		`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, step, entered_at, due_at)
			SELECT 'enr_' || n, 'large', 1, 'cus_' || n, '', 'active', '{}', 'rest-' || n % 49, '2030-05-01', '2030-06-01' FROM generate_series(1, 100000) n`,
		`ANALYZE customers`, `ANALYZE enrollments`,
	} {
		_, err := o.sql.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	v := o.as(journey.RoleMarketer)
	quick := func(name string, ask func() seen) {
		best := time.Hour
		for range 5 {
			began := time.Now()
			got := ask()
			best = min(best, time.Since(began))
			require.Equal(t, http.StatusOK, got.status, "%s: %s", name, got.body)
		}
		t.Logf("%-20s %4d ms", name, best.Milliseconds())
		assert.Less(t, best, time.Second, name)
	}
	quick("the journey", func() seen { return v.get("/journeys/large") })
	quick("its picture", func() seen { return v.get("/journeys/large", "HX-Request", "true", "HX-Target", "picture") })
	quick("the people at a step", func() seen { return v.get("/journeys/large?step=rest-7") })
	quick("the editor", func() seen { return v.get("/journeys/large/edit") })
	quick("a step's form", func() seen { return v.get("/journeys/large/edit?step=rest-7") })
	tag := v.get("/journeys/large/edit").etag()
	n := 0
	quick("a change of the text", func() seen {
		n++
		got := v.post("/journeys/large/edit", map[string][]string{"etag": {tag}, "source": {strings.Replace(source, "wait: 3d", fmt.Sprintf("wait: %dd", 3+n), 1)}},
			"HX-Request", "true", "HX-Target", "outcome")
		tag = got.etag()
		return got
	})
	quick("the list", func() seen { return v.get("/journeys") })
}
