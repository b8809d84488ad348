package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// behind is one figure whose people are asked for: the moments and the months between which its period lies.
type behind struct {
	journey.PeopleRequest
	from, to   time.Time // moments; to is at most now
	first, end time.Time // days
	survey     string
}

// ReportPeople lists those behind one figure of one row of a report. CodeNotFound where the figure opens nobody. Who was erased is
// counted and not listed.
func (s *Store) ReportPeople(ctx context.Context, q journey.PeopleRequest, r journey.PageRequest) (_ journey.Page[journey.ReportPerson], err error) {
	defer wrap(&err, "listing who is behind a figure")
	var none journey.Page[journey.ReportPerson]
	st, err := reportSettings(ctx, s.pool)
	if err != nil {
		return none, err
	}
	now, zone := s.clock.Now(), st.Location()
	if q.Starts.IsZero() {
		q.Starts = journey.DayIn(now, zone)
	}
	settled, err := journey.ReportRequest{Report: q.Report, By: q.By, From: q.Starts, Until: q.Starts}.Settle(journey.DayIn(now, zone))
	if err != nil {
		return none, err
	}
	b := behind{PeopleRequest: q, first: settled.From, end: settled.By.Next(settled.From), survey: st.Loss.Survey}
	if !q.Ends.IsZero() {
		b.end = journey.ByMonth.Next(journey.ByMonth.Begin(q.Ends))
	}
	b.from, b.to = startOf(b.first, zone), startOf(b.end, zone)
	if b.to.After(now) {
		b.to = now.Add(time.Microsecond) // what happened just now has happened
	}
	list := s.listBehind(q.Table, q.Figure)
	if list == nil || journey.ReportWith(q.Table) != q.Report {
		return none, journey.Faultf(journey.CodeNotFound, "the figure %q of the table %q opens nobody", q.Figure, q.Table)
	}
	return list(ctx, b, r)
}

// listBehind is what lists those behind a figure; nil where it opens nobody.
func (s *Store) listBehind(table, figure string) func(context.Context, behind, journey.PageRequest) (journey.Page[journey.ReportPerson], error) {
	if age, err := strconv.Atoi(figure); err == nil && table == "cohorts" && age >= 1 && age <= journey.CohortMonths {
		return s.cohortPeople
	}
	return map[string]func(context.Context, behind, journey.PageRequest) (journey.Page[journey.ReportPerson], error){
		"loss/lost": s.lostPeople, "reasons/lost": s.lostPeople, "loss/at_start": s.keptPeople, "loss/came": s.comingPeople,
		"buyers/buyers": s.buyers, "buyers/again": s.buyers, "buyers/first": s.cohortPeople, "money/orders": s.buyers,
		"cohorts/size": s.cohortPeople, "satisfaction/answers": s.answering, "satisfaction/good": s.answering, "satisfaction/bad": s.answering,
		"journeys/entered": s.entering, "journeys/reached": s.entering, "journeys/held": s.entering, "exits/ended": s.entering,
		"funnel/came": s.entering, "funnel/went_on": s.entering, "funnel/ended": s.entering, "funnel/stands": s.entering, "funnel/got": s.entering,
		"ways/took":     s.entering,
		"messages/sent": s.written, "messages/bounced": s.written, "messages/clicked": s.written, "messages/complained": s.written,
		"messages/unsubscribed": s.written, "coupons/issued": s.holders, "coupons/redeemed": s.holders, "tasks/done": s.served, "tasks/late": s.served,
	}[table+"/"+figure]
}

// plannedAnew has a list planned for what is asked: a month of this year and one before the shop opened want other plans.
const plannedAnew = pgx.QueryExecModeCacheDescribe

// Columns of journey.CustomerSummary, in its order.
const summaryColumns = `c.id, coalesce(c.external_id, ''), c.email, c.first_name, c.last_name, c.created_at`

// lostPeople lists losses, the latest first, with what each said why.
func (s *Store) lostPeople(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, id, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, p.ended_at, p.reason, coalesce((
			SELECT i.comment FROM survey_invites i WHERE i.customer_id = p.customer_id AND i.ask = $7 AND i.answered_at >= p.began_at
				AND NOT EXISTS (SELECT FROM report_spells n WHERE n.customer_id = p.customer_id AND n.began_at > p.began_at AND n.began_at <= i.answered_at)
			ORDER BY i.answered_at DESC LIMIT 1), ''), 0, NULL::int, p.customer_id
		FROM report_spells p JOIN customers c ON c.id = p.customer_id
		WHERE p.lost AND p.ended_at >= $1 AND p.ended_at < $2 AND ($3 <> 'reasons' OR p.reason = $4) AND (p.ended_at, p.customer_id) < ($5, $6)
		ORDER BY p.ended_at DESC, p.customer_id DESC LIMIT $8`, plannedAnew, b.from, b.to, b.Table, b.Label, before, id, b.survey, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}

// comingPeople lists those who became customers, the latest first.
func (s *Store) comingPeople(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, id, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, p.began_at, '', '', 0, NULL::int, p.customer_id
		FROM report_spells p JOIN customers c ON c.id = p.customer_id
		WHERE p.began_at >= $1 AND p.began_at < $2 AND (p.began_at, p.customer_id) < ($3, $4)
		ORDER BY p.began_at DESC, p.customer_id DESC LIMIT $5`, plannedAnew, b.from, b.to, before, id, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}

// keptPeople lists who was a customer when the period began, by id.
func (s *Store) keptPeople(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	after, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, p.began_at, '', '', 0, NULL::int, p.customer_id
		FROM report_spells p JOIN customers c ON c.id = p.customer_id
		WHERE p.began_at < $1 AND (p.ended_at IS NULL OR p.ended_at >= $1) AND p.customer_id > $2 ORDER BY p.customer_id LIMIT $3`,
		plannedAnew, b.from, after, r.Limit+1)
	return reportPeople(rows, err, r, idOf)
}

// buyers lists who ordered in the period, by id: all, those who did so again, or those who did in one currency.
func (s *Store) buyers(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	after, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, o.last_at, '', '', o.orders, NULL::int, ''
		FROM (SELECT customer_id, max(last_at) AS last_at, sum(orders)::int AS orders FROM report_orders
			WHERE month >= $1::date AND month < $2::date AND customer_id > $3 AND ($4 <> 'money' OR currency = $5)
			GROUP BY customer_id HAVING $6 <> 'again' OR sum(orders) > 1 OR min(first_month) < $1::date
			ORDER BY customer_id LIMIT $7) o
		JOIN customers c ON c.id = o.customer_id ORDER BY c.id`, plannedAnew, b.first, b.end, after, b.Table, b.Currency, b.Figure, r.Limit+1)
	return reportPeople(rows, err, r, idOf)
}

// cohortPeople lists those whose first order fell into the period, and who ordered so many months after the month of it, by id. A month
// at a time, so that each is read in the order of its index, as far as a page goes.
func (s *Store) cohortPeople(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	after, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	age, err := strconv.Atoi(b.Figure)
	if err != nil { // those who came
		age = 0
	}
	rows, err := s.pool.Query(ctx, `
		WITH page AS (
			SELECT DISTINCT o.customer_id FROM generate_series($1::date, $2::date - 1, interval '1 month') m
			CROSS JOIN LATERAL (
				SELECT DISTINCT customer_id FROM report_orders
				WHERE first_month = m::date AND month = (m + make_interval(months => $3))::date AND customer_id > $4 ORDER BY customer_id LIMIT $5) o
			ORDER BY 1 LIMIT $5)
		SELECT `+summaryColumns+`, o.last_at, '', '', o.orders, NULL::int, ''
		FROM page JOIN customers c ON c.id = page.customer_id CROSS JOIN LATERAL (
			SELECT max(last_at) AS last_at, sum(orders)::int AS orders FROM report_orders
			WHERE customer_id = c.id AND month >= ($1::date + make_interval(months => $3))::date AND month < ($2::date + make_interval(months => $3))::date) o
		ORDER BY c.id`, plannedAnew, b.first, b.end, age, after, r.Limit+1)
	return reportPeople(rows, err, r, idOf)
}

func reportPeople(rows pgx.Rows, err error, r journey.PageRequest, at func(journey.ReportPerson) string) (journey.Page[journey.ReportPerson], error) {
	if err != nil {
		return journey.Page[journey.ReportPerson]{}, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p journey.ReportPerson, err error) {
		err = row.Scan(&p.ID, &p.ExternalID, &p.Email, &p.FirstName, &p.LastName, &p.CreatedAt, &p.At, &p.Reason, &p.Comment, &p.Orders, &p.Score, &p.Mark)
		return p, err
	})
	if err != nil {
		return journey.Page[journey.ReportPerson]{}, err
	}
	return page(list, r.Limit, at), nil
}

func idOf(p journey.ReportPerson) string { return cursor(p.ID) }

func momentOf(p journey.ReportPerson) string {
	return cursor(strconv.FormatInt(p.At.UnixMicro(), 10), p.Mark)
}

// momentCursor reads a cursor of a moment and an id, from which a list goes on backwards; an empty one is after everything.
func momentCursor(text string) (time.Time, string, error) {
	parts, err := openCursor(text, 2)
	if err != nil || parts == nil {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "", err
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || micros < 0 || micros > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
		return time.Time{}, "", badCursor()
	}
	id, err := plain(parts[1])
	return time.UnixMicro(micros).UTC(), id, err
}
