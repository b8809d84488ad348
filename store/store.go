// Package store holds all SQL of the product, one file per noun. Times that it takes and gives are product time unless a name
// says wall; the server's own clock is never read. Errors name what was being done; a *journey.Fault inside says what a caller
// can act on (unavailable: try again later).
package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"perennial/journey"
)

// Timeouts of every pooled connection lie below the five seconds that a decision has (rule 6 of the driver), so that a stuck
// statement fails here, with a code, before the driver gives up on it. Migrations and long jobs use connections of their own.
const (
	statementTimeout = 4 * time.Second
	lockTimeout      = 3 * time.Second
	idleInTxTimeout  = 4 * time.Second
)

// Options of a store. Wall is required.
type Options struct {
	MaxConns   int32            // of the pool; 0: 16
	Wall       func() time.Time // the one reading of the wall clock
	Zone       *time.Location   // of customers whose own is unknown; nil: UTC
	Speed      float64          // product seconds per wall second; 0: what is stored
	Standstill bool             // at a speed other than 1: product time stood still while nobody called SeeTime
	MailDomain string           // right side of Message-IDs; "": "perennial.invalid"
	Silence    time.Duration    // of the server, after which a connection is given up; 0: 35 s
	StartsPace int              // starts that one LeaseWakeups gives out per journey; 0: 50
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool        *pgxpool.Pool
	clock       *journey.Clock
	options     Options
	zone        *time.Location
	listeners   *listeners
	definitions *definitions
	segments    sync.Map // key@version → *kept: what was parsed never changes
	appends     appender
	keys        keyCache
}

// Open connects, creates the settings row of a new database, and builds the clock from the stored epoch. A Speed other than
// the stored one moves the epoch to this moment, so that product time goes on from where it stands; other processes keep the
// clock that they have until they open the store anew.
func Open(ctx context.Context, url string, o Options) (_ *Store, err error) {
	defer wrap(&err, "opening the database")
	if o.Wall == nil {
		return nil, journey.Faultf(journey.CodeInternal, "a store needs a wall clock")
	}
	config, err := poolConfig(url, &o)
	if err != nil {
		return nil, err
	}
	listening := config.ConnConfig.Copy() // it waits for hours, and rightly
	config.ConnConfig.DialFunc = impatient(config.ConnConfig.DialFunc, o.Silence)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool, options: o, zone: o.Zone, definitions: newDefinitions()}
	if s.clock, err = s.openClock(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	s.listeners = listen(listening)
	go s.keys.heed(s.listeners.add(context.Background(), channelKeys))
	return s, nil
}

func poolConfig(url string, o *Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.MailDomain == "" {
		o.MailDomain = "perennial.invalid"
	}
	if o.Silence == 0 {
		o.Silence = silence
	}
	if o.StartsPace == 0 {
		o.StartsPace = 50
	}
	config.MaxConns = o.MaxConns
	for name, d := range map[string]time.Duration{
		"statement_timeout":                   statementTimeout,
		"lock_timeout":                        lockTimeout,
		"idle_in_transaction_session_timeout": idleInTxTimeout,
	} {
		config.ConnConfig.RuntimeParams[name] = fmt.Sprintf("%dms", d.Milliseconds())
	}
	config.ConnConfig.RuntimeParams["application_name"] = "perennial"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC" // times inside JSON are written by the server
	config.ConnConfig.RuntimeParams["jit"] = "off"      // our statements are short: compiling them costs more than running them
	// A connection that was idle for a second is not pinged before each use: a broken one shows at the first statement, and
	// what matters is repeated by those who asked.
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > 30*time.Second }
	config.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	return config, nil
}

// Close ends every connection and closes the channels of Listen.
func (s *Store) Close() {
	s.listeners.close()
	s.pool.Close()
}

// Clock is the one clock of the installation.
func (s *Store) Clock() *journey.Clock { return s.clock }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) (err error) {
	defer wrap(&err, "reaching the database")
	return s.pool.Ping(ctx)
}

// attempts is how often inTx runs a transaction that lost against another one.
const attempts = 5

// inTx runs f in one READ COMMITTED transaction and commits. What f does outside the transaction must bear repetition: f runs
// again, at once, after a deadlock or when a merge came in between.
func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	var err error
	for range attempts {
		err = pgx.BeginFunc(ctx, s.pool, f)
		if !again(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// querier is what a pool, a connection and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// notify tells the listeners of a channel, once the transaction commits.
func notify(ctx context.Context, q querier, channel string) error {
	_, err := q.Exec(ctx, `SELECT pg_notify($1, '')`, channel)
	return err
}
