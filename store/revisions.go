package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

const (
	gatherFor     = time.Minute // typing goes into the revision that the same person began less than this ago
	keepRevisions = 200
)

// revise writes down what a draft has become. was is the draft before: the first change writes that down too, so that it can be
// undone. It returns the number of the revision, and whether that is a new one.
func (s *Store) revise(ctx context.Context, tx pgx.Tx, was, is journey.Draft, by journey.Actor) (number int, begun bool, err error) {
	number = was.Revision
	if number == 0 && was.State != "" {
		if _, err := tx.Exec(ctx, `DELETE FROM draft_revisions WHERE journey_key = $1`, is.Key); err != nil {
			return 0, false, err
		}
		if number, err = s.addRevision(ctx, tx, 1, was, is.Key, by); err != nil {
			return 0, false, err
		}
	}
	if was.ETag == is.ETag && number > 0 {
		return number, false, nil
	}
	if is.Gathers && number > 1 && number == was.Revision {
		tag, err := tx.Exec(ctx, `
			UPDATE draft_revisions SET source = $3, files = $4, etag = $5, at = $6
			WHERE journey_key = $1 AND number = $2 AND by_id = $7 AND made_wall > $8
				AND NOT EXISTS (SELECT FROM draft_revisions later WHERE later.journey_key = $1 AND later.number > $2)`,
			is.Key, number, is.Source, is.Files, is.ETag, s.clock.Now(), by.ID, s.clock.Wall().Add(-gatherFor))
		if err != nil || tag.RowsAffected() == 1 {
			return number, false, err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM draft_revisions WHERE journey_key = $1 AND (number > $2 OR number <= $3)`,
		is.Key, number, number+1-keepRevisions); err != nil {
		return 0, false, err
	}
	number, err = s.addRevision(ctx, tx, number+1, is, is.Key, by)
	return number, true, err
}

func (s *Store) addRevision(ctx context.Context, tx pgx.Tx, number int, d journey.Draft, key string, by journey.Actor) (int, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO draft_revisions (journey_key, number, at, made_wall, by_id, by_name, source, files, etag)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		key, number, s.clock.Now(), s.clock.Wall(), by.ID, by.Name, d.Source, d.Files, d.ETag)
	return number, err
}

// Revisions lists the revisions of a draft with their sources, the newest first; Files are left out. There are none where there is no draft.
func (s *Store) Revisions(ctx context.Context, key string) (_ []journey.Revision, err error) {
	defer wrap(&err, "listing the revisions of the draft of journey %q", key)
	rows, err := s.pool.Query(ctx, `
		SELECT r.number, r.at, r.by_name, r.etag, r.source, r.number = j.draft_revision AS current
		FROM draft_revisions r JOIN journeys j ON j.key = r.journey_key
		WHERE r.journey_key = $1 AND j.draft_revision IS NOT NULL ORDER BY r.number DESC`, key)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Revision])
	return nonNil(list), err
}

// TurnDraft makes a draft what it was in a revision, if it is still the one of that ETag: an undo, or a redo. Later revisions stay until
// something else is changed. CodeNotFound where there is no such revision.
func (s *Store) TurnDraft(ctx context.Context, key string, by journey.Actor, number int, etag string) (d journey.Draft, err error) {
	defer wrap(&err, "going to revision %d of the draft of journey %q", number, key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if d, err = lockDraft(ctx, tx, key); err != nil {
			return err
		}
		if d.ETag != etag {
			return journey.Faultf(journey.CodeStale, "the draft has changed since it was read; read it and try again")
		}
		tag, err := tx.Exec(ctx, `
			UPDATE journeys j SET draft_source = r.source, draft_files = r.files, draft_etag = r.etag, draft_revision = r.number, updated_at = $3
			FROM draft_revisions r WHERE r.journey_key = j.key AND j.key = $1 AND r.number = $2 AND j.draft_revision IS NOT NULL`,
			key, number, s.clock.Now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no revision %d of the draft of journey %q", number, key)
		}
		if d, err = draft(ctx, tx, key); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "journey.edit", target: key, detail: map[string]any{"etag": d.ETag, "revision": number}})
	})
	return d, err
}

// Desk returns the text that somebody typed and that is not in the draft: of one of its messages, or with file "" of the journey itself. Nil
// where there is none.
func (s *Store) Desk(ctx context.Context, key, file, user string) (_ *journey.Desk, err error) {
	defer wrap(&err, "reading what was typed for journey %q", key)
	var d journey.Desk
	err = s.pool.QueryRow(ctx, `SELECT source, base_etag, at FROM draft_desks WHERE journey_key = $1 AND file = $2 AND user_id = $3`, key, file, user).
		Scan(&d.Source, &d.BaseETag, &d.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is there
	}
	return &d, err
}

// PutDesk keeps such a text in place of the one before; an empty one clears the desk.
func (s *Store) PutDesk(ctx context.Context, key, file, user string, d journey.Desk) (err error) {
	defer wrap(&err, "keeping what was typed for journey %q", key)
	if d.Source == "" {
		_, err = s.pool.Exec(ctx, `DELETE FROM draft_desks WHERE journey_key = $1 AND file = $2 AND user_id = $3`, key, file, user)
		return err
	}
	_, err = s.pool.Exec(ctx, `
		INSERT INTO draft_desks (journey_key, file, user_id, source, base_etag, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (journey_key, user_id, file) DO UPDATE SET source = excluded.source, base_etag = excluded.base_etag, at = excluded.at`,
		key, file, user, d.Source, d.BaseETag, s.clock.Now())
	return err
}

// Desks are the messages of which somebody has text that is not in the draft, by journey and file.
func (s *Store) Desks(ctx context.Context, user string) (_ map[string][]string, err error) {
	defer wrap(&err, "listing what was typed")
	rows, err := s.pool.Query(ctx, `SELECT journey_key, file FROM draft_desks WHERE user_id = $1 AND file <> '' ORDER BY 1, 2`, user)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	var key, file string
	_, err = pgx.ForEachRow(rows, []any{&key, &file}, func() error {
		out[key] = append(out[key], file)
		return nil
	})
	return out, err
}
