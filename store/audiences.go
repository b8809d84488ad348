package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// audienceColumns are those of journey.Approval, in its order; the words are put in when a row has been read.
const audienceColumns = `id, journey_key, version, state, count, most, asked_at, asked_by, decided_at, decided_by, reason, share, share_at, '' AS words`

func toAudience(row pgx.CollectableRow) (journey.Approval, error) {
	a, err := pgx.RowToStructByPos[journey.Approval](row)
	a.Words = journey.ApprovalWords(a)
	return a, err
}

// Audiences lists those that wait for a person or are on their ramp, and the last fifty that are not; the newest first.
func (s *Store) Audiences(ctx context.Context) (_ []journey.Approval, err error) {
	defer wrap(&err, "listing audiences")
	rows, err := s.pool.Query(ctx, `
		SELECT `+audienceColumns+` FROM audiences
		WHERE state IN ('asked', 'ramp', 'stopped') OR id IN (SELECT id FROM audiences ORDER BY id DESC LIMIT 50) ORDER BY id DESC`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, toAudience)
	return nonNil(list), err
}

// Approvers counts the keys and the people that may approve an audience.
func (s *Store) Approvers(ctx context.Context) (n int, err error) {
	defer wrap(&err, "counting who may approve")
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM keys WHERE role IN ('marketer', 'admin') AND revoked_at IS NULL)
			+ (SELECT count(*) FROM users WHERE role IN ('marketer', 'admin') AND disabled_at IS NULL)`).Scan(&n)
	return n, err
}

// mostSQL is how many may enter the journey j without asking; $1 is product time, st the settings. A day is counted back from now, and
// the last one is the one that is asked about. A journey without a past is measured by the others. What was approved within a day may
// come, and half as many more.
const mostSQL = `greatest(st.audience_floor, (
	SELECT ` + usualTimes + ` * coalesce(max(n) FILTER (WHERE key = j.key), max(n), 0) FROM (
		SELECT e.journey_key AS key, count(*) AS n FROM enrollments e
		WHERE e.entered_at > $1::timestamptz - interval '29 days' AND e.entered_at <= $1::timestamptz - interval '1 day'
		GROUP BY e.journey_key, floor(extract(epoch FROM $1::timestamptz - e.entered_at) / 86400)) days), (
	SELECT coalesce(max(a.count), 0) * 3 / 2 FROM audiences a
	WHERE a.journey_key = j.key AND a.state IN ('ramp', 'stopped', 'through') AND a.decided_at > $1::timestamptz - interval '1 day'))`

const usualTimes = `5` // journey.UsualTimes; a test holds the two together

// admitsCounted asks for the number only where it matters: the installation is live and has enough customers for an audience that
// nobody would let pass unasked.
func (s *Store) admitsCounted(ctx context.Context, l live, count func(most int64) (int64, error)) (bool, error) {
	var floor int64
	var many, asked bool
	err := s.pool.QueryRow(ctx, `
		SELECT st.audience_floor, st.live AND st.audience_floor > 0 AND EXISTS (SELECT FROM customers OFFSET st.audience_floor),
			EXISTS (SELECT FROM audiences WHERE journey_key = $1 AND state = 'asked') FROM settings st`, l.Key).Scan(&floor, &many, &asked)
	switch {
	case err != nil || asked:
		return false, err
	case !many:
		return s.admits(ctx, l, 0)
	}
	n, err := count(floor)
	if err != nil {
		return false, err
	}
	return s.admits(ctx, l, n)
}

// admits says whether so many people may enter a journey now. Where they are far above the usual it asks, once, and answers no until a
// person has approved; refused is no as well, until the journey is published anew. It is for scans, which know how many are coming.
func (s *Store) admits(ctx context.Context, l live, count int64) (yes bool, err error) {
	var state *string
	var live bool
	var most int64
	var by string
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT a.state FROM audiences a WHERE a.journey_key = j.key AND (a.state IN ('asked', 'stopped')
				OR a.state = 'refused' AND a.version = $3 AND a.decided_at = (SELECT max(decided_at) FROM audiences WHERE journey_key = j.key)) LIMIT 1),
			st.live AND st.audience_floor > 0, CASE WHEN $4 > st.audience_floor THEN `+mostSQL+` ELSE st.audience_floor END,
			coalesce((SELECT published_by FROM versions v WHERE v.journey_key = j.key AND v.number = $3), '')
		FROM journeys j CROSS JOIN settings st WHERE j.key = $2`, s.clock.Now(), l.Key, l.Version, count).Scan(&state, &live, &most, &by)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case !live:
		return true, nil
	case state != nil:
		return false, nil
	case count <= most:
		return true, nil
	}
	return false, s.askAbout(ctx, journey.Approval{Journey: l.Key, Version: l.Version, Count: count, Most: most, AskedBy: by})
}

// askAbout shuts the door of a journey until a person has decided. Asking again while one is open has no effect.
func (s *Store) askAbout(ctx context.Context, a journey.Approval) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by) VALUES ($1, $2, $3, 'asked', $4, $5, $6, $7)
			ON CONFLICT DO NOTHING`, journey.NewID(journey.PrefixApproval), a.Journey, a.Version, a.Count, a.Most, s.clock.Now(), a.AskedBy)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return s.audit(ctx, tx, deed{by: itself, verb: "audience.ask", target: a.Journey, detail: map[string]any{"count": a.Count, "most": a.Most}})
	})
}

// DecideAudience approves or refuses what is asked about. Count must be the number that was asked about: whoever approves has read it. The
// faults are not_found, conflict (it is not asked about any more) and invalid (another number). Those who are refused and wait at the
// door leave by it; those whom a scan found do not enter until the journey is published anew.
func (s *Store) DecideAudience(ctx context.Context, d journey.Decision, by journey.Actor) (a journey.Approval, err error) {
	defer wrap(&err, "deciding about audience %s", d.ID)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if a, err = lockAudience(ctx, tx, d.ID); err != nil {
			return err
		}
		switch {
		case a.State != journey.AudienceAsked:
			return journey.Faultf(journey.CodeConflict, "%s was decided already: %s", d.ID, a.Words)
		case d.Approve && d.Count != a.Count:
			return &journey.Fault{Code: journey.CodeInvalid, Message: "the number is not that of the audience", Problems: journey.Problems{{
				Path: "count", Message: "is not how many people are about to enter", Mend: "look at the audience again, and type its count"}}}
		}
		now := s.clock.Now()
		a.State, a.Share, a.DecidedBy, a.DecidedAt, a.Reason = journey.AudienceRefused, 0, by.ID, &now, d.Reason
		if d.Approve {
			a.State, a.Share = journey.AudienceRamp, journey.NextShare(0)
			if d.AtOnce {
				a.State, a.Share = journey.AudienceThrough, 100
			}
		} else if err := s.sendAway(ctx, tx, a, now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE audiences SET state = $2, share = $3, share_at = $4, decided_at = $4, decided_by = $5, reason = $6, judged_at = asked_at,
				pace = coalesce(nullif($7, '0'::interval), pace) WHERE id = $1`,
			a.ID, string(a.State), a.Share, now, by.ID, d.Reason, d.Pace)
		if err != nil {
			return err
		}
		a.Words = journey.ApprovalWords(a)
		if err := notify(ctx, tx, channelWakeups); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "audience." + map[bool]string{true: "approve", false: "refuse"}[d.Approve], target: a.Journey,
			detail: map[string]any{"audience": a.ID, "count": a.Count, "at_once": d.AtOnce, "reason": d.Reason}})
	})
	return a, err
}

func lockAudience(ctx context.Context, tx pgx.Tx, id string) (a journey.Approval, err error) {
	rows, err := tx.Query(ctx, `SELECT `+audienceColumns+` FROM audiences WHERE id = $1 FOR NO KEY UPDATE`, id)
	if err != nil {
		return a, err
	}
	a, err = pgx.CollectExactlyOneRow(rows, toAudience)
	if errors.Is(err, pgx.ErrNoRows) {
		err = journey.Faultf(journey.CodeNotFound, "there is no audience %q", id)
	}
	return a, err
}

// sendAway asks those to exit who came since the day before it was asked and have not begun: they are driven once, to their end.
func (s *Store) sendAway(ctx context.Context, tx pgx.Tx, a journey.Approval, now time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO requests (enrollment_id, verb, reason, by, at)
		SELECT w.enrollment_id, 'exit', 'refused', 'perennial', $2 FROM wakeups w JOIN enrollments e ON e.id = w.enrollment_id
		WHERE w.start AND w.journey_key = $1 AND e.status = 'active' AND e.seq = 0`, a.Journey, now)
	return err
}

// BeginRamp lets those who enter a journey from now on in by a ramp. The fault is conflict while there is one, or an audience is asked about.
func (s *Store) BeginRamp(ctx context.Context, key string, pace time.Duration, by journey.Actor) (a journey.Approval, err error) {
	defer wrap(&err, "beginning a ramp of journey %q", key)
	now := s.clock.Now()
	a = journey.Approval{ID: journey.NewID(journey.PrefixApproval), Journey: key, State: journey.AudienceRamp, AskedAt: now, AskedBy: by.ID,
		DecidedAt: &now, DecidedBy: by.ID, Share: journey.NextShare(0), ShareAt: &now}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT coalesce(live_version, 0) FROM journeys WHERE key = $1 FOR NO KEY UPDATE`, key).Scan(&a.Version)
		if errors.Is(err, pgx.ErrNoRows) {
			return journey.Faultf(journey.CodeNotFound, "there is no journey %q", key)
		}
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO audiences (id, journey_key, version, state, count, most, asked_at, asked_by, decided_at, decided_by, share, share_at, judged_at, pace)
			VALUES ($1, $2, $3, 'ramp', 0, 0, $4, $5, $4, $5, $6, $4, $4, coalesce(nullif($7, '0'::interval), '4 hours')) ON CONFLICT DO NOTHING`,
			a.ID, key, a.Version, now, by.ID, a.Share, pace)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeConflict, "journey %q has an audience that is asked about, or on its ramp; see GET /api/approvals", key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "ramp.begin", target: key, detail: map[string]any{"audience": a.ID}})
	})
	a.Words = journey.ApprovalWords(a)
	return a, err
}

// ResumeRamp lets a ramp that stopped by itself go on with the share at which it stopped, and the journey's mail with it. What is judged
// is the mail from now on. The fault is conflict: it has not stopped.
func (s *Store) ResumeRamp(ctx context.Context, key, reason string, by journey.Actor) (a journey.Approval, err error) {
	defer wrap(&err, "resuming the ramp of journey %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		now := s.clock.Now()
		rows, err := tx.Query(ctx, `
			UPDATE audiences SET state = 'ramp', share_at = $2, judged_at = $2, reason = '' WHERE journey_key = $1 AND state = 'stopped'
			RETURNING `+audienceColumns, key, now)
		if err != nil {
			return err
		}
		a, err = pgx.CollectExactlyOneRow(rows, toAudience)
		if errors.Is(err, pgx.ErrNoRows) {
			return journey.Faultf(journey.CodeConflict, "journey %q has no ramp that has stopped", key)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM switches WHERE scope = 'journey' AND target = $1 AND by = 'perennial'`, key); err != nil {
			return err
		}
		if err := errors.Join(notify(ctx, tx, channelMessages), notify(ctx, tx, channelWakeups)); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "ramp.resume", target: key, detail: map[string]any{"audience": a.ID, "reason": reason}})
	})
	return a, err
}
