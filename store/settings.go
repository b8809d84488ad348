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
	err = s.pool.QueryRow(ctx, `SELECT sending, live, allow_list, token_key FROM settings`).
		Scan(&out.Sending, &out.Live, &out.AllowList, &out.TokenKey)
	return out, err
}

// SetSwitch changes what the switch names and returns the settings as they are then. Once it has answered, no message that
// the new settings forbid reaches the dot: the ledger reads them in the transaction that would let it.
func (s *Store) SetSwitch(ctx context.Context, to journey.Switch) (out journey.Settings, err error) {
	defer wrap(&err, "setting the switch")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			UPDATE settings SET sending = coalesce($1, sending), live = coalesce($2, live), allow_list = coalesce($3, allow_list)
			RETURNING sending, live, allow_list, token_key`, to.Sending, to.Live, to.AllowList).
			Scan(&out.Sending, &out.Live, &out.AllowList, &out.TokenKey)
		if err != nil {
			return err
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
		return err
	})
	return clock, err
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

// SeeTime notes that product time runs, up to ahead from now. With Options.Standstill, an installation that runs at a speed
// other than 1 goes on from there when it comes back: days that nobody lived through are not skipped. It is called again before
// that moment comes, so that time never runs backwards.
func (s *Store) SeeTime(ctx context.Context, ahead time.Duration) (err error) {
	defer wrap(&err, "noting the time")
	_, err = s.pool.Exec(ctx, `UPDATE settings SET seen_at = $1`, s.clock.ToProduct(s.clock.Wall().Add(ahead)))
	return err
}
