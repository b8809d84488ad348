package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// WatchAudiences asks about journeys that far more people have entered within a day than usual, and lets ramps go on, or stops them. It is
// called again and again; side by side it does no harm. It returns what a person should hear of.
func (s *Store) WatchAudiences(ctx context.Context) (news []journey.Approval, err error) {
	defer wrap(&err, "watching audiences")
	if err := s.askAboutFloods(ctx); err != nil {
		return nil, err
	}
	if err := s.goOnWithRamps(ctx); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `SELECT `+audienceColumns+` FROM audiences WHERE state IN ('asked', 'stopped') ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, toAudience)
}

// askAboutFloods looks at whom no scan announces: those whom an event, a segment or the API lets in.
func (s *Store) askAboutFloods(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `
		WITH many AS MATERIALIZED (
			SELECT j.key, j.live_version, n.came FROM journeys j CROSS JOIN settings st CROSS JOIN LATERAL (
				SELECT count(*) AS came FROM enrollments e WHERE e.journey_key = j.key AND e.entered_at > greatest($1::timestamptz - interval '1 day',
					(SELECT max(a.decided_at) FROM audiences a WHERE a.journey_key = j.key))) n
			WHERE j.state = 'live' AND st.live AND st.audience_floor > 0 AND n.came > st.audience_floor
				AND NOT EXISTS (SELECT FROM audiences a WHERE a.journey_key = j.key AND a.state IN ('asked', 'ramp', 'stopped'))
		)
		SELECT m.key, m.live_version, m.came, `+mostSQL+`, v.published_by
		FROM many m JOIN journeys j ON j.key = m.key JOIN versions v ON v.journey_key = m.key AND v.number = m.live_version CROSS JOIN settings st`,
		s.clock.Now())
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a journey.Approval, err error) {
		err = row.Scan(&a.Journey, &a.Version, &a.Count, &a.Most, &a.AskedBy)
		return a, err
	})
	for _, a := range found {
		if a.Count > a.Most {
			if err := s.askAbout(ctx, a); err != nil {
				return err
			}
		}
	}
	return err
}

// ramp is one that is on its way.
type ramp struct {
	ID, Journey string
	Share       int
	ShareAt     time.Time
	JudgedAt    time.Time
	Pace        time.Duration
}

func (s *Store) goOnWithRamps(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `SELECT id, journey_key, share, share_at, judged_at, pace FROM audiences WHERE state = 'ramp' ORDER BY id`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ramp])
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := s.goOnWithRamp(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// goOnWithRamp stops a ramp whose mail is not welcome, and its journey's mail with it; or lets the next share in.
func (s *Store) goOnWithRamp(ctx context.Context, r ramp) error {
	seen, err := s.reception(ctx, r.Journey, r.JudgedAt)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	if trouble := seen.Trouble(); trouble != "" {
		return s.stopRamp(ctx, r, trouble, now)
	}
	if !seen.RampGoesOn(r.ShareAt, r.Pace, now) {
		return nil
	}
	share, state := journey.NextShare(r.Share), journey.AudienceRamp
	if share == 100 {
		state = journey.AudienceThrough
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE audiences SET share = $3, state = $4, share_at = $5 WHERE id = $1 AND state = 'ramp' AND share = $2`,
			r.ID, r.Share, share, string(state), now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if err := notify(ctx, tx, channelWakeups); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: itself, verb: "ramp.share", target: r.Journey, detail: map[string]any{"audience": r.ID, "share": share,
			"answered": seen.Answered, "bounced": seen.Bounced, "complained": seen.Complained}})
	})
}

func (s *Store) stopRamp(ctx context.Context, r ramp, trouble string, now time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE audiences SET state = 'stopped', reason = $2 WHERE id = $1 AND state = 'ramp'`, r.ID, trouble)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO switches (scope, target, reason, by, at) VALUES ('journey', $1, $2, 'perennial', $3) ON CONFLICT DO NOTHING`,
			r.Journey, "the ramp stopped by itself: "+trouble, now)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: itself, verb: "ramp.stop", target: r.Journey, detail: map[string]any{"audience": r.ID, "reason": trouble}})
	})
}

// reception counts what became of the journey's mail that was queued since.
func (s *Store) reception(ctx context.Context, key string, since time.Time) (r journey.Reception, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE bounced OR state = 'accepted'), count(*) FILTER (WHERE bounced), count(*) FILTER (WHERE complained)
		FROM (SELECT m.state, m.state = 'failed' AND m.reason IN ('bounced', 'rejected')
				OR EXISTS (SELECT FROM bounces b WHERE b.message_id = m.id AND b.kind <> 'complaint') AS bounced,
				EXISTS (SELECT FROM bounces b WHERE b.message_id = m.id AND b.kind = 'complaint') AS complained
			FROM enrollments e JOIN messages m ON m.enrollment_id = e.id
			WHERE e.journey_key = $1 AND e.entered_at > $2::timestamptz - interval '1 day' AND m.queued_at >= $2) mail`, key, since).
		Scan(&r.Answered, &r.Bounced, &r.Complained)
	return r, err
}
