package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// noDoubt is how long after its dot a message must have had its reply here, where the relay answers within half a second: what
// still stands there then was sent by somebody who is dead.
const noDoubt = 20 * time.Second

// settle waits until everybody has done what she wanted to do and the installation has done all that it owes, for as long as what
// remains changes. The ten minutes that a message in doubt waits are not waited for: they are made as much older. False: nothing
// changed any more, and it was not quiet.
func settle(ctx context.Context, in *installation, l *load, patience time.Duration) bool {
	in.say("the last kill is over; waiting until all is quiet")
	var last leftover
	for changed := time.Now(); time.Since(changed) < patience && ctx.Err() == nil; {
		var left leftover
		err := withConn(ctx, in.databaseURL, func(conn *pgx.Conn) error {
			if err := hasten(ctx, conn); err != nil {
				return err
			}
			var err error
			left, err = remaining(ctx, conn)
			return err
		})
		left.Requests = l.owing()
		switch {
		case err == nil && left == (leftover{}):
			return true
		case err == nil && left != last:
			last, changed = left, time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	return false
}

// hasten makes messages in doubt as old as the ledger wants them before it settles them.
func hasten(ctx context.Context, conn *pgx.Conn) error {
	now := time.Now()
	_, err := conn.Exec(ctx, `
		UPDATE messages SET dot_wall = dot_wall - interval '10 minutes', leased_wall = least(leased_wall, $1)
		WHERE state = 'at_dot' AND dot_wall < $2 AND dot_wall > $3`, now, now.Add(-noDoubt), now.Add(-10*time.Minute))
	return err
}

// leftover is what the installation still owes.
type leftover struct {
	Requests, Events, Wakeups, Messages, Enrollments int
}

func (l leftover) String() string {
	return fmt.Sprintf("%d requests, %d events to apply, %d wake-ups, %d messages, %d enrollments", l.Requests, l.Events, l.Wakeups, l.Messages, l.Enrollments)
}

// remaining counts it. An enrollment whose question was lost in doubt waits for an answer that nobody can give: it is not owed.
func remaining(ctx context.Context, conn *pgx.Conn) (l leftover, err error) {
	err = conn.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM events WHERE applied_at IS NULL), (SELECT count(*) FROM wakeups),
			(SELECT count(*) FROM messages WHERE state IN ('queued', 'claimed', 'at_dot', 'deferred')),
			(SELECT count(*) FROM enrollments e WHERE status = 'active' AND NOT EXISTS (
				SELECT FROM messages m WHERE m.enrollment_id = e.id AND m.survey_id <> '' AND m.state = 'unknown'))`).
		Scan(&l.Events, &l.Wakeups, &l.Messages, &l.Enrollments)
	return l, err
}

// leftOver is what remains, in words.
func leftOver(ctx context.Context, in *installation) string {
	var left leftover
	err := withConn(ctx, in.databaseURL, func(conn *pgx.Conn) (err error) {
		left, err = remaining(ctx, conn)
		return err
	})
	if err != nil {
		return err.Error()
	}
	return left.String()
}

func withConn(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is of no further use
	return do(conn)
}
