package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// messageColumns are those of journey.MessageSummary, in its order; the words are put in when a row has been read.
const messageColumns = `m.id, m.customer_id, m.enrollment_id, m.journey_key, m.version, m.step, m.template, m.topic, m.channel, m.state,
	m.reason, '' AS words, m.subject, m.variant, m.address, m.queued_at, m.not_before_at, m.expires_at, m.sent_at, m.attempt,
	coalesce(m.reply_code, 0), m.reply_text, m.message_id`

// SentMessage returns a message as it was sent, for as long as its bytes are kept. CodeNotFound when there is none.
func (s *Store) SentMessage(ctx context.Context, id string) (m journey.SentMessage, err error) {
	defer wrap(&err, "reading message %s", id)
	rows, err := s.pool.Query(ctx, `SELECT `+messageColumns+` FROM messages m WHERE m.id = $1 AND m.customer_id <> 'cus_erased'`, id)
	if err != nil {
		return m, err
	}
	m.MessageSummary, err = pgx.CollectExactlyOneRow(rows, toMessage)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, journey.Faultf(journey.CodeNotFound, "there is no message %s", id)
	}
	if err != nil {
		return m, err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT m.bytes, m.links, m.survey_id, m.dot_wall,
			(SELECT count(*) FROM observations o WHERE o.message_id = m.id AND o.kind = 'click' AND NOT o.machine)::int
		FROM messages m WHERE m.id = $1`, id).Scan(&m.Bytes, &m.Links, &m.SurveyID, &m.DotWall, &m.Clicks)
	return m, err
}

func toMessage(row pgx.CollectableRow) (journey.MessageSummary, error) {
	m, err := pgx.RowToStructByPos[journey.MessageSummary](row)
	m.Words = journey.MessageWords(m)
	return m, err
}

// SentMessages lists messages, the newest first: of one state, one customer, one journey, where they are given. Tests are not listed.
func (s *Store) SentMessages(ctx context.Context, state, customer, key string, r journey.PageRequest) (_ journey.Page[journey.MessageSummary], err error) {
	defer wrap(&err, "listing messages")
	var none journey.Page[journey.MessageSummary]
	before, err := idCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+messageColumns+` FROM messages m
		WHERE m.customer_id NOT IN ('cus_erased', 'cus_test') AND ($1 = '' OR m.state = $1) AND ($2 = '' OR m.customer_id = $2) AND ($3 = '' OR m.journey_key = $3)
			AND ($4 = '' OR m.id < $4) ORDER BY m.id DESC LIMIT $5`, state, customer, key, before, r.Limit+1)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, toMessage)
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(m journey.MessageSummary) string { return cursor(m.ID) }), nil
}

// Observe notes a click or a view. It changes nothing else (law 7).
func (s *Store) Observe(ctx context.Context, o journey.Observation) (err error) {
	defer wrap(&err, "noting a %s of message %s", o.Kind, o.MessageID)
	_, err = s.pool.Exec(ctx, `INSERT INTO observations (message_id, kind, url, machine, at) VALUES ($1, $2, $3, $4, $5)`,
		o.MessageID, o.Kind, o.URL, o.Machine, o.At)
	return err
}
