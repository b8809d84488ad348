package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/faults/point"
	"perennial/journey"
	"perennial/testenv"
)

// pointed is the program with failpoints in it.
func pointed(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "perennial")
	said, err := exec.Command("go", "build", "-tags", "failpoints", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(said))
	return path
}

// The process ends itself with kill -9 at each moment at which that matters, and is started again, to end at the next one. In the end
// every customer has her letter once; two of them may have none, those that were between the dot and the stored reply: they are `unknown`.
func TestKill9AtEveryPointLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	p, program := newPlace(t), pointed(t)
	t.Cleanup(func() { p.vacate(t) })
	dev := p.dev(t)
	status, out, errs := p.publishes(t, writeJourney(t, "journey: small\nname: A small one\ntopic: news\ntopics:\n  news: { name: News }\n"+
		"enter: { when: { event: Signed Up } }\nreentry: never\nsteps:\n  - send: first\n", "first"))
	require.Equal(t, 0, status, out+errs)
	dev.kill()
	p.vacate(t)

	fates := func() map[journey.MessageState]int {
		all := map[journey.MessageState]int{}
		for _, m := range p.as(t, journey.RoleViewer).messages("journey=small") {
			all[m.State]++
		}
		return all
	}
	args := append([]string{"dev"}, p.flags()...)
	for i, name := range point.Names() {
		armed := filepath.Join(t.TempDir(), "armed")
		dev = startOf(t, program, []string{"PERENNIAL_FAILPOINT=" + string(name), "PERENNIAL_FAILPOINT_ARMED=" + armed}, args...)
		testenv.Eventually(t, time.Minute, p.ready, "an answer")
		// Only the letter of this round may be under way when it dies: another one at its dot would be in doubt, too.
		testenv.Eventually(t, 2*time.Minute, func() bool { return settled(fates(), i) }, "the letters before this to be sent, or in doubt")
		require.NoError(t, os.WriteFile(armed, nil, 0o600))
		who := fmt.Sprintf("ada%d", i)
		events := []map[string]any{
			{"type": "identify", "userId": who, "messageId": who + "-1", "traits": map[string]any{"email": who + "@example.com", "topics": map[string]any{"news": true}}},
			{"type": "track", "userId": who, "messageId": who + "-2", "event": "Signed Up"},
		}
		systems := p.as(t, journey.RoleIngest)
		testenv.Eventually(t, time.Minute, func() bool { // as a system would: again, under the same ids, until it is taken or nobody is there
			err := systems.server.call(t.Context(), "POST", "/v1/batch", map[string]any{"batch": events}, nil)
			return err == nil || !dev.running()
		}, "the events to be taken")
		assert.Equal(t, -1, dev.endsWithin(time.Minute), "it ends itself at %s", name)
		p.vacate(t)
	}

	dev = p.dev(t)
	people := len(point.Names())
	testenv.Eventually(t, 2*time.Minute, func() bool { return settled(fates(), people) }, "everybody's letter to be sent, or in doubt")
	f := fates()
	assert.LessOrEqual(t, f[journey.MessageUnknown], 2, "after-at-dot and before-reply")
	got := map[string]int{}
	for _, m := range p.delivered(t) {
		for _, to := range m.To {
			got[to.Address]++
		}
	}
	for who, times := range got {
		assert.Equal(t, 1, times, who)
	}
	assert.GreaterOrEqual(t, len(got), f[journey.MessageAccepted])
	t.Logf("%d points, %v, %d people have a letter", people, f, len(got))
	dev.kill()
}

// settled says whether so many letters have come to their end.
func settled(fates map[journey.MessageState]int, letters int) bool {
	return fates[journey.MessageAccepted]+fates[journey.MessageUnknown] == letters
}
