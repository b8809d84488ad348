package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/templates"
)

func TestTheLibrarysScenarios(t *testing.T) {
	t.Parallel()
	status, out, errs := command(t, nil, append([]string{"journey", "test"}, library()...)...)
	assert.Equal(t, 0, status, out+errs)
	assert.Contains(t, out, "  ok   She says nothing at all, and is left in peace (silent.yaml)\n")
	assert.Contains(t, out, "  12 of 12 steps are come to\n")
	assert.NotContains(t, out, "NOT")
}

// What init writes is valid, canonical and tested, from the starter and from each journey that ships; it overwrites nothing.
func TestInit(t *testing.T) {
	t.Parallel()
	for _, from := range append([]string{""}, templates.Names()...) {
		folder := filepath.Join(t.TempDir(), "spring-sale")
		status, out, errs := command(t, nil, "journey", "init", folder, "--from", from)
		require.Equal(t, 0, status, errs)
		assert.Contains(t, out, filepath.Join(folder, "journey.yaml")+"\n")
		for _, verb := range []string{"validate", "test", "fmt"} {
			status, out, errs = command(t, nil, "journey", verb, folder)
			assert.Equal(t, 0, status, "%s %s: %s%s", from, verb, out, errs)
		}
		source, err := os.ReadFile(filepath.Join(folder, "journey.yaml"))
		require.NoError(t, err)
		assert.Contains(t, string(source), "journey: spring-sale\n")
		assert.Contains(t, string(source), "# ←", "what is to be said is marked")
		status, _, errs = command(t, nil, "journey", "init", folder)
		assert.Equal(t, 1, status)
		assert.Contains(t, errs, "exists already")
	}
	status, _, errs := command(t, nil, "journey", "init", filepath.Join(t.TempDir(), "a"), "--from", "nothing")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "onboarding, post-purchase, win-back, graceful-exit")
	status, _, _ = command(t, nil, "journey", "init", filepath.Join(t.TempDir(), "Not A Key"))
	assert.Equal(t, 1, status)
}

func TestScenariosThatFail(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "spring-sale")
	status, _, errs := command(t, nil, "journey", "init", folder)
	require.Equal(t, 0, status, errs)
	require.NoError(t, os.Remove(filepath.Join(folder, "scenarios", "reads-both.yaml")))
	file := filepath.Join(folder, "scenarios", "buys.yaml")
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	wrong := strings.Replace(string(source), "exit bought", "exit finished", 1)
	require.NoError(t, os.WriteFile(file, []byte(wrong), 0o600))

	status, out, _ := command(t, nil, "journey", "test", folder)
	assert.Equal(t, 2, status)
	assert.Contains(t, out, "  NOT  She orders before the second letter")
	assert.Contains(t, out, "+1d Tue 10:00 exit bought")
	assert.Contains(t, out, "  2 of 3 steps are come to\n  NOT  no scenario comes to one-more-thing\n")

	status, out, _ = command(t, nil, "journey", "test", folder, "-o", "json")
	assert.Equal(t, 2, status)
	var all []tested
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	require.Len(t, all, 1)
	assert.Equal(t, []string{"one-more-thing"}, all[0].NeverVisited)

	status, out, _ = command(t, nil, "journey", "test", folder, "-o", "junit")
	assert.Equal(t, 2, status)
	assert.Contains(t, out, `<testsuite name="spring-sale" tests="2" failures="2">`)

	_, _, _ = command(t, nil, "journey", "test", folder, "--update")
	mended, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(source), string(mended))
}
