package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-smtp"

	"perennial/bench/rig"
)

// relay is the world's mail server: it takes everything, and customers wait at it for their letters.
type relay struct {
	server   *smtp.Server
	listener net.Listener

	mu     sync.Mutex
	copies map[string]int   // by Message-ID
	sent   map[string]int   // Message-IDs by template
	boxes  map[string]*slot // by address and template
	faults []string
}

// slot is where one customer's letter of one template arrives.
type slot struct {
	came   chan struct{}
	letter rig.Letter
}

func newRelay(ctx context.Context) (*relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the relay: %w", err)
	}
	r := &relay{listener: listener, copies: map[string]int{}, sent: map[string]int{}, boxes: map[string]*slot{}}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{relay: r}, nil }))
	r.server.Domain = "relay.example"
	go func() { _ = r.server.Serve(listener) }() // it ends with the relay
	return r, nil
}

func (r *relay) url() string { return "smtp://" + r.listener.Addr().String() }

func (r *relay) close() { _ = r.server.Close() }

// box returns the slot of a customer's letter, come or not.
func (r *relay) box(to, template string) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.boxOf(to, template)
}

func (r *relay) boxOf(to, template string) *slot {
	key := to + " " + template
	if r.boxes[key] == nil {
		r.boxes[key] = &slot{came: make(chan struct{})}
	}
	return r.boxes[key]
}

// wait waits for a customer's letter.
func (r *relay) wait(ctx context.Context, to, template string) (rig.Letter, error) {
	s := r.box(to, template)
	select {
	case <-ctx.Done():
		return rig.Letter{}, fmt.Errorf("waiting for %s to %s: %w", template, to, ctx.Err())
	case <-s.came:
		return s.letter, nil
	}
}

func (r *relay) take(to string, raw []byte) {
	l, err := rig.ReadLetter(raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.faults = append(r.faults, fmt.Sprintf("a mail to %s: %v", to, err))
		return
	}
	r.copies[l.MessageID]++
	if r.copies[l.MessageID] > 1 {
		return
	}
	r.sent[l.Template]++
	s := r.boxOf(to, l.Template)
	select {
	case <-s.came:
		r.faults = append(r.faults, fmt.Sprintf("%s got %s in two messages", to, l.Template))
	default:
		s.letter = l
		close(s.came)
	}
}

// session is one connection.
type session struct {
	relay *relay
	to    string
}

func (s *session) Reset()                                    { s.to = "" }
func (s *session) Logout() error                             { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }

func (s *session) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.relay.take(s.to, raw)
	return nil
}
