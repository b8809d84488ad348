package store

import (
	"context"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// silence is how long the server may say nothing to a question. No statement of a pooled connection runs that long (the longest is an
// erasure's, 30 s): a server that is silent for longer cannot be reached, though nobody says so. Without this a request would wait
// for the kernel to give up, a quarter of an hour.
const silence = 35 * time.Second

// impatient makes connections close themselves when a question is not answered.
func impatient(dial pgconn.DialFunc, most time.Duration) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &questioned{Conn: conn, most: most, silent: time.AfterFunc(most, func() { _ = conn.Close() })}
		c.silent.Stop()
		return c, nil
	}
}

// questioned is a connection that was asked something when it was written to, and has answered when something was read.
type questioned struct {
	net.Conn
	most   time.Duration
	silent *time.Timer
}

func (c *questioned) Write(b []byte) (int, error) {
	c.silent.Reset(c.most)
	return c.Conn.Write(b)
}

func (c *questioned) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 || err != nil {
		c.silent.Stop()
	}
	return n, err
}

func (c *questioned) Close() error {
	c.silent.Stop()
	return c.Conn.Close()
}
