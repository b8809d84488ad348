package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Bounds of what is kept of a source.
const (
	oldSecretGood  = 24 * time.Hour // wall time
	deliveriesKept = 200            // of each source
	deliverySpan   = 50             // how many more come in before the oldest go
)

// sourceColumns are those that sourceRow scans.
const sourceColumns = `key, name, preset, mapping, old_wall, created_at, updated_at`

func (s *Store) sourceRow(row pgx.CollectableRow) (v journey.Source, err error) {
	err = s.scanSource(row, &v)
	return v, err
}

// scanSource scans sourceColumns, and what else is asked for.
func (s *Store) scanSource(row pgx.CollectableRow, v *journey.Source, more ...any) error {
	err := row.Scan(append([]any{&v.Key, &v.Name, &v.Preset, &v.Mapping, &v.OldUntil, &v.CreatedAt, &v.UpdatedAt}, more...)...)
	if v.OldUntil != nil && !v.OldUntil.After(s.clock.Wall()) {
		v.OldUntil = nil
	}
	return err
}

// Sources lists the systems that tell us of customers by webhooks, by key, each with what came in from it last.
func (s *Store) Sources(ctx context.Context) (_ []journey.Source, err error) {
	defer wrap(&err, "listing sources")
	rows, err := s.pool.Query(ctx, `
		SELECT `+sourceColumns+`, (
			SELECT jsonb_build_object('id', d.id::text, 'at', d.at, 'name', d.name, 'effect', d.effect, 'reason', d.reason, 'events', d.events)
			FROM source_deliveries d WHERE d.source_key = sources.key ORDER BY d.id DESC LIMIT 1)
		FROM sources ORDER BY sources.key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v journey.Source, err error) {
		err = s.scanSource(row, &v, &v.Last)
		return v, err
	})
	return nonNil(list), err
}

// SourceNamed returns one of them. The fault is not_found.
func (s *Store) SourceNamed(ctx context.Context, key string) (v journey.Source, err error) {
	defer wrap(&err, "reading source %q", key)
	rows, err := s.pool.Query(ctx, `SELECT `+sourceColumns+` FROM sources WHERE key = $1`, key)
	if err != nil {
		return v, err
	}
	v, err = pgx.CollectExactlyOneRow(rows, s.sourceRow)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, noSource(key)
	}
	return v, err
}

func noSource(key string) error {
	return journey.Faultf(journey.CodeNotFound, "there is no source %q", key)
}

// SourceSecrets are the secrets that are good now, the current one first.
func (s *Store) SourceSecrets(ctx context.Context, key string) (list []string, err error) {
	defer wrap(&err, "reading the secrets of source %q", key)
	err = s.pool.QueryRow(ctx, `
		SELECT CASE WHEN old_wall > $2 AND old_secret <> '' THEN ARRAY[secret, old_secret] ELSE ARRAY[secret] END FROM sources WHERE key = $1`,
		key, s.clock.Wall()).Scan(&list)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noSource(key)
	}
	return list, err
}

// PutSource makes a source or changes it. With secret "" one that is there keeps its own, and a new one gets fresh; a source that gets
// another secret stays open for the one before for a day. Made says whether fresh is the source's secret now.
func (s *Store) PutSource(ctx context.Context, v journey.Source, secret, fresh string, by journey.Actor) (out journey.Source, made bool, err error) {
	defer wrap(&err, "changing source %q", v.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var is string
		err := tx.QueryRow(ctx, `
			INSERT INTO sources AS s (key, name, preset, mapping, secret, created_at, updated_at) VALUES ($1, $2, $3, $4, coalesce(nullif($5, ''), $6), $7, $7)
			ON CONFLICT (key) DO UPDATE SET name = $2, preset = $3, mapping = $4, updated_at = $7, secret = coalesce(nullif($5, ''), s.secret),
				old_secret = CASE WHEN $5 IN ('', s.secret) THEN s.old_secret ELSE s.secret END,
				old_wall = CASE WHEN $5 IN ('', s.secret) THEN s.old_wall ELSE $8 END
			RETURNING secret`, v.Key, v.Name, string(v.Preset), v.Mapping, secret, fresh, s.clock.Now(), s.clock.Wall().Add(oldSecretGood)).Scan(&is)
		if err != nil {
			return err
		}
		made = is == fresh
		return s.audit(ctx, tx, deed{by: by, verb: "source.put", target: v.Key, detail: map[string]any{"preset": v.Preset, "new_secret": secret != "" || made}})
	})
	if err != nil {
		return out, false, err
	}
	out, err = s.SourceNamed(ctx, v.Key)
	return out, made, err
}

// RotateSource gives a source another secret; the one before is good for a day more.
func (s *Store) RotateSource(ctx context.Context, key, secret string, by journey.Actor) (out journey.Source, err error) {
	defer wrap(&err, "rotating the secret of source %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE sources SET old_secret = secret, old_wall = $3, secret = $2, updated_at = $4 WHERE key = $1 AND secret <> $2`,
			key, secret, s.clock.Wall().Add(oldSecretGood), s.clock.Now())
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "source.rotate", target: key})
	})
	if err != nil {
		return out, err
	}
	return s.SourceNamed(ctx, key)
}

// DeleteSource forgets a source; its webhooks are refused from then on. The fault is not_found.
func (s *Store) DeleteSource(ctx context.Context, key string, by journey.Actor) (err error) {
	defer wrap(&err, "deleting source %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM sources WHERE key = $1`, key)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return noSource(key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "source.delete", target: key})
	})
}

// NoteDelivery writes down what became of a webhook. Of each source the last 200 are kept.
func (s *Store) NoteDelivery(ctx context.Context, key string, d journey.SourceDelivery) (err error) {
	defer wrap(&err, "noting a delivery of source %q", key)
	var id int64
	err = s.pool.QueryRow(ctx, `
		INSERT INTO source_deliveries (source_key, at, name, effect, reason, events)
		SELECT key, $2, $3, $4, $5, $6 FROM sources WHERE key = $1 RETURNING id`,
		key, s.clock.Now(), d.Name, string(d.Effect), clip(d.Reason), nonNil(d.Events)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil || id%deliverySpan != 0 {
		return err
	}
	_, err = s.pool.Exec(ctx, `
		DELETE FROM source_deliveries WHERE source_key = $1 AND id <= (
			SELECT id FROM source_deliveries WHERE source_key = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`, key, deliveriesKept)
	return err
}

// SourceDeliveries lists what came in from a source lately, the newest first. The fault is not_found.
func (s *Store) SourceDeliveries(ctx context.Context, key string, r journey.PageRequest) (_ journey.Page[journey.SourceDelivery], err error) {
	defer wrap(&err, "listing what came in from source %q", key)
	var none journey.Page[journey.SourceDelivery]
	before, err := numberCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	if _, err := s.SourceNamed(ctx, key); err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id::text, at, name, effect, reason, events FROM source_deliveries
		WHERE source_key = $1 AND ($2::bigint = 0 OR id < $2) ORDER BY source_deliveries.id DESC LIMIT $3`, key, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.SourceDelivery])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(d journey.SourceDelivery) string { return cursor(d.ID) }), nil
}

// UserOfAddress is the callers' id of the only customer who has that address; "" where there is none, or several, or she has no id.
func (s *Store) UserOfAddress(ctx context.Context, address string) (user string, err error) {
	defer wrap(&err, "looking up an address")
	err = s.pool.QueryRow(ctx, `
		SELECT CASE count(*) WHEN 1 THEN coalesce(max(external_id), '') ELSE '' END FROM (
			SELECT external_id FROM customers WHERE lower(email) = lower($1) AND email <> '' AND merged_into IS NULL LIMIT 2) hers`, address).Scan(&user)
	return user, err
}
