package journey

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorkingHours(t *testing.T) {
	t.Parallel()
	week := []string{"mon", "tue", "wed", "thu", "fri"}
	h := &Hours{Zone: "Europe/Paris", Open: []Opening{{Days: week, From: "13:00", To: "17:00"}, {Days: week, From: "09:00", To: "12:00"}},
		Holidays: []string{"2030-05-08"}}
	require.Empty(t, h.Check("hours"))
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return moment
	}
	for _, one := range []struct {
		from, due string
		work      time.Duration
		why       string
	}{
		{"2030-05-06T09:00:00+02:00", "2030-05-06T14:00:00+02:00", 4 * time.Hour, "the break at noon does not count"},
		{"2030-05-06T16:00:00+02:00", "2030-05-07T12:00:00+02:00", 4 * time.Hour, "the night does not, and what ends with the hours ends then"},
		{"2030-05-07T16:30:00+02:00", "2030-05-09T09:30:00+02:00", time.Hour, "nor does a holiday"},
		{"2030-05-10T18:00:00+02:00", "2030-05-13T10:00:00+02:00", time.Hour, "nor does a weekend"},
		{"2030-05-12T22:30:00Z", "2030-05-13T10:00:00+02:00", time.Hour, "the day is that of the team's zone"},
	} {
		assert.Equal(t, at(one.due).UTC(), h.After(at(one.from), one.work), one.why)
	}
	var always *Hours
	assert.Equal(t, at("2030-05-06T13:00:00Z"), always.After(at("2030-05-06T09:00:00Z"), 4*time.Hour), "no hours are around the clock")
	night := &Hours{Zone: "Europe/Paris", Open: []Opening{{Days: []string{"sun"}, From: "00:00", To: "24:00"}}}
	assert.Equal(t, at("2030-03-31T04:00:00+02:00").UTC(), night.After(at("2030-03-30T20:00:00Z"), 3*time.Hour), "the clocks go forward at two")
}

func TestWorkingHoursThatAreNone(t *testing.T) {
	t.Parallel()
	h := &Hours{Zone: "Mars", Open: []Opening{{Days: []string{"monday"}, From: "9", To: "25:00"}, {From: "17:00", To: "09:00"}}, Holidays: []string{"Christmas"}}
	var paths []string
	for _, p := range h.Check("hours") {
		paths = append(paths, p.Path)
		assert.NotEmpty(t, p.Mend, p.Path)
	}
	assert.Equal(t, []string{"hours.zone", "hours.open[0].days", "hours.open[0].from", "hours.open[0].to", "hours.open[1].days", "hours.open[1].to",
		"hours.holidays[0]"}, paths, "all faults at once")
	assert.Len(t, (&Hours{Zone: "UTC"}).Check("hours"), 1)
}

func TestATaskDueInWorkingHours(t *testing.T) {
	t.Parallel()
	const source = "journey: calls\nname: Calls\ntopic: transactional\nenter: { when: api }\nsteps:\n" +
		"  - task: { title: Call her, team: support, due: { working: %s }, wait: 3d, outcomes: [ { if: { answer: outcome, in: [ reached, angry ] }, then: [ { exit: talked } ] } ] }\n"
	def, problems := Parse("journey.yaml", []byte(strings.Replace(source, "%s", "4h", 1)))
	require.Empty(t, problems.Errors())
	task := def.Steps[0].Task
	assert.True(t, task.Working)
	assert.Equal(t, []string{"support"}, def.Needs().Teams)
	assert.Equal(t, []string{"reached", "angry"}, task.OutcomeWords())
	neat, problems := Format([]byte(strings.Replace(source, "%s", "4h", 1)))
	require.Empty(t, problems.Errors())
	again, problems := Parse("journey.yaml", neat)
	require.Empty(t, problems.Errors())
	assert.Equal(t, def.Hash, again.Hash, "formatting keeps it")

	_, problems = Parse("journey.yaml", []byte(strings.Replace(source, "%s", "2d", 1)))
	require.Len(t, problems.Errors(), 1)
	assert.Contains(t, problems[0].Message, "counts in days")
}
