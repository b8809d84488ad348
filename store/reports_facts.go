package store

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// loadFacts returns the facts that are kept of customers, in the order in which journey.TellFacts makes them.
func loadFacts(ctx context.Context, tx pgx.Tx, ids []string) (map[string]journey.CustomerFacts, error) {
	out := map[string]journey.CustomerFacts{}
	b := &pgx.Batch{}
	b.Queue(`
		SELECT customer_id, month, currency, orders, total, last_at, first_month FROM report_orders
		WHERE customer_id = ANY($1) ORDER BY customer_id, month, currency COLLATE "C"`, ids).Query(func(rows pgx.Rows) error {
		var id string
		var o journey.OrderMonth
		_, err := pgx.ForEachRow(rows, []any{&id, &o.Month, &o.Currency, &o.Orders, &o.Total, &o.LastAt, &o.First}, func() error {
			f := out[id]
			f.Orders = append(f.Orders, o)
			out[id] = f
			return nil
		})
		return err
	})
	b.Queue(`
		SELECT customer_id, began_at, ended_at, lost, reason FROM report_spells
		WHERE customer_id = ANY($1) ORDER BY customer_id, began_at`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var sp journey.Spell
			var ended *time.Time
			if err := rows.Scan(&id, &sp.Began, &ended, &sp.Lost, &sp.Reason); err != nil {
				return err
			}
			if ended != nil {
				sp.Ended = *ended
			}
			f := out[id]
			f.Spells = append(f.Spells, sp)
			out[id] = f
		}
		return rows.Err()
	})
	b.Queue(`
		SELECT customer_id, invitation, survey, kind, score, choice, at FROM report_answers
		WHERE customer_id = ANY($1) ORDER BY customer_id, invitation COLLATE "C"`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var a journey.AnswerFact
			if err := rows.Scan(&id, &a.Invitation, &a.Survey, &a.Kind, &a.Score, &a.Choice, &a.At); err != nil {
				return err
			}
			f := out[id]
			f.Answers = append(f.Answers, a)
			out[id] = f
		}
		return rows.Err()
	})
	queueLoadLetters(b, ids, out)
	queueLoadCoupons(b, ids, out)
	return out, tx.SendBatch(ctx, b).Close()
}

// queueFacts replaces the facts of customers, as far as they have changed.
func queueFacts(b *pgx.Batch, was, is map[string]journey.CustomerFacts) {
	changed := func(part func(journey.CustomerFacts) any) (ids []string) {
		for _, id := range slices.Sorted(maps.Keys(is)) {
			if !reflect.DeepEqual(part(was[id]), part(is[id])) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for _, p := range []struct {
		ids   []string
		queue func(*pgx.Batch, []string, map[string]journey.CustomerFacts)
	}{
		{changed(func(f journey.CustomerFacts) any { return f.Orders }), queueOrderFacts},
		{changed(func(f journey.CustomerFacts) any { return f.Spells }), queueSpellFacts},
		{changed(func(f journey.CustomerFacts) any { return f.Answers }), queueAnswerFacts},
		{changed(func(f journey.CustomerFacts) any { return f.Enrollments }), queueEnrollmentFacts},
		{changed(func(f journey.CustomerFacts) any { return f.Messages }), queueMessageMonths},
		{changed(func(f journey.CustomerFacts) any { return f.Coupons }), queueCouponFacts},
	} {
		if len(p.ids) > 0 {
			p.queue(b, p.ids, is)
		}
	}
}

// queueForgetFacts takes all facts of customers.
func queueForgetFacts(b *pgx.Batch, ids []string) {
	b.Queue(`DELETE FROM report_orders WHERE customer_id = ANY($1)`, ids)
	b.Queue(`DELETE FROM report_spells WHERE customer_id = ANY($1)`, ids)
	b.Queue(`DELETE FROM report_answers WHERE customer_id = ANY($1)`, ids)
	b.Queue(`DELETE FROM report_enrollments WHERE customer_id = ANY($1)`, ids)
	b.Queue(`DELETE FROM report_messages WHERE customer_id = ANY($1)`, ids)
	b.Queue(`DELETE FROM report_coupons WHERE customer_id = ANY($1)`, ids)
}

func queueOrderFacts(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	b.Queue(`DELETE FROM report_orders WHERE customer_id = ANY($1)`, ids)
	var who, currencies []string
	var months, firsts, last []time.Time
	var orders []int
	var totals []int64
	for _, id := range ids {
		for _, o := range facts[id].Orders {
			who, currencies, orders, totals = append(who, id), append(currencies, o.Currency), append(orders, o.Orders), append(totals, o.Total)
			months, firsts, last = append(months, o.Month), append(firsts, o.First), append(last, o.LastAt)
		}
	}
	if len(who) > 0 {
		b.Queue(`
			INSERT INTO report_orders (customer_id, month, currency, orders, total, last_at, first_month)
			SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::int[], $5::bigint[], $6::timestamptz[], $7::date[])`,
			who, months, currencies, orders, totals, last, firsts)
	}
}

func queueSpellFacts(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	b.Queue(`DELETE FROM report_spells WHERE customer_id = ANY($1)`, ids)
	var who, reasons []string
	var began []time.Time
	var ended []*time.Time
	var lost []bool
	for _, id := range ids {
		for _, sp := range facts[id].Spells {
			who, reasons, began, lost = append(who, id), append(reasons, sp.Reason), append(began, sp.Began), append(lost, sp.Lost)
			if sp.Ended.IsZero() {
				ended = append(ended, nil)
			} else {
				ended = append(ended, &sp.Ended)
			}
		}
	}
	if len(who) > 0 {
		b.Queue(`
			INSERT INTO report_spells (customer_id, began_at, ended_at, lost, reason)
			SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::boolean[], $5::text[])`, who, began, ended, lost, reasons)
	}
}

func queueAnswerFacts(b *pgx.Batch, ids []string, facts map[string]journey.CustomerFacts) {
	b.Queue(`DELETE FROM report_answers WHERE customer_id = ANY($1)`, ids)
	var who, invitations, surveys, kinds, choices []string
	var scores []*int
	var at []time.Time
	for _, id := range ids {
		for _, a := range facts[id].Answers {
			who, invitations, surveys = append(who, id), append(invitations, a.Invitation), append(surveys, a.Survey)
			kinds, choices, scores, at = append(kinds, a.Kind), append(choices, a.Choice), append(scores, a.Score), append(at, a.At)
		}
	}
	if len(who) > 0 {
		b.Queue(`
			INSERT INTO report_answers (customer_id, invitation, survey, kind, score, choice, at)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[])`,
			who, invitations, surveys, kinds, scores, choices, at)
	}
}

// Where figures are counted. What is counted of nobody is that of customers who were erased: it stays for the next count from the
// beginning.
const (
	ofEverybody = "report_counts"
	ofNobody    = "report_nobody"
)

// queueCounts changes the counters of one of those. They are taken in one order, by whoever does.
func queueCounts(b *pgx.Batch, of string, counts journey.Counts) {
	if what, grains, labels, starts, ages, ns, totals := columns(counts); len(what) > 0 {
		b.Queue(`
			INSERT INTO `+of+` AS c (what, grain, starts, age, label, n, total)
			SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::int[], $5::text[], $6::bigint[], $7::bigint[])
			ON CONFLICT (what, grain, starts, age, label) DO UPDATE SET n = c.n + excluded.n, total = c.total + excluded.total`,
			what, grains, starts, ages, labels, ns, totals)
	}
}

func columns(counts journey.Counts) (what, grains, labels []string, starts []time.Time, ages []int, ns, totals []int64) {
	for _, k := range slices.SortedFunc(maps.Keys(counts), journey.CountKey.Compare) {
		what, grains, labels = append(what, k.What), append(grains, string(k.Grain)), append(labels, k.Label)
		starts, ages = append(starts, k.Starts), append(ages, k.Age)
		ns, totals = append(ns, counts[k].N), append(totals, counts[k].Total)
	}
	return what, grains, labels, starts, ages, ns, totals
}

// forgetFigures takes the facts of those who are erased. What they count for stays, as nobody's; what was still open is closed. The row
// of the settings is not locked: whoever changes it empties the facts with it, and nobody counts these customers while they are locked.
func forgetFigures(ctx context.Context, tx pgx.Tx, customers []string, now time.Time) error {
	st, err := reportSettings(ctx, tx)
	if err != nil {
		return err
	}
	facts, err := loadFacts(ctx, tx, customers)
	if err != nil || len(facts) == 0 {
		return err
	}
	change, stays, zone := journey.Counts{}, journey.Counts{}, st.Location()
	for _, f := range facts {
		change.Add(f, zone, -1)
		change.Add(f.Close(now), zone, 1)
		stays.Add(f.Close(now), zone, 1)
	}
	b := &pgx.Batch{}
	queueForgetFacts(b, customers)
	queueCounts(b, ofEverybody, change)
	queueCounts(b, ofNobody, stays)
	return tx.SendBatch(ctx, b).Close()
}
