package store_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/testenv"
)

// Every table that names a customer is known to erasure, export and merge: a new one fails here until each of them handles it, or
// this says why it need not.
func TestEveryTableWithHerDataIsErasedExportedAndMerged(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testenv.Database(t))
	require.NoError(t, err)
	defer conn.Close(t.Context()) //nolint:errcheck // the session ends either way
	rows, err := conn.Query(t.Context(), `
		SELECT DISTINCT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT IN ('users', 'teams') -- colleagues, not customers
			AND (c.column_name IN ('customer_id', 'merged_into', 'shows_id', 'address', 'email') OR c.table_name IN ('pauses', 'audit'))
		UNION SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = 'customers'::regclass
		ORDER BY 1`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 20)
	without := map[string]map[string]string{
		"erase.go": {
			"erasures":      "it says that she was erased, by an id that leads nowhere",
			"report_orders": "forgetFigures takes it", "report_spells": "the same", "report_answers": "the same",
			"report_enrollments": "the same", "report_messages": "the same", "report_coupons": "the same",
			"suppressions": "they stay, sealed",
		},
		"export.go": {
			"erasures": "of those who are no more", "event_totals": "counts of the events, which are exported", "idempotency": "answers to callers, kept seven days",
			"report_orders": "sums of her orders, which are exported", "report_answers": "copies of her answers, which are exported",
			"report_enrollments": "copies of her enrollments, which are exported", "report_messages": "sums of her messages, which are exported",
			"report_coupons": "copies of her coupons, which are exported",
			"segment_checks": "a note to look again, for a moment", "report_moves": "the same",
		},
		"merge.go": {
			"report_orders": "counted anew after Customer Merged", "report_spells": "the same", "report_answers": "the same",
			"report_enrollments": "the same", "report_messages": "the same", "report_moves": "the same",
			"report_coupons": "the same", "erasures": "of those who are no more", "suppressions": "they belong to an address", "idempotency": "answers to callers, about the id that they named",
			"import_lines": "they are found by address and by the caller's id, which move", "audit": "what was done stays written of whom it was done to",
		},
	}
	for file, reasons := range without {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		if file == "merge.go" {
			more, err := os.ReadFile("orders.go") // mergeOrders
			require.NoError(t, err)
			source = append(source, more...)
		}
		for _, table := range tables {
			known := regexp.MustCompile(`(FROM|INTO|UPDATE|JOIN) ` + table + `\b`).Match(source)
			if reason := reasons[table]; reason != "" {
				continue
			}
			assert.True(t, known, "%s does not know the table %s, which holds what is a customer's", file, table)
		}
		for table := range reasons {
			assert.Contains(t, tables, table, "%s is excused, and is not there any more", table)
		}
	}
}
