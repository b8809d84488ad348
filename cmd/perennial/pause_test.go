package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// Support pauses one customer between two letters for a minute. Nothing goes to her meanwhile, and the next one leaves later
// than it would have by exactly as long as she was paused. Nobody else notices. A minute of the product takes a second here.
func TestPausingOneCustomerBetweenTwoLetters(t *testing.T) {
	t.Parallel()
	const speed = 60
	p := newPlace(t)
	p.dev(t, "--speed=60")
	status, out, errs := p.publishes(t, writeJourney(t, small, "first", "second"))
	require.Equal(t, 0, status, out+errs)

	systems, support := p.as(t, journey.RoleIngest), p.as(t, journey.RoleSupport)
	ids := map[string]string{}
	for _, name := range []string{"paused", "other", "another"} {
		systems.post("/v1/identify", map[string]any{"userId": name, "traits": map[string]any{
			"email": name + "@example.com", "topics": map[string]any{"news": true}}}, nil)
		support.eventually(func() bool {
			var c struct{ ID string }
			err := support.server.call(t.Context(), http.MethodGet, "/api/customers/user:"+name, nil, &c)
			ids[name] = c.ID
			return err == nil
		}, "the profile of "+name)
		systems.post("/api/journeys/small/enrollments", map[string]any{"customer": "user:" + name}, nil)
	}
	letter := func(name, template string) *journey.MessageSummary {
		for _, m := range support.messages("customer=" + ids[name]) {
			if m.Template == template && m.State == journey.MessageAccepted {
				return &m
			}
		}
		return nil
	}
	support.eventually(func() bool { return letter("paused", "first") != nil }, "her first letter")

	var paused struct{ Pause journey.PauseView }
	support.post("/api/customers/user:paused/pause", map[string]any{"reason": "she is at sea", "on_resume": "keep"}, &paused)
	support.eventually(func() bool { return letter("other", "second") != nil && letter("another", "second") != nil }, "the second letter of the others")
	assert.Nil(t, letter("paused", "second"), "nothing goes to her")
	var resumed struct{ Ended []journey.PauseView }
	support.post("/api/customers/user:paused/resume", map[string]any{}, &resumed)
	require.Len(t, resumed.Ended, 1)
	length := resumed.Ended[0].EndedAt.Sub(paused.Pause.Since)
	assert.Greater(t, length, time.Minute)
	t.Logf("paused for %s", length)

	support.eventually(func() bool { return letter("paused", "second") != nil }, "her second letter")
	const step = 6 * time.Minute
	for name := range ids {
		second := letter(name, "second")
		var she journey.EnrollmentView
		support.get("/api/enrollments/"+second.Enrollment, &she)
		want := step
		if name == "paused" {
			want += length
		}
		promised := second.NotBefore.Sub(she.Entered)
		assert.Equal(t, want, promised, "%s: promised so long after she entered", name)
		late := second.SentAt.Sub(second.NotBefore)
		assert.GreaterOrEqual(t, late, time.Duration(0), "%s: not before it was promised", name)
		assert.Less(t, late, 10*time.Second*speed, "%s: a few seconds of the wall, on a machine that is busy with other tests", name)
		t.Logf("%s: the second letter was promised %s after she entered, and left %s later", name, promised, late)
	}
	assert.Len(t, p.delivered(t), 6)
}

func (c *caller) eventually(condition func() bool, what string) {
	c.t.Helper()
	testenv.Eventually(c.t, 30*time.Second, condition, "%s", what)
}
