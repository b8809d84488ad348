package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// clicksPage is how many clicks one transaction tells of.
const clicksPage = 500

// tellOfClicks makes events of the clicks by people, each once. The link itself leaves an observation and nothing more (law 7);
// this is how a journey that waits for a click hears of it.
func (s *Store) tellOfClicks(ctx context.Context) error {
	for {
		told, err := s.tellOfSomeClicks(ctx)
		if err != nil || told < clicksPage {
			return err
		}
	}
}

func (s *Store) tellOfSomeClicks(ctx context.Context) (told int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH fresh AS MATERIALIZED (
				SELECT id FROM observations WHERE kind = 'click' AND NOT machine AND NOT told ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
			), marked AS (
				UPDATE observations o SET told = true FROM fresh f WHERE o.id = f.id RETURNING o.id, o.message_id, o.url, o.at
			)
			SELECT m.customer_id, c.at, jsonb_build_object('journey', m.journey_key, 'version', m.version, 'enrollment', m.enrollment_id,
				'step', m.step, 'message', m.template, 'message_id', m.id, 'url', c.url, 'machine', false)
			FROM marked c JOIN messages m ON m.id = c.message_id ORDER BY c.id`, clicksPage)
		if err != nil {
			return err
		}
		var events []journey.Event
		e := journey.Event{Kind: journey.KindOwn, Name: journey.EventLinkClicked}
		told = 0
		_, err = pgx.ForEachRow(rows, []any{&e.CustomerID, &e.At, &e.Properties}, func() error {
			told++
			if e.CustomerID != erasedID {
				events = append(events, e)
			}
			e.Properties = nil
			return nil
		})
		if err != nil || len(events) == 0 {
			return err
		}
		if err := s.insertEvents(ctx, tx, events); err != nil {
			return err
		}
		return notify(ctx, tx, channelEvents)
	})
	return told, err
}
