package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// A journey goes from files to the server and back, and is changed while somebody is in it, all from the command line.
func TestVersionsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.dev(t)
	env := []string{"PERENNIAL_URL=" + p.url(), "PERENNIAL_KEY=" + p.keys(t)[string(journey.RoleMarketer)]}
	says := func(want int, args ...string) string {
		t.Helper()
		status, out, errs := command(t, env, append([]string{"journey"}, args...)...)
		require.Equal(t, want, status, "%v: %s%s", args, out, errs)
		t.Logf("$ perennial journey %s (status %d)\n%s%s", strings.Join(args, " "), status, out, errs)
		return out + errs
	}
	folder := writeJourney(t, strings.Replace(small, "wait: 6m", "wait: 6d", 1), "first", "second")
	assert.Contains(t, says(0, "plan", folder), "nothing is live yet")
	assert.Contains(t, says(0, "publish", folder), "small: version 1 is live")

	pulled := filepath.Join(t.TempDir(), "small")
	says(0, "pull", "small", pulled)
	says(0, "validate", pulled)
	assert.Empty(t, says(0, "fmt", "--check", pulled), "fmt leaves it alone")
	assert.Contains(t, says(0, "diff", pulled, "--check", "-o", "json"), "[]")
	assert.Contains(t, says(2, "pull", "small", pulled), "has a journey already")

	systems := p.as(t, journey.RoleIngest)
	systems.post("/v1/identify", map[string]any{"userId": "ada", "traits": map[string]any{"email": "ada@example.com", "topics": map[string]any{"news": true}}}, nil)
	systems.eventually(func() bool {
		return systems.server.call(t.Context(), "POST", "/api/journeys/small/enrollments", map[string]any{"customer": "user:ada"}, nil) == nil
	}, "ada in the journey")
	systems.eventually(func() bool { return strings.Contains(says(0, "plan", pulled), "at `wait-6d`: 1 person stays") }, "ada at the wait")

	path := filepath.Join(pulled, journeyFile)
	source := strings.NewReplacer("wait: 6d", "wait: 9d", "id: wait-6d", "id: pause-for-breath").Replace(read(t, path))
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	assert.Contains(t, says(2, "diff", pulled, "--check"), "step `pause-for-breath` waits 9 days instead of 6 days")
	assert.Contains(t, says(2, "publish", pulled, "--in-flight", "migrate"), "1 in flight would leave")
	assert.Contains(t, says(2, "publish", pulled, "--in-flight", "migrate", "--map", "nowhere=pause-for-breath"), "no version that somebody is in")
	assert.Contains(t, says(0, "publish", pulled, "--in-flight", "migrate", "--map", "wait-6d=pause-for-breath"), "1 in flight: migrate")
	systems.eventually(func() bool {
		return strings.Contains(says(0, "plan", pulled), "version 2, at `pause-for-breath`: 1 person")
	}, "ada in version 2")

	assert.Contains(t, says(0, "diff", "small", "--from", "1", "--to", "2"), "was called `wait-6d`")
	assert.Contains(t, says(0, "restore", "small", "--version", "1"), "version 1 of small is its draft again")
	assert.Contains(t, says(0, "undo", "small"), "taken back")
	assert.Contains(t, says(0, "redo", "small"), "made again")
	says(3, "redo", "small")
	says(0, "archive", "small")
	assert.Contains(t, says(0, "list"), "archived")
	assert.Contains(t, says(0, "restore", "small"), "takes people in again")
	says(3, "restore", "small")
	var list []journey.JourneyInfo
	require.NoError(t, json.Unmarshal([]byte(says(0, "list", "-o", "json")), &list))
	assert.NotEmpty(t, list)
	assert.Contains(t, says(2, "list", "-o", "xml"), "use text or json")
	says(1, "diff", "nowhere", "--from", "1")
}
