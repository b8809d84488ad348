package console

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"perennial/journey"
)

// tasksData is the inbox: what people have to do.
type tasksData struct {
	View     string // open, mine, unclaimed, overdue or done
	Team     string
	Journey  string
	Customer string // as typed
	Unknown  bool   // nobody is called that, or several are
	Due      string // "", today or week
	Outcome  string // of done ones
	Figures  journey.TaskFigures
	Teams    []journey.TeamView
	Journeys []journey.JourneyInfo
	List     []journey.TaskView
	More     string
	Me       string
}

// taskViews are the tabs of the inbox.
func taskViews() []string { return []string{"open", "mine", "unclaimed", "overdue", "done"} }

// Views are the tabs, in their order.
func (d tasksData) Views() []string { return taskViews() }

// Dues are the ways to narrow by the due time, all of them first.
func (d tasksData) Dues() []string { return []string{"", "today", "week"} }

// Count is how many open tasks a tab or a span of due times holds, of those that are narrowed to; -1: that is not counted.
func (d tasksData) Count(what string) int {
	switch what {
	case "open":
		return d.Figures.Open
	case "mine":
		return d.Figures.Mine
	case "unclaimed":
		return d.Figures.Unclaimed
	case "overdue":
		return d.Figures.Overdue
	case "today":
		return d.Figures.Today
	case "week":
		return d.Figures.Week
	}
	return -1
}

// Narrowed says whether anything but the tab narrows the list.
func (d tasksData) Narrowed() bool { return d.Team+d.Journey+d.Customer+d.Due+d.Outcome != "" }

// At is the address of a tab, with what else narrows the list.
func (d tasksData) At(view string) string { d.View = view; return d.address() }

// Within is the address of the same list, of a span of due times.
func (d tasksData) Within(due string) string { d.Due = due; return d.address() }

// Plainly is the address of the tab with nothing narrowed.
func (d tasksData) Plainly() string { return tasksData{View: d.View}.address() }

// Onward is the address of what follows.
func (d tasksData) Onward() string { return d.address() + "&after=" + url.QueryEscape(d.More) }

// address keeps all that narrows the list, so that it can be sent to a colleague.
func (d tasksData) address() string {
	if d.View != "done" {
		d.Outcome = ""
	}
	q := url.Values{"view": {d.View}}
	for name, value := range map[string]string{"team": d.Team, "journey": d.Journey, "customer": d.Customer, "due": d.Due, "outcome": d.Outcome} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/tasks?" + q.Encode()
}

func tasksPage(ctx context.Context, r *request) (reply, error) {
	d := tasksData{View: r.query("view"), Team: r.query("team"), Journey: r.query("journey"), Customer: strings.TrimSpace(r.query("customer")),
		Due: r.query("due"), Me: r.by().Name}
	if !slices.Contains(taskViews(), d.View) {
		d.View = "open"
	}
	if !slices.Contains(d.Dues(), d.Due) {
		d.Due = ""
	}
	if d.View == "done" {
		d.Outcome = strings.TrimSpace(r.query("outcome"))
	}
	var err error
	if d.Teams, err = r.Read.Teams(ctx); err != nil {
		return reply{}, err
	}
	if d.Journeys, err = r.Read.Journeys(ctx); err != nil {
		return reply{}, err
	}
	f, err := r.taskFilter(ctx, &d)
	if err != nil || d.Unknown {
		return reply{page: "tasks", data: d}, err
	}
	found, err := r.Read.Tasks(ctx, f, r.page(pageSize))
	d.List, d.More = found.Data, more(found)
	return reply{page: "tasks", data: d}, err
}

// taskFilter finds out whom and which days the list is narrowed to, and counts within what the tabs have in common.
func (r *request) taskFilter(ctx context.Context, d *tasksData) (f journey.TaskFilter, err error) {
	f = journey.TaskFilter{Team: d.Team, Journey: d.Journey}
	if d.Customer != "" {
		ref, err := r.customerCalled(ctx, d.Customer)
		if err != nil {
			return f, err
		}
		who, err := r.Read.Customer(ctx, ref)
		if d.Unknown = ref == "" || journey.CodeOf(err) == journey.CodeNotFound; d.Unknown {
			return f, nil
		} else if err != nil {
			return f, err
		}
		f.Customer = who.ID
	}
	day, week := journey.DayOf(r.Clock.Now(), r.zone()), journey.WeekOf(r.Clock.Now(), r.zone())
	if d.Figures, err = r.Read.TaskFigures(ctx, f, d.Me, day, week); err != nil {
		return f, err
	}
	switch d.Due {
	case "today":
		f.DueAfter, f.DueBefore = &day.From, &day.To
	case "week":
		f.DueAfter, f.DueBefore = &week.From, &week.To
	}
	switch d.View {
	case "mine":
		f.Assignee = d.Me
	case "unclaimed":
		f.Assignee = journey.Nobody
	case "overdue":
		f.State = journey.TaskOverdue
	case "done":
		f.State, f.Outcome = journey.TaskDone, d.Outcome
	}
	return f, nil
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
