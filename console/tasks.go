package console

import (
	"context"
	"net/url"
	"slices"

	"perennial/journey"
)

// tasksData is the inbox: what people have to do.
type tasksData struct {
	View    string // open, mine, unclaimed, overdue or done
	Team    string
	Figures journey.TaskFigures
	Teams   []journey.TeamView
	List    []journey.TaskView
	More    string
	Me      string
}

// taskViews are the tabs of the inbox.
func taskViews() []string { return []string{"open", "mine", "unclaimed", "overdue", "done"} }

// Views are the tabs, in their order.
func (d tasksData) Views() []string { return taskViews() }

// Count is how many tasks a tab holds; -1: that is not counted.
func (d tasksData) Count(view string) int {
	switch view {
	case "open":
		return d.Figures.Open
	case "mine":
		return d.Figures.Mine
	case "unclaimed":
		return d.Figures.Unclaimed
	case "overdue":
		return d.Figures.Overdue
	}
	return -1
}

// At is the address of a tab, of the team that is chosen.
func (d tasksData) At(view string) string { return "/tasks?" + d.query(view) }

func (d tasksData) query(view string) string {
	q := url.Values{"view": {view}}
	if d.Team != "" {
		q.Set("team", d.Team)
	}
	return q.Encode()
}

// Onward is the address of what follows.
func (d tasksData) Onward() string { return d.At(d.View) + "&after=" + url.QueryEscape(d.More) }

func tasksPage(ctx context.Context, r *request) (reply, error) {
	d := tasksData{View: r.query("view"), Team: r.query("team"), Me: r.by().Name}
	if !slices.Contains(taskViews(), d.View) {
		d.View = "open"
	}
	var err error
	if d.Figures, err = r.Read.TaskFigures(ctx, d.Me); err != nil {
		return reply{}, err
	}
	if d.Teams, err = r.Read.Teams(ctx); err != nil {
		return reply{}, err
	}
	f := journey.TaskFilter{Team: d.Team}
	switch d.View {
	case "mine":
		f.Assignee = d.Me
	case "unclaimed":
		f.Assignee = journey.Nobody
	case "overdue":
		f.State = journey.TaskOverdue
	case "done":
		f.State = journey.TaskDone
	}
	found, err := r.Read.Tasks(ctx, f, r.page(pageSize))
	d.List, d.More = found.Data, more(found)
	return reply{page: "tasks", data: d}, err
}

// taskData is one task: what is to be done, for whom, and what was noted.
type taskData struct {
	journey.TaskView
	Me       string
	Outcomes []string // that the journey knows
}

func (d taskData) title() string { return d.Title }

func taskPage(ctx context.Context, r *request) (reply, error) {
	t, err := r.Read.Task(ctx, r.path("task"))
	if err != nil {
		return reply{}, err
	}
	d := taskData{TaskView: t, Me: r.by().Name}
	if t.Journey != "" && t.Step != "" {
		def, err := r.Control.Definition(ctx, t.Journey, t.Version)
		if err != nil {
			return reply{}, err
		}
		if step := def.Step(t.Step); step != nil && step.Task != nil {
			d.Outcomes = step.Task.OutcomeWords()
		}
	}
	return show("task", d)
}

// it is the way back to the task of the path.
func (r *request) it(key string) (reply, error) { return r.seeOther("/tasks/"+r.path("task"), key) }

func claimTask(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Claim(ctx, r.by(), r.path("task"), r.form.Get("take") != ""); err != nil {
		return reply{}, err
	}
	return r.it("tasks.claimed")
}

func releaseTask(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.ReleaseTask(ctx, r.by(), r.path("task")); err != nil {
		return reply{}, err
	}
	return r.it("tasks.released")
}

func noteTask(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.NoteTask(ctx, r.by(), r.path("task"), r.form.Get("text")); err != nil {
		return reply{}, err
	}
	return r.it("tasks.noted")
}

// doneTask goes back to the inbox: there the next one waits.
func doneTask(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Done(ctx, r.by(), r.path("task"), r.form.Get("outcome"), r.form.Get("note")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/tasks", "tasks.finished")
}
