package store

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// SaveImage keeps a picture; one that is there stays as it is, with the title and the time that it has.
func (s *Store) SaveImage(ctx context.Context, i journey.Image, raw []byte, by journey.Actor) (saved journey.Image, created bool, err error) {
	defer wrap(&err, "keeping an image")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO images (name, kind, title, width, height, size, bytes, by, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (name) DO NOTHING`, i.Name, i.Kind, i.Title, i.Width, i.Height, i.Size, raw, by.ID, s.clock.Now())
		if err != nil {
			return err
		}
		created = tag.RowsAffected() > 0
		saved, err = imageOf(ctx, tx, i.Name)
		if err != nil || !created {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "image.save", target: i.Name, detail: map[string]any{"title": i.Title, "size": i.Size}})
	})
	return saved, created, err
}

func imageOf(ctx context.Context, q querier, name string) (i journey.Image, err error) {
	err = q.QueryRow(ctx, `SELECT seq, name, kind, title, width, height, size, by, at FROM images WHERE name = $1`, name).
		Scan(&i.Seq, &i.Name, &i.Kind, &i.Title, &i.Width, &i.Height, &i.Size, &i.By, &i.At)
	if errors.Is(err, pgx.ErrNoRows) {
		err = journey.Faultf(journey.CodeNotFound, "there is no image of that name")
	}
	return i, err
}

// Images lists the pictures, the newest first.
func (s *Store) Images(ctx context.Context, r journey.PageRequest) (_ journey.Page[journey.Image], err error) {
	defer wrap(&err, "listing images")
	var none journey.Page[journey.Image]
	before, err := numberCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT seq, name, kind, title, width, height, size, by, at FROM images
		WHERE $1::bigint = 0 OR seq < $1 ORDER BY seq DESC LIMIT $2`, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.Image])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(i journey.Image) string { return cursor(strconv.FormatInt(i.Seq, 10)) }), nil
}

// Image returns a picture and its bytes. The fault is not_found.
func (s *Store) Image(ctx context.Context, name string) (i journey.Image, raw []byte, err error) {
	defer wrap(&err, "reading an image")
	if i, err = imageOf(ctx, s.pool, name); err != nil {
		return i, nil, err
	}
	err = s.pool.QueryRow(ctx, `SELECT bytes FROM images WHERE name = $1`, name).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) { // it has just been removed
		err = journey.Faultf(journey.CodeNotFound, "there is no image of that name")
	}
	return i, raw, err
}

// RemoveImage takes a picture away. The fault is a conflict, with the journeys, where a draft or a version that is live shows it.
func (s *Store) RemoveImage(ctx context.Context, name string, by journey.Actor) (err error) {
	defer wrap(&err, "removing an image")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var shown []string
		err := tx.QueryRow(ctx, `
			SELECT coalesce(array_agg(j.key ORDER BY j.key), '{}') FROM journeys j
			LEFT JOIN versions v ON v.journey_key = j.key AND v.number = j.live_version
			WHERE strpos(coalesce(v.files::text, '') || coalesce(j.draft_files::text, ''), $1) > 0`, name).Scan(&shown)
		if err != nil {
			return err
		}
		if len(shown) > 0 {
			return journey.Faultf(journey.CodeConflict, "messages of %s show this image; take it out of them first", strings.Join(shown, ", "))
		}
		tag, err := tx.Exec(ctx, `DELETE FROM images WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeNotFound, "there is no image of that name")
		}
		return s.audit(ctx, tx, deed{by: by, verb: "image.remove", target: name})
	})
}
