package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// beginMigration makes the migration that a publication asks for, in its transaction; nothing where nobody is on an older version.
func (s *Store) beginMigration(ctx context.Context, tx pgx.Tx, p journey.Publication, version int) error {
	if p.InFlight != journey.InFlightMigrate && p.InFlight != journey.InFlightExit {
		return nil
	}
	var total int
	err := tx.QueryRow(ctx, `SELECT count(*)::int FROM enrollments WHERE journey_key = $1 AND status = 'active' AND version < $2`, p.Key, version).
		Scan(&total)
	if err != nil || total == 0 {
		return err
	}
	moves := p.Map
	if moves == nil {
		moves = map[string]string{}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO migrations (id, journey_key, version, in_flight, map, waits, by, total, began_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		journey.NewID(journey.PrefixMigration), p.Key, version, p.InFlight, moves, p.Waits, p.By.Name, total, s.clock.Now())
	if err != nil {
		return err
	}
	return notify(ctx, tx, channelMigrations)
}

// OpenMigrations returns the ids of the migrations that are not finished, the oldest first.
func (s *Store) OpenMigrations(ctx context.Context) (ids []string, err error) {
	defer wrap(&err, "listing open migrations")
	rows, err := s.pool.Query(ctx, `SELECT id FROM migrations WHERE finished_at IS NULL ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Migration returns the last migration of a journey with how far it is; nil when there was none.
func (s *Store) Migration(ctx context.Context, key string) (_ *journey.Migration, err error) {
	defer wrap(&err, "reading the migration of journey %q", key)
	m := journey.Migration{Journey: key}
	err = s.pool.QueryRow(ctx, `
		SELECT m.id, m.version, m.in_flight, m.map, m.waits, m.by, m.total, m.began_at, m.finished_at, n.waiting, n.held
		FROM migrations m CROSS JOIN LATERAL (
		    SELECT count(*)::int AS waiting, (count(*) FILTER (WHERE held <> ''))::int AS held FROM enrollments e
		    WHERE e.journey_key = m.journey_key AND e.status = 'active' AND e.version < m.version) n
		WHERE m.journey_key = $1 ORDER BY m.id DESC LIMIT 1`, key).
		Scan(&m.ID, &m.Version, &m.InFlight, &m.Map, &m.Waits, &m.By, &m.Total, &m.BeganAt, &m.FinishedAt, &m.Waiting, &m.Held)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &m, err
}

// migrationAhead is how many wake-ups of the journey may wait for their drivers before a migration rests: wakes stand before
// starts, and others are not to be kept waiting behind it.
const migrationAhead = 400

// migration is the row, as one batch begins.
type migration struct {
	ID, Key  string
	Version  int
	InFlight journey.InFlight
	By       string
	WalkedTo string
	Settled  bool // nobody can be entering an older version any more
	Asked    int  // who will cross with her next decision; those who are held aside
	Woken    int  // of the journey, who have not been heard yet
}

// MigrateSome takes the next customers who are in flight along, at most limit of them, each in a transaction of her own: it asks
// her to go on in the new version (or to leave), and decides at once where her driver only waits; its timer stays right, and it is
// woken where it does not. Who has not begun, is held, or whose driver is busy is asked, and crosses with her next decision. It can
// be cut off anywhere: the next call goes on where this one stood, and nobody crosses twice.
func (s *Store) MigrateSome(ctx context.Context, id string, limit int) (out journey.MigrationStep, err error) {
	defer wrap(&err, "migrating %s", id)
	m, err := s.openMigration(ctx, id)
	if err != nil || m == nil {
		return journey.MigrationStep{Finished: err == nil}, err
	}
	if m.Woken >= migrationAhead {
		return out, nil
	}
	next, err := s.toMigrate(ctx, m, limit)
	if err != nil {
		return out, err
	}
	if len(next) == 0 {
		out.Finished = m.WalkedTo == "" && m.Settled && m.Asked == 0
		return out, s.turnMigration(ctx, m, out.Finished)
	}
	for _, enrollment := range next {
		if err := s.migrateOne(ctx, m, enrollment); err != nil {
			return out, err
		}
		out.Asked++
	}
	_, err = s.pool.Exec(ctx, `UPDATE migrations SET walked_to = $2 WHERE id = $1`, id, next[len(next)-1])
	return out, err
}

// openMigration returns the migration with what it is waiting for, nil when it is finished.
func (s *Store) openMigration(ctx context.Context, id string) (*migration, error) {
	m := &migration{ID: id}
	err := s.pool.QueryRow(ctx, `
		UPDATE migrations SET horizon = coalesce(horizon, pg_snapshot_xmax(pg_current_snapshot()))
		WHERE id = $1 AND finished_at IS NULL
		RETURNING journey_key, version, in_flight, by, walked_to, horizon <= pg_snapshot_xmin(pg_current_snapshot()),
		    (SELECT count(*) FROM requests r JOIN enrollments e ON e.id = r.enrollment_id
		     WHERE r.migration = $1 AND e.status = 'active' AND e.held = '')::int,
		    (SELECT count(*) FROM (SELECT FROM wakeups w WHERE w.journey_key = migrations.journey_key AND NOT w.start LIMIT 1000) AS heard)::int`, id).
		Scan(&m.Key, &m.Version, &m.InFlight, &m.By, &m.WalkedTo, &m.Settled, &m.Asked, &m.Woken)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return m, err
}

// toMigrate returns the next enrollments that are in flight and have not been asked.
func (s *Store) toMigrate(ctx context.Context, m *migration, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id FROM enrollments e
		WHERE journey_key = $1 AND status = 'active' AND version < $2 AND id > $3
		  AND NOT EXISTS (SELECT FROM requests r WHERE r.enrollment_id = e.id AND r.migration = $4)
		ORDER BY id LIMIT $5`, m.Key, m.Version, m.WalkedTo, m.ID, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// migrateOne asks one enrollment, and decides where it can. One whose decision panics is held, and asked.
func (s *Store) migrateOne(ctx context.Context, m *migration, id string) error {
	ask := func(tx pgx.Tx) error {
		e, err := s.lockEnrollment(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // erased with her customer
		}
		if err != nil || e.Status == journey.StatusEnded || e.Version >= m.Version {
			return err
		}
		verb, reason := journey.VerbMigrate, ""
		if m.InFlight == journey.InFlightExit {
			verb, reason = journey.VerbExit, journey.ReasonNewVersion
		}
		_, err = tx.Exec(ctx, `INSERT INTO requests (enrollment_id, verb, reason, by, at, migration) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, verb, reason, m.By, s.clock.Now(), m.ID)
		if err != nil {
			return err
		}
		if !e.rests() {
			return s.wake(ctx, tx, []string{id})
		}
		return s.decideToMigrate(ctx, tx, e)
	}
	err := s.inTx(ctx, ask)
	var p *poison
	if errors.As(err, &p) {
		if _, err := s.park(ctx, id); err != nil {
			return err
		}
		return s.inTx(ctx, ask)
	}
	return err
}

// rests says whether the driver does nothing but wait: then somebody else may ask for a decision in its stead.
func (e *enrollment) rests() bool {
	if e.Held != "" || e.Released || e.Plan == nil {
		return false
	}
	switch e.Plan.Kind {
	case journey.PlanSleep, journey.PlanWait, journey.PlanHold:
		return true
	}
	return false
}

// decideToMigrate makes the decision of her crossing. Her driver hears of it where its timer is another now, or there is nothing to
// drive any more.
func (s *Store) decideToMigrate(ctx context.Context, tx pgx.Tx, e *enrollment) error {
	b := &pgx.Batch{}
	queueRequests(b, e.ID, e)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	before := s.directive(*e.Plan, e.Seq)
	after, err := s.decide(ctx, tx, e, s.clock.Now(), journey.CauseWake)
	if err != nil || after.Kind != journey.PlanDone && sameMoment(before.At, after.At) {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall) VALUES ($1, false, $2, $3)
		ON CONFLICT (enrollment_id) DO UPDATE SET version = wakeups.version + 1, tries = 0, leased_wall = NULL`, e.ID, e.JourneyKey, s.clock.Wall())
	if err != nil {
		return err
	}
	return notify(ctx, tx, channelWakeups)
}

func sameMoment(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// turnMigration ends a walk. The next begins from the start, for who entered the old version in a transaction that was open when
// the new one was published; one that finds nobody, when no such transaction is left, is the last.
func (s *Store) turnMigration(ctx context.Context, m *migration, finished bool) error {
	var at *time.Time
	if finished {
		now := s.clock.Now()
		at = &now
	}
	_, err := s.pool.Exec(ctx, `UPDATE migrations SET walked_to = '', finished_at = $2 WHERE id = $1`, m.ID, at)
	return err
}

// crossing is one migration that an enrollment was asked to go along with.
type crossing struct {
	Version int
	Map     map[string]string
	Waits   journey.Waits
}

// cross turns what migrations have asked into crossings, from version to version, and takes the enrollment to the last of them.
func (s *Store) cross(ctx context.Context, q querier, e *enrollment) (out []journey.Crossing, err error) {
	for _, c := range e.asked {
		if c.Version <= e.Version {
			continue // a later one was quicker
		}
		step := journey.Crossing{FromN: e.Version, ToN: c.Version, Map: c.Map, Recompute: c.Waits == journey.WaitsRecompute}
		if step.From, err = s.definition(ctx, q, e.JourneyKey, e.Version); err != nil {
			return nil, err
		}
		if step.To, err = s.definition(ctx, q, e.JourneyKey, c.Version); err != nil {
			return nil, err
		}
		out, e.Version = append(out, step), c.Version
	}
	return out, nil
}

// queueVersion adds the version to which an enrollment has crossed, with its place among the journeys of its group. One that is
// making room for another journey is out of its group already.
func queueVersion(b *pgx.Batch, e *enrollment, def *journey.Definition) {
	b.Queue(`UPDATE enrollments SET version = $2, priority = $3, grp = CASE WHEN EXISTS (
		    SELECT FROM requests WHERE enrollment_id = $1 AND verb = 'exit') THEN grp ELSE $4 END WHERE id = $1`,
		e.ID, e.Version, def.Priority, def.Group)
}

// Inside returns the versions that somebody is in, and the live one, the newest first, with where people stand.
func (s *Store) Inside(ctx context.Context, key string) (_ []journey.VersionInFlight, err error) {
	defer wrap(&err, "counting who is in journey %q", key)
	rows, err := s.pool.Query(ctx, `
		SELECT version, step, sum(n)::int FROM (
		    SELECT version, step, count(*) AS n FROM enrollments WHERE journey_key = $1 AND status = 'active' GROUP BY version, step
		    UNION ALL SELECT live_version, '', 0 FROM journeys WHERE key = $1 AND live_version IS NOT NULL) AS stands
		GROUP BY version, step ORDER BY version DESC, step`, key)
	if err != nil {
		return nil, err
	}
	var out []journey.VersionInFlight
	var number, n int
	var step string
	if _, err := pgx.ForEachRow(rows, []any{&number, &step, &n}, func() error {
		if len(out) == 0 || out[len(out)-1].Number != number {
			out = append(out, journey.VersionInFlight{Number: number, Steps: map[string]int{}})
		}
		if n > 0 {
			out[len(out)-1].Steps[step] = n
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Def, err = s.definition(ctx, s.pool, key, out[i].Number); err != nil {
			return nil, err
		}
	}
	return out, nil
}
