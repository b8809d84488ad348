// Package faults stands between the product and a part of its (Postgres, Temporal, a relay) and lets the network between them
// fail on demand: for tests, and for whoever wants to see what happens.
package faults

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Proxy hands TCP connections through to a target. It begins healthy.
type Proxy struct {
	listener net.Listener
	target   string
	latency  atomic.Int64 // of every chunk, each way
	refused  atomic.Int64

	mu     sync.Mutex
	healed *sync.Cond // of mu: the black hole, the refusal or the proxy has ended
	open   map[*link]bool
	hole   bool
	refuse bool
	closed bool
}

// New listens on a free port of this machine for connections to target (host:port).
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is there at once or not at all
	if err != nil {
		return nil, fmt.Errorf("listening for connections to %s: %w", target, err)
	}
	p := &Proxy{listener: l, target: target, open: map[*link]bool{}}
	p.healed = sync.NewCond(&p.mu)
	go p.accept()
	return p, nil
}

// To is New for a test: the proxy is closed with it.
func To(t testing.TB, target string) *Proxy {
	t.Helper()
	p, err := New(target)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// ToURL is To for a target that is named by a URL (postgres://…, smtp://…); it returns the URL that leads through the proxy.
func ToURL(t testing.TB, target string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	p := To(t, u.Host)
	u.Host = p.Addr()
	return p, u.String()
}

// Addr is where the proxy listens: host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Reset cuts every connection at once, with a reset. New ones are taken.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

// Refuse resets every connection, and every new one as soon as it is there, until Heal: as a port behind which nobody listens.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = true
	p.cut()
}

// BlackHole lets nothing through any more, in either direction, until Heal. Connections stay open and new ones are taken: nobody
// says that anything is wrong. What was sent meanwhile arrives after Heal, as TCP would see to it.
func (p *Proxy) BlackHole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hole = true
}

// Latency delays everything that comes through by d, each way.
func (p *Proxy) Latency(d time.Duration) { p.latency.Store(int64(d)) }

// Heal ends whatever is wrong.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency.Store(0)
	p.hole, p.refuse = false, false
	p.healed.Broadcast()
}

// Refused counts the connections that were turned away: a test can wait until somebody has tried.
func (p *Proxy) Refused() int { return int(p.refused.Load()) }

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = p.listener.Close()
	p.cut()
	p.healed.Broadcast()
}

// link is one connection through the proxy, both ends of it.
type link struct {
	near, far net.Conn
	over      int // directions that have come to their end
}

func (l *link) reset() {
	for _, conn := range []net.Conn{l.near, l.far} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// cut ends what is open with a reset, so that no side takes it for a clean end. The lock is held.
func (p *Proxy) cut() {
	for l := range p.open {
		l.reset()
	}
	clear(p.open)
}

func (p *Proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.join(near)
	}
}

func (p *Proxy) join(near net.Conn) {
	far, err := net.Dial("tcp", p.target) //nolint:noctx // a local target answers at once
	if err != nil {
		_ = near.Close()
		return
	}
	l := &link{near: near, far: far}
	p.mu.Lock()
	if p.closed || p.refuse {
		p.refused.Add(1)
		l.reset()
		p.mu.Unlock()
		return
	}
	p.open[l] = true
	p.mu.Unlock()
	go p.carry(l, far, near)
	p.carry(l, near, far)
}

// carry copies one direction. An end of the stream is passed on as that, so that half-closed connections work.
func (p *Proxy) carry(l *link, from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if d := time.Duration(p.latency.Load()); d > 0 && n > 0 {
			<-time.After(d)
		}
		if !p.passable() {
			return
		}
		if n > 0 {
			if _, lost := to.Write(buffer[:n]); lost != nil {
				err = lost
			}
		}
		if err != nil {
			p.end(l, to, err)
			return
		}
	}
}

// passable waits out a black hole; false says that the proxy is closed.
func (p *Proxy) passable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.hole && !p.closed {
		p.healed.Wait()
	}
	return !p.closed
}

// end passes the end of one direction on; the second one, and any that is not clean, ends the connection.
func (p *Proxy) end(l *link, to net.Conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !errors.Is(err, io.EOF) {
		l.reset()
		delete(p.open, l)
		return
	}
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	if l.over++; l.over == 2 {
		_, _ = l.near.Close(), l.far.Close()
		delete(p.open, l)
	}
}
