package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// write stores a decision: position, plan, log and effects, in one round trip, and takes the wake-up away that led to it.
// Only what is rare costs another one: enrollments that a `start` asks for, and the events that tell of dropped messages.
func (s *Store) write(ctx context.Context, tx pgx.Tx, e *enrollment, def *journey.Definition, g *ground, out journey.Output, now time.Time) error {
	if err := s.closeGate(ctx, tx, e, g, out.Effects); err != nil {
		return err
	}
	b := &pgx.Batch{}
	if err := queuePosition(b, e, out); err != nil {
		return err
	}
	if err := queueLog(b, e, out.Log); err != nil {
		return err
	}
	if len(e.asked) > 0 {
		queueVersion(b, e, def)
	}
	var dropped []told
	queueMessages(b, e, out.Effects, s.options.MailDomain, &dropped)
	if err := queueSurveys(b, e, def, out.Effects.Surveys, now); err != nil {
		return err
	}
	queueTasks(b, e, out.Effects, now)
	queueDraws(b, e, out.Effects.Draws)
	queueCalls(b, e, out.Effects, now)
	s.queueNotices(b, e.CustomerID, out.Effects.Notices, now)
	if err := s.queueAttributes(b, e, out.Effects.Set); err != nil {
		return err
	}
	events := out.Effects.Events
	if len(events) > 0 {
		if err := s.queueEvents(b, events); err != nil {
			return err
		}
		b.Queue(`SELECT pg_notify($1, '')`, channelEvents)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := s.tellOfMessages(ctx, tx, dropped); err != nil {
		return err
	}
	if err := s.changeRights(ctx, tx, e, out.Effects); err != nil {
		return err
	}
	if err := s.attributesBecame(ctx, tx, e, g.Facts.Customer, out); err != nil {
		return err
	}
	return s.startOthers(ctx, tx, e, out)
}

// queuePosition adds the enrollment as it is now, and deletes what led here: the wake-up at the version that was read, and
// the requests that were carried out.
func queuePosition(b *pgx.Batch, e *enrollment, out journey.Output) error {
	state, err := json.Marshal(out.State)
	if err != nil {
		return err
	}
	plan, err := json.Marshal(out.Plan)
	if err != nil {
		return err
	}
	st := out.State
	listens := out.Listens
	if listens == nil {
		listens = []string{}
	}
	b.Queue(`
		UPDATE enrollments SET status = $2, reason = $3, seq = seq + 1, released = false, state = $4, plan = $5, step = $6, due_at = $7,
		       listens = $8, ended_at = $9, goal_at = $10, entered_at = $12,
		       goal_value = CASE WHEN $10::timestamptz IS NULL THEN NULL ELSE $11::double precision END
		WHERE id = $1`,
		e.ID, st.Status, st.Reason, string(state), string(plan), st.Step, out.Plan.At, listens, st.EndedAt, st.GoalAt, st.GoalWorth,
		st.EnteredAt)
	if e.wake != nil {
		b.Queue(`DELETE FROM wakeups WHERE enrollment_id = $1 AND version = $2`, e.ID, *e.wake)
	}
	if len(e.carried) > 0 {
		b.Queue(`DELETE FROM requests WHERE id = ANY($1)`, e.carried)
	}
	return nil
}

// queueLog adds the lines of the timeline, and a note for the reports that she has moved.
func queueLog(b *pgx.Batch, e *enrollment, log []journey.LogEntry) error {
	if len(log) == 0 {
		return nil
	}
	at, steps, what, details := make([]time.Time, len(log)), make([]string, len(log)), make([]string, len(log)), make([]string, len(log))
	for i, l := range log {
		text, err := journey.JSONObject(l.Detail)
		if err != nil {
			return err
		}
		at[i], steps[i], what[i], details[i] = l.At, l.Step, l.What, text
	}
	b.Queue(`
		WITH log AS (
			INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
			SELECT $1, $2, $3, $4, at, step, what, detail
			FROM unnest($5::timestamptz[], $6::text[], $7::text[], $8::jsonb[]) WITH ORDINALITY AS t (at, step, what, detail, n)
			ORDER BY n
		) INSERT INTO report_moves (customer_id) VALUES ($2)`, e.ID, e.CustomerID, e.JourneyKey, e.Seq+1, at, steps, what, details)
	return nil
}

// queueMessages drops and shifts what was queued before, then adds what is new. A message whose key is there is the same
// message: the ledger has one row of it (law 5).
func queueMessages(b *pgx.Batch, e *enrollment, effects journey.Effects, domain string, dropped *[]told) {
	if len(effects.DropSteps) > 0 {
		queueDropSteps(b, e.ID, effects.DropSteps, dropped)
	}
	if effects.Drop != "" {
		queueDrop(b, []string{e.ID}, effects.Drop, dropped)
	}
	if effects.Shift > 0 {
		b.Queue(`
			UPDATE messages SET not_before_at = not_before_at + $2::interval, expires_at = expires_at + $2::interval
			WHERE enrollment_id = $1 AND state IN ('queued', 'deferred')`, e.ID, effects.Shift)
		b.Queue(`
			UPDATE survey_invites SET expires_at = expires_at + $2::interval
			WHERE enrollment_id = $1 AND answered_at IS NULL`, e.ID, effects.Shift)
	}
	for _, m := range effects.Messages {
		coupons := m.Coupons
		if coupons == nil {
			coupons = map[string]string{}
		}
		b.Queue(`
			INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template,
			                      sender, reply_to, survey_id, coupons, data, state, not_before_at, expires_at, queued_at, message_id, variant, contest)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'queued', $17, $18, $19, $20, $21, $22)
			ON CONFLICT (enrollment_id, step, visit, customer_id, channel) DO NOTHING`,
			m.ID, e.ID, m.Step, m.Visit, m.CustomerID, m.Channel, e.JourneyKey, e.Version, m.Lane, m.Topic, m.Template,
			m.From, m.ReplyTo, m.SurveyID, coupons, m.Data, m.NotBefore, m.ExpiresAt, m.QueuedAt, messageID(m, e.ID, domain), m.Variant, m.Contest)
	}
	for id, at := range effects.Expiries {
		b.Queue(`UPDATE coupons SET expires_at = $2 WHERE id = $1 AND expires_at IS NULL`, id, at)
	}
	if len(effects.Messages) > 0 || effects.Shift > 0 {
		b.Queue(`SELECT pg_notify($1, '')`, channelMessages)
	}
}

// messageID makes the Message-ID of a message from its key, so that every attempt carries the same one.
func messageID(m journey.Message, enrollmentID, domain string) string {
	key := fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s", enrollmentID, m.Step, m.Visit, m.CustomerID, m.Channel)
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + "@" + domain
}

// queueSurveys opens invitations, each with the form as it is asked: the version's own, the server's, or a built-in kind.
func queueSurveys(b *pgx.Batch, e *enrollment, def *journey.Definition, surveys []journey.SurveyInvite, now time.Time) error {
	for _, inv := range surveys {
		form, declared := def.Declares.Surveys[inv.Ask]
		if !declared {
			form = journey.SurveyForm{Key: inv.Ask, Kind: inv.Ask}
		}
		text, err := json.Marshal(form)
		if err != nil {
			return err
		}
		b.Queue(`
			INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, step, visit, opened_at, expires_at, journey_key, version)
			VALUES ($1, $2, CASE WHEN $9 THEN $3::jsonb ELSE coalesce((SELECT form FROM surveys WHERE key = $2), $3::jsonb) END,
			        $4, $5, $6, $7, $8, $10, $11, $12)
			ON CONFLICT (enrollment_id, step, visit) DO NOTHING`,
			inv.ID, inv.Ask, string(text), e.CustomerID, e.ID, inv.Step, inv.Visit, now, declared, inv.ExpiresAt, e.JourneyKey, e.Version)
	}
	return nil
}

// queueTasks adds new tasks, and closes the one that is no longer waited for: nobody is to call her about what is over.
func queueTasks(b *pgx.Batch, e *enrollment, effects journey.Effects, now time.Time) {
	for _, t := range effects.Tasks {
		b.Queue(`
			INSERT INTO tasks (id, customer_id, enrollment_id, step, visit, title, team, assignee, created_at, due_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (enrollment_id, step, visit) DO NOTHING`,
			t.ID, e.CustomerID, e.ID, t.Step, t.Visit, t.Title, t.Team, t.Assign, now, t.DueAt)
	}
	if effects.CloseTask != "" {
		b.Queue(`UPDATE tasks SET done_at = $2, outcome = 'closed', done_by = 'journey' WHERE id = $1 AND done_at IS NULL`,
			effects.CloseTask, now)
	}
}

// queueAttributes sets attributes of the customer, and wakes her other enrollments that hang on them. Null forgets one.
func (s *Store) queueAttributes(b *pgx.Batch, e *enrollment, set []journey.Attribute) error {
	if len(set) == 0 {
		return nil
	}
	values, forgotten, listens := map[string]any{}, []string{}, []string{}
	for _, a := range set {
		listens = append(listens, journey.ListenAttribute+a.Name)
		if a.Value == nil {
			forgotten = append(forgotten, a.Name)
			delete(values, a.Name)
			continue
		}
		values[a.Name] = a.Value
	}
	text, err := journey.JSONObject(values)
	if err != nil {
		return err
	}
	queueCheck(b, e.CustomerID)
	b.Queue(`UPDATE customers SET attributes = (attributes - $3::text[]) || $2::jsonb WHERE id = $1`, e.CustomerID, text, forgotten)
	b.Queue(`
		INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall)
		SELECT id, false, journey_key, $4 FROM enrollments
		WHERE customer_id = $1 AND status = 'active' AND listens && $2 AND id <> $3 ORDER BY id
		ON CONFLICT (enrollment_id) DO UPDATE SET version = wakeups.version + 1, tries = 0, leased_wall = NULL`,
		e.CustomerID, listens, e.ID, s.clock.Wall())
	b.Queue(`SELECT pg_notify($1, '')`, channelWakeups)
	return nil
}

// queueDrop adds the statement that takes the messages of enrollments out of the queue, with the reason, and says which. One
// that is claimed is taken too: its sender finds at the dot that it is not his any more. One that is at the dot has left; the
// reason keeps it from being sent once more should it be in doubt.
func queueDrop(b *pgx.Batch, enrollmentIDs []string, reason string, dropped *[]told) {
	b.Queue(dropSQL(`enrollment_id = ANY($1)`), enrollmentIDs, reason).Query(gather(dropped))
}

// queueDropSteps does the same with the messages of some steps of one enrollment, which a new version does not have.
func queueDropSteps(b *pgx.Batch, enrollmentID string, steps []string, dropped *[]told) {
	b.Queue(dropSQL(`enrollment_id = $1 AND step = ANY($3)`), enrollmentID, journey.ReasonMigrated, steps).Query(gather(dropped))
}

func dropSQL(whose string) string {
	return `UPDATE messages m SET reason = $2,
		       state = CASE WHEN m.state = 'at_dot' THEN 'at_dot' WHEN m.resent THEN 'unknown' ELSE 'dropped' END
		WHERE state IN ('queued', 'deferred', 'claimed', 'at_dot') AND ` + whose + ` RETURNING ` + toldColumns
}

// gather adds the messages that a statement dropped.
func gather(dropped *[]told) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		more, err := pgx.CollectRows(rows, pgx.RowToStructByName[told])
		*dropped = append(*dropped, more...)
		return err
	}
}
