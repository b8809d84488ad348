package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
)

// A journey of 200 steps with 100,000 people in it, looked at and edited through the whole server. The target is a second for each; the
// figures stand in docs/benchmarks.md.
func BenchmarkALargeJourney(b *testing.B) {
	o := open(b)
	source := o.large()
	v := o.as(journey.RoleMarketer)
	look := func(name string, ask func() seen) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got := ask()
				require.Equal(b, http.StatusOK, got.status, got.body)
			}
		})
	}
	look("page", func() seen { return v.do(http.MethodGet, "/journeys/large", "") })
	look("figures", func() seen { return v.get("/journeys/large") }) // behind the page, until they are there
	look("picture", func() seen { return v.get("/journeys/large", "HX-Request", "true", "HX-Target", "picture") })
	look("people", func() seen { return v.do(http.MethodGet, "/journeys/large?step=rest-7", "") })
	look("editor", func() seen { return v.get("/journeys/large/edit") })
	look("form", func() seen { return v.get("/journeys/large/edit?step=rest-7") })
	look("list", func() seen { return v.get("/journeys") })
	tag, days := v.get("/journeys/large/edit").etag(), 3
	look("typing", func() seen {
		days = days%300 + 1
		changed := strings.Replace(source, "wait: 3d", fmt.Sprintf("wait: %dd", days), 1)
		got := v.post("/journeys/large/edit", url.Values{"etag": {tag}, "source": {changed}}, "HX-Request", "true", "HX-Target", "outcome")
		tag = got.etag()
		return got
	})
}

// large publishes a journey of 200 steps and puts 100,000 people into it. It returns its text.
func (o *office) large() string {
	o.t.Helper()
	var steps strings.Builder
	for i := range 49 {
		fmt.Fprintf(&steps, "  - id: rest-%d\n    wait: 5d\n  - id: fork-%d\n    branch:\n      - if: { attribute: plan, eq: gold }\n        then:\n          - id: gold-%d\n            send: hello\n"+
			"      - else:\n          - id: other-%d\n            send: hello\n", i, i, i, i)
	}
	source := "journey: large\nname: Large\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: never\nsteps:\n  - id: first\n    send: hello\n" + steps.String() +
		"  - id: second\n    wait: 3d\n  - id: third\n    send: hello\n  - id: last\n    wait: 5d\n"
	def, problems := journey.Parse("", []byte(source))
	require.Empty(o.t, problems.Errors())
	require.Len(o.t, def.StepIDs(), 200)
	files := map[string]string{"hello.html": "---\nsubject: Hello\n---\n<p>Hello {{ customer.first_name }}</p>"}
	_, _, err := o.ctl.SaveDraft(o.t.Context(), tester, control.Edit{Key: "large", Source: source, Files: files})
	require.NoError(o.t, err)
	_, err = o.ctl.Publish(o.t.Context(), tester, control.PublishRequest{Key: "large"})
	require.NoError(o.t, err)
	for _, sql := range []string{
		`INSERT INTO customers (id, email, created_at) SELECT 'cus_' || n, n || '@example.com', '2030-05-01' FROM generate_series(1, 100000) n`,
		`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, step, entered_at, due_at)
			SELECT 'enr_' || n, 'large', 1, 'cus_' || n, '', 'active', '{}', 'rest-' || n % 49, '2030-05-01', '2030-06-01' FROM generate_series(1, 100000) n`,
		`VACUUM ANALYZE customers`, `VACUUM ANALYZE enrollments`,
	} {
		_, err := o.sql.Exec(o.t.Context(), sql)
		require.NoError(o.t, err)
	}
	return source
}
