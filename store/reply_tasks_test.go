package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestRepliesBecomeTasks(t *testing.T) {
	t.Parallel()
	w := asked(t)
	_, err := w.PutTeam(t.Context(), journey.Team{Key: "support", Emails: []string{"support@shop.example"}, Default: true, Hours: &journey.Hours{Zone: "UTC",
		Open: []journey.Opening{{Days: []string{"mon", "tue"}, From: "09:00", To: "17:00"}}}}, true, eraser)
	require.NoError(t, err)
	w.publish(winBack("always"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	w.step(w.enrollment("ada", "win-back"), journey.CauseStart)
	ada := one[string](w, `SELECT customer_id FROM customer_ids WHERE external_id = 'ada'`)
	mail := one[string](w, `UPDATE messages SET dot_wall = now(), state = 'accepted' WHERE template = 'we-miss-you' RETURNING id`)
	sent := one[string](w, `SELECT message_id FROM messages WHERE id = $1`, mail)

	w.wall.pass(4 * time.Hour)
	take := func(r journey.ReplyMail) journey.ReplyTaken {
		t.Helper()
		out, err := w.TakeReply(t.Context(), r)
		require.NoError(t, err)
		return out
	}
	first := journey.ReplyMail{From: "ada@elsewhere.example", MessageID: "r1@elsewhere.example", Answers: []string{"unknown@x", sent}, Subject: "Re: hello", Text: "Please call me"}
	got := take(first)
	assert.Equal(t, ada, got.Customer, "she got the mail that it answers, wherever she writes from")
	assert.Equal(t, journey.ReplyTaken{Effect: journey.ReplyAgain}, take(first), "the same mail again")
	task, err := w.Task(t.Context(), got.Task)
	require.NoError(t, err)
	assert.Equal(t, "Answer: Re: hello", task.Title)
	assert.Equal(t, []string{"support", "Please call me", "ada@elsewhere.example", mail}, []string{task.Team, task.Text, task.Sender, task.Message})
	assert.Equal(t, time.Date(2030, 5, 7, 13, 0, 0, 0, time.UTC), task.DueAt.UTC(), "within a working day of its team")

	assert.Equal(t, ada, take(journey.ReplyMail{From: "Ada@example.com", MessageID: "r2"}).Customer, "by her address alone")
	assert.Equal(t, ada, take(journey.ReplyMail{From: "x@example.com", Message: mail, MessageID: "r3"}).Customer, "by the return address that it came to")
	nobody := take(journey.ReplyMail{From: "stranger@example.com", Subject: "Who are you?", Text: "?"})
	assert.Empty(t, nobody.Customer)
	_, err = w.FinishTask(t.Context(), nobody.Task, "answered", "", eraser)
	require.NoError(t, err, "a task of nobody can be done, too")
	w.apply()
	assert.Equal(t, 3, one[int](w, `SELECT count(*) FROM events WHERE name = 'Message Replied' AND customer_id = $1`, ada))
	assert.Zero(t, one[int](w, `SELECT count(*) FROM events WHERE properties::text LIKE '%call me%'`), "what she wrote stands in the task alone")

	_, err = w.Erase(t.Context(), ada, "asked", eraser)
	require.NoError(t, err)
	assert.Equal(t, "stranger@example.com", one[string](w, `SELECT string_agg(sender, ' ') FROM tasks WHERE source = 'reply'`), "what she wrote is forgotten with her")
}

// A merge that comes in between takes the message along: the task is the winner's.
func TestAReplyThatMeetsAMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, user := range []string{"ada", "ben"} {
		w.identify(user, map[string]any{"email": user + "@example.com"})
	}
	ids := map[string]string{}
	for _, user := range []string{"ada", "ben"} {
		ids[user] = one[string](w, `SELECT customer_id FROM customer_ids WHERE external_id = $1`, user)
	}
	tx, err := w.sql.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE customers SET merged_into = $2, email = '' WHERE id = $1`, ids["ada"], ids["ben"])
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE customers SET email = 'ada@example.com' WHERE id = $1`, ids["ben"])
	require.NoError(t, err)
	var got journey.ReplyTaken
	taken := w.later(func(ctx context.Context) (err error) {
		got, err = w.TakeReply(ctx, journey.ReplyMail{From: "ada@example.com", MessageID: "r1", Text: "hello"})
		return err
	})
	w.blocked(1)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-taken)
	assert.Equal(t, ids["ben"], got.Customer)
	assert.Equal(t, ids["ben"], one[string](w, `SELECT customer_id FROM tasks WHERE id = $1`, got.Task))
}

func TestTwoWhoShareAnAddressAreNotGuessedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, user := range []string{"ada", "ben"} {
		w.identify(user, map[string]any{"email": "both@example.com"})
	}
	out, err := w.TakeReply(t.Context(), journey.ReplyMail{From: "both@example.com", Text: "hello"})
	require.NoError(t, err)
	assert.Empty(t, out.Customer)
}
