package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"perennial/engine/enginetest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// running is an inbox that a test talks to from outside.
type running struct {
	*Server
	t    testing.TB
	smtp string
	http string
}

func start(t testing.TB, dir string, limit int) *running {
	t.Helper()
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	web, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, err := Start(Options{Dir: dir, SMTP: mail, HTTP: web, Limit: limit, Say: enginetest.Say(t)})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return &running{Server: s, t: t, smtp: mail.Addr().String(), http: "http://" + web.Addr().String()}
}

func (r *running) send(raw string, to ...string) error {
	return smtp.SendMail(r.smtp, nil, "shop@example.com", to, []byte(raw))
}

func (r *running) get(path string, into any) int {
	r.t.Helper()
	res, err := http.Get(r.http + path)
	require.NoError(r.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	switch into := into.(type) {
	case nil:
	case *string:
		*into = string(body)
	default:
		require.NoError(r.t, json.Unmarshal(body, into), string(body))
	}
	return res.StatusCode
}

func (r *running) list(path string) messagesSummary {
	r.t.Helper()
	var list messagesSummary
	require.Equal(r.t, http.StatusOK, r.get(path, &list))
	return list
}

func (r *running) search(query string) []string {
	r.t.Helper()
	var subjects []string
	for _, m := range r.list("/api/v1/search?query=" + url.QueryEscape(query)).Messages {
		subjects = append(subjects, m.Subject)
	}
	return subjects
}

func (r *running) delete(body string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodDelete, r.http+"/api/v1/messages", strings.NewReader(body))
	require.NoError(r.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	require.Equal(r.t, http.StatusOK, res.StatusCode)
}

const welcome = "From: =?utf-8?q?Zo=C3=AB?= <zoe@shop.example>\r\n" +
	"To: Ada Lovelace <ada@example.com>\r\n" +
	"Subject: =?utf-8?b?V2VsY29tZSDigJMgaGVsbG8=?=\r\n" +
	"Message-ID: <m1@shop.example>\r\n" +
	"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n" +
	"List-Unsubscribe: <https://shop.example/u/x>, <mailto:u@shop.example>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Ada, your coupon is TREE-7.\r\n.a line with a dot\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>Ada</b></p><script>alert(1)</script>\r\n--b--\r\n"

func plain(to, subject string) string {
	return fmt.Sprintf("From: shop@example.com\r\nTo: %s\r\nSubject: %s\r\n\r\nbody of %s\r\n", to, subject, subject)
}

func TestRoundTripInMailpitsShape(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 0)
	require.NoError(t, in.send(welcome, "ada@example.com", "hidden@example.com"))

	check := func(in *running) {
		list := in.list("/api/v1/messages")
		require.Len(t, list.Messages, 1)
		assert.Equal(t, 1, list.Total)
		m := list.Messages[0]
		assert.Equal(t, "Welcome – hello", m.Subject)
		assert.Equal(t, Address{"Zoë", "zoe@shop.example"}, m.From)
		assert.Equal(t, []Address{{"Ada Lovelace", "ada@example.com"}}, m.To)
		assert.Equal(t, []Address{{"", "hidden@example.com"}}, m.Bcc)
		assert.Equal(t, "m1@shop.example", m.MessageID)
		assert.Contains(t, m.Snippet, "your coupon is TREE-7")

		var whole message
		require.Equal(t, http.StatusOK, in.get("/api/v1/message/"+m.ID, &whole))
		assert.Contains(t, whole.Text, "Hello Ada, your coupon is TREE-7.")
		assert.Contains(t, whole.HTML, "<b>Ada</b>")
		assert.Equal(t, "shop@example.com", whole.ReturnPath)
		assert.Equal(t, 2026, whole.Date.Year())
		assert.Equal(t, []string{"https://shop.example/u/x", "mailto:u@shop.example"}, whole.ListUnsubscribe.Links)
		assert.Equal(t, "List-Unsubscribe=One-Click", whole.ListUnsubscribe.HeaderPost)

		var raw string
		require.Equal(t, http.StatusOK, in.get("/api/v1/message/"+m.ID+"/raw", &raw))
		assert.Equal(t, welcome, raw, "the bytes are kept as they came")
		require.Equal(t, http.StatusOK, in.get("/api/v1/message/latest/raw", &raw))
		assert.Equal(t, welcome, raw)

		var headers map[string][]string
		require.Equal(t, http.StatusOK, in.get("/api/v1/message/"+m.ID+"/headers", &headers))
		assert.Equal(t, []string{"List-Unsubscribe=One-Click"}, headers["List-Unsubscribe-Post"])
	}
	check(in)
	in.Stop()
	check(start(t, dir, 0))
}

func TestSearch(t *testing.T) {
	t.Parallel()
	in := start(t, t.TempDir(), 0)
	require.NoError(t, in.send(plain("Ada <ada@example.com>", "first order"), "ada@example.com"))
	require.NoError(t, in.send(plain("bob@example.com", "second order"), "bob@example.com"))

	for query, want := range map[string][]string{
		"to:ada@example.com":               {"first order"},
		"to:ADA":                           {"first order"},
		"subject:order":                    {"second order", "first order"},
		`subject:"second order"`:           {"second order"},
		"from:shop@example.com -to:bob":    {"first order"},
		"order !first":                     {"second order"},
		`"body of second"`:                 {"second order"},
		"to:nobody@example.com":            nil,
		"addressed:bob@example.com second": {"second order"},
		"has:attachment":                   nil,
	} {
		assert.Equal(t, want, in.search(query), query)
	}
	page := in.list("/api/v1/search?query=order&start=1&limit=1")
	assert.Equal(t, 2, page.MessagesCount)
	require.Len(t, page.Messages, 1)
	assert.Equal(t, "first order", page.Messages[0].Subject)
	assert.Equal(t, http.StatusBadRequest, in.get("/api/v1/search", nil))
	assert.Equal(t, http.StatusNotFound, in.get("/api/v1/message/nothing", nil))
}

func TestDeletionsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 0)
	for _, subject := range []string{"one", "two", "three"} {
		require.NoError(t, in.send(plain("a@example.com", subject), "a@example.com"))
	}
	two := in.list("/api/v1/search?query=two").Messages[0].ID
	in.delete(fmt.Sprintf(`{"IDs": [%q, "unknown"]}`, two))
	assert.Equal(t, []string{"three", "one"}, in.search("to:a@example.com"))
	in.Stop()

	in = start(t, dir, 0)
	assert.Equal(t, []string{"three", "one"}, in.search("to:a@example.com"))
	in.delete("")
	require.NoError(t, in.send(plain("a@example.com", "after"), "a@example.com"))
	in.Stop()
	assert.Equal(t, []string{"after"}, start(t, dir, 0).search("to:a@example.com"))
}

func TestOldestAreDroppedAboveTheLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 3)
	for i := range 5 {
		require.NoError(t, in.send(plain("a@example.com", fmt.Sprint("number ", i)), "a@example.com"))
	}
	want := []string{"number 4", "number 3", "number 2"}
	assert.Equal(t, want, in.search("to:a@example.com"))
	in.Stop()
	assert.Equal(t, want, start(t, dir, 3).search("to:a@example.com"))
}

func TestRefusalsOnDemand(t *testing.T) {
	t.Parallel()
	in := start(t, t.TempDir(), 0)
	for recipient, want := range map[string]string{
		"reject-550@example.com":       "550 5.1.1",
		"reject-452@example.com":       "452 4.0.0",
		"Reject-550-5.7.1@example.com": "550 5.7.1",
		"defer-451@example.com":        "451 4.0.0",
	} {
		err := in.send(plain(recipient, "no"), recipient)
		var reply *textproto.Error
		require.ErrorAs(t, err, &reply, recipient)
		assert.Equal(t, want, fmt.Sprintf("%d %s", reply.Code, strings.Fields(reply.Msg)[0]), recipient)
	}
	assert.Zero(t, in.list("/api/v1/messages").Total)
	require.NoError(t, in.send(plain("reject-999@example.com", "yes"), "reject-999@example.com"))
}

func TestWhatTheServerOffers(t *testing.T) {
	t.Parallel()
	in := start(t, t.TempDir(), 0)
	c, err := smtp.Dial(in.smtp)
	require.NoError(t, err)
	defer c.Close()
	for _, name := range []string{"PIPELINING", "SMTPUTF8", "8BITMIME", "ENHANCEDSTATUSCODES"} {
		ok, _ := c.Extension(name)
		assert.True(t, ok, name)
	}
	_, size := c.Extension("SIZE")
	assert.Equal(t, fmt.Sprint(25<<20), size)
	ok, _ := c.Extension("AUTH")
	assert.False(t, ok)
}

func TestManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 0)
	const connections, each = 16, 25
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			for j := range each {
				assert.NoError(t, in.send(plain("a@example.com", fmt.Sprintf("%d-%d", i, j)), "a@example.com"))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, connections*each, in.list("/api/v1/messages?limit=0").Total)
	in.Stop()
	assert.Equal(t, connections*each, start(t, dir, 0).list("/api/v1/messages?limit=0").Total)
}

// A crash in the middle of a write leaves half a record, which was never acknowledged. What was, is all there.
func TestATornRecordIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 0)
	require.NoError(t, in.send(plain("a@example.com", "kept"), "a@example.com"))
	path := segmentPath(dir, 1)
	whole, err := os.ReadFile(path) // as it is on disk while the server runs: nothing is buffered
	require.NoError(t, err)

	for _, cut := range []int{1, prefixSize - 1, prefixSize + 5, len(whole) - 1} {
		copied := t.TempDir()
		torn := append(bytes.Clone(whole), whole[:cut]...)
		require.NoError(t, os.WriteFile(segmentPath(copied, 1), torn, 0o600))
		after := start(t, copied, 0)
		require.NoError(t, after.send(plain("a@example.com", "later"), "a@example.com"))
		after.Stop()
		assert.Equal(t, []string{"later", "kept"}, start(t, copied, 0).search("to:a@example.com"), "cut at %d", cut)
	}
}

func TestSegmentsAreTurnedOverAndRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, dir, 2)
	in.store.segmentMax = 1000
	for range 20 {
		require.NoError(t, in.send(plain("a@example.com", strings.Repeat("long ", 100)), "a@example.com"))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.messages"))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(files), 3, "segments of dropped messages are gone")
	assert.NotContains(t, files, segmentPath(dir, 1))
}

func TestPages(t *testing.T) {
	t.Parallel()
	in := start(t, t.TempDir(), 0)
	var page string
	require.Equal(t, http.StatusOK, in.get("/", &page))
	assert.Contains(t, page, "No mail yet")

	require.NoError(t, in.send(strings.Replace(welcome, "Subject: ", "Subject: <img src=x onerror=alert(1)> ", 1), "ada@example.com"))
	require.Equal(t, http.StatusOK, in.get("/?q=ada", &page))
	assert.Contains(t, page, "&lt;img src=x onerror")
	assert.NotContains(t, page, "<img")
	for _, tab := range []string{"html", "text", "headers", "raw"} {
		require.Equal(t, http.StatusOK, in.get("/view/latest?tab="+tab, &page), tab)
		assert.NotContains(t, page, "<script>alert", tab)
	}
	assert.Equal(t, http.StatusNotFound, in.get("/view/nothing", nil))

	res, err := http.Get(in.http + "/view/latest.html")
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(body), `<base target="_blank"><p>Hello`), string(body))
	assert.Equal(t, `<!doctype html><head><base target="_blank"><title>x`, inNewTab(`<!doctype html><head><title>x`))
	policy := res.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "sandbox")
	assert.NotContains(t, policy, "allow-scripts")
	assert.NotContains(t, policy, "http", "nothing is loaded from outside")
}

func TestAnotherSitesPageCannotEmptyTheInbox(t *testing.T) {
	t.Parallel()
	in := start(t, t.TempDir(), 0)
	require.NoError(t, in.send(plain("a@example.com", "kept"), "a@example.com"))
	req, err := http.NewRequest(http.MethodDelete, in.http+"/api/v1/messages", nil)
	require.NoError(t, err)
	req.Header.Set("Origin", "https://elsewhere.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
	assert.Equal(t, 1, in.list("/api/v1/messages").Total)
}

// BenchmarkAccept measures whole SMTP transactions on kept connections, each answered after its fsync.
func BenchmarkAccept(b *testing.B) {
	for _, connections := range []int{2, 16} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			in := start(b, b.TempDir(), 0)
			raw := []byte(plain("a@example.com", "benchmark") + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 140))
			b.SetParallelism(max(1, connections/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				c, err := smtp.Dial(in.smtp)
				require.NoError(b, err)
				defer c.Close()
				for pb.Next() {
					require.NoError(b, c.Mail("shop@example.com"))
					require.NoError(b, c.Rcpt("a@example.com"))
					w, err := c.Data()
					require.NoError(b, err)
					_, _ = w.Write(raw)
					require.NoError(b, w.Close())
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
