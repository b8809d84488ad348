package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// Consents are not counted here: what changes them keeps counters (migrations/00041_totals.sql).
const topicsSQL = `
	SELECT t.key, t.name, t.double_opt_in, t.cap, coalesce(c.given, 0)::int, coalesce(c.confirmed, 0)::int, coalesce(c.withdrawn, 0)::int, t.names
	FROM topics t LEFT JOIN (
		SELECT topic, sum(n) FILTER (WHERE state = 'given') AS given, sum(n) FILTER (WHERE state = 'confirmed') AS confirmed,
			sum(n) FILTER (WHERE state = 'withdrawn') AS withdrawn
		FROM consent_counts GROUP BY topic) c ON c.topic = t.key `

// Topics lists the topics that are declared, by key, with how many customers stand how.
func (s *Store) Topics(ctx context.Context) (_ []journey.TopicView, err error) {
	defer wrap(&err, "listing the topics")
	rows, err := s.pool.Query(ctx, topicsSQL+`ORDER BY t.key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.TopicView])
	return nonNil(list), err
}

// Topic returns one of them. The fault is not_found.
func (s *Store) Topic(ctx context.Context, key string) (t journey.TopicView, err error) {
	defer wrap(&err, "reading topic %q", key)
	return topic(ctx, s.pool, key)
}

func topic(ctx context.Context, q querier, key string) (t journey.TopicView, err error) {
	rows, err := q.Query(ctx, topicsSQL+`WHERE t.key = $1`, key)
	if err != nil {
		return t, err
	}
	t, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[journey.TopicView])
	if errors.Is(err, pgx.ErrNoRows) {
		return t, journey.Faultf(journey.CodeNotFound, "there is no topic %q", key)
	}
	return t, err
}

// PutTopic declares a topic, or changes one. Those who stand on what it allows are looked at when their next message is due.
func (s *Store) PutTopic(ctx context.Context, t journey.Topic, by journey.Actor) (v journey.TopicView, err error) {
	defer wrap(&err, "declaring topic %q", t.Key)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO topics (key, name, double_opt_in, cap, names) VALUES ($1, $2, $3, $4, coalesce($5::jsonb, '{}'))
			ON CONFLICT (key) DO UPDATE SET name = excluded.name, double_opt_in = excluded.double_opt_in, cap = excluded.cap, names = excluded.names`,
			t.Key, t.Name, t.DoubleOptIn, t.Cap, t.Names)
		if err != nil {
			return err
		}
		if v, err = topic(ctx, tx, t.Key); err != nil {
			return err
		}
		return s.audit(ctx, tx, deed{by: by, verb: "topic.put", target: "topic:" + t.Key,
			detail: map[string]any{"name": t.Name, "double_opt_in": t.DoubleOptIn, "cap": capWords(t.Cap), "names": t.Names}})
	})
	return v, err
}

func capWords(c *journey.Cap) any {
	if c == nil {
		return nil
	}
	return map[string]any{"messages": c.Messages, "per": c.Per.String(), "over": c.Over}
}
