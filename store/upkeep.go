package store

import (
	"context"
	"time"
)

// Windows for which bookkeeping is kept. They are promised in the API's document.
const (
	keepEventIDs    = 30 * 24 * time.Hour // an event that is sent again within it has no effect
	keepIdempotency = 7 * 24 * time.Hour  // a request that is sent again within it gets the same answer
	upkeepBatch     = 5000
)

// Upkeep forgets bookkeeping whose window is over, in batches, so that nobody waits for it.
func (s *Store) Upkeep(ctx context.Context) (err error) {
	defer wrap(&err, "forgetting what is old")
	for _, old := range []struct {
		sql    string
		before time.Time
	}{
		{`DELETE FROM event_ids WHERE message_id IN (SELECT message_id FROM event_ids WHERE received_at < $1 LIMIT $2)`,
			s.clock.Now().Add(-keepEventIDs)},
		{`DELETE FROM idempotency WHERE (actor, key) IN (SELECT actor, key FROM idempotency WHERE created_wall < $1 LIMIT $2)`,
			s.clock.Wall().Add(-keepIdempotency)},
	} {
		for {
			tag, err := s.pool.Exec(ctx, old.sql, old.before, upkeepBatch)
			if err != nil {
				return err
			}
			if tag.RowsAffected() < upkeepBatch {
				break
			}
		}
	}
	return nil
}
