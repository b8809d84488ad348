package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// codeTries is how often a code that is made on demand may meet one that exists.
const codeTries = 8

// takeCoupon gives one code of the pool to the enrollment, or where it has no id to the customer alone; nil when the pool has none. Codes that were added are taken with
// SKIP LOCKED, so that two decisions never wait for each other; others are made on demand. A decision that is rolled back
// gives the code back.
func (s *Store) takeCoupon(ctx context.Context, tx pgx.Tx, e enrollment, req journey.CouponRequest, at time.Time) (*journey.Coupon, error) {
	var alphabet string
	var length int
	err := tx.QueryRow(ctx, `SELECT alphabet, length FROM pools WHERE key = $1`, req.Pool).Scan(&alphabet, &length)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case alphabet != "" && length > 0:
		return s.makeCoupon(ctx, tx, e, req, at, alphabet, length)
	}
	coupon := journey.Coupon{Pool: req.Pool, As: req.As, Expires: req.Expires}
	err = tx.QueryRow(ctx, `
		UPDATE coupons SET state = 'issued', customer_id = $2, enrollment_id = nullif($3, ''), step = $4, visit = $5, alias = $6,
		       expires = $7, issued_at = $8
		WHERE id = (SELECT id FROM coupons WHERE pool = $1 AND state = 'free' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING id, code`,
		req.Pool, e.CustomerID, e.ID, req.Step, req.Visit, req.As, lasting(req.Expires), at).Scan(&coupon.ID, &coupon.Code)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, wantPool(ctx, tx, req.Pool)
	}
	return &coupon, err
}

// makeCoupon makes a code that no other coupon has.
func (s *Store) makeCoupon(ctx context.Context, tx pgx.Tx, e enrollment, req journey.CouponRequest, at time.Time, alphabet string, length int) (*journey.Coupon, error) {
	coupon := journey.Coupon{ID: journey.NewID(journey.PrefixCoupon), Pool: req.Pool, As: req.As, Expires: req.Expires}
	for range codeTries {
		code, err := newCode(alphabet, length)
		if err != nil {
			return nil, err
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO coupons (id, pool, code, state, customer_id, enrollment_id, step, visit, alias, expires, issued_at)
			VALUES ($1, $2, $3, 'issued', $4, nullif($5, ''), $6, $7, $8, $9, $10) ON CONFLICT (code) DO NOTHING`,
			coupon.ID, req.Pool, code, e.CustomerID, e.ID, req.Step, req.Visit, req.As, lasting(req.Expires), at)
		if err != nil {
			return nil, err
		}
		if tag.RowsAffected() == 1 {
			coupon.Code = code
			return &coupon, nil
		}
	}
	return nil, nil // the pool's length has no room for more codes: as good as empty
}

// lasting is a duration as a parameter; 0 is NULL: it never expires.
func lasting(d time.Duration) *time.Duration {
	if d == 0 {
		return nil
	}
	return &d
}

// newCode returns length letters of the alphabet at random, in upper case; the last is a check digit (Luhn mod N), so that a
// mistyped code is known for one before anybody looks it up.
func newCode(alphabet string, length int) (string, error) {
	letters := []rune(strings.ToUpper(alphabet))
	if len(letters) < 2 || length < 2 {
		return "", fmt.Errorf("making a code of %d letters from an alphabet of %d", length, len(letters))
	}
	code := make([]int, length-1, length)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", err
		}
		code[i] = int(n.Int64())
	}
	code = append(code, checkDigit(code, len(letters)))
	var out strings.Builder
	for _, n := range code {
		out.WriteRune(letters[n])
	}
	return out.String(), nil
}

// checkDigit is Luhn's, for numbers of the given base.
func checkDigit(code []int, base int) int {
	sum, factor := 0, 2
	for i := len(code) - 1; i >= 0; i-- {
		n := code[i] * factor
		sum += n/base + n%base
		factor = 3 - factor
	}
	return (base - sum%base) % base
}
