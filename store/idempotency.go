package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// inProgress is the status of a request that has not been answered yet. A claim that is older than claimLapses belongs to a
// process that died; the next one with the same key takes it over.
const (
	inProgress  = 0
	claimLapses = time.Minute
)

// namedCustomer finds whom an answer is about, so that erasing her finds the answer.
var namedCustomer = regexp.MustCompile(`cus_[0-9a-f-]{36}`)

// sealKey is what is kept of a caller's key: it may name a person, and only has to be recognised.
func sealKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// ClaimKey claims an Idempotency-Key for one request of the actor. With done it has been answered before, and status and
// response are that answer. The same key with another body is a fault of CodeInvalid, one whose first request is still being
// answered of CodeConflict.
func (s *Store) ClaimKey(ctx context.Context, actor, key string, body []byte) (done bool, status int, response []byte, err error) {
	defer wrap(&err, "claiming an idempotency key")
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		wall := s.clock.Wall()
		tag, err := tx.Exec(ctx, `
			INSERT INTO idempotency (key, actor, body_hash, status, response, created_wall) VALUES ($1, $2, $3, $4, '', $5)
			ON CONFLICT DO NOTHING`, sealKey(key), actor, body, inProgress, wall)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		var stored []byte
		var since time.Time
		err = tx.QueryRow(ctx, `
			SELECT body_hash, status, response, created_wall FROM idempotency WHERE actor = $1 AND key = $2 FOR UPDATE`,
			actor, sealKey(key)).Scan(&stored, &status, &response, &since)
		switch {
		case errors.Is(err, pgx.ErrNoRows): // given back in between
			return errAgain
		case err != nil:
			return err
		case !bytes.Equal(stored, body):
			return journey.Faultf(journey.CodeInvalid, "this Idempotency-Key was used with another request; use a new one")
		case status != inProgress:
			done = true
			return nil
		case wall.Sub(since) < claimLapses:
			return journey.Faultf(journey.CodeConflict, "the first request with this Idempotency-Key is still being answered; try again")
		}
		_, err = tx.Exec(ctx, `UPDATE idempotency SET created_wall = $3 WHERE actor = $1 AND key = $2`, actor, sealKey(key), wall)
		return err
	})
	return done, status, response, err
}

// SettleKey stores the answer to a claimed key.
func (s *Store) SettleKey(ctx context.Context, actor, key string, status int, response []byte) (err error) {
	defer wrap(&err, "storing the answer to an idempotency key")
	_, err = s.pool.Exec(ctx, `UPDATE idempotency SET status = $3, response = $4, customer_id = $5 WHERE actor = $1 AND key = $2`,
		actor, sealKey(key), status, response, string(namedCustomer.Find(response)))
	return err
}

// DropKey gives a claimed key back: its request came to nothing, and may be made again.
func (s *Store) DropKey(ctx context.Context, actor, key string) (err error) {
	defer wrap(&err, "giving back an idempotency key")
	_, err = s.pool.Exec(ctx, `DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND status = $3`, actor, sealKey(key), inProgress)
	return err
}
