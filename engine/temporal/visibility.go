package temporal

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Temporal's visibility table comes with 73 indexes, for every list that anyone may ask for. A sleeping workflow is
// written to each of them, and most entries say NULL. Product lists are read from the product's own tables; what is
// left for Temporal's page are the few below. See README.md for what this saves.
//
// An index name that maps to nothing stays as it is. One that maps to a column is made partial: only rows that have
// the column are in it. The rest is dropped.
var kept = map[string]string{
	"executions_visibility_pkey":     "",
	"default_idx":                    "",
	"by_workflow_id":                 "",
	"by_workflow_type":               "",
	"by_status":                      "",
	"by_parent_workflow_id":          "parent_workflow_id",
	"by_temporal_scheduled_by_id":    "TemporalScheduledById",
	"by_temporal_schedule_paused":    "TemporalSchedulePaused",
	"by_temporal_namespace_division": "TemporalNamespaceDivision",
	"by_temporal_worker_deployment":  "TemporalWorkerDeployment",
	"by_temporal_pause_info":         "TemporalPauseInfo",
	"by_temporal_reported_problems":  "TemporalReportedProblems",
	"by_temporal_change_version":     "TemporalChangeVersion",
	"by_batcher_user":                "BatcherUser",
	"by_keyword_01":                  "Keyword01", // the first two custom ones are Journey and Customer;
	"by_keyword_02":                  "Keyword02", // which is which, Temporal decides
	"by_keyword_03":                  "Keyword03",
	"by_keyword_04":                  "Keyword04",
}

type index struct{ Name, Definition string }

var afterTable = regexp.MustCompile(`(?i) where .*$`)

// slim is idempotent: it looks at what is there. The names of dropped indexes are kept for unslim.
func slim(ctx context.Context, visibilityURL string) error {
	return inTransaction(ctx, visibilityURL, func(tx pgx.Tx) error {
		indexes, err := visibilityIndexes(ctx, tx)
		if err != nil {
			return err
		}
		var todo []string
		for _, ix := range indexes {
			todo = append(todo, slimOne(ix)...)
		}
		if len(todo) == 0 {
			return nil
		}
		todo = append([]string{`create table if not exists perennial_dropped_indexes (name text primary key)`}, todo...)
		return execAll(ctx, tx, todo)
	})
}

func slimOne(ix index) []string {
	name := pgx.Identifier{ix.Name}.Sanitize()
	column, keep := kept[ix.Name]
	partial := strings.Contains(strings.ToLower(ix.Definition), " where ")
	switch {
	case !keep:
		return []string{
			"drop index " + name,
			fmt.Sprintf("insert into perennial_dropped_indexes values ('%s') on conflict do nothing", ix.Name),
		}
	case column == "" || partial:
		return nil
	}
	return []string{
		"drop index " + name,
		afterTable.ReplaceAllString(ix.Definition, "") + " where " + strings.ToLower(column) + " is not null",
	}
}

// unslim puts empty indexes in the place of dropped ones, because an update of the schema may want to drop or rename
// them and stops when they are missing. The next slim takes them away again.
func unslim(ctx context.Context, databaseURL string) error {
	return inTransaction(ctx, databaseURL, func(tx pgx.Tx) error {
		var slimmed bool
		err := tx.QueryRow(ctx, `select to_regclass('perennial_dropped_indexes') is not null`).Scan(&slimmed)
		if err != nil || !slimmed {
			return err
		}
		rows, err := tx.Query(ctx, `select name from perennial_dropped_indexes order by name`)
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		var todo []string
		for _, name := range names {
			todo = append(todo, "create index if not exists "+pgx.Identifier{name}.Sanitize()+
				" on executions_visibility (run_id) where false")
		}
		return execAll(ctx, tx, append(todo, `delete from perennial_dropped_indexes`))
	})
}

func visibilityIndexes(ctx context.Context, tx pgx.Tx) ([]index, error) {
	rows, err := tx.Query(ctx, `select indexname as name, indexdef as definition from pg_indexes
		where schemaname = current_schema() and tablename = 'executions_visibility' order by indexname`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[index])
}

func execAll(ctx context.Context, tx pgx.Tx, statements []string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	return nil
}

func inTransaction(ctx context.Context, databaseURL string, do func(pgx.Tx) error) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, conn, do)
}
