package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Wake raises the wake-up of one enrollment, in the transaction given.
func Wake(ctx context.Context, s *Store, tx pgx.Tx, id string) error {
	return s.wake(ctx, tx, []string{id})
}

// Poison makes every decision of a version panic, in this store.
func Poison(s *Store, key string, version int) {
	s.definitions.put(fmt.Sprintf("%s@%d", key, version), &journey.Definition{Key: key, Steps: []*journey.Step{nil}})
}

// NewCode makes a code of a pool.
func NewCode(alphabet string, length int) (string, error) { return newCode(alphabet, length) }

// Count is what a store has asked of Postgres.
type Count struct{ Statements, RoundTrips, Commits int }

// counter counts statements as pgx sends them.
type counter struct {
	mu sync.Mutex
	n  *Count
}

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	c.add(data.SQL, 1)
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.add("", 1)
	return ctx
}

func (c *counter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	c.add(data.SQL, 0)
}

func (c *counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (c *counter) add(sql string, trips int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n.RoundTrips += trips
	if sql != "" {
		c.n.Statements++
	}
	if strings.HasPrefix(strings.ToLower(sql), "commit") {
		c.n.Commits++
	}
}

// Counted opens a store that counts. The counts are to be read and reset between calls only.
func Counted(t *testing.T, url string, o Options) (*Store, *Count) {
	t.Helper()
	s, err := Open(t.Context(), url, o)
	require.NoError(t, err)
	n := &Count{}
	config := s.pool.Config()
	config.ConnConfig.Tracer = &counter{n: n}
	s.pool.Close()
	s.pool, err = pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s, n
}
