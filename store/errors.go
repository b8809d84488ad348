package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"perennial/journey"
)

// SQLSTATEs that this package acts on.
const (
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateUnique        = "23505"
)

// errAgain ends a transaction that found its ground moved (a merge took the customer away while it waited for her lock): inTx
// runs it once more.
var errAgain = errors.New("starting over: a merge came in between")

// wrap puts the gerund in front of err, and marks as faults what a caller can act on: no database (unavailable), and text
// that Postgres cannot keep (invalid).
func wrap(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	doing := fmt.Sprintf(format, args...)
	var fault *journey.Fault
	switch {
	case errors.As(*err, &fault):
		*err = fmt.Errorf("%s: %w", doing, *err)
	case unavailable(*err):
		*err = fmt.Errorf("%s: %w: %w", doing, journey.Faultf(journey.CodeUnavailable, "the database does not answer"), *err)
	case unstorable(*err):
		*err = fmt.Errorf("%s: %w: %w", doing, journey.Faultf(journey.CodeInvalid, "a text holds NUL or is not UTF-8"), *err)
	default:
		*err = fmt.Errorf("%s: %w", doing, *err)
	}
}

// unavailable says whether trying again later can help: the connection broke, the server is going down or coming up, it is
// out of disk or connections, or a timeout struck.
func unavailable(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) { // whatever it is refused for, to the caller the database is away
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		passing := []string{stateSerialization, stateDeadlock, "57014", "55P03", "25P03", "57P01", "57P02", "57P03", "58030"}
		return slices.Contains(passing, pg.Code) || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53")
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, errAgain) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, puddle.ErrClosedPool) ||
		strings.Contains(err.Error(), "conn closed")
}

// unstorable says whether Postgres refused a text for what it is: NUL, bytes that are no UTF-8, JSON with \u0000.
func unstorable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains([]string{"22021", "22P05", "22P02"}, pg.Code)
}

// again says whether the same transaction may pass when it is run once more at once.
func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == stateSerialization || pg.Code == stateDeadlock
	}
	return errors.Is(err, errAgain)
}

// violates says whether err is a violation of the unique constraint of that name.
func violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == stateUnique && pg.ConstraintName == constraint
}
