package store

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// CountReports brings the figures of the reports up to the events that have been applied: those after the cursor, in the order of
// applying, at most limit of them in one transaction, and as many moves of enrollments. Customers of whom these tell are counted anew
// from all their events and the log of their steps, so that a late one falls into its own month. While a first count is on, or one anew,
// it takes up to limit customers instead. It returns how many events, moves or customers it took; 0 when nothing is to do, or another
// process is at it.
func (s *Store) CountReports(ctx context.Context, limit int) (n int, err error) {
	defer wrap(&err, "counting for the reports")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n = 0
		var turn int64
		var walked *string
		var st journey.ReportSettings
		err := tx.QueryRow(ctx, `SELECT zone, loss, turn, walked_to FROM reports FOR UPDATE SKIP LOCKED`).Scan(&st.Zone, &st.Loss, &turn, &walked)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if walked != nil {
			n, err = walkReports(ctx, tx, st, *walked, limit)
			return err
		}
		n, err = followReports(ctx, tx, st, turn, limit)
		return err
	})
	return n, err
}

// walkReports counts the next customers of a count from the beginning.
func walkReports(ctx context.Context, tx pgx.Tx, st journey.ReportSettings, after string, limit int) (int, error) {
	if after == "" { // what happens from here on comes after the walk
		_, err := tx.Exec(ctx, `
			UPDATE reports SET everybody = (SELECT count(*) FROM customers WHERE merged_into IS NULL),
				turn = (SELECT coalesce(max(turn), 0) FROM events WHERE turn IS NOT NULL)`)
		if err != nil {
			return 0, err
		}
	}
	ids, err := customersAfter(ctx, tx, after, limit)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		_, err := tx.Exec(ctx, `UPDATE reports SET walked_to = NULL`)
		return 1, err
	}
	if err := recount(ctx, tx, st, ids); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE reports SET walked_to = $1, walked = walked + $2`, ids[len(ids)-1], len(ids))
	return len(ids), err
}

// followReports counts those of whom the next events tell.
func followReports(ctx context.Context, tx pgx.Tx, st journey.ReportSettings, turn int64, limit int) (int, error) {
	rows, err := tx.Query(ctx, `
		SELECT turn, coalesce(customer_id, ''), name, CASE WHEN name = $3 THEN coalesce(properties->>'from', '') ELSE '' END
		FROM events WHERE turn > $1 ORDER BY turn LIMIT $2`, turn, limit, journey.EventCustomerMerged)
	if err != nil {
		return 0, err
	}
	var customer, name, from string
	n, touched, names := 0, map[string]bool{}, st.Names()
	_, err = pgx.ForEachRow(rows, []any{&turn, &customer, &name, &from}, func() error {
		n++
		if name == journey.EventCustomerMerged || slices.Contains(names, name) {
			touched[customer], touched[from] = true, true
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	moves, err := movedSince(ctx, tx, limit, touched)
	if n += len(moves); err != nil || n == 0 {
		return 0, err
	}
	delete(touched, "")
	if err := recount(ctx, tx, st, slices.Sorted(maps.Keys(touched))); err != nil {
		return 0, err
	}
	b := &pgx.Batch{}
	b.Queue(`UPDATE reports SET turn = $1`, turn)
	b.Queue(`DELETE FROM report_moves WHERE id = ANY($1)`, moves)
	return n, tx.SendBatch(ctx, b).Close()
}

// movedSince adds those whose enrollments have moved to those who are touched, and returns the moves. They are taken away when their
// customers are locked, as an erasure does it.
func movedSince(ctx context.Context, tx pgx.Tx, limit int, touched map[string]bool) (moves []int64, err error) {
	rows, err := tx.Query(ctx, `SELECT id, customer_id FROM report_moves ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	var id int64
	var customer string
	_, err = pgx.ForEachRow(rows, []any{&id, &customer}, func() error {
		moves, touched[customer] = append(moves, id), true
		return nil
	})
	return moves, err
}

// recount makes the facts of customers anew of all their events, and changes the counters by what is different.
func recount(ctx context.Context, tx pgx.Tx, st journey.ReportSettings, ids []string) error {
	known, err := knownSince(ctx, tx, ids)
	if err != nil || len(known) == 0 {
		return err
	}
	ids = slices.Sorted(maps.Keys(known))
	was, err := loadFacts(ctx, tx, ids)
	if err != nil {
		return err
	}
	events, err := reportedEvents(ctx, tx, ids, st.Names())
	if err != nil {
		return err
	}
	enrolled, err := enrolledOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	coupons, err := couponFacts(ctx, tx, ids)
	if err != nil {
		return err
	}
	counts, zone := journey.Counts{}, st.Location()
	is := map[string]journey.CustomerFacts{}
	for _, id := range ids {
		told := journey.TellFacts(st, journey.ReportedCustomer{Known: known[id], Events: events[id], Enrollments: enrolled, Coupons: coupons[id]})
		if reflect.DeepEqual(told, was[id]) {
			continue
		}
		counts.Add(was[id], zone, -1)
		counts.Add(told, zone, 1)
		is[id] = told
	}
	if len(is) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	queueFacts(b, was, is)
	queueCounts(b, ofEverybody, counts)
	return tx.SendBatch(ctx, b).Close()
}

// knownSince returns since when we know of customers. Holding them keeps an erasure from happening meanwhile; who is gone is left out.
func knownSince(ctx context.Context, tx pgx.Tx, ids []string) (map[string]time.Time, error) {
	rows, err := tx.Query(ctx, `SELECT id, created_at FROM customers WHERE id = ANY($1) AND id <> 'cus_erased' ORDER BY id FOR KEY SHARE`, ids)
	if err != nil {
		return nil, err
	}
	known := map[string]time.Time{}
	var id string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error { known[id] = at; return nil })
	return known, err
}

// reportedEvents returns the events that the reports look at, with those of their properties that they read.
func reportedEvents(ctx context.Context, tx pgx.Tx, ids, names []string) (map[string][]journey.Event, error) {
	rows, err := tx.Query(ctx, `
		SELECT customer_id, id, kind, name, happened_at, jsonb_build_object(
			'order_id', properties->'order_id', 'total', properties->'total', 'revenue', properties->'revenue', 'value', properties->'value',
			'currency', properties->'currency', 'invitation', properties->'invitation', 'survey', properties->'survey',
			'kind', properties->'kind', 'score', properties->'score', 'choice', properties->'choice', 'journey', properties->'journey',
			'enrollment', properties->'enrollment', 'reason', properties->'reason', 'message', properties->'message', 'step', properties->'step',
			'message_id', properties->'message_id', 'machine', properties->'machine', 'source', properties->'source')
		FROM events WHERE customer_id = ANY($1) AND name = ANY($2) AND number IS NOT NULL AND kind <> 'colleague'`, ids, names)
	if err != nil {
		return nil, err
	}
	out := map[string][]journey.Event{}
	for rows.Next() {
		var e journey.Event
		if err := rows.Scan(&e.CustomerID, &e.ID, &e.Kind, &e.Name, &e.At, &e.Properties); err != nil {
			return nil, err
		}
		out[e.CustomerID] = append(out[e.CustomerID], e)
	}
	return out, rows.Err()
}

// enrolledOf returns the enrollments of customers with what their logs say of steps and of ways out of them, each thing once.
func enrolledOf(ctx context.Context, tx pgx.Tx, ids []string) (map[string]journey.Trail, error) {
	out := map[string]journey.Trail{}
	b := &pgx.Batch{}
	b.Queue(`SELECT id, holdout, step FROM enrollments WHERE customer_id = ANY($1)`, ids).Query(func(rows pgx.Rows) error {
		var id string
		var e journey.Trail
		_, err := pgx.ForEachRow(rows, []any{&id, &e.Holdout, &e.At}, func() error { out[id] = e; return nil })
		return err
	})
	b.Queue(`
		SELECT DISTINCT enrollment_id, step, CASE WHEN tells THEN what ELSE '' END,
			CASE WHEN tells THEN jsonb_strip_nulls(jsonb_build_object('arm', detail->'arm', 'variant', detail->'variant', 'skipped', detail->'skipped')) ELSE '{}' END
		FROM step_log CROSS JOIN LATERAL (SELECT what IN ('branch', 'split', 'happened', 'answered', 'task_done', 'timeout', 'wait') AS tells) t
		WHERE customer_id = ANY($1) AND step <> ''`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var l journey.LogEntry
			if err := rows.Scan(&id, &l.Step, &l.What, &l.Detail); err != nil {
				return err
			}
			e := out[id]
			e.Log = append(e.Log, l)
			out[id] = e
		}
		return rows.Err()
	})
	return out, tx.SendBatch(ctx, b).Close()
}

// CountAnew forgets what the reports have counted, and has everybody counted from the beginning.
func (s *Store) CountAnew(ctx context.Context) (err error) {
	defer wrap(&err, "counting the reports anew")
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM reports FOR UPDATE`); err != nil {
			return err
		}
		return countAnew(ctx, tx)
	})
}

func countAnew(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{
		`TRUNCATE report_orders, report_spells, report_answers, report_enrollments, report_messages, report_coupons, report_counts`,
		`INSERT INTO report_counts SELECT * FROM report_nobody`,
		`UPDATE reports SET walked_to = '', walked = 0, everybody = 0`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// ReportSettings returns how the reports count, and how far a count from the beginning is.
func (s *Store) ReportSettings(ctx context.Context) (st journey.ReportSettings, err error) {
	defer wrap(&err, "reading the settings of the reports")
	return reportSettings(ctx, s.pool)
}

func reportSettings(ctx context.Context, q querier) (st journey.ReportSettings, err error) {
	var walking bool
	var counting journey.Counting
	err = q.QueryRow(ctx, `SELECT zone, loss, changed_at, changed_by, walked_to IS NOT NULL, walked, everybody FROM reports`).
		Scan(&st.Zone, &st.Loss, &st.ChangedAt, &st.ChangedBy, &walking, &counting.Done, &counting.Of)
	if walking {
		st.Counting = &counting
	}
	return st, err
}

// SetReportSettings changes how the reports count. What changes figures has everybody counted anew; of those who were erased, their
// orders and answers stay counted, and what an older definition made of them goes.
func (s *Store) SetReportSettings(ctx context.Context, to journey.ReportSettings, by journey.Actor) (st journey.ReportSettings, err error) {
	defer wrap(&err, "setting the reports")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM reports FOR UPDATE`); err != nil {
			return err
		}
		was, err := reportSettings(ctx, tx)
		if err != nil {
			return err
		}
		if was.Zone != to.Zone || !reflect.DeepEqual(was.Loss, to.Loss) {
			_, err = tx.Exec(ctx, `UPDATE reports SET zone = $1, loss = $2, changed_at = $3, changed_by = $4`,
				to.Zone, to.Loss, s.clock.Now(), by.ID)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(was.Loss, to.Loss) {
				if _, err := tx.Exec(ctx, `DELETE FROM report_nobody WHERE what IN ('began', 'kept', 'lost')`); err != nil {
					return err
				}
			}
			if err := countAnew(ctx, tx); err != nil {
				return err
			}
		}
		if st, err = reportSettings(ctx, tx); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "reports.settings", target: "reports", detail: map[string]any{"zone": to.Zone, "loss": to.Loss}})
	})
	return st, err
}
