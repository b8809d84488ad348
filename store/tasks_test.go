package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// callers are people of ours who do tasks.
func callers() (mara, noor journey.Actor) {
	return journey.Actor{ID: "usr_mara", Name: "Mara", Role: journey.RoleSupport}, journey.Actor{ID: "usr_noor", Name: "Noor", Role: journey.RoleSupport}
}

// asked publishes journeys that ask for tasks, and lets people enter them.
func asked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t) // a Monday, 9 o'clock in UTC
	hours := &journey.Hours{Zone: "UTC", Open: []journey.Opening{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "17:00"}}}
	for _, team := range []journey.Team{
		{Key: "leads", Emails: []string{"leads@shop.example"}},
		{Key: "support", Emails: []string{"support@shop.example"}, Hours: hours, EscalateTo: "leads"},
		{Key: "office", Emails: []string{"office@shop.example"}, Default: true},
	} {
		_, err := w.PutTeam(t.Context(), team, false, eraser)
		require.NoError(t, err)
	}
	ask := func(key, task string) {
		w.publish(yaml("journey: "+key, "name: Asks", "topic: transactional", "enter: { when: { event: Asked "+key+" } }", "reentry: always",
			"steps: [ { task: { "+task+" } } ]"))
	}
	ask("late", "title: Call her, team: support, due: { working: 10h }")
	ask("soon", "title: Write to her, due: 2h")
	ask("whenever", "title: Think of her, team: support")
	for _, key := range []string{"late", "soon", "whenever"} {
		w.identify(key, map[string]any{"first_name": key})
		w.track(key, "Asked "+key, nil)
		w.step(w.enrollment(key, key), journey.CauseStart)
	}
	return w
}

func (w *world) titles(f journey.TaskFilter) (out []string) {
	w.t.Helper()
	for cursor, more := "", true; more; {
		p, err := w.Tasks(w.t.Context(), f, journey.PageRequest{Cursor: cursor, Limit: 1}) // pages of one: the cursor is tried, too
		require.NoError(w.t, err)
		for _, t := range p.Data {
			out = append(out, t.Title)
		}
		if more = p.Next != nil; more {
			cursor = *p.Next
		}
	}
	return out
}

func (w *world) task(title string) string {
	return one[string](w, `SELECT id FROM tasks WHERE title = $1`, title)
}

func TestTasksAreListedByWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	w := asked(t)
	assert.Equal(t, []string{"Write to her", "Call her", "Think of her"}, w.titles(journey.TaskFilter{}))
	assert.Equal(t, w.wall.now().Add(26*time.Hour), one[time.Time](w, `SELECT due_at FROM tasks WHERE title = 'Call her'`).UTC(),
		"ten hours of work end on Tuesday at eleven")
	assert.Equal(t, []string{"Call her", "Think of her"}, w.titles(journey.TaskFilter{Team: "support"}))
	assert.Equal(t, []string{"Call her"}, w.titles(journey.TaskFilter{Journey: "late"}))
	tomorrow := w.wall.now().Add(24 * time.Hour)
	assert.Equal(t, []string{"Write to her"}, w.titles(journey.TaskFilter{DueBefore: &tomorrow}))
	assert.Equal(t, []string{"Call her"}, w.titles(journey.TaskFilter{DueAfter: &tomorrow}))
	assert.Empty(t, w.titles(journey.TaskFilter{State: journey.TaskOverdue}))
	w.wall.pass(3 * time.Hour)
	assert.Equal(t, []string{"Write to her"}, w.titles(journey.TaskFilter{State: journey.TaskOverdue}))
	for _, title := range []string{"Think of her", "Write to her"} {
		w.wall.pass(time.Second)
		_, err := w.FinishTask(t.Context(), w.task(title), "done", "", eraser)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"Write to her", "Think of her"}, w.titles(journey.TaskFilter{State: journey.TaskDone}), "the latest first")
	_, err := w.Tasks(t.Context(), journey.TaskFilter{}, journey.PageRequest{Cursor: "x", Limit: 1})
	assert.Equal(t, journey.CodeMalformed, journey.CodeOf(err))
}

func TestClaimingATask(t *testing.T) {
	t.Parallel()
	w := asked(t)
	mara, noor := callers()
	id := w.task("Call her")
	won := 0
	for _, err := range together(2, func(i int) error {
		_, err := w.ClaimTask(t.Context(), id, false, []journey.Actor{mara, noor}[i])
		return err
	}) {
		won++
		assert.Equal(t, journey.CodeConflict, journey.CodeOf(err))
	}
	assert.Equal(t, 1, won, "of two who claim it one has it")
	got, err := w.ClaimTask(t.Context(), id, true, noor)
	require.NoError(t, err)
	assert.Equal(t, "Noor", got.Assignee)
	_, err = w.NoteTask(t.Context(), id, "no answer, tries again at five", noor)
	require.NoError(t, err)
	assert.Equal(t, []string{"Call her"}, w.titles(journey.TaskFilter{Assignee: "Noor"}))
	assert.Equal(t, []string{"Write to her", "Think of her"}, w.titles(journey.TaskFilter{Assignee: journey.Nobody}))
	_, err = w.ReleaseTask(t.Context(), id, mara)
	require.NoError(t, err, "a colleague gives it back for her")
	whole, err := w.Task(t.Context(), id)
	require.NoError(t, err)
	assert.Empty(t, whole.Assignee)
	require.Len(t, whole.Notes, 1)
	o, err := w.Overview(t.Context(), whole.Customer)
	require.NoError(t, err)
	require.Len(t, o.Notes, 1, "what is noted of the task is noted of her")
	assert.Equal(t, id, o.Notes[0].Task)

	_, err = w.FinishTask(t.Context(), id, "reached", "", mara)
	require.NoError(t, err)
	_, err = w.ClaimTask(t.Context(), id, false, mara)
	assert.Equal(t, journey.CodeConflict, journey.CodeOf(err), "it is done")
	_, err = w.Task(t.Context(), "tsk_none")
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
	day, week := journey.DayOf(w.wall.now(), time.UTC), journey.WeekOf(w.wall.now(), time.UTC)
	f, err := w.TaskFigures(t.Context(), journey.TaskFilter{}, "Mara", day, week)
	require.NoError(t, err)
	assert.Equal(t, journey.TaskFigures{Open: 2, Unclaimed: 2, Today: 1, Week: 1}, f)
}

func TestOverdueTasksAreToldOnce(t *testing.T) {
	t.Parallel()
	w := asked(t)
	w.exec(`UPDATE teams SET escalate_after = '2h' WHERE key = 'support'`)
	say := func(t journey.TaskView, passedOn bool) string {
		if passedOn {
			return "still " + t.Title
		}
		return t.Title + " for " + t.Name
	}
	escalate := func(want int) (next time.Time) {
		t.Helper()
		n, next, err := w.EscalateTasks(t.Context(), say)
		require.NoError(t, err)
		assert.Equal(t, want, n)
		return next
	}
	told := func() string {
		return one[string](w, `SELECT coalesce(string_agg(address || ': ' || text, ', ' ORDER BY created_at, address), '') FROM parcels`)
	}
	monday := w.wall.now() // nine o'clock
	assert.Equal(t, monday.Add(2*time.Hour), escalate(0).UTC(), "when the first is due")
	w.wall.pass(2*time.Hour + time.Second)
	assert.Empty(t, together(4, func(int) error { _, _, err := w.EscalateTasks(t.Context(), say); return err }))
	assert.Equal(t, "office@shop.example: Write to her for soon", told(), "what no team has the default one hears of")

	w.wall.pass(24 * time.Hour) // Tuesday, past eleven
	next := escalate(1)
	assert.Contains(t, told(), "support@shop.example: Call her for late")
	assert.NotContains(t, told(), "leads", "whoever was told has two hours of work for it")
	assert.Equal(t, w.wall.now().Add(2*time.Hour), next.UTC())
	w.wall.pass(2 * time.Hour)
	escalate(1)
	assert.Contains(t, told(), "leads@shop.example: still Call her")
	w.wall.pass(24 * time.Hour)
	escalate(0)
	assert.Equal(t, 3, strings.Count(told(), "@"), "each once")
}

// A team that is not at work is told when it is, and what it was told at the end of a day is passed on the next morning. What is done
// meanwhile is told to nobody.
func TestTeamsAreToldInTheirHours(t *testing.T) {
	t.Parallel()
	w := asked(t)
	say := func(journey.TaskView, bool) string { return "late" }
	monday := w.wall.now()
	w.exec(`UPDATE tasks SET due_at = $1 WHERE title = 'Call her'`, monday.Add(7*time.Hour+40*time.Minute))
	w.exec(`UPDATE tasks SET due_at = $1 WHERE title = 'Think of her'`, monday.Add(10*time.Hour))
	w.exec(`DELETE FROM tasks WHERE title = 'Write to her'`)
	escalate := func(want int) (next time.Duration) {
		t.Helper()
		n, at, err := w.EscalateTasks(t.Context(), say)
		require.NoError(t, err)
		assert.Equal(t, want, n)
		if at.IsZero() {
			return 0
		}
		return at.Sub(monday)
	}
	reach := func(at time.Duration) { w.wall.pass(monday.Add(at).Sub(w.wall.now())) }
	reach(7*time.Hour + 40*time.Minute + time.Second)
	escalate(1)
	reach(11 * time.Hour)
	assert.Equal(t, 24*time.Hour, escalate(0), "in the evening nobody is told; in the morning they are")
	reach(24 * time.Hour)
	assert.Equal(t, 24*time.Hour+40*time.Minute+time.Second, escalate(1), "twenty minutes of the hour were yesterday")
	_, err := w.FinishTask(t.Context(), w.task("Think of her"), "done", "", eraser)
	require.NoError(t, err)
	reach(26 * time.Hour)
	assert.Zero(t, escalate(1), "one is passed on, the other is done")
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM parcels WHERE address = 'leads@shop.example'`))
}

func TestTheDefaultTeamIsOne(t *testing.T) {
	t.Parallel()
	w := asked(t)
	_, err := w.PutTeam(t.Context(), journey.Team{Key: "leads", Emails: []string{"leads@shop.example"}, Default: true, EscalateTo: "nobody"}, true, eraser)
	assert.ErrorContains(t, err, "cannot be kept")
	_, err = w.PutTeam(t.Context(), journey.Team{Key: "leads", Emails: []string{"leads@shop.example"}, Default: true}, true, eraser)
	require.NoError(t, err)
	assert.Equal(t, "leads", one[string](w, `SELECT string_agg(key, ' ') FROM teams WHERE is_default`))
	require.NoError(t, w.DeleteTeam(t.Context(), "leads", eraser), "a team that others escalate to can go")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM teams WHERE escalate_to IS NOT NULL`))
}
