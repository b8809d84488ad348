package store

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Pausing says what a pause of that scope and target would hold that is due within a day: by asking journey.Advance about those whose
// moment comes, as their next decision will, and by looking into the ledger. It changes nothing.
func (s *Store) Pausing(ctx context.Context, scope journey.Scope, target string) (out journey.Pausing, err error) {
	defer wrap(&err, "looking at what pausing %s %s would do", scope, target)
	p := resuming{scope: scope, target: target, now: s.clock.Now()}
	p.by = p.now.Add(journey.PauseHorizon)
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := s.loadStanding(ctx, tx, &p); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE m.not_before_at <= $2), count(*)
			FROM messages m JOIN (SELECT $4::text AS scope, $5::text AS target) p ON `+coversSQL("m")+`
			WHERE m.lane = ANY($6) AND m.state IN ('queued', 'deferred') AND m.not_before_at <= $3 AND m.expires_at > $1
				AND NOT EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1) AND `+coversSQL("m")+`)`,
			p.now, p.now.Add(time.Hour), p.by, string(scope), target, journey.Lanes()).Scan(&out.Hour, &out.Day)
	})
	if err != nil {
		return out, err
	}
	hour, day := 0, 0
	for _, one := range p.sample {
		for _, at := range p.next(one) {
			if day++; !at.After(p.now.Add(time.Hour)) {
				hour++
			}
		}
	}
	scale := 1.0
	if len(p.sample) > 0 && p.ready > len(p.sample) {
		scale, out.Estimated = float64(p.ready)/float64(len(p.sample)), true
	}
	out.Inside, out.Asked, out.Of = p.all, len(p.sample), p.ready
	out.Hour += int(math.Round(float64(hour) * scale))
	out.Day += int(math.Round(float64(day) * scale))
	out.Say(scope.IsWide())
	return out, nil
}

// next are the moments at which messages of her next decision fall due, as far as the preview looks.
func (p *resuming) next(one bystander) (out []time.Time) {
	in := journey.Input{State: one.state, Facts: one.facts, Now: p.now, Cause: journey.CauseWake, NewID: journey.NewID}
	if due := one.state.Due; due != nil && due.After(p.now) {
		in.Now, in.Cause = *due, journey.CauseTimer
	}
	decided, sound := p.ask(one, in)
	if !sound {
		return nil
	}
	goes := func(at time.Time) {
		if at.Before(in.Now) {
			at = in.Now
		}
		if !at.After(p.by) {
			out = append(out, at)
		}
	}
	for _, m := range decided.Effects.Messages {
		if decided.Effects.Drop == "" {
			goes(m.NotBefore)
		}
	}
	if one.def.StandsAt(decided.State) != "" && decided.State.Due != nil {
		goes(*decided.State.Due)
	}
	return out
}
