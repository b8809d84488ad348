package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"perennial/journey"
	"perennial/testenv"
)

const canary = "kanarienvogel"

// A customer whose every word is a canary goes through journeys that ship, on the real engine, and is erased in the middle of
// them. After that the word is in no table, in no history and no dump of Temporal's, and in no log. Before, it was in the tables
// and nowhere else.
func TestNothingOfHerIsLeftAfterAnErasure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dev := p.dev(t, "--speed=86400")
	systems, support := p.as(t, journey.RoleIngest), p.as(t, journey.RoleSupport)
	id, enrollments := canaryLife(t, systems, support)

	assert.Contains(t, p.dump(t, "perennial"), canary, "the search finds what is there")
	temporal := p.dump(t, "temporal")
	assert.Contains(t, temporal, hex.EncodeToString([]byte(enrollments[0])), "and in Temporal's tables, too")
	assertClean(t, "Temporal, before the erasure", temporal, p.dump(t, "temporal_visibility"), p.histories(t, enrollments))

	var erased journey.Erasure
	require.NoError(t, support.server.call(t.Context(), http.MethodDelete, "/api/customers/"+id, map[string]string{"reason": "her letter of 3 May"}, &erased))
	assert.Equal(t, journey.ErasureDone, erased.State)
	sent := len(p.delivered(t))
	assertClean(t, "the product's database", p.dump(t, "perennial"))

	p.awaitDrivers(t, enrollments)
	assertClean(t, "Temporal, after the erasure", p.dump(t, "temporal"), p.dump(t, "temporal_visibility"), p.histories(t, enrollments))
	dev.signal(15)
	require.Equal(t, 0, dev.endsWithin(20*time.Second))
	assertClean(t, "what the program said", dev.said(), dev.complained())
	p.assertCleanLogs(t)

	again := p.dev(t, "--speed=86400")
	assert.LessOrEqual(t, len(p.delivered(t)), sent+len(erased.InFlight), "nothing was sent to her any more")
	assertClean(t, "the product's database, later", p.dump(t, "perennial"))
	assert.NotContains(t, again.complained(), canary)
}

// canaryLife lets her live until she has had letters, a question and a task about her, and waits for more.
func canaryLife(t *testing.T, systems, support *caller) (id string, enrollments []string) {
	t.Helper()
	user := canary + "-1"
	systems.post("/v1/identify", map[string]any{"userId": user, "anonymousId": canary + "-visitor", "traits": map[string]any{
		"email": canary + "@example.com", "first_name": canary, "last_name": canary, "topics": map[string]bool{"welcome": true, "offers": true, "care": true, "news": true}}}, nil)
	systems.post("/v1/track", map[string]any{"userId": user, "event": "Signed Up", "properties": map[string]any{"source": canary}}, nil)
	for _, order := range []string{"lost", "came"} {
		systems.post("/v1/track", map[string]any{"userId": user, "event": "Order Completed", "properties": map[string]any{
			"order_id": canary + "-" + order, "total": 49, "products": []any{map[string]any{"name": canary, "sku": canary}}}}, nil)
	}
	systems.post("/v1/track", map[string]any{"userId": user, "event": "Order Delivered", "properties": map[string]any{"order_id": canary + "-came"}}, nil)
	provoke(t, systems.server)
	sendOne(t, systems.server, user)

	var tasks journey.Page[journey.TaskView]
	testenv.Eventually(t, time.Minute, func() bool {
		support.get("/api/tasks", &tasks)
		return slices.ContainsFunc(tasks.Data, func(task journey.TaskView) bool { return strings.Contains(task.Title, canary) })
	}, "the task about her order")
	testenv.Eventually(t, 30*time.Second, func() bool {
		return slices.ContainsFunc(support.messages("state=accepted"), func(m journey.MessageSummary) bool { return m.Enrollment == "" && m.Template == "cancelled" })
	}, "the one mail to be sent")
	support.post("/api/tasks/"+tasks.Data[0].ID+"/done", map[string]string{"outcome": "found", "note": canary}, nil)
	answerWith(t, support, canary)
	support.post("/api/customers/user:"+user+"/pause", map[string]string{"reason": canary}, nil)

	var c journey.CustomerOverview
	support.get("/api/customers/user:"+user, &c)
	for _, e := range c.Enrollments {
		enrollments = append(enrollments, e.ID)
	}
	require.GreaterOrEqual(t, len(enrollments), 2)
	return c.ID, enrollments
}

// sendOne sends her one transactional mail of a journey that ships.
func sendOne(t *testing.T, s *server, user string) {
	t.Helper()
	body := `{"message": "graceful-exit/cancelled", "customer": "user:` + user + `", "properties": {"plan": "` + canary + `"}}`
	testenv.Eventually(t, 30*time.Second, func() bool { // as soon as she is known
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/send", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.key)
		req.Header.Set("Idempotency-Key", canary+"-mail")
		res, err := s.http.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode == http.StatusAccepted
	}, "one mail to be accepted")
}

// answerWith waits for the letter that asks her something, and answers.
func answerWith(t *testing.T, support *caller, comment string) {
	t.Helper()
	link := regexp.MustCompile(`http://[^\s"?]+/s/[\w-]+`)
	testenv.Eventually(t, time.Minute, func() bool {
		for _, m := range support.messages("state=accepted") {
			if m.Template != "how-is-it" {
				continue
			}
			var sent struct{ Text string }
			support.get("/api/messages/"+m.ID, &sent)
			found := link.FindString(sent.Text)
			require.NotEmpty(t, found, sent.Text)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, found, strings.NewReader(url.Values{"score": {"4"}, "comment": {comment}}.Encode()))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer res.Body.Close()
			return res.StatusCode == http.StatusOK
		}
		return false
	}, "the question, and her answer two seconds after it at the earliest")
}

// provoke asks for what is refused, with her words in it: refusals must not end up in a log either.
func provoke(t *testing.T, s *server) {
	t.Helper()
	for path, body := range map[string]any{
		"/v1/identify":        map[string]any{"userId": canary + "-1", "traits": map[string]any{"email": canary + "@@example.com"}},
		"/v1/track":           map[string]any{"userId": canary, canary: 1},
		"/api/send":           map[string]any{"message": canary + "/" + canary, "customer": "user:" + canary},
		"/api/coupons/redeem": map[string]any{"code": canary, "order_id": canary},
		"/api/journeys/" + canary + "/enrollments": map[string]any{"customer": "user:" + canary},
		"/u/" + canary: map[string]any{canary: canary},
	} {
		_ = s.call(t.Context(), http.MethodPost, path, body, nil)
	}
	_ = s.call(t.Context(), http.MethodGet, "/api/customers/user:"+canary+"?q="+canary, nil, nil)
}

// dump is a whole database of the private Postgres, as pg_dump writes it.
func (p *place) dump(t *testing.T, database string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.Data, "engine", "postgres.json"))
	require.NoError(t, err)
	var cluster struct {
		Port     int
		Password string `json:"superuser_password"`
	}
	require.NoError(t, json.Unmarshal(raw, &cluster))
	at, err := url.Parse(p.engine(t).DatabaseURL)
	require.NoError(t, err)
	at.User, at.Path = url.UserPassword("postgres", cluster.Password), "/"+database
	cmd := exec.CommandContext(t.Context(), pgDump(t), "--no-owner", "--inserts", at.String())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), errs.String())
	return out.String()
}

func pgDump(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("pg_dump"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	require.NoError(t, err)
	require.NotEmpty(t, found, "there is no pg_dump: it comes with Postgres")
	return found[len(found)-1]
}

func (p *place) temporalClient(t *testing.T) client.Client {
	t.Helper()
	e := p.engine(t)
	c, err := client.Dial(client.Options{HostPort: e.TemporalAddress, Namespace: e.TemporalNamespace})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// histories is every event of her drivers, and what visibility says of all workflows, as JSON.
func (p *place) histories(t *testing.T, enrollments []string) string {
	t.Helper()
	c := p.temporalClient(t)
	var all strings.Builder
	for _, id := range enrollments {
		events := c.GetWorkflowHistory(t.Context(), "enrollment/"+id, "", false, 0)
		n := 0
		for ; events.HasNext(); n++ {
			e, err := events.Next()
			require.NoError(t, err)
			all.WriteString(protojson.Format(e))
			all.WriteString(e.String())
		}
		require.Positive(t, n, id)
	}
	list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000})
	require.NoError(t, err)
	require.NotEmpty(t, list.Executions)
	all.WriteString(protojson.Format(list))
	return all.String()
}

// awaitDrivers waits until her drivers have found out that there is nothing to drive any more.
func (p *place) awaitDrivers(t *testing.T, enrollments []string) {
	t.Helper()
	c := p.temporalClient(t)
	testenv.Eventually(t, 30*time.Second, func() bool {
		for _, id := range enrollments {
			d, err := c.DescribeWorkflowExecution(context.WithoutCancel(t.Context()), "enrollment/"+id, "")
			if err != nil || d.GetWorkflowExecutionInfo().GetCloseTime() == nil {
				return false
			}
		}
		return true
	}, "the end of her drivers")
}

// assertCleanLogs looks into every file that the engine writes for people: its own log and that of Postgres.
func (p *place) assertCleanLogs(t *testing.T) {
	t.Helper()
	looked := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(p.Data), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		text, err := io.ReadAll(f)
		looked++
		assertClean(t, path, string(text))
		return err
	}))
	assert.Positive(t, looked)
}

// assertClean finds the canary in no form in which it could be kept: as it is, in other letters, in hex, in base64.
func assertClean(t *testing.T, what string, texts ...string) {
	t.Helper()
	forms := []string{canary, hex.EncodeToString([]byte(canary)), "a2FuYXJpZW52b2dlb", "thbmFyaWVudm9nZW", "rYW5hcmllbnZvZ2Vs"} // base64 at each of three offsets
	for _, text := range texts {
		require.NotEmpty(t, text+" ", what)
		for i, form := range forms {
			hay := text
			if i < 2 {
				hay = strings.ToLower(text)
			}
			if at := strings.Index(hay, form); at >= 0 {
				assert.Fail(t, "the canary is in "+what, "%q", text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}
