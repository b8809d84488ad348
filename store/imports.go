package store

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// importColumns are those of journey.Import, in its order.
const importColumns = `id, name, state, columns, source, wording, dry_run, lines, refused, known, suppressed, applied, created_at, ended_at, staged_to`

// BeginImport stores the plan of an import and returns it; where the same actor has begun one under that key, it returns that one, and
// an upload goes on where it broke off.
func (s *Store) BeginImport(ctx context.Context, by journey.Actor, key string, plan journey.Import) (i journey.Import, err error) {
	defer wrap(&err, "beginning an import")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO imports (id, by, key, name, state, columns, source, wording, dry_run, created_at)
			VALUES ($1, $2, $3, $4, 'uploading', $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
			journey.NewID(journey.PrefixImport), by.ID, key, plan.Name, plan.Columns, plan.Source, plan.Wording, plan.DryRun, s.clock.Now())
		if err != nil {
			return err
		}
		if i, err = oneImport(tx.Query(ctx, `SELECT `+importColumns+` FROM imports WHERE by = $1 AND key = $2`, by.ID, key)); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		return s.audit(ctx, tx, deed{by: by, verb: "import.begin", target: i.ID, detail: map[string]any{"dry_run": plan.DryRun, "source": plan.Source}})
	})
	return i, err
}

func oneImport(rows pgx.Rows, err error) (journey.Import, error) {
	if err != nil {
		return journey.Import{}, err
	}
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.Import])
	if errors.Is(err, pgx.ErrNoRows) {
		err = journey.Faultf(journey.CodeNotFound, "there is no such import")
	}
	return i, err
}

// StageLines keeps lines of an upload, all of them or none, and notes up to which line of the file it has come. Two uploads of one
// import do not mix: the one that is behind is refused with CodeConflict.
func (s *Store) StageLines(ctx context.Context, id string, from int64, lines []journey.ImportLine) (err error) {
	defer wrap(&err, "staging %d lines", len(lines))
	last := lines[len(lines)-1].Line
	var users, addresses []string
	refused := 0
	for _, l := range lines {
		if l.Reason != "" {
			refused++
			continue
		}
		users, addresses = append(users, l.UserID), append(addresses, l.Address)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE imports SET staged_to = $3, lines = lines + $4, refused = refused + $5,
			    known = known + (SELECT count(*) FROM unnest($6::text[], $7::text[]) AS t (usr, address) WHERE
			        usr <> '' AND EXISTS (SELECT FROM customer_ids WHERE kind = 'user' AND external_id = usr)
			        OR usr = '' AND EXISTS (SELECT FROM customers WHERE lower(email) = address AND email <> '')),
			    suppressed = suppressed + (SELECT count(*) FROM unnest($7::text[]) AS t (address) CROSS JOIN settings st WHERE t.address <> '' AND EXISTS (
			        SELECT FROM suppressions s WHERE s.address IN (t.address, seal(t.address, st.ipad, st.opad))))
			WHERE id = $1 AND staged_to = $2 AND state = 'uploading'`, id, from, last, len(lines), refused, users, addresses)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeConflict, "this import is being uploaded twice at once, or was stopped")
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"import_lines"}, []string{"import_id", "line", "address", "user_id", "traits", "fields", "reason"},
			pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
				l := lines[i]
				return []any{id, l.Line, l.Address, l.UserID, l.Traits, l.Fields, l.Reason}, nil
			}))
		return err
	})
}

// Uploaded ends the upload: a dry run is checked, any other import begins to be applied.
func (s *Store) Uploaded(ctx context.Context, id string) (i journey.Import, err error) {
	defer wrap(&err, "ending an upload")
	return s.moveImport(ctx, id, []string{journey.ImportUploading}, "", nil)
}

// StartImport applies what a dry run has checked. After 30 days its lines are forgotten, and it counts as stopped.
func (s *Store) StartImport(ctx context.Context, by journey.Actor, id string) (_ journey.Import, err error) {
	defer wrap(&err, "starting an import")
	return s.moveImport(ctx, id, []string{journey.ImportChecked}, journey.ImportApplying, &deed{by: by, verb: "import.start", target: id})
}

// StopImport ends an import: what was applied stays, what was not is forgotten.
func (s *Store) StopImport(ctx context.Context, by journey.Actor, id string) (_ journey.Import, err error) {
	defer wrap(&err, "stopping an import")
	return s.moveImport(ctx, id, []string{journey.ImportUploading, journey.ImportChecked, journey.ImportApplying}, journey.ImportStopped,
		&deed{by: by, verb: "import.stop", target: id})
}

// moveImport takes an import from one of the states to another; to "" is where the end of an upload leads. In another state it stays
// as it is, which is a fault of CodeConflict where somebody asked.
func (s *Store) moveImport(ctx context.Context, id string, from []string, to string, d *deed) (i journey.Import, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if i, err = oneImport(tx.Query(ctx, `SELECT `+importColumns+` FROM imports WHERE id = $1 FOR UPDATE`, id)); err != nil {
			return err
		}
		if !slices.Contains(from, i.State) {
			if d == nil || i.State == to {
				return nil
			}
			return journey.Faultf(journey.CodeConflict, "the import is %s", i.State)
		}
		i.State = to
		if to == "" {
			i.State = map[bool]string{true: journey.ImportChecked, false: journey.ImportApplying}[i.DryRun]
		}
		if i.State == journey.ImportStopped || i.State == journey.ImportChecked {
			now := s.clock.Now()
			i.EndedAt = &now
		}
		if i.State == journey.ImportApplying {
			i.EndedAt = nil
		}
		if _, err := tx.Exec(ctx, `UPDATE imports SET state = $2, ended_at = $3 WHERE id = $1`, id, i.State, i.EndedAt); err != nil {
			return err
		}
		if i.State == journey.ImportStopped {
			if _, err := tx.Exec(ctx, `DELETE FROM import_lines WHERE import_id = $1 AND reason = ''`, id); err != nil {
				return err
			}
		}
		if d == nil {
			return nil
		}
		return s.audit(ctx, tx, *d)
	})
	return i, err
}

// Import returns one import.
func (s *Store) Import(ctx context.Context, id string) (_ journey.Import, err error) {
	defer wrap(&err, "reading an import")
	return oneImport(s.pool.Query(ctx, `SELECT `+importColumns+` FROM imports WHERE id = $1`, id))
}

// Imports lists imports, the newest first.
func (s *Store) Imports(ctx context.Context, r journey.PageRequest) (_ journey.Page[journey.Import], err error) {
	defer wrap(&err, "listing imports")
	var none journey.Page[journey.Import]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `SELECT `+importColumns+` FROM imports WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2`, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.Import])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(i journey.Import) string { return cursor(i.ID) }), nil
}

// RefusedLines returns the refused lines of an import after a line, in their order, at most limit.
func (s *Store) RefusedLines(ctx context.Context, id string, after int64, limit int) (_ []journey.ImportLine, err error) {
	defer wrap(&err, "reading refused lines")
	rows, err := s.pool.Query(ctx, `
		SELECT line, address, user_id, traits, fields, reason FROM import_lines
		WHERE import_id = $1 AND line > $2 AND reason <> '' ORDER BY line LIMIT $3`, id, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.ImportLine])
}
