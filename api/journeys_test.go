package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
	"perennial/templates"
	"perennial/testenv"
)

func TestDraftsAndVersions(t *testing.T) {
	t.Parallel()
	s := open(t)
	const path = "/api/journeys/win-back"
	marketer := func(method, path string, body any, headers ...string) reply {
		return s.call(journey.RoleMarketer, method, path, body, headers...)
	}
	put := marketer(http.MethodPut, path, winBack, "Content-Type", "application/yaml")
	require.Equal(t, 200, put.status, put.body)
	assert.Contains(t, put.body, "there is no template we-miss-you", "a warning: it may come next")
	assert.Equal(t, 422, marketer(http.MethodPost, path+"/publish", nil).status, "not without its templates")
	tag := put.header.Get("ETag")
	assert.Equal(t, 412, marketer(http.MethodPut, path, winBack, "If-None-Match", "*").status)

	for name, text := range winBackFiles {
		put = marketer(http.MethodPut, path+"/templates/"+name, text)
		require.Equal(t, 200, put.status, put.body)
	}
	assert.NotEqual(t, tag, put.header.Get("ETag"))
	assert.Equal(t, 412, marketer(http.MethodPut, path+"/templates/tell-us.html", "x", "If-Match", tag).status, "stale")
	assert.Equal(t, 412, marketer(http.MethodPost, path+"/publish", nil, "If-Match", tag).status, "stale")
	assert.Equal(t, winBack, marketer(http.MethodGet, path, nil, "Accept", "application/yaml").body)
	assert.Equal(t, "hello", marketer(http.MethodGet, path+"/templates/tell-us.html", nil).body)

	published := marketer(http.MethodPost, path+"/publish", m{"in_flight": "keep"}, "If-Match", put.header.Get("ETag"))
	require.Equal(t, 200, published.status, published.body)
	assert.Equal(t, 1.0, published.json["version"].(m)["version"])
	assert.Equal(t, "Offers and news", one[string](s, `SELECT name FROM topics WHERE key = 'offers'`))
	assert.Equal(t, 10, one[int](s, `SELECT length FROM pools WHERE key = 'comeback'`))
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM surveys`))
	assert.Equal(t, 409, marketer(http.MethodPost, path+"/publish", nil).status, "no draft is left")

	s.must(journey.RoleMarketer, http.MethodPut, path, m{"journey": winBack, "files": winBackFiles})
	same := marketer(http.MethodPost, path+"/publish", nil)
	assert.Equal(t, true, same.json["unchanged"], same.body)
	s.publish("win-back", strings.Replace(winBack, "wait: 5d", "wait: 6d", 1), winBackFiles)
	versions := s.must(journey.RoleViewer, http.MethodGet, path+"/versions", nil).json["data"].([]any)
	require.Len(t, versions, 2)
	assert.Equal(t, 2.0, versions[0].(m)["version"])

	s.must(journey.RoleMarketer, http.MethodPut, path+"/templates/tell-us.html", "a new word")
	draft := s.must(journey.RoleViewer, http.MethodGet, path, nil)
	assert.Equal(t, true, draft.json["is_draft"], "a template of a live journey begins a draft")
	assert.Contains(t, draft.json["source"], "wait: 6d")
	s.must(journey.RoleMarketer, http.MethodPost, path+"/archive", nil)
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, "/api/journeys", nil).body, `"archived"`)
}

func TestOneFormCarriesTheWholeFolder(t *testing.T) {
	t.Parallel()
	s := open(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.WriteField("journey", winBack))
	for name, text := range winBackFiles {
		part, err := w.CreateFormFile("file", "win-back/"+name)
		require.NoError(t, err)
		_, _ = part.Write([]byte(text))
	}
	require.NoError(t, w.Close())
	got := s.call(journey.RoleMarketer, http.MethodPut, "/api/journeys/win-back", b.Bytes(), "Content-Type", w.FormDataContentType())
	require.Equal(t, 200, got.status, got.body)
	assert.Len(t, got.json["files"], 4)
	tree := `{"journey":"tiny","name":"Tiny","topic":"offers","enter":{"when":{"event":"E"}},"reentry":"never","steps":[{"wait":"1d"}]}`
	assert.Equal(t, 200, s.call(journey.RoleMarketer, http.MethodPut, "/api/journeys/tiny", tree).status, "JSON is the same tree")
}

func TestOfTwoPublishersOneIsFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/win-back", m{"journey": winBack, "files": winBackFiles})
	statuses := together(6, func(int) int {
		return s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/publish", nil).status
	})
	assert.Equal(t, 1, statuses[200], "%v", statuses)
	assert.Equal(t, 5, statuses[412]+statuses[409], "%v", statuses)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM versions`))
}

// together makes n calls at once and counts the statuses.
func together(n int, call func(i int) int) map[int]int {
	out := map[int]int{}
	var mu sync.Mutex
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			status := call(i)
			mu.Lock()
			out[status]++
			mu.Unlock()
		})
	}
	done.Wait()
	return out
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	const path = "/api/journeys/win-back/enrollments"
	ask := func(body any) reply {
		return s.call(journey.RoleIngest, http.MethodPost, path, body, "Idempotency-Key", "once")
	}
	first := ask(m{"customer": "user:ada", "properties": m{"n": 1}})
	assert.Contains(t, []int{200, 201}, first.status, first.body)
	again := ask(m{"customer": "user:ada", "properties": m{"n": 1}})
	assert.Equal(t, first.status, again.status)
	assert.Equal(t, first.body, again.body)
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	assert.Equal(t, 422, ask(m{"customer": "user:ada", "properties": m{"n": 2}}).status, "another body")
	assert.Equal(t, 404, s.call(journey.RoleSupport, http.MethodPost, path, m{"customer": "user:none"}, "Idempotency-Key", "once").status, "another key of the API")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "none", "traits": m{"email": "none@example.com"}})
	s.apply()
	known := s.call(journey.RoleSupport, http.MethodPost, path, m{"customer": "user:none"}, "Idempotency-Key", "once")
	assert.Less(t, known.status, 300, "a refusal is not kept: by now she is known; %s", known.body)
	pauses := together(5, func(int) int {
		return s.call(journey.RoleSupport, http.MethodPost, "/api/customers/user:ada/pause", m{"reason": "on holiday"}, "Idempotency-Key", "hold").status
	})
	assert.Equal(t, 5, pauses[200]+pauses[409], "%v", pauses)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM pauses`), "asked five times at once")
}

func TestPublishRefusesNamesThatNobodyHas(t *testing.T) {
	t.Parallel()
	s := open(t)
	source := "journey: dangling\nname: Dangling\ntopic: transactional\nenter: { when: api }\nsteps:\n" +
		"  - coupon: { pool: nowhere }\n  - start: nobody\n"
	s.must(journey.RoleMarketer, http.MethodPut, "/api/journeys/dangling", m{"journey": source, "files": m{}})
	refused := s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/dangling/publish", m{"in_flight": "keep"})
	require.Equal(t, 422, refused.status, refused.body)
	assert.Contains(t, refused.body, "there is no pool nowhere on this server")
	assert.Contains(t, refused.body, "there is no journey nobody on this server")
}

func TestPublishingWithPeopleInFlight(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	const path = "/api/journeys/win-back"
	renamed := strings.Replace(winBack, "  - wait: 5d\n", "  - wait: 6d\n    id: rest\n", 1)
	draft := s.must(journey.RoleMarketer, http.MethodPut, path, m{"journey": renamed, "files": winBackFiles})
	for _, slip := range []m{
		{"in_flight": "vanish"}, {"in_flight": "migrate", "waits": "double"}, {"map": m{"wait-5d": "rest"}},
		{"in_flight": "migrate", "map": m{"wait-5d": "nowhere"}}, {"in_flight": "migrate", "map": m{"nowhere": "rest"}},
	} {
		refused := s.call(journey.RoleMarketer, http.MethodPost, path+"/publish", slip)
		assert.Equal(t, 422, refused.status, "%v: %s", slip, refused.body)
		assert.Contains(t, refused.body, `"mend"`)
	}
	published := s.must(journey.RoleMarketer, http.MethodPost, path+"/publish", m{"in_flight": "migrate", "map": m{"wait-5d": "rest"}},
		"If-Match", draft.header.Get("Etag"))
	migration := published.json["migration"].(m)
	assert.Equal(t, 1.0, migration["total"])
	assert.Equal(t, 1.0, migration["waiting"])
	second := s.call(journey.RoleMarketer, http.MethodPost, path+"/publish", m{"in_flight": "migrate"}, "If-Match", draft.header.Get("Etag"))
	assert.Equal(t, 412, second.status, "it was published meanwhile")

	testenv.Eventually(t, 10*time.Second, func() bool { // other tests have transactions open on the same Postgres
		step, err := s.store.MigrateSome(t.Context(), migration["id"].(string), 10)
		require.NoError(t, err)
		return step.Finished
	}, "the end of the migration")
	view := s.must(journey.RoleViewer, http.MethodGet, path, nil)
	assert.Equal(t, 0.0, view.json["migration"].(m)["waiting"])
	assert.NotEmpty(t, view.json["migration"].(m)["finished_at"])
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:ada/timeline", nil).body,
		"went on in version 2 instead of 1, from wait-5d, at rest")
}

// Each journey of the library names nothing that a new installation lacks: what it uses it declares, or it comes after what it starts.
func TestTheLibraryPublishesToANewInstallation(t *testing.T) {
	t.Parallel()
	s := open(t, func(d *api.Deps) {
		d.Control.Check = func(def *journey.Definition, files map[string]string) journey.Problems {
			_, problems := templates.Compile(def, files)
			return problems
		}
	})
	for _, name := range templates.Names() {
		files, err := templates.Load(templates.Embedded(), name)
		require.NoError(t, err)
		source := files[templates.JourneyFile]
		delete(files, templates.JourneyFile)
		s.publish(name, source, files)
	}
	assert.Equal(t, len(templates.Names()), one[int](s, `SELECT count(*) FROM versions`))
}
