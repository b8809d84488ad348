package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"perennial/journey"
)

func listTasks(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	f, err := r.taskFilter()
	if err != nil {
		return nil, err
	}
	return s.Read.Tasks(ctx, f, p)
}

// taskFilter reads how a list of tasks is narrowed.
func (r *request) taskFilter() (f journey.TaskFilter, err error) {
	f = journey.TaskFilter{State: journey.TaskState(r.query("state")), Team: r.query("team"), Assignee: r.query("assignee"),
		Customer: r.query("customer"), Journey: r.query("journey"), Outcome: r.query("outcome")}
	if f.State != "" && !slices.Contains(journey.TaskStates(), f.State) {
		return f, journey.Faultf(journey.CodeMalformed, "state is open, overdue or done")
	}
	if f.DueAfter, err = r.moment("due_after"); err != nil {
		return f, err
	}
	f.DueBefore, err = r.moment("due_before")
	return f, err
}

// moment reads a time of the query; nil where there is none.
func (r *request) moment(name string) (*time.Time, error) {
	text := r.query(name)
	if text == "" {
		return nil, nil //nolint:nilnil // none was given
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, journey.Faultf(journey.CodeMalformed, "%s is no time in the form 2030-02-05T10:00:00Z", name)
	}
	return &at, nil
}

func getTask(ctx context.Context, s *server, r *request) (any, error) {
	return s.Read.Task(ctx, r.param("id"))
}

type claimIn struct {
	Take bool `json:"take"`
}

func claimTask(ctx context.Context, s *server, r *request, in claimIn) (any, error) {
	return s.Control.Claim(ctx, r.By, r.param("id"), in.Take)
}

func releaseTask(ctx context.Context, s *server, r *request) (any, error) {
	return s.Control.ReleaseTask(ctx, r.By, r.param("id"))
}

func noteTask(ctx context.Context, s *server, r *request, in noteIn) (any, error) {
	n, err := s.Control.NoteTask(ctx, r.By, r.param("id"), in.Text)
	return answer{status: http.StatusCreated, body: n}, err
}

type doneIn struct {
	Outcome string `json:"outcome"`
	Note    string `json:"note"`
}

func finishTask(ctx context.Context, s *server, r *request, in doneIn) (any, error) {
	return s.Control.Done(ctx, r.By, r.param("id"), in.Outcome, in.Note)
}
