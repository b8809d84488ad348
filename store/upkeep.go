package store

import (
	"context"
	"time"
)

// Windows for which bookkeeping is kept. They are promised in the API's document.
const (
	keepEventIDs    = 30 * 24 * time.Hour // an event that is sent again within it has no effect
	keepCalls       = 30 * 24 * time.Hour // what was sent to an endpoint and what it replied
	keepIdempotency = 7 * 24 * time.Hour  // a request that is sent again within it gets the same answer
	keepAttempts    = 24 * time.Hour      // to sign in; longer than any window in which they count
	keepImportLines = 30 * 24 * time.Hour // what was refused can be downloaded, and a dry run started, within it
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
		{`DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires_wall < $1 LIMIT $2)`, s.clock.Wall()},
		{`DELETE FROM sign_in_links WHERE hash IN (SELECT hash FROM sign_in_links WHERE expires_wall < $1 LIMIT $2)`, s.clock.Wall()},
		{`DELETE FROM sign_in_attempts WHERE subject IN (SELECT subject FROM sign_in_attempts WHERE since_wall < $1 LIMIT $2)`,
			s.clock.Wall().Add(-keepAttempts)},
		{`DELETE FROM breakers WHERE (lane, domain) IN (SELECT lane, domain FROM breakers WHERE until_wall < $1 LIMIT $2)`, s.clock.Wall().Add(-24 * time.Hour)},
		{`DELETE FROM parcels WHERE id IN (SELECT id FROM parcels WHERE state <> 'queued' AND created_at < $1 LIMIT $2)`,
			s.clock.Now().Add(-keepCalls)},
		{`UPDATE calls SET body = NULL, reply = NULL WHERE id IN (
			SELECT id FROM calls WHERE body IS NOT NULL AND created_at < $1 AND state <> 'open' LIMIT $2)`, s.clock.Now().Add(-keepCalls)},
		{`UPDATE imports SET state = 'stopped', ended_at = $1 WHERE id IN (
			SELECT id FROM imports WHERE state IN ('uploading', 'checked') AND created_at < $1 LIMIT $2)`, s.clock.Now().Add(-keepImportLines)},
		{`DELETE FROM import_lines WHERE (import_id, line) IN (SELECT l.import_id, l.line FROM imports i JOIN import_lines l ON l.import_id = i.id
			WHERE i.created_at < $1 AND i.state <> 'applying' LIMIT $2)`, s.clock.Now().Add(-keepImportLines)},
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
