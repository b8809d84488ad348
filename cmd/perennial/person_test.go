package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// person is a customer of a plant, or somebody of a team of it: whoever reads mail.
type person struct {
	*plant
	id, address string // id is the shop's own
}

// newTown is a plant whose links can be followed, and the domain of those who live there: the inbox is shared with other tests.
func newTown(t *testing.T, speed float64) (p *plant, domain string) {
	t.Helper()
	p = newPlant(t, speed)
	p.configure = func(c *config) { c.PublicURL = "http://" + p.address }
	return p, strings.ToLower(journey.NewID("p")) + ".example.com"
}

// at is somebody with an address there.
func (p *plant) at(domain, name string) *person { return &person{p, name, name + "@" + domain} }

// arrives tells of a customer, as a shop does.
func (w *person) arrives(traits map[string]any) *person {
	w.t.Helper()
	all := map[string]any{"email": w.address}
	for name, value := range traits {
		all[name] = value
	}
	require.NoError(w.t, w.post("/v1/identify", map[string]any{"userId": w.id, "traits": all}))
	return w
}

func (w *person) does(event string, properties map[string]any) {
	w.t.Helper()
	require.NoError(w.t, w.post("/v1/track", map[string]any{"userId": w.id, "event": event, "properties": properties, "messageId": journey.NewID("did-")}))
}

// enters is put into a journey over the API, once what the shop told of her is applied.
func (w *person) enters(key string) {
	w.t.Helper()
	var entry struct{ Entered bool }
	testenv.Eventually(w.t, 20*time.Second, func() bool {
		err := w.api().call(w.t.Context(), http.MethodPost, "/api/journeys/"+key+"/enrollments", map[string]any{"customer": "user:" + w.id}, &entry)
		return err == nil && entry.Entered
	}, "%s to enter %s", w.id, key)
}

// got are her mails with that subject, the newest first.
func (w *person) got(subject string) (found []testenv.Mail) {
	w.t.Helper()
	for _, m := range testenv.TheInbox(w.t).To(w.t, w.address) {
		if m.Subject == subject {
			found = append(found, m)
		}
	}
	return found
}

// gets waits for a mail and returns its text; it came once.
func (w *person) gets(subject string) (text string) {
	w.t.Helper()
	var found []testenv.Mail
	testenv.Eventually(w.t, 40*time.Second, func() bool { found = w.got(subject); return len(found) > 0 }, "%s to get %q", w.address, subject)
	require.Len(w.t, found, 1, "%s to %s", subject, w.address)
	return testenv.TheInbox(w.t).Text(w.t, found[0].ID)
}

// subjects are those of all her mails, the oldest first.
func (w *person) subjects() (list []string) {
	w.t.Helper()
	for _, m := range testenv.TheInbox(w.t).To(w.t, w.address) {
		list = append([]string{m.Subject}, list...)
	}
	return list
}

// stands is what support reads of her place in a journey; nothing while she is not in it yet.
func (w *person) stands(key string) (e journey.EnrollmentView) {
	w.t.Helper()
	var c struct{ Enrollments []journey.EnrollmentView }
	if err := w.api().call(w.t.Context(), http.MethodGet, "/api/customers/user:"+w.id, nil, &c); err != nil {
		require.ErrorContains(w.t, err, "no customer")
	}
	for _, e := range c.Enrollments {
		if e.Journey == key {
			return e
		}
	}
	return e
}

var linked = regexp.MustCompile(`http://[0-9.:]+/(\w+)/[A-Za-z0-9_=-]+`)

// linkTo is the link of that kind in the text of a mail.
func linkTo(t *testing.T, kind, text string) string {
	t.Helper()
	for _, m := range linked.FindAllStringSubmatch(text, -1) {
		if m[1] == kind {
			return m[0]
		}
	}
	require.Fail(t, "no link to "+kind, text)
	return ""
}

// follows opens a link as her browser does; with a form it posts it.
func (w *person) follows(method, link string, form url.Values) (page string) {
	w.t.Helper()
	return browse(w.t, http.DefaultClient, method, link, form)
}

func browse(t *testing.T, client *http.Client, method, link string, form url.Values) (page string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s %s: %s", method, link, raw)
	return string(raw)
}

// colleague signs the first admin in to the console, by a link, and returns what reads its pages.
func (p *plant) colleague() (page func(path string) string) {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	link, err := p.app.devLink(p.t.Context())
	require.NoError(p.t, err)
	browse(p.t, client, http.MethodPost, link, url.Values{})
	return func(path string) string { return browse(p.t, client, http.MethodGet, "http://"+p.address+path, nil) }
}

// takes publishes a folder, as a marketer does from the command line.
func (p *plant) takes(folder string) {
	p.t.Helper()
	status, out, errs := command(p.t, []string{"PERENNIAL_URL=http://" + p.address, "PERENNIAL_KEY=" + p.key}, "journey", "publish", folder)
	require.Equal(p.t, 0, status, out+errs)
}

// folderOf writes a journey and its messages, each with a subject and a line of text.
func folderOf(t *testing.T, source string, messages map[string]string) string {
	t.Helper()
	folder := writeJourney(t, source)
	for name, line := range messages {
		subject, text, _ := strings.Cut(line, ": ")
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".html"), fmt.Appendf(nil, "---\nsubject: %s\n---\n<p>%s</p>\n", subject, text), 0o600))
	}
	return folder
}

// team makes a team whose one address is there.
func (p *plant) team(domain, key string, more map[string]any) *person {
	p.t.Helper()
	who := p.at(domain, key)
	body := map[string]any{"emails": []string{who.address}}
	for name, value := range more {
		body[name] = value
	}
	require.NoError(p.t, p.api().call(p.t.Context(), http.MethodPut, "/api/teams/"+key, body, nil))
	return who
}
