package store

import (
	"context"

	"perennial/journey"
)

// answering lists answers to a survey, the latest first: all, the good ones, the bad ones.
func (s *Store) answering(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, mark, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	var kinds []string
	var low, high []int
	for _, band := range journey.Bands(b.Figure == "good") {
		kinds, low, high = append(kinds, band.Kind), append(low, band.Low), append(high, band.High)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, a.at, a.choice, coalesce((SELECT i.comment FROM survey_invites i WHERE i.id = a.invitation), ''), 0, a.score, a.invitation
		FROM report_answers a JOIN customers c ON c.id = a.customer_id
		WHERE a.survey = $1 AND a.at >= $2 AND a.at < $3 AND (a.at, a.invitation) < ($4, $5) AND ($6 = 'answers' OR EXISTS (
			SELECT FROM unnest($7::text[], $8::int[], $9::int[]) AS band (kind, low, high) WHERE band.kind = a.kind AND a.score BETWEEN band.low AND band.high))
		ORDER BY a.at DESC, a.invitation DESC LIMIT $10`, plannedAnew, b.Label, b.from, b.to, before, mark, b.Figure, kinds, low, high, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}

// entering lists enrollments of a journey, the latest first: all but those held out, those that reached the goal, those held out,
// those that ended for a reason; those that came to a step, and what became of them there; those that took a way out of one.
func (s *Store) entering(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, mark, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	if b.PeopleRequest, err = s.opened(ctx, b.PeopleRequest); err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, e.entered_at, e.reason, '', 0, NULL::int, e.enrollment_id
		FROM report_enrollments e JOIN customers c ON c.id = e.customer_id
		WHERE e.journey_key = $1 AND e.entered_at >= $2 AND e.entered_at < $3 AND (e.entered_at, e.enrollment_id) < ($4, $5)
			AND e.holdout = ($6 = 'journeys/held') AND CASE $6
				WHEN 'journeys/reached' THEN e.reached
				WHEN 'exits/ended' THEN e.reason = $7
				WHEN 'funnel/came' THEN $7 = ANY(e.came)
				WHEN 'funnel/went_on' THEN $7 = ANY(e.came) AND e.at_step <> $7
				WHEN 'funnel/ended' THEN e.at_step = $7 AND e.reason <> ''
				WHEN 'funnel/stands' THEN e.at_step = $7 AND e.reason = ''
				WHEN 'funnel/got' THEN $7 = ANY(e.got)
				WHEN 'ways/took' THEN $7 = ANY(e.took)
				ELSE true END
		ORDER BY e.entered_at DESC, e.enrollment_id DESC LIMIT $8`,
		plannedAnew, b.Group, b.from, b.to, before, mark, b.Table+"/"+b.Figure, b.Label, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}

// opened is the request by which those behind a way out of a step are found.
func (s *Store) opened(ctx context.Context, q journey.PeopleRequest) (journey.PeopleRequest, error) {
	if q.Table != "ways" {
		return q, nil
	}
	defs, err := s.newestVersions(ctx, []string{q.Group})
	if err != nil || defs[q.Group] == nil {
		return q, err
	}
	return q.Opened(defs[q.Group]), nil
}

// written lists those with whom something became of a message, by id.
func (s *Store) written(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	after, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, m.last_at, '', '', 0, NULL::int, ''
		FROM (SELECT customer_id, max(last_at) AS last_at FROM report_messages
			WHERE journey_key = $1 AND message = $2 AND month >= $3::date AND month < $4::date AND customer_id > $5
				AND CASE $6 WHEN 'sent' THEN sent WHEN 'bounced' THEN bounced WHEN 'clicked' THEN clicked WHEN 'complained' THEN complained ELSE unsubscribed END > 0
			GROUP BY customer_id ORDER BY customer_id LIMIT $7) m
		JOIN customers c ON c.id = m.customer_id ORDER BY c.id`, plannedAnew, b.Group, b.Label, b.first, b.end, after, b.Figure, r.Limit+1)
	return reportPeople(rows, err, r, idOf)
}

// holders lists those who were given a coupon of a pool, the latest first: all, or those who redeemed it.
func (s *Store) holders(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, mark, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, p.issued_at, '', '', 0, NULL::int, p.id
		FROM coupons p JOIN customers c ON c.id = p.customer_id
		WHERE p.pool = $1 AND p.issued_at >= $2 AND p.issued_at < $3 AND (p.issued_at, p.id) < ($4, $5) AND ($6 <> 'redeemed' OR p.state = 'redeemed')
		ORDER BY p.issued_at DESC, p.id DESC LIMIT $7`, plannedAnew, b.Group, b.from, b.to, before, mark, b.Figure, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}

// served lists tasks of a team that were done, the latest first: all, or those done after they were due. The reason is the outcome.
func (s *Store) served(ctx context.Context, b behind, r journey.PageRequest) (none journey.Page[journey.ReportPerson], err error) {
	before, mark, err := momentCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+summaryColumns+`, t.done_at, t.outcome, t.title, 0, NULL::int, t.id
		FROM tasks t JOIN customers c ON c.id = t.customer_id
		WHERE t.team = $1 AND t.done_at >= $2 AND t.done_at < $3 AND (t.done_at, t.id) < ($4, $5) AND ($6 <> 'late' OR t.done_at > t.due_at)
		ORDER BY t.done_at DESC, t.id DESC LIMIT $7`, plannedAnew, b.Label, b.from, b.to, before, mark, b.Figure, r.Limit+1)
	return reportPeople(rows, err, r, momentOf)
}
