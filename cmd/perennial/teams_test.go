package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

const callsJourney = `journey: calls
name: Calls
topic: transactional
enter: { when: { event: Call Wanted } }
reentry: always
steps:
  - task: { title: Call her, team: support, due: { working: 4h } }
`

// A task that nobody does: its team is told once, while it works; an hour of its work later the leads are; and everybody sees it on Today
// and among the tasks. A day takes a second here.
func TestATaskThatNobodyDoes(t *testing.T) {
	t.Parallel()
	p, town := newTown(t, dayOf(time.Second))
	p.start(p.url)
	leads := p.team(town, "leads", nil)
	hours := &journey.Hours{Zone: "Europe/Paris", Holidays: []string{}, Open: []journey.Opening{
		{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: "09:00", To: "17:30"}}}
	support := p.team(town, "support", map[string]any{"hours": hours, "escalate_to": "leads", "default": true})
	p.takes(folderOf(t, callsJourney, nil))
	ada := p.at(town, "ada").arrives(map[string]any{"first_name": "Ada"})
	ada.does("Call Wanted", nil)

	first := support.gets("Overdue: Call her")
	assert.Contains(t, first, "For Ada")
	assert.Regexp(t, `It was due \w+ \d+ \w+ \d{4}, \d\d:\d\d CES?T`, first, "in the zone of the team")
	assert.Contains(t, first, "Nobody of support has claimed it")
	leads.gets("Still overdue: Call her")
	var list journey.Page[journey.TaskView]
	require.NoError(t, p.api().call(t.Context(), http.MethodGet, "/api/tasks?state=overdue", nil, &list))
	require.Len(t, list.Data, 1)
	task := list.Data[0]
	require.NotNil(t, task.EscalatedAt)
	require.NotNil(t, task.PassedOnAt)
	assert.Contains(t, first, "http://"+p.address+"/tasks/"+task.ID)
	assert.Equal(t, task.EscalatedAt.UTC(), hours.After(*task.EscalatedAt, 0).UTC(), "in its hours")
	assert.False(t, task.EscalatedAt.Before(*task.DueAt))
	assert.False(t, task.PassedOnAt.Before(hours.After(*task.EscalatedAt, time.Hour)), "after an hour of its work")

	page := p.colleague()
	for _, path := range []string{"/", "/tasks?view=overdue", "/tasks/" + task.ID} {
		assert.Contains(t, page(path), "Call her", path)
	}
	assert.Contains(t, page("/"), "/tasks/"+task.ID, "Today opens it")
	assert.Contains(t, page("/tasks/"+task.ID), "The team above it was told")

	require.NoError(t, p.post("/api/tasks/"+task.ID+"/done", map[string]any{"outcome": "reached"}))
	assert.NotContains(t, page("/"), "/tasks/"+task.ID)
	p.quiet()
	assert.Len(t, support.subjects(), 1, "each is told once")
	assert.Len(t, leads.subjects(), 1)
}

const giftsJourney = `journey: gifts
name: Gifts
topic: transactional
enter: { when: { event: Gift Wanted } }
reentry: always
pools: { printed: {} }
steps:
  - coupon: { pool: printed, as: gift, when_empty: hold }
  - send: { message: gift, window: any }
`

// A pool of printed codes: who comes while it is empty waits at the step, and its team hears of it; once there are codes she goes on by
// herself and gets hers once. A pool that becomes low is told of once, and so is one that is empty again.
func TestAPoolRunsOutAndIsFilled(t *testing.T) {
	t.Parallel()
	p, town := newTown(t, 0)
	p.start(p.url)
	marketing := p.team(town, "marketing", map[string]any{"default": true})
	p.takes(folderOf(t, giftsJourney, map[string]string{"gift": `Your gift: It is {{ coupon "gift" }}.`}))
	require.NoError(t, p.api().call(t.Context(), http.MethodPut, "/api/coupon-pools/printed", map[string]any{"low_water": 1}, nil))
	comes := func(n int) *person {
		she := p.at(town, fmt.Sprint("ann", n)).arrives(nil)
		she.does("Gift Wanted", nil)
		return she
	}
	ada := comes(1)
	empty := marketing.gets("The coupon pool printed is empty")
	assert.Contains(t, empty, "http://"+p.address+"/coupons/pools/printed", "where codes are added")
	testenv.Eventually(t, 20*time.Second, func() bool { return ada.stands("gifts").Next == "held: pool printed is empty" }, "support to see what she waits for")
	page := p.colleague()
	assert.Contains(t, page("/"), "Pool printed")
	assert.Empty(t, ada.subjects(), "never an empty code")

	require.NoError(t, p.post("/api/coupon-pools/printed/codes", map[string]any{"codes": []string{"GIFT-1", "GIFT-2", "GIFT-3"}}))
	assert.Contains(t, ada.gets("Your gift"), "It is GIFT-1.")
	p.await(1, `SELECT count(*) FROM pools WHERE level = 'ok'`, "pool that has enough")
	assert.Contains(t, comes(2).gets("Your gift"), "It is GIFT-2.")
	marketing.gets("The coupon pool printed is running out: 1 code is left")
	assert.Contains(t, comes(3).gets("Your gift"), "It is GIFT-3.")
	testenv.Eventually(t, 20*time.Second, func() bool { return len(marketing.got("The coupon pool printed is empty")) == 2 }, "the team to hear that it is empty again")
	four := comes(4)
	testenv.Eventually(t, 20*time.Second, func() bool { return four.stands("gifts").Next == "held: pool printed is empty" }, "her to wait")
	p.quiet()
	assert.Len(t, marketing.subjects(), 3, "each crossing once")
	assert.Equal(t, []string{"Your gift"}, ada.subjects())
}
