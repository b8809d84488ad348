package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOutdated(t *testing.T) {
	t.Parallel()
	def := parsed(t, "journey: a\nname: A\ntopic: offers\nenter:\n  when: { once: { at: 2030-02-05T10:00 } }\nsteps:\n  - send: hello\n  - wait: { until: 2030-02-06 }\n")
	at := func(day, hour int) string {
		return def.Outdated("journey.yaml", time.Date(2030, 2, day, hour, 0, 0, 0, time.UTC)).Error()
	}
	assert.Empty(t, at(5, 21), "somewhere it is still to come")
	assert.Equal(t, "journey.yaml:5:23: warning: 2030-02-05T10:00 has passed: nobody will enter; write a moment that is still to come", at(5, 23))
	assert.Contains(t, at(8, 0), `journey.yaml:8:1: warning: 2030-02-06 has passed: nobody will wait at "wait-until-2030-02-06"; write a moment that is still to come, or take the step out`)
	zoned := parsed(t, "journey: a\nname: A\ntopic: offers\nenter: { when: { once: { at: 2030-02-05T10:00, zone: Asia/Tokyo } } }\nsteps: [ { send: hello } ]\n")
	assert.NotEmpty(t, zoned.Outdated("", time.Date(2030, 2, 5, 2, 0, 0, 0, time.UTC)))
}
