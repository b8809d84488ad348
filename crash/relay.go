package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"perennial/bench/rig"
)

// relay is the SMTP server that all mail of the installation goes to. It lives as long as the run and notes every message whose
// final dot came, before it replies; now and then it takes its time before that, so that senders die between dot and reply.
type relay struct {
	server   *smtp.Server
	listener net.Listener
	random   *random

	mu     sync.Mutex
	taken  map[string]*delivery // by Message-ID
	open   int                  // sessions
	cut    int                  // messages whose connection ended before the dot
	came   chan struct{}        // closed and replaced when mail has come
	copies int
	times  map[string][]time.Time // of arrivals, by lane
}

// delivery is one Message-ID as it arrived.
type delivery struct {
	to, template string // template is journey/message
	copies       int
	hash         [sha256.Size]byte // of the first copy
	differ       bool              // a later copy had other bytes
	survey       string            // the link of the question, if it asks one
}

func newRelay(ctx context.Context, seed uint64) (*relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the relay: %w", err)
	}
	r := &relay{listener: listener, random: newRandom(seed, "relay"), taken: map[string]*delivery{}, came: make(chan struct{}),
		times: map[string][]time.Time{}}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		r.count(1)
		return &session{relay: r}, nil
	}))
	r.server.Domain = "relay.crash"
	r.server.ErrorLog = log.New(io.Discard, "", 0) // connections that break are what this is about
	go func() { _ = r.server.Serve(listener) }()   // it ends with close
	return r, nil
}

func (r *relay) url() string { return "smtp://" + r.listener.Addr().String() }

func (r *relay) close() { _ = r.server.Close() }

func (r *relay) count(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open += n
}

// connections is how many are open now.
func (r *relay) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open
}

// resumed is how long after each of these moments each lane brought the next mail; what arrives in the first moment was on its
// way before. A lane that brought nothing any more is left out: there was nothing left to send.
func (r *relay) resumed(after []time.Time) (all []time.Duration) {
	const underway = 250 * time.Millisecond
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range after {
		for _, arrivals := range r.times {
			i, _ := slices.BinarySearchFunc(arrivals, at.Add(underway), time.Time.Compare)
			if i < len(arrivals) {
				all = append(all, arrivals[i].Sub(at))
			}
		}
	}
	slices.Sort(all)
	return all
}

// find waits until a message of that template has come to an address.
func (r *relay) find(ctx context.Context, to, template string) (delivery, error) {
	for {
		r.mu.Lock()
		came := r.came
		for _, d := range r.taken {
			if d.to == to && d.template == template {
				r.mu.Unlock()
				return *d, nil
			}
		}
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return delivery{}, ctx.Err()
		case <-came:
		}
	}
}

// take notes one message.
func (r *relay) take(to string, raw []byte) error {
	l, err := rig.ReadLetter(raw)
	if err != nil {
		return err
	}
	if l.Template == surveyMail && l.Survey == "" {
		return fmt.Errorf("reading %s to %s: it has no link of the survey", l.Template, to)
	}
	id, lane := l.MessageID, l.Lane
	d := &delivery{to: to, template: l.Template, survey: l.Survey, hash: sha256.Sum256(raw)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.taken[id]; first != nil {
		first.differ = first.differ || first.hash != d.hash || first.to != d.to
		d = first
	}
	d.copies++
	r.copies++
	r.times[lane] = append(r.times[lane], time.Now())
	r.taken[id] = d
	close(r.came)
	r.came = make(chan struct{})
	return nil
}

// delay is how long the relay takes to reply to a dot: mostly next to nothing, sometimes long enough to die in.
func (r *relay) delay() time.Duration {
	if r.random.chance(0.2) {
		return r.random.between(50*time.Millisecond, 500*time.Millisecond)
	}
	return r.random.between(0, 10*time.Millisecond)
}

// session is one connection.
type session struct {
	relay *relay
	to    string
}

func (s *session) Reset()                                    { s.to = "" }
func (s *session) Logout() error                             { s.relay.count(-1); return nil }
func (s *session) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }

// Data reads to the dot; a connection that ends before it has delivered nothing.
func (s *session) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		s.relay.mu.Lock()
		s.relay.cut++
		s.relay.mu.Unlock()
		return err
	}
	if err := s.relay.take(s.to, raw); err != nil {
		return err
	}
	time.Sleep(s.relay.delay())
	return nil
}
