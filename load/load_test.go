package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A small shop's day, with each kind of story in it.
func TestADayOfASmallShop(t *testing.T) {
	program := filepath.Join(t.TempDir(), "perennial")
	said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/perennial").CombinedOutput()
	require.NoError(t, err, string(said))
	var out strings.Builder
	o := options{bin: "../bin", program: program, data: t.TempDir(), customers: 500, day: 5 * time.Second, seed: 14}
	a, err := play(t.Context(), o, &out)
	require.NoError(t, err, "%s", out.String())
	differences := a.print(&out)
	assert.Zero(t, differences, "%s", out.String())
	for _, l := range a.lines {
		if l.what != "copies" && !strings.HasSuffix(l.what, "still inside") {
			assert.Positive(t, l.books, "the seed must be one with which everything happens: %s", l.what)
		}
	}
}

func TestTheAccountFindsADifference(t *testing.T) {
	t.Parallel()
	a := &account{}
	a.add("orders", 3, 3, "here")
	assert.Zero(t, a.print(new(strings.Builder)))
	a.add("mails", 3, 4, "there")
	var out strings.Builder
	assert.Equal(t, 1, a.print(&out))
	assert.Contains(t, out.String(), "≠")
}
