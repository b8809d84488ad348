package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Times of a call, in wall time.
const (
	callLease = 2 * journey.PostTimeout // one attempt, and storing what came of it
	callHeld  = time.Minute             // until it is asked again whether anything may go out at all
	callPause = 5 * time.Second         // the same of a pause, which wakes her driver anyway
	callAfter = time.Hour               // the longest that a receiver may ask us to wait
)

// BeginCall begins the next attempt of a call, if there is to be one now: not while she is paused, the kill switch is off or the
// installation is held. A call that has come to its end, or is not there any more, has none.
func (s *Store) BeginCall(ctx context.Context, id string) (out journey.Calling, err error) {
	defer wrap(&err, "beginning call %s", id)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		out = journey.Calling{}
		var c openCall
		err := tx.QueryRow(ctx, `
			SELECT c.state, c.attempt, c.leased_wall, c.endpoint, c.body, e.journey_key, e.version, (SELECT NOT sending OR held_reason <> '' FROM settings)
			FROM calls c JOIN enrollments e ON e.id = c.enrollment_id WHERE c.id = $1 FOR NO KEY UPDATE OF c`, id).
			Scan(&c.State, &c.Attempt, &c.Leased, &c.Endpoint, &c.Body, &c.JourneyKey, &c.Version, &c.Held)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && c.State != journey.CallOpen {
			return nil
		}
		if err != nil {
			return err
		}
		wall := s.clock.Wall()
		switch {
		case c.Leased != nil && c.Leased.After(wall):
			out.Wait = c.Leased.Sub(wall)
			return nil
		case c.Held:
			out.Wait = callHeld
			return nil
		}
		return s.beginCall(ctx, tx, id, c, &out)
	})
	return out, err
}

// openCall is the row, under its lock.
type openCall struct {
	State      journey.CallState
	Attempt    int
	Leased     *time.Time
	Endpoint   string
	Body       []byte
	JourneyKey string
	Version    int
	Held       bool
}

func (s *Store) beginCall(ctx context.Context, tx pgx.Tx, id string, c openCall, out *journey.Calling) error {
	def, err := s.definition(ctx, tx, c.JourneyKey, c.Version)
	if err != nil {
		return err
	}
	var paused bool
	err = tx.QueryRow(ctx, `
		SELECT `+pausedSQL("m")+` FROM (
			SELECT c.customer_id, c.enrollment_id, $3::text AS journey_key, $4::text AS topic FROM calls c WHERE c.id = $2) m`,
		s.clock.Now(), id, c.JourneyKey, def.Topic).Scan(&paused)
	if err != nil {
		return err
	}
	if paused {
		out.Wait = callPause
		return nil
	}
	wall := s.clock.Wall()
	post := &journey.Post{ID: id, Body: c.Body, At: wall}
	if declared, is := def.Declares.Webhooks[c.Endpoint]; is {
		post.URL, out.SecretEnv = declared.URL, declared.SecretEnv
	} else {
		err := tx.QueryRow(ctx, `SELECT url, secret FROM endpoints WHERE key = $1`, c.Endpoint).Scan(&post.URL, &post.Secret)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err = tx.Exec(ctx, `UPDATE calls SET state = 'failed', reason = $2, finished_at = $3 WHERE id = $1`,
				id, journey.ReasonNoEndpoint, s.clock.Now())
			return err
		}
		if err != nil {
			return err
		}
	}
	out.Post, out.Attempt = post, c.Attempt+1
	_, err = tx.Exec(ctx, `UPDATE calls SET attempt = $2, leased_wall = $3 WHERE id = $1`, id, out.Attempt, wall.Add(callLease))
	return err
}

// EndCall stores what came of an attempt, and returns how long the next one has to wait; 0: the call has come to its end. Of an
// attempt that is not the last one begun nothing is stored. A call that she has left keeps its reply, and is not tried again.
func (s *Store) EndCall(ctx context.Context, id string, attempt int, reply journey.PostReply) (again time.Duration, err error) {
	defer wrap(&err, "ending call %s", id)
	waits := journey.CallWaits()
	state, finished, wall := journey.CallAnswered, true, s.clock.Wall()
	if reply.Reason != "" {
		state, finished = journey.CallFailed, reply.Final || attempt > len(waits)
	}
	var lease *time.Time
	if !finished {
		again = max(waits[attempt-1], min(reply.After, callAfter))
		until := wall.Add(again)
		lease = &until
	}
	var left journey.CallState
	err = s.pool.QueryRow(ctx, `
		UPDATE calls SET state = CASE WHEN $3 THEN $4 ELSE state END, finished_at = CASE WHEN $3 THEN $5::timestamptz END,
			leased_wall = $6, status = coalesce(nullif($7::int, 0), status), reply = coalesce($8::bytea, reply), reason = $9
		WHERE id = $1 AND attempt = $2 AND state IN ('open', 'dropped') RETURNING state`,
		id, attempt, finished, string(state), s.clock.Now(), lease, reply.Status, reply.Body, reply.Reason).Scan(&left)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && left != journey.CallOpen {
		return 0, nil
	}
	return again, err
}

// queueCalls adds the calls that a decision asks for, and gives up the one that is no longer waited for.
func queueCalls(b *pgx.Batch, e *enrollment, effects journey.Effects, now time.Time) {
	for _, c := range effects.Calls {
		b.Queue(`
			INSERT INTO calls (id, enrollment_id, customer_id, step, visit, endpoint, body, state, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8)`, c.ID, e.ID, e.CustomerID, c.Step, c.Visit, c.To, c.Body, now)
	}
	if effects.CloseCall != "" {
		b.Queue(`UPDATE calls SET state = 'dropped', finished_at = $2 WHERE id = $1 AND state = 'open'`, effects.CloseCall, now)
	}
}

// queueCallFact adds what is known of the call that she waits for.
func queueCallFact(b *pgx.Batch, id string, into *journey.Facts) {
	if id == "" {
		return
	}
	b.Queue(`SELECT state, coalesce(status, 0), reply, reason FROM calls WHERE id = $1`, id).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			fact := &journey.CallFact{ID: id}
			var reply []byte
			if err := rows.Scan(&fact.State, &fact.Status, &reply, &fact.Reason); err != nil {
				return err
			}
			fact.Body = replyBody(reply)
			into.Call = fact
		}
		return rows.Err()
	})
}

// replyBody is JSON where it is, else text; nil for what is neither, for what Postgres cannot keep (NUL), and where there is none.
func replyBody(raw []byte) any {
	if len(raw) == 0 || !utf8.Valid(raw) || bytes.ContainsRune(raw, 0) || bytes.Contains(raw, []byte(`\u0000`)) {
		return nil
	}
	var v any
	if json.Unmarshal(raw, &v) == nil {
		return v
	}
	return string(raw)
}
