package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/templates"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

func library() []string {
	var folders []string
	for _, name := range templates.Names() {
		folders = append(folders, filepath.Join("..", "..", "templates", name))
	}
	return folders
}

func TestValidateTheLibrary(t *testing.T) {
	t.Parallel()
	status, out, errs := command(t, nil, append([]string{"journey", "validate"}, library()...)...)
	assert.Equal(t, 0, status, out+errs)
	for _, name := range templates.Names() {
		assert.Contains(t, out, filepath.Join("templates", name)+": "+name+" is valid\n")
	}
}

// What a marketer reads who has made many mistakes: all of them, each with its place and the mend.
func TestValidatePrintsEveryFault(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"broken-journey", "broken-letters"} {
		status, out, _ := command(t, nil, "journey", "validate", filepath.Join("testdata", broken))
		assert.Equal(t, 2, status)
		golden(t, broken+".golden", out)
	}
	status, _, errs := command(t, nil, "journey", "validate", filepath.Join("testdata", "nowhere"))
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "nowhere")
	status, out, _ := command(t, nil, append([]string{"journey", "validate", filepath.Join("testdata", "broken-journey")}, library()[0])...)
	assert.Equal(t, 2, status, "one of two")
	assert.Contains(t, out, "is valid", "the other is looked at as well")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestFormatWritesTheCanonicalForm(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(library()[0])))
	path := filepath.Join(folder, "journey.yaml")
	source := "# Ours.\njourney:   small\nname: Small\ntopic: transactional\nenter: { when: api }\nsteps:\n- send: hello   # the first\n- wait: 3d\n"
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))

	status, out, _ := command(t, nil, "journey", "fmt", "--check", folder)
	assert.Equal(t, 2, status)
	assert.Equal(t, path+"\n", out)
	assert.Equal(t, source, read(t, path), "--check writes nothing")

	status, _, errs := command(t, nil, "journey", "fmt", folder)
	assert.Equal(t, 0, status, errs)
	formatted := read(t, path)
	assert.Contains(t, formatted, "# Ours.")
	assert.Contains(t, formatted, "# the first")
	assert.Contains(t, formatted, "id: hello")
	status, out, _ = command(t, nil, "journey", "fmt", "--check", folder)
	assert.Equal(t, 0, status, out)

	require.NoError(t, os.WriteFile(path, []byte("journey: [\n"), 0o600))
	status, out, _ = command(t, nil, "journey", "fmt", folder)
	assert.Equal(t, 2, status)
	assert.Contains(t, out, path+":")
	assert.Equal(t, "journey: [\n", read(t, path), "a file with faults stays as it is")
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func TestPublishToAServerThatRefuses(t *testing.T) {
	t.Parallel()
	folder := library()[0]
	status, _, errs := command(t, nil, "journey", "publish", folder)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "PERENNIAL_URL and PERENNIAL_KEY are not both set")

	answer, code := "", 422
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(answer))
	}))
	defer refuses.Close()
	env := []string{"PERENNIAL_URL=" + refuses.URL, "PERENNIAL_KEY=k"}
	answer = `{"title":"Unprocessable","detail":"the journey has faults","problems":[
		{"file":"journey.yaml","line":3,"column":8,"message":"there is no topic offers","mend":"declare it"},
		{"file":"journey.yaml","line":9,"column":5,"message":"there is no pool comeback","mend":"add it"}]}`
	status, _, errs = command(t, env, "journey", "publish", folder)
	assert.Equal(t, 2, status)
	for _, line := range []string{"planning " + filepath.Base(folder) + ": 422 Unprocessable: the journey has faults",
		"journey.yaml:3:8: there is no topic offers; declare it", "journey.yaml:9:5: there is no pool comeback; add it"} {
		assert.Contains(t, errs, line)
	}
	answer, code = "<html>Bad Gateway</html>", 502
	status, _, errs = command(t, env, "journey", "publish", folder)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "502 Bad Gateway")

	status, _, errs = command(t, env, "journey", "publish", filepath.Join("testdata", "broken-journey"))
	assert.Equal(t, 2, status, "what is broken is not even sent")
	assert.NotEmpty(t, errs)
	refuses.Close()
	status, _, errs = command(t, env, "journey", "publish", folder)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "planning "+filepath.Base(folder)+": ")
}

// writeJourney writes a journey's folder and returns its path.
func writeJourney(t *testing.T, source string, messages ...string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "journey.yaml"), []byte(source), 0o600))
	for _, m := range messages {
		text := "---\nsubject: About " + m + "\npreheader: A few words about it.\n---\n<p>Dear {{ customer.first_name | default \"customer\" }},</p>\n<p>this is " + m + ".</p>\n"
		require.NoError(t, os.WriteFile(filepath.Join(folder, m+".html"), []byte(text), 0o600))
	}
	return folder
}

// publishes is `perennial journey publish` to the place, with the marketer's key.
func (p *place) publishes(t *testing.T, folder string) (status int, out, errs string) {
	t.Helper()
	return command(t, []string{"PERENNIAL_URL=" + p.url(), "PERENNIAL_KEY=" + p.keys(t)[string(journey.RoleMarketer)]}, "journey", "publish", folder)
}

const small = `journey: small
name: A small one
topic: news
topics:
  news: { name: News }
enter: { when: api }
steps:
  - send: first
  - wait: 6m
  - send: second
`

func (p *place) refusesAndTakes(t *testing.T) {
	t.Helper()
	status, out, errs := p.publishes(t, writeJourney(t, small, "first", "second"))
	require.Equal(t, 0, status, out+errs)
	assert.Contains(t, out, "small: version 1 is live\n")
	status, out, errs = p.publishes(t, writeJourney(t, strings.Replace(small, "6m", "3m", 1), "first", "second"))
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "small: version 2 is live\n")

	wrong := []string{"PERENNIAL_URL=" + p.url(), "PERENNIAL_KEY=" + p.keys(t)[string(journey.RoleViewer)]}
	status, _, errs = command(t, wrong, "journey", "publish", writeJourney(t, small, "first", "second"))
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "403")
}

func TestGraph(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "win-back.svg")
	status, out, errs := command(t, nil, "journey", "graph", filepath.Join("..", "..", "templates", "win-back"), "-o", file)
	assert.Equal(t, 0, status, errs)
	assert.Equal(t, file+"\n", out)
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(svg), "<title>Win back inactive customers</title>")
	status, out, _ = command(t, nil, "journey", "graph", filepath.Join("..", "..", "templates", "win-back"), "--format", "mermaid")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "flowchart TD")
	status, _, errs = command(t, nil, "journey", "graph", filepath.Join("testdata", "broken-journey"))
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, "journey.yaml")
	status, _, errs = command(t, nil, "journey", "graph", filepath.Join("..", "..", "templates", "win-back"), "--format", "png")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "svg or mermaid")
}

func TestSchemaIsPrinted(t *testing.T) {
	t.Parallel()
	status, out, errs := command(t, nil, "journey", "schema")
	assert.Equal(t, 0, status, errs)
	assert.Equal(t, string(journey.Schema()), out)
}

func TestSimulateAFolder(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "templates", "win-back")
	script := filepath.Join(t.TempDir(), "lapses.yaml")
	require.NoError(t, os.WriteFile(script, []byte(`
start: 2026-03-02T08:00:00Z
customer: { first_name: Nora, timezone: Europe/Vienna, locale: en }
events:
  - { event: Order Completed, properties: { order_id: OL-1, total: 80, currency: EUR } }
  - { after: 68d, redeem: offer }
`), 0o600))
	mails := filepath.Join(t.TempDir(), "mails")
	status, out, errs := command(t, nil, "journey", "simulate", folder, "--script", script, "--mails", mails)
	assert.Equal(t, 0, status, errs)
	golden(t, "simulate-one.golden", out)
	written, err := os.ReadDir(mails)
	require.NoError(t, err)
	assert.Len(t, written, 4, "two mails, each as HTML and as text")

	status, out, _ = command(t, nil, "journey", "simulate", folder, "--customers", "200", "--start", "2026-03-02")
	assert.Equal(t, 0, status)
	_, out, _ = strings.Cut(out, "\n") // how long it took
	golden(t, "simulate-many.golden", out)

	status, out, _ = command(t, nil, "journey", "simulate", folder, "--customers", "5", "-o", "json")
	assert.Equal(t, 0, status)
	var s journey.Simulation
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	assert.Equal(t, 5, s.Customers)

	require.NoError(t, os.WriteFile(script, []byte("answers: 140%"), 0o600))
	status, _, errs = command(t, nil, "journey", "simulate", folder, "--script", script)
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, `"140%" is no share`)
	status, _, errs = command(t, nil, "journey", "simulate", "no-such-folder")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "PERENNIAL_URL")
}

func TestValidateAsJSON(t *testing.T) {
	t.Parallel()
	status, out, _ := command(t, nil, "journey", "validate", "-o", "json", library()[2], filepath.Join("testdata", "broken-journey"))
	assert.Equal(t, 2, status)
	var all []validated
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	require.Len(t, all, 2)
	assert.True(t, all[0].Valid)
	assert.Equal(t, "win-back", all[0].Journey)
	assert.False(t, all[1].Valid)
	assert.NotZero(t, all[1].Problems[0].Line)
	assert.NotEmpty(t, all[1].Problems[0].Message)
}
