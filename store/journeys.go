package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Journeys lists every journey by its key.
func (s *Store) Journeys(ctx context.Context) (_ []journey.JourneyInfo, err error) {
	defer wrap(&err, "listing journeys")
	rows, err := s.pool.Query(ctx, `
		SELECT j.key, j.id, j.name, j.state, coalesce(j.live_version, 0), j.draft_source IS NOT NULL,
			EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1)
				AND p.scope = 'journey' AND p.target = j.key),
			(SELECT count(*) FROM enrollments e WHERE e.journey_key = j.key AND e.status = 'active')::int,
			j.created_at, j.updated_at
		FROM journeys j ORDER BY j.key`, s.clock.Now())
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.JourneyInfo])
	return nonNil(list), err
}

// Draft returns what can be edited of a journey: its draft, or the live version where there is none. CodeNotFound when there
// is no such journey.
func (s *Store) Draft(ctx context.Context, key string) (d journey.Draft, err error) {
	defer wrap(&err, "reading the draft of journey %q", key)
	return draft(ctx, s.pool, key)
}

// Drafts returns what can be edited of every journey that is in service, by its key; of revisions it says nothing.
func (s *Store) Drafts(ctx context.Context) (_ []journey.Draft, err error) {
	defer wrap(&err, "reading the drafts of all journeys")
	rows, err := s.pool.Query(ctx, `
		SELECT j.key, j.name, j.state, coalesce(j.live_version, 0) AS live_version, coalesce(j.draft_source, v.source) AS source,
			coalesce(CASE WHEN j.draft_source IS NULL THEN v.files ELSE j.draft_files END, '{}') AS files, j.draft_source IS NOT NULL AS is_draft
		FROM journeys j LEFT JOIN versions v ON v.journey_key = j.key AND v.number = j.live_version
		WHERE j.state <> 'archived' ORDER BY j.key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[journey.Draft])
	for i, d := range list {
		list[i].ETag = journey.ContentHash(d.Source, d.Files)
	}
	return list, err
}

func draft(ctx context.Context, q querier, key string) (journey.Draft, error) {
	d := journey.Draft{Key: key}
	err := q.QueryRow(ctx, `
		SELECT j.name, j.state, coalesce(j.live_version, 0), j.draft_source IS NOT NULL, coalesce(j.draft_revision, 0),
			coalesce((SELECT max(r.number) FROM draft_revisions r WHERE r.journey_key = j.key AND j.draft_revision IS NOT NULL), 0),
			coalesce(j.draft_source, v.source), CASE WHEN j.draft_source IS NULL THEN v.files ELSE j.draft_files END
		FROM journeys j LEFT JOIN versions v ON v.journey_key = j.key AND v.number = j.live_version
		WHERE j.key = $1`, key).
		Scan(&d.Name, &d.State, &d.LiveVersion, &d.IsDraft, &d.Revision, &d.Newest, &d.Source, &d.Files)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, journey.Faultf(journey.CodeNotFound, "there is no journey %q", key)
	}
	if d.Files == nil {
		d.Files = map[string]string{}
	}
	d.ETag = journey.ContentHash(d.Source, d.Files)
	return d, err
}

// EditDraft lets edit change the draft of a journey under its lock, so that of two editors one sees the other's work. A
// journey that does not exist yet comes to edit with an empty source; what edit returns is stored, its error is not.
func (s *Store) EditDraft(ctx context.Context, key string, by journey.Actor, edit func(journey.Draft) (journey.Draft, error)) (d journey.Draft, err error) {
	defer wrap(&err, "writing the draft of journey %q", key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if d, err = lockDraft(ctx, tx, key); err != nil {
			return err
		}
		was := d
		if d, err = edit(d); err != nil {
			return err
		}
		d.Key, d.IsDraft, d.ETag = key, true, journey.ContentHash(d.Source, d.Files)
		if was.State != "" {
			_, err = tx.Exec(ctx, `UPDATE journeys SET name = CASE WHEN live_version IS NULL THEN $2 ELSE name END,
				draft_source = $3, draft_files = $4, draft_etag = $5, updated_at = $6 WHERE key = $1`,
				key, d.Name, d.Source, d.Files, d.ETag, s.clock.Now())
		} else {
			d.State = journey.JourneyDraft
			_, err = tx.Exec(ctx, `
				INSERT INTO journeys (key, id, name, state, draft_source, draft_files, draft_etag, created_at, updated_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
				key, journey.NewID(journey.PrefixJourney), d.Name, d.State, d.Source, d.Files, d.ETag, s.clock.Now())
			if violates(err, "journeys_pkey") {
				return errLost // another editor was first, and inTx cannot go on in this transaction
			}
		}
		if err != nil {
			return err
		}
		var begun bool
		if d.Revision, begun, err = s.revise(ctx, tx, was, d, by); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `UPDATE journeys SET draft_revision = $2 WHERE key = $1`, key, d.Revision); err != nil {
			return err
		}
		d.Newest = d.Revision
		if d.Gathers && !begun {
			return nil // typing goes on: the audit names the revision that it belongs to
		}
		return s.audit(ctx, tx, deed{by: by, verb: "journey.edit", target: key, detail: map[string]any{"etag": d.ETag, "revision": d.Revision}})
	})
	return d, err
}

var errLost = journey.Faultf(journey.CodeConflict, "somebody else has just created this journey; read it and try again")

// lockDraft reads the draft under the journey's lock; State is empty when there is no such journey.
func lockDraft(ctx context.Context, tx pgx.Tx, key string) (journey.Draft, error) {
	tag, err := tx.Exec(ctx, `SELECT FROM journeys WHERE key = $1 FOR NO KEY UPDATE`, key)
	if err != nil || tag.RowsAffected() == 0 {
		return journey.Draft{Key: key, Files: map[string]string{}}, err
	}
	return draft(ctx, tx, key)
}

// Publish freezes the draft as the next version and makes it live, with the topics, pools and surveys that it declares.
// Content that is live already stays as it is: unchanged is true. A draft that has changed since it was looked at, or is
// gone, is a fault of CodeStale.
func (s *Store) Publish(ctx context.Context, p journey.Publication) (v journey.Version, unchanged bool, err error) {
	defer wrap(&err, "publishing journey %q", p.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		d, err := lockDraft(ctx, tx, p.Key)
		switch {
		case err != nil:
			return err
		case d.State == "":
			return journey.Faultf(journey.CodeNotFound, "there is no journey %q", p.Key)
		case !d.IsDraft || d.ETag != p.ETag:
			return journey.Faultf(journey.CodeStale, "the draft has changed or was published since it was read; read it and try again")
		}
		if v, unchanged, err = s.freeze(ctx, tx, d, p.By); err != nil {
			return err
		}
		if err := declare(ctx, tx, p.Declares); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE journeys SET name = $2, state = 'live', live_version = $3, draft_source = NULL, draft_files = '{}',
				draft_etag = '', draft_revision = NULL, updated_at = $4 WHERE key = $1`, p.Key, p.Name, v.Number, s.clock.Now())
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM draft_revisions WHERE journey_key = $1`, p.Key); err != nil {
			return err
		}
		if err := s.beginMigration(ctx, tx, p, v.Number); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: p.By, verb: "journey.publish", target: p.Key, detail: map[string]any{
			"version": v.Number, "hash": v.Hash, "unchanged": unchanged, "in_flight": p.InFlight, "map": p.Map, "waits": p.Waits}})
	})
	return v, unchanged, err
}

// freeze stores the draft as a version, unless the live one has the same content.
func (s *Store) freeze(ctx context.Context, tx pgx.Tx, d journey.Draft, by journey.Actor) (journey.Version, bool, error) {
	v := journey.Version{Key: d.Key, Hash: d.ETag, Source: d.Source, Files: d.Files}
	err := tx.QueryRow(ctx, `
		SELECT id, number, published_at, published_by FROM versions WHERE journey_key = $1 AND number = $2 AND hash = $3`,
		d.Key, d.LiveVersion, d.ETag).Scan(&v.ID, &v.Number, &v.PublishedAt, &v.PublishedBy)
	if !errors.Is(err, pgx.ErrNoRows) {
		return v, true, err
	}
	v.ID, v.PublishedAt, v.PublishedBy = journey.NewID(journey.PrefixVersion), s.clock.Now(), by.ID
	err = tx.QueryRow(ctx, `
		INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
		SELECT $1, $2, 1 + coalesce(max(number), 0), $3, $4, $5, $6, $7 FROM versions WHERE journey_key = $2
		RETURNING number`, v.ID, v.Key, v.Hash, v.Source, v.Files, v.PublishedAt, v.PublishedBy).Scan(&v.Number)
	return v, false, err
}

// declare makes the topics, pools and surveys that a journey brings along known to the server, in order of their keys so that
// two publications cannot lock each other out.
func declare(ctx context.Context, tx pgx.Tx, d journey.Declarations) error {
	batch := &pgx.Batch{}
	for _, key := range slices.Sorted(maps.Keys(d.Topics)) {
		t := d.Topics[key]
		// Names in other languages are kept where the file brings none: who translated the topic did so once, for all its journeys.
		batch.Queue(`INSERT INTO topics AS t (key, name, double_opt_in, cap, names) VALUES ($1, $2, $3, $4, coalesce($5::jsonb, '{}'))
			ON CONFLICT (key) DO UPDATE SET name = excluded.name, double_opt_in = excluded.double_opt_in, cap = excluded.cap,
				names = CASE WHEN excluded.names = '{}' THEN t.names ELSE excluded.names END`,
			key, t.Name, t.DoubleOptIn, t.Cap, t.Names)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Pools)) {
		p := d.Pools[key]
		batch.Queue(`INSERT INTO pools (key, alphabet, length) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET alphabet = excluded.alphabet, length = excluded.length`, key, p.Alphabet, p.Length)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Surveys)) {
		batch.Queue(`INSERT INTO surveys (key, form) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET form = excluded.form`, key, d.Surveys[key])
	}
	return tx.SendBatch(ctx, batch).Close()
}

// ArchiveJourney takes a journey out of service: nobody enters any more, those inside go on to their end.
func (s *Store) ArchiveJourney(ctx context.Context, key string, by journey.Actor) (err error) {
	defer wrap(&err, "archiving journey %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE journeys SET state = 'archived', updated_at = $2 WHERE key = $1`, key, s.clock.Now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no journey %q", key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "journey.archive", target: key})
	})
}

// RestoreJourney puts an archived journey back into service: live in the version that was, or a draft where none was published.
// One that is in service is a fault of CodeConflict.
func (s *Store) RestoreJourney(ctx context.Context, key string, by journey.Actor) (err error) {
	defer wrap(&err, "restoring journey %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE journeys SET state = CASE WHEN live_version IS NULL THEN 'draft' ELSE 'live' END, updated_at = $2
			WHERE key = $1 AND state = 'archived'`, key, s.clock.Now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			if _, err := draft(ctx, tx, key); err != nil {
				return err
			}
			return journey.Faultf(journey.CodeConflict, "journey %q is not archived", key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "journey.restore", target: key})
	})
}

// Versions lists the published versions of a journey, the newest first.
func (s *Store) Versions(ctx context.Context, key string) (_ []journey.Version, err error) {
	defer wrap(&err, "listing the versions of journey %q", key)
	if _, err := draft(ctx, s.pool, key); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT v.id, v.journey_key, v.number, v.hash, v.published_at, v.published_by,
			(SELECT count(*) FROM enrollments e WHERE e.journey_key = v.journey_key AND e.version = v.number AND e.status = 'active')::int,
			'' AS source, '{}'::jsonb AS files
		FROM versions v WHERE v.journey_key = $1 ORDER BY v.number DESC`, key)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Version])
	return nonNil(list), err
}

// Version returns one published version with its source and files.
func (s *Store) Version(ctx context.Context, key string, number int) (v journey.Version, err error) {
	defer wrap(&err, "reading version %d of journey %q", number, key)
	err = s.pool.QueryRow(ctx, `
		SELECT id, journey_key, number, hash, published_at, published_by, source, files
		FROM versions WHERE journey_key = $1 AND number = $2`, key, number).
		Scan(&v.ID, &v.Key, &v.Number, &v.Hash, &v.PublishedAt, &v.PublishedBy, &v.Source, &v.Files)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, journey.Faultf(journey.CodeNotFound, "there is no version %d of journey %q", number, key)
	}
	return v, err
}

// Unknown returns those of the references that the server does not have: pools, surveys, webhooks, teams and journeys, in any state. Topics come
// into being with the first consent and are not looked up.
func (s *Store) Unknown(ctx context.Context, named journey.References) (unknown journey.References, err error) {
	defer wrap(&err, "looking up what a journey names")
	err = s.pool.QueryRow(ctx, `
		SELECT array(SELECT key FROM unnest($1::text[]) key WHERE key NOT IN (SELECT p.key FROM pools p)),
			array(SELECT key FROM unnest($2::text[]) key WHERE key NOT IN (SELECT s.key FROM surveys s)),
			array(SELECT key FROM unnest($3::text[]) key WHERE key NOT IN (SELECT j.key FROM journeys j)),
			array(SELECT key FROM unnest($4::text[]) key WHERE key NOT IN (SELECT s.key FROM segments s)),
			array(SELECT key FROM unnest($5::text[]) key WHERE key NOT IN (SELECT e.key FROM endpoints e)),
			array(SELECT key FROM unnest($6::text[]) key WHERE key NOT IN (SELECT t.key FROM teams t))`,
		named.Pools, named.Surveys, named.Journeys, named.Segments, named.Webhooks, named.Teams).
		Scan(&unknown.Pools, &unknown.Surveys, &unknown.Journeys, &unknown.Segments, &unknown.Webhooks, &unknown.Teams)
	return unknown, err
}
