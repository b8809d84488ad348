package store

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// rowsPage is how many customers of an export are in memory at a time.
const rowsPage = 1000

// CustomerRows returns the customers that the filter chooses, in the order of their ids, page by page: between two pages no connection
// is held, however slowly the caller reads. Who asked is noted in the audit.
func (s *Store) CustomerRows(ctx context.Context, f journey.CustomerFilter, by journey.Actor) (iter.Seq2[journey.CustomerRow, error], error) {
	err := s.Record(ctx, by, "customers.export", "customers", map[string]any{"topic": f.Topic, "account": f.Account})
	if err != nil {
		return nil, err
	}
	return func(yield func(journey.CustomerRow, error) bool) {
		after := ""
		for {
			page, err := s.customerRows(ctx, f, after)
			if err != nil {
				yield(journey.CustomerRow{}, err)
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < rowsPage {
				return
			}
			after = page[len(page)-1].ID
		}
	}, nil
}

func (s *Store) customerRows(ctx context.Context, f journey.CustomerFilter, after string) (_ []journey.CustomerRow, err error) {
	defer wrap(&err, "exporting customers")
	rows, err := s.pool.Query(ctx, `
		SELECT c.id, coalesce(c.external_id, ''), c.email, c.first_name, c.last_name, c.locale, c.timezone, coalesce(a.external_id, ''),
		       c.created_at, c.attributes, coalesce((SELECT jsonb_object_agg(topic, state) FROM consents WHERE customer_id = c.id), '{}')
		FROM customers c LEFT JOIN accounts a ON a.id = c.account_id
		WHERE c.id > $1 AND c.merged_into IS NULL AND c.id <> 'cus_erased' AND ($2 = '' OR a.external_id = $2)
		  AND ($3 = '' OR EXISTS (SELECT FROM consents WHERE customer_id = c.id AND topic = $3 AND state IN ('given', 'confirmed')))
		  AND ($5 = '' OR EXISTS (SELECT FROM segment_members WHERE customer_id = c.id AND segment = $5 AND member))
		ORDER BY c.id LIMIT $4`, after, f.Account, f.Topic, rowsPage, f.Segment)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[journey.CustomerRow])
}

// TopicKeys returns the keys of the topics that are declared or that somebody was asked about, in their order.
func (s *Store) TopicKeys(ctx context.Context) (_ []string, err error) {
	defer wrap(&err, "listing topics")
	rows, err := s.pool.Query(ctx, `SELECT key FROM topics UNION SELECT topic FROM consent_counts GROUP BY topic HAVING sum(n) > 0 ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
