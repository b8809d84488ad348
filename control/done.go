package control

import (
	"context"
	"strings"
	"time"

	"perennial/journey"
)

// Tasks is where it is kept what people have to do.
type Tasks interface {
	FinishTask(ctx context.Context, id, outcome, note string, by journey.Actor) (journey.TaskView, error)
	ClaimTask(ctx context.Context, id string, take bool, by journey.Actor) (journey.TaskView, error)
	ReleaseTask(ctx context.Context, id string, by journey.Actor) (journey.TaskView, error)
	NoteTask(ctx context.Context, id, text string, by journey.Actor) (journey.Note, error)
	EscalateTasks(ctx context.Context, say func(t journey.TaskView, passedOn bool) string) (int, time.Time, error)
}

// Done says that a task is done, with what came of it; the customer's journey goes on with the outcome.
func (c *Control) Done(ctx context.Context, by journey.Actor, task, outcome, note string) (journey.TaskView, error) {
	switch {
	case outcome == "" || len(outcome) > 100:
		return journey.TaskView{}, invalid("outcome", "is missing or over 100 bytes", "a word that the journey knows, e.g. reached")
	case len(note) > 4000:
		return journey.TaskView{}, invalid("note", "is over 4,000 bytes", "say it shorter")
	}
	return c.Store.FinishTask(ctx, task, outcome, note, by)
}

// Claim gives a task to whoever asks; with take also one that somebody else has.
func (c *Control) Claim(ctx context.Context, by journey.Actor, task string, take bool) (journey.TaskView, error) {
	return c.Store.ClaimTask(ctx, task, take, by)
}

// ReleaseTask gives a task back to its team.
func (c *Control) ReleaseTask(ctx context.Context, by journey.Actor, task string) (journey.TaskView, error) {
	return c.Store.ReleaseTask(ctx, task, by)
}

// NoteTask writes down something about a task, for those who look at it next.
func (c *Control) NoteTask(ctx context.Context, by journey.Actor, task, text string) (journey.Note, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > mostNote {
		return journey.Note{}, invalid("text", "is missing or over 10,000 bytes", "write what others need to know")
	}
	return c.Store.NoteTask(ctx, task, text, by)
}

// Escalate tells teams of tasks that have become overdue, and those teams that they escalate to of what is still not done. It returns how
// many it told of, and when the next is to be told of, in wall time; zero: nobody knows of any.
func (c *Control) Escalate(ctx context.Context) (int, time.Time, error) {
	return c.Store.EscalateTasks(ctx, c.overdueWords)
}

// overdueWords say what has not been done, for whom, since when, and where it is to be done.
func (c *Control) overdueWords(t journey.TaskView, passedOn bool) string {
	words := []string{"Overdue: " + t.Title}
	if passedOn {
		words[0] = "Still overdue: " + t.Title
	}
	if t.Name != "" {
		words = append(words, "For "+t.Name)
	} else if t.Sender != "" {
		words = append(words, "From "+t.Sender)
	}
	if t.DueAt != nil {
		zone := c.zone()
		if its, err := time.LoadLocation(t.Zone); err == nil && t.Zone != "" {
			zone = its
		}
		words = append(words, "It was due "+t.DueAt.In(zone).Format("Mon 2 Jan 2006, 15:04 MST"))
	}
	switch {
	case t.Assignee != "":
		words = append(words, t.Assignee+" has it")
	case t.Team != "":
		words = append(words, "Nobody of "+t.Team+" has claimed it")
	default:
		words = append(words, "Nobody has claimed it")
	}
	if c.Brand.PublicURL != "" {
		words = append(words, c.Brand.PublicURL+"/tasks/"+t.ID)
	}
	text := strings.Join(words, "\n")
	return strings.ToValidUTF8(text[:min(len(text), journey.NoticeMax)], "")
}
