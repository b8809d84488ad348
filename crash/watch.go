package main

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// watch looks for standstills: stretches of wall time in which work was due and none of it was done, whatever the reason. While
// the database cannot be asked, what was due is still due.
type watch struct {
	url  string
	stop context.CancelFunc
	wg   sync.WaitGroup

	tracks []*track
}

// track is one kind of work.
type track struct {
	name    string
	due     bool
	done    int64
	since   time.Time // of the last progress, or the last moment at which nothing was due
	longest time.Duration
}

func watchProgress(ctx context.Context, url string) *watch {
	ctx, stop := context.WithCancel(ctx)
	w := &watch{url: url, stop: stop}
	for _, name := range []string{"applying events", "steps", "marketing mail", "transactional mail"} {
		w.tracks = append(w.tracks, &track{name: name, since: time.Now()})
	}
	w.wg.Go(func() {
		for ctx.Err() == nil {
			w.look(ctx)
		}
	})
	return w
}

// look samples over one connection until it breaks.
func (w *watch) look(ctx context.Context) {
	conn, err := connect(ctx, w.url)
	if err == nil {
		defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is of no further use
	}
	for ctx.Err() == nil {
		if err == nil {
			err = w.sample(ctx, conn)
		}
		if err != nil {
			w.note(nil)
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
		if err != nil {
			return
		}
	}
}

func (w *watch) sample(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	now := time.Now()
	n := make([]int64, 2*len(w.tracks))
	err := conn.QueryRow(ctx, `
		WITH mail AS (
			SELECT lane, count(*) FILTER (WHERE state IN ('accepted', 'failed', 'unknown', 'dropped', 'at_dot')) AS done, count(*) FILTER (
				WHERE state = 'claimed' OR state IN ('queued', 'deferred') AND not_before_at <= $1 AND coalesce(retry_wall, $1) <= $1
					AND NOT EXISTS (SELECT FROM messages d WHERE d.customer_id = m.customer_id AND d.lane = m.lane AND d.state = 'at_dot')) AS due
			FROM messages m GROUP BY lane
		)
		SELECT count(*) FILTER (WHERE applied_at IS NULL), count(*) FILTER (WHERE applied_at IS NOT NULL),
			(SELECT count(*) FROM wakeups) + (SELECT count(*) FROM enrollments WHERE status = 'active' AND due_at <= $1),
			(SELECT coalesce(sum(seq), 0)::bigint FROM enrollments),
			coalesce((SELECT due FROM mail WHERE lane = 'email-marketing'), 0), coalesce((SELECT done FROM mail WHERE lane = 'email-marketing'), 0),
			coalesce((SELECT due FROM mail WHERE lane = 'email-transactional'), 0), coalesce((SELECT done FROM mail WHERE lane = 'email-transactional'), 0)
		FROM events`, now).Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7])
	if err == nil {
		w.note(n)
	}
	return err
}

// note takes what was seen: due and done of each track; nil: nothing could be seen.
func (w *watch) note(seen []int64) {
	now := time.Now()
	for i, t := range w.tracks {
		if seen == nil {
			if !t.due {
				t.since = now
			}
			t.longest = max(t.longest, now.Sub(t.since))
			continue
		}
		if t.due {
			t.longest = max(t.longest, now.Sub(t.since))
		}
		if t.due = seen[2*i] > 0; !t.due || seen[2*i+1] != t.done {
			t.since = now
		}
		t.done = seen[2*i+1]
	}
}

// end stops looking, and returns the longest standstill and what stood still.
func (w *watch) end() (longest time.Duration, of string) {
	w.stop()
	w.wg.Wait()
	for _, t := range w.tracks {
		if t.longest > longest {
			longest, of = t.longest, t.name
		}
	}
	return longest, of
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return pgx.Connect(ctx, url)
}
