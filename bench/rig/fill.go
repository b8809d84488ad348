package rig

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Fill runs statements that make rows, with @n for the number of customers and @now for the moment. Indexes and foreign keys are taken
// away meanwhile and made anew in the end, as one does who brings in millions of rows; nothing waits for the disk.
func Fill(ctx context.Context, url string, n int, now time.Time, statements []string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	before, after, err := clearing(ctx, conn)
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("@now", "timestamptz '"+now.UTC().Format(time.RFC3339)+"'", "@n", fmt.Sprint(n))
	for _, list := range [][]string{{`SET synchronous_commit = off`, `SET maintenance_work_mem = '256MB'`}, before, statements, after, {`VACUUM ANALYZE`}} {
		for _, sql := range list {
			if _, err := conn.Exec(ctx, fill.Replace(sql)); err != nil {
				return fmt.Errorf("making rows (%.60s…): %w", sql, err)
			}
		}
	}
	return nil
}

// clearing returns the statements that take every index and foreign key away which is not of a constraint, and those that bring them back.
func clearing(ctx context.Context, conn *pgx.Conn) (before, after []string, err error) {
	rows, err := conn.Query(ctx, `
		SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', conrelid::regclass, conname),
			format('ALTER TABLE %I ADD CONSTRAINT %I %s NOT VALID', conrelid::regclass, conname, pg_get_constraintdef(oid))
		FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes
		WHERE schemaname = 'public' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
		ORDER BY 1`)
	if err != nil {
		return nil, nil, err
	}
	var take, bring string
	_, err = pgx.ForEachRow(rows, []any{&take, &bring}, func() error { before, after = append(before, take), append(after, bring); return nil })
	return before, after, err
}
