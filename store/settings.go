package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Settings returns the switches of the installation and the key of its links.
func (s *Store) Settings(ctx context.Context) (out journey.Settings, err error) {
	defer wrap(&err, "reading the settings")
	return readSettings(s.pool.QueryRow(ctx, `SELECT `+settingsColumns+` FROM settings`))
}

const settingsColumns = `sending, live, allow_list, token_key, daily_ceiling, audience_floor, held_reason, held_at`

func readSettings(row pgx.Row) (out journey.Settings, err error) {
	err = row.Scan(&out.Sending, &out.Live, &out.AllowList, &out.TokenKey, &out.DailyCeiling, &out.AudienceFloor, &out.HeldReason, &out.HeldAt)
	return out, err
}

// SetSwitch changes what the switch names and returns the settings as they are then. Once it has answered, no message that
// the new settings forbid reaches the dot: the ledger reads them in the transaction that would let it.
func (s *Store) SetSwitch(ctx context.Context, to journey.Switch) (out journey.Settings, err error) {
	defer wrap(&err, "setting the switch")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		out, err = readSettings(tx.QueryRow(ctx, `
			UPDATE settings SET sending = coalesce($1, sending), live = coalesce($2, live), allow_list = coalesce($3, allow_list),
				daily_ceiling = coalesce($4, daily_ceiling), held_reason = CASE WHEN $5 THEN '' ELSE held_reason END,
				held_at = CASE WHEN $5 THEN NULL ELSE held_at END, released_at = CASE WHEN $5 THEN $6::timestamptz ELSE released_at END,
				audience_floor = coalesce($7, audience_floor)
			RETURNING `+settingsColumns, to.Sending, to.Live, to.AllowList, to.Ceiling, to.Release, s.clock.Now(), to.Floor))
		if err != nil {
			return err
		}
		if to.Ceiling != nil { // what was held back is looked at again
			_, err = tx.Exec(ctx, `UPDATE messages SET retry_wall = NULL WHERE lane = ANY($1) AND state IN ('queued', 'deferred')
				AND retry_wall IS NOT NULL AND reason = 'over_ceiling'`, journey.Lanes())
			if err != nil {
				return err
			}
		}
		return notify(ctx, tx, channelMessages)
	})
	return out, err
}

// openClock reads the stored epoch, making the settings row on a new database.
func (s *Store) openClock(ctx context.Context) (clock *journey.Clock, err error) {
	defer wrap(&err, "reading the clock's epoch")
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO settings (token_key) VALUES ($1) ON CONFLICT DO NOTHING`, key); err != nil {
			return err
		}
		var wall, product, seen *time.Time
		epoch := journey.Epoch{}
		err := tx.QueryRow(ctx, `SELECT epoch_wall, epoch_product, speed, seen_at FROM settings FOR UPDATE`).
			Scan(&wall, &product, &epoch.Speed, &seen)
		if err != nil {
			return err
		}
		if wall != nil && product != nil {
			epoch.Wall, epoch.Product = *wall, *product
		}
		clock = journey.NewClock(s.options.Wall, epoch)
		to := s.options.Speed
		stoodStill := s.options.Standstill && seen != nil && epoch.Speed != 1 && seen.Before(clock.Now())
		if !stoodStill && (to == 0 || math.Abs(to-epoch.Speed) < 1e-9) {
			return nil
		}
		at := clock.Wall().Truncate(time.Microsecond)
		faster := to > epoch.Speed
		epoch = journey.Epoch{Wall: at, Product: clock.ToProduct(at), Speed: cmp.Or(to, epoch.Speed)}
		if stoodStill {
			epoch.Product = *seen
			if err := releaseLeases(ctx, tx, at); err != nil {
				return err
			}
		}
		clock = journey.NewClock(s.options.Wall, epoch)
		_, err = tx.Exec(ctx, `UPDATE settings SET epoch_wall = $1, epoch_product = $2, speed = $3, seen_at = NULL`,
			epoch.Wall, epoch.Product, epoch.Speed)
		if err == nil && faster {
			err = wakeSleepers(ctx, tx, at)
		}
		return err
	})
	if err == nil && s.options.Standstill && clock.Speed() != 1 {
		now := clock.Wall()
		clock.Run(clock.From(now), clock.ToProduct(now)) // until SeeTime says that everything is there
	}
	return clock, err
}

// wakeSleepers has every driver plan anew: their timers are set on the wall, and at a greater speed they would ring too late. At
// a lower one they ring too soon, which does no harm.
func wakeSleepers(ctx context.Context, tx pgx.Tx, wall time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall)
		SELECT id, false, journey_key, $1 FROM enrollments WHERE status = 'active' ORDER BY id
		ON CONFLICT (enrollment_id) DO UPDATE SET version = wakeups.version + 1, tries = 0, leased_wall = NULL`, wall)
	return err
}

// releaseLeases takes back what the dead hold: time stood still because nobody was there, and at the speed at which it goes on
// their leases would last for weeks.
func releaseLeases(ctx context.Context, tx pgx.Tx, wall time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE messages SET leased_wall = $1 WHERE state IN ('claimed', 'at_dot')`, wall); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE wakeups SET leased_wall = NULL, tries = 0 WHERE leased_wall IS NOT NULL`)
	return err
}

// SeeTime lets product time run on, up to so much wall time ahead, and notes it. With Options.Standstill it stands still there
// until SeeTime is called again, here and in a process that comes back later: days that nobody lived through are not skipped.
func (s *Store) SeeTime(ctx context.Context, ahead time.Duration) (err error) {
	defer wrap(&err, "noting the time")
	wall := s.clock.Wall().Truncate(time.Microsecond)
	epoch := s.clock.From(wall)
	seen := epoch.ToProduct(wall.Add(ahead))
	_, err = s.pool.Exec(ctx, `UPDATE settings SET seen_at = $1, epoch_wall = $2, epoch_product = $3`, seen, epoch.Wall, epoch.Product)
	if err == nil {
		s.clock.Run(epoch, seen)
	}
	return err
}
