package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

// importFile uploads a file and applies it to its end.
func (s *shop) importFile(text string, query url.Values, headers ...string) reply {
	s.t.Helper()
	got := s.call(journey.RoleMarketer, http.MethodPost, "/api/imports?"+query.Encode(), text, append([]string{"Content-Type", "text/csv"}, headers...)...)
	if got.status >= 300 {
		return got
	}
	s.applyImports()
	return s.must(journey.RoleMarketer, http.MethodGet, "/api/imports/"+got.json["id"].(string), nil)
}

func (s *shop) applyImports() {
	s.t.Helper()
	for {
		s.apply()
		n, busy, err := s.store.ApplyImport(s.t.Context(), intake.Profile, 1000)
		require.NoError(s.t, err)
		if n == 0 && !busy {
			return
		}
	}
}

const crowd = "\ufeffE-Mail;Kundennummer;Vorname;Punkte;Newsletter\n" +
	"ada@example.com;u1;Ada;12;ja\n" + // known, has refused
	"grace@example.com;;Grace;7;ja\n" + // new, by address alone
	"nobody;;Nemo;1;\n" +
	"ragged@example.com;x\n" +
	"GRACE@example.com;;Amazing Grace;8;\n" +
	"lost@example.com;;Lost;;ja\n" // suppressed

var crowdSays = url.Values{"map": {"points:number=Punkte", "topic:offers=Newsletter"}, "source": {"fair in Graz"}, "wording": {"Yes, write to me"}, "name": {"crowd.csv"}}

func TestAnImportKeepsWhatCustomersSaid(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("vip", "journey: vip\nname: VIP\ntopic: offers\nenter: { when: { attribute: points, becomes: 7 } }\nsteps: [ { wait: 1d } ]\n", nil)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u1", "traits": m{"email": "ada@example.com", "points": 3, "city": "Graz", "topics": m{"offers": false}}})
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/lost@example.com", m{"reason": "asked by post"})
	s.apply()
	seen := one[string](s, `SELECT attributes->>'last_seen_at' FROM customers`)
	s.wall.pass(time.Hour)
	got := s.importFile(crowd, crowdSays)
	require.Equal(t, 200, got.status, got.body)
	assert.Equal(t, "done", got.json["state"])
	for name, want := range map[string]float64{"lines": 6, "refused": 2, "known": 1, "suppressed": 1, "applied": 4} {
		assert.InDelta(t, want, got.json[name], 0, name)
	}
	assert.Equal(t, 3, one[int](s, `SELECT count(*) FROM customers WHERE id <> 'cus_erased'`))
	ada := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:u1", nil)
	assert.Equal(t, m{"points": 12.0, "city": "Graz", "first_name": "Ada", "email": "ada@example.com", "last_seen_at": seen, "lifecycle": "prospect"}, ada.json["attributes"])
	assert.Equal(t, "withdrawn", one[string](s, `SELECT state FROM consents JOIN customers ON id = customer_id WHERE email = 'ada@example.com'`), "an import lifts no refusal")
	assert.Equal(t, "Amazing Grace 8", one[string](s, `SELECT first_name || ' ' || (attributes->>'points') FROM customers WHERE email ILIKE 'grace%'`), "the last line wins")
	assert.Equal(t, "import: fair in Graz/Yes, write to me/grace@example.com",
		one[string](s, `SELECT source || '/' || wording || '/' || address FROM consent_changes c JOIN customers u ON u.id = c.customer_id WHERE email ILIKE 'grace%'`))
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM suppressions`), "suppressed stays suppressed")
	assert.Zero(t, one[int](s, `SELECT count(*) FROM enrollments`), "an import triggers nothing")

	refused := s.must(journey.RoleMarketer, http.MethodGet, "/api/imports/"+got.json["id"].(string)+"/refused.csv", nil)
	assert.Equal(t, "\ufeffline,reason,E-Mail,Kundennummer,Vorname,Punkte,Newsletter\n"+
		"4,email is no email that can be used,nobody,,Nemo,1,\n5,\"it has 2 fields, and the header 5\",ragged@example.com,x\n", refused.body)

	// Whom an import knows by address alone is taken over by the first identify with that address, and does not become two.
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u2", "anonymousId": "browser", "traits": m{"email": "Grace@example.com"}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"anonymousId": "browser", "event": "Page Viewed"})
	s.apply()
	grace := s.must(journey.RoleViewer, http.MethodGet, "/api/customers/user:u2", nil)
	assert.InDelta(t, 8, grace.json["attributes"].(m)["points"], 0)
	assert.Equal(t, 3, one[int](s, `SELECT count(*) FROM customers WHERE id <> 'cus_erased' AND merged_into IS NULL`))
}

func TestADryRunDoesNothingUntilItIsStarted(t *testing.T) {
	t.Parallel()
	s := open(t)
	q := url.Values{"dry_run": {"true"}, "map": crowdSays["map"], "source": {"x"}, "wording": {"y"}}
	got := s.importFile(crowd, q)
	assert.Equal(t, "checked", got.json["state"])
	assert.Zero(t, one[int](s, `SELECT count(*) FROM events`))
	path := "/api/imports/" + got.json["id"].(string)
	s.must(journey.RoleMarketer, http.MethodPost, path+"/start", nil)
	s.applyImports()
	assert.Equal(t, "done", s.must(journey.RoleMarketer, http.MethodGet, path, nil).json["state"])
	assert.Equal(t, 409, s.call(journey.RoleMarketer, http.MethodDelete, path, nil).status)
	assert.Equal(t, 4, one[int](s, `SELECT count(*) FROM events`))
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM import_lines`), "of what was taken nothing stays behind")
}

func TestConsentsNeedAProof(t *testing.T) {
	t.Parallel()
	s := open(t)
	got := s.importFile(crowd, url.Values{"map": {"topic:offers=Newsletter"}})
	assert.Equal(t, 422, got.status)
	assert.Contains(t, got.problems(), "source")
	assert.Contains(t, got.problems(), "wording")
	assert.Equal(t, 415, s.importFile("\xff\xfee\x00", nil).status)
	assert.Equal(t, 415, s.importFile("PK\x03\x04", nil).status)
	assert.Equal(t, 403, s.call(journey.RoleIngest, http.MethodPost, "/api/imports", "email\n").status)
}

// An upload that breaks off goes on where it was, and an import that was being applied too; no line is lost and none counts twice.
func TestAnImportThatBreaksOffGoesOn(t *testing.T) {
	t.Parallel()
	s := open(t)
	var file strings.Builder
	file.WriteString("email,n\n")
	for n := range 5000 {
		fmt.Fprintf(&file, "c%d@example.com,%d\n", n, n)
	}
	here := httptest.NewServer(s.http)
	defer here.Close()
	cut := io.MultiReader(strings.NewReader(file.String()[:file.Len()*3/4]), failing{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, here.URL+"/api/imports", cut)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.keys[journey.RoleMarketer])
	r.Header.Set("Idempotency-Key", "crowd")
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		require.NoError(t, res.Body.Close())
	}
	require.Error(t, err)
	require.Eventually(t, func() bool { return one[int](s, `SELECT coalesce(max(lines), 0) FROM imports`) >= 2200 }, 10*time.Second, 10*time.Millisecond)
	again := s.call(journey.RoleMarketer, http.MethodPost, "/api/imports", file.String(), "Idempotency-Key", "crowd")
	require.Equal(t, 202, again.status, again.body)
	assert.InDelta(t, 5000, again.json["lines"], 0)
	for range 2 { // and then the process dies
		_, _, err := s.store.ApplyImport(t.Context(), intake.Profile, 1000)
		require.NoError(t, err)
		s.apply()
	}
	s.applyImports()
	assert.Equal(t, 5000, one[int](s, `SELECT count(*) FROM customers WHERE id <> 'cus_erased'`))
	assert.Equal(t, 5000, one[int](s, `SELECT count(*) FROM events`))
	assert.Equal(t, "done", s.must(journey.RoleMarketer, http.MethodPost, "/api/imports", file.String(), "Idempotency-Key", "crowd").json["state"], "and the same again does nothing")
}

// What was accepted before a line is applied before it, also where nobody has applied it yet.
func TestLinesComeBehindWhatWaits(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleMarketer, http.MethodPost, "/api/imports", "user_id,points\nu1,2\nu2,3\n", "Content-Type", "text/csv")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u1", "traits": m{"points": 1, "city": "Graz"}})
	n, busy, err := s.store.ApplyImport(t.Context(), intake.Profile, 1000)
	require.NoError(t, err)
	assert.Equal(t, []any{2, true}, []any{n, busy})
	assert.Equal(t, "1 2", one[string](s, `SELECT string_agg(number::text, ' ' ORDER BY turn) FROM events WHERE user_id = 'u1'`), "in the order of a stream")
	assert.Equal(t, `{"city": "Graz", "points": 2, "lifecycle": "prospect"}`, one[string](s, `
		SELECT (attributes - 'last_seen_at')::text FROM customers WHERE external_id = 'u1'`), "the line is the later word")
	assert.JSONEq(t, `{"import": "x", "line": 3, "source": "", "historical": true}`, one[string](s, `
		SELECT (context || '{"import": "x"}')::text FROM events WHERE user_id = 'u2'`))
	n, busy, err = s.store.ApplyImport(t.Context(), intake.Profile, 1000)
	require.NoError(t, err)
	assert.Equal(t, []any{0, false}, []any{n, busy})
	assert.Equal(t, "done", one[string](s, `SELECT state FROM imports`))
}

// Who an address belongs to is asked line by line: a line with an address alone is about her to whom a line above it gives that address.
// Lines that are refused only when they are applied can be mended from the report, too.
func TestALineWithAnAddressAloneIsAboutWhoHasItByThen(t *testing.T) {
	t.Parallel()
	s := open(t)
	got := s.importFile("email,user_id,points,topic:offers\nada@example.com,u1,1,\nada@example.com,,2,\nada@example.com,u2,3,\nada@example.com,,4.5,yes\n",
		url.Values{"source": {"x"}, "wording": {"y"}})
	assert.Equal(t, "u1=2 u2=3", one[string](s, `SELECT string_agg(external_id || '=' || (attributes->>'points'), ' ' ORDER BY external_id) FROM customers WHERE external_id <> ''`))
	assert.InDelta(t, 3, got.json["applied"], 0)
	assert.InDelta(t, 1, got.json["refused"], 0)
	refused := s.must(journey.RoleMarketer, http.MethodGet, "/api/imports/"+got.json["id"].(string)+"/refused.csv", nil)
	assert.Equal(t, "\ufeffline,reason,email,user_id,points,topic:offers\n"+
		"5,several customers have this address: name her by user_id,ada@example.com,,4.5,yes\n", refused.body)
}

// A line that nobody can apply stops neither the others nor what happens meanwhile.
func TestALineThatCannotBeAppliedIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleMarketer, http.MethodPost, "/api/imports", "user_id,points\nu1,1\nu2,2\nu3,3\n", "Content-Type", "text/csv")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u9", "traits": m{"points": 2}})
	profile := func(c journey.Customer, e journey.Event) journey.Change {
		if e.Imported() && e.UserID == "u2" {
			panic("it cannot")
		}
		return intake.Profile(c, e)
	}
	for busy := true; busy; {
		var err error
		_, busy, err = s.store.ApplyImport(t.Context(), profile, 1000)
		require.NoError(t, err)
	}
	assert.Equal(t, "u1 u3 u9", one[string](s, `SELECT string_agg(external_id, ' ' ORDER BY external_id) FROM customers WHERE external_id <> ''`))
	assert.Equal(t, "done 2 1", one[string](s, `SELECT concat_ws(' ', state, applied, refused) FROM imports`))
	assert.Equal(t, "3 it could not be applied (poison)", one[string](s, `SELECT line || ' ' || reason FROM import_lines`))
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line was cut") }

// A file of any length is taken in memory that does not grow with it.
func TestALongFileIsTakenInLittleMemory(t *testing.T) {
	s := open(t)
	const lines = 100_000
	here := httptest.NewServer(s.http)
	defer here.Close()
	before := heap()
	from := &endless{left: lines}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, here.URL+"/api/imports?dry_run=true", from)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.keys[journey.RoleMarketer])
	begun := time.Now()
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 202, res.StatusCode)
	took := time.Since(begun)
	assert.Equal(t, int64(lines), one[int64](s, `SELECT lines FROM imports`))
	grown := float64(max(from.most, heap())-before) / (1 << 20)
	assert.Less(t, grown, 64.0, "MiB")
	t.Logf("%d lines in %s, %.0f a second; the heap grew by %.0f MiB at most", lines, took.Round(time.Millisecond), lines/took.Seconds(), grown)
}

// endless writes a file as it is read, and looks at the heap meanwhile.
type endless struct {
	left, n int
	rest    []byte
	most    uint64
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.left == 0 {
			return 0, io.EOF
		}
		if e.n == 0 {
			e.rest = []byte("email,user_id,first_name,points\n")
		}
		for range min(e.left, 1000) {
			e.n++
			e.left--
			e.rest = fmt.Appendf(e.rest, "customer%d@example.com,u%d,Name %d,%d\n", e.n, e.n, e.n, e.n%100)
		}
		if e.n%20_000 == 0 {
			e.most = max(e.most, heap())
		}
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse
}

func TestAnExportIsWhatAnImportTakes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "=cmd|calc", "traits": m{"email": "ada@example.com", "first_name": "@Ada", "points": -7, "topics": m{"offers": true}}})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/group", m{"userId": "=cmd|calc", "groupId": "looms"})
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", m{"userId": "u2", "traits": m{"email": "grace@example.com"}})
	s.apply()
	got := s.must(journey.RoleAdmin, http.MethodGet, "/api/customers.csv?topic=offers&attribute=points", nil)
	lines := strings.Split(strings.TrimSpace(got.body), "\n")
	require.Len(t, lines, 2, got.body)
	assert.Equal(t, "\ufeffcustomer,user_id,email,first_name,last_name,locale,timezone,account,created_at,topic:offers,points", lines[0])
	assert.Regexp(t, `^cus_[^,]+,'=cmd\|calc,ada@example.com,'@Ada,,,,looms,[^,]+,given,-7$`, lines[1])
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "customers.export")
	assert.Equal(t, 404, s.call(journey.RoleAdmin, http.MethodGet, "/api/customers.csv?segment=nobody", nil).status)
	s.must(journey.RoleMarketer, http.MethodPut, "/api/segments/owing", m{"attribute": "points", "lt": 0})
	for {
		n, _, err := s.store.TendSegments(t.Context(), 100)
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	members := s.must(journey.RoleAdmin, http.MethodGet, "/api/customers.csv?segment=owing", nil).body
	assert.Contains(t, members, "ada@example.com")
	assert.NotContains(t, members, "grace@example.com")
	whole := s.must(journey.RoleAdmin, http.MethodGet, "/api/customers.csv", nil)
	back := s.importFile(whole.body, url.Values{"source": {"our own export"}, "wording": {"as before"}})
	require.Equal(t, 200, back.status, back.body)
	assert.InDelta(t, 0, back.json["refused"], 0, back.body)
	assert.InDelta(t, 2, back.json["known"], 0)
	assert.Equal(t, whole.body, s.must(journey.RoleAdmin, http.MethodGet, "/api/customers.csv", nil).body, "there and back changes nothing")
	assert.Equal(t, 403, s.call(journey.RoleMarketer, http.MethodGet, "/api/customers.csv", nil).status)
}

func TestErasingFindsLinesOfImports(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.importFile("email,user_id,points:x\nada@example.com,u1,1\n", nil)
	s.importFile("email,user_id,points\nada@example.com,u1,1\nada@example.com,u1\n,u1,2,3\nADA@example.com,,\n", url.Values{"dry_run": {"true"}})
	require.Equal(t, 4, one[int](s, `SELECT count(*) FROM import_lines`))
	out := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:u1/export", nil)
	assert.Len(t, out.json["import_lines"], 4)
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:u1", m{"reason": "she asked"})
	assert.Zero(t, one[int](s, `SELECT count(*) FROM import_lines`))
}
