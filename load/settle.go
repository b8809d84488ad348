package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/bench/rig"
)

// patience is how long nothing may change while something is left to do.
const patience = 3 * time.Minute

// leftover is what the installation still owes.
type leftover struct{ Events, Wakeups, Messages int }

// applied waits until every accepted event has taken effect, which may take at most as long as said.
func (s *shop) applied(ctx context.Context, limit time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.until(waiting, func(l leftover) bool { return l.Events == 0 })
}

// settle waits until nothing is owed any more.
func (s *shop) settle(ctx context.Context, out io.Writer) error {
	began := time.Now()
	if err := s.until(ctx, func(l leftover) bool { return l == leftover{} }); err != nil {
		return err
	}
	fmt.Fprintf(out, "settled %s after the last story\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

func (s *shop) until(ctx context.Context, done func(leftover) bool) error {
	conn, err := pgx.Connect(ctx, s.product.DatabaseURL)
	if err != nil {
		return fmt.Errorf("waiting until all is done: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the session ends either way
	var last leftover
	for changed := time.Now(); ctx.Err() == nil; rig.Wait(ctx, 200*time.Millisecond) {
		var left leftover
		err := conn.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM events WHERE applied_at IS NULL), (SELECT count(*) FROM wakeups),
				(SELECT count(*) FROM messages WHERE state IN ('queued', 'claimed', 'at_dot', 'deferred'))`).
			Scan(&left.Events, &left.Wakeups, &left.Messages)
		switch {
		case err != nil:
			return fmt.Errorf("waiting until all is done: %w", err)
		case done(left):
			return nil
		case left != last:
			last, changed = left, time.Now()
		case time.Since(changed) > patience:
			return fmt.Errorf("waiting until all is done: nothing has changed for %s, and %+v are left", patience, left)
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("waiting until all is done: %+v are left", last))
}
