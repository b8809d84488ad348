package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"perennial/journey"
)

// Waits are how long a sender waits in each phase; RFC 5321, section 4.5.3.2, names these and longer ones.
type Waits struct {
	Connect time.Duration // dialling, banner, EHLO, STARTTLS and AUTH, each
	Command time.Duration // MAIL, RCPT, DATA, and writing the body
	Reply   time.Duration // after the final dot
}

// Relay is where mail goes out.
type Relay struct {
	url   *url.URL
	waits Waits
	tls   *tls.Config // nil: the system's roots
	hello string
	plain bool // a relay without TLS will do
}

// RelayOptions are what a relay may be told; the zero value is production.
type RelayOptions struct {
	Waits Waits       // zero ones: 5 minutes, 5 minutes, 9 minutes
	TLS   *tls.Config // nil: the system's roots
	Hello string      // name for EHLO; "" localhost
	Plain bool        // a relay without TLS will do: it is reached through a private network
}

// NewRelay reads smtp://user:password@host:port or smtps://… (TLS from the first byte). Ports default to 587 and 465. TLS is
// required (STARTTLS for smtp), unless the host is this machine or Plain says so. Faults never quote the URL: it holds a password.
func NewRelay(raw string, o RelayOptions) (*Relay, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, journey.Faultf(journey.CodeInvalid, "the SMTP URL is not smtp://user:password@host:port or smtps://…")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme])
	}
	r := &Relay{url: u, waits: o.Waits, tls: o.TLS, hello: o.Hello, plain: o.Plain || loopback(u.Hostname())}
	if r.waits.Connect == 0 {
		r.waits.Connect = 5 * time.Minute
	}
	if r.waits.Command == 0 {
		r.waits.Command = 5 * time.Minute
	}
	if r.waits.Reply == 0 {
		r.waits.Reply = 9 * time.Minute
	}
	if r.hello == "" {
		r.hello = "localhost"
	}
	return r, nil
}

// Conn is one connection to a relay. It sends one message after another and is not for two goroutines at once.
type Conn struct {
	relay  *Relay
	raw    net.Conn
	client *smtp.Client
	used   bool // a message went over it before
	broken bool
}

// DialError is a relay that could not be reached, or that let nobody in. Its text names no credentials.
type DialError struct{ Result Result }

// Error is the text.
func (e *DialError) Error() string {
	return fmt.Sprintf("connecting to the relay: %s phase: code %d: %v", e.Result.Phase, e.Result.Code, e.Result.Err)
}

// Unwrap gives the cause.
func (e *DialError) Unwrap() error { return e.Result.Err }

// Outcome says what it means: unsent, sender_fault or auth_fault.
func (e *DialError) Outcome() journey.Outcome { return Classify(e.Result) }

// Dial connects, secures and authenticates. The error is a *DialError.
func (r *Relay) Dial(ctx context.Context) (*Conn, error) {
	c := &Conn{relay: r}
	if err := c.dial(ctx); err != nil {
		c.Close()
		return nil, &DialError{result(PhaseConnect, err)}
	}
	if err := c.auth(ctx); err != nil {
		c.Close()
		return nil, &DialError{result(PhaseAuth, err)}
	}
	return c, nil
}

func (c *Conn) dial(ctx context.Context) (err error) {
	r := c.relay
	dialer := net.Dialer{Timeout: r.waits.Connect}
	if c.raw, err = dialer.DialContext(ctx, "tcp", r.url.Host); err != nil {
		return err
	}
	wire := c.raw
	if r.url.Scheme == "smtps" {
		wire = tls.Client(c.raw, r.tlsConfig())
	}
	return c.within(ctx, r.waits.Connect, func() error {
		if c.client, err = smtp.NewClient(wire, r.url.Hostname()); err != nil {
			return err
		}
		if err := c.client.Hello(r.hello); err != nil {
			return err
		}
		if offered, _ := c.client.Extension("STARTTLS"); offered && r.url.Scheme == "smtp" {
			if err := c.client.StartTLS(r.tlsConfig()); err != nil {
				return fmt.Errorf("starting TLS: %w", err)
			}
		}
		if _, secure := c.client.TLSConnectionState(); !secure && !r.plain {
			return errors.New("the relay offers no TLS, and it is not on this machine")
		}
		return nil
	})
}

func (c *Conn) auth(ctx context.Context) error {
	user := c.relay.url.User
	if user == nil || user.Username() == "" {
		return nil
	}
	password, _ := user.Password()
	_, mechanisms := c.client.Extension("AUTH")
	method := smtp.PlainAuth("", user.Username(), password, c.relay.url.Hostname(), c.relay.plain)
	if known := strings.Fields(strings.ToUpper(mechanisms)); !slices.Contains(known, "PLAIN") && slices.Contains(known, "LOGIN") {
		method = smtp.LoginAuth(user.Username(), password, c.relay.url.Hostname(), c.relay.plain)
	}
	return c.within(ctx, c.relay.waits.Connect, func() error { return c.client.Auth(method) })
}

func (r *Relay) tlsConfig() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.tls != nil {
		config = r.tls.Clone()
	}
	config.ServerName = r.url.Hostname()
	return config
}

// loopback says whether the host is this machine: then a relay without TLS is fine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// within runs I/O under a limit and a context: when either ends, pending reads and writes fail at once. A limit that strikes as
// the work ends leaves nothing behind for the next phase, least of all for the wait after the dot.
func (c *Conn) within(ctx context.Context, limit time.Duration, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return err
	}
	var mu sync.Mutex
	over := false
	cut := func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			_ = c.raw.SetDeadline(time.Unix(1, 0)) // long past; a closed connection is cut already
		}
	}
	timer := time.AfterFunc(limit, cut)
	defer timer.Stop()
	defer context.AfterFunc(ctx, cut)()
	err := do()
	mu.Lock()
	defer mu.Unlock()
	over = true
	return err
}

// Send hands one message over. The body is written to the relay first; then atDot is asked, and only when it returns nil the
// final dot goes out. Otherwise the connection is cut, and the relay has nothing. Cancelling ctx ends the attempt at any
// moment before the dot; after the dot only the reply, or its wait, ends it.
func (c *Conn) Send(ctx context.Context, from, to string, body []byte, atDot func(context.Context) error) Result {
	r := c.send(ctx, from, to, body, atDot)
	switch {
	case r.Err == nil, errors.Is(r.Err, errNoUTF8):
	case r.Code == 0 || r.Code == 421 || r.Phase == PhaseBody || r.Phase == PhaseGate:
		c.Close()
	case c.within(ctx, c.relay.waits.Command, c.client.Reset) != nil:
		c.Close()
	}
	c.used = true
	return r
}

// Deliver is Send, classified.
func (c *Conn) Deliver(ctx context.Context, from, to string, body []byte, atDot func(context.Context) error) journey.Outcome {
	return Classify(c.Send(ctx, from, to, body, atDot))
}

func (c *Conn) send(ctx context.Context, from, to string, body []byte, atDot func(context.Context) error) Result {
	if c.broken {
		return Result{Phase: PhaseConnect, Err: net.ErrClosed}
	}
	head, _, _ := bytes.Cut(body, []byte("\r\n\r\n"))
	plain := ascii(from) && ascii(to) && ascii(string(head))
	c.client.SkipSMTPUTF8(plain)
	if offered, _ := c.client.Extension("SMTPUTF8"); !offered && !plain {
		return Result{Phase: PhaseMail, Err: errNoUTF8}
	}
	if r := c.envelope(ctx, from, to, plain); r.Err != nil {
		return r
	}
	if err := c.within(ctx, c.relay.waits.Command, func() error { return c.write(body) }); err != nil {
		return result(PhaseBody, err)
	}
	hungUp, err := c.listenWhile(func() error { return atDot(ctx) })
	switch {
	case err != nil:
		return Result{Phase: PhaseGate, Err: err}
	case hungUp != nil:
		return Result{Phase: PhaseBody, Err: hungUp}
	}
	return result(PhaseReply, c.within(context.WithoutCancel(ctx), c.relay.waits.Reply, c.dot))
}

// listenWhile does something while it listens to a relay that has nothing to say now: if it closes the connection, or speaks, it
// did not wait for the dot. That turns most cases of doubt into certainty, and costs nothing, because the ledger takes longer.
func (c *Conn) listenWhile(do func() error) (hungUp, err error) {
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return err, nil
	}
	heard := make(chan error, 1)
	go func() {
		_, err := c.client.Text.R.Peek(1)
		heard <- err
	}()
	err = do()
	_ = c.raw.SetReadDeadline(time.Unix(1, 0)) // ends the listening; a closed connection has ended it already
	hungUp = <-heard
	var timeout net.Error
	switch {
	case hungUp == nil:
		return errors.New("the relay spoke before the dot"), err
	case errors.As(hungUp, &timeout) && timeout.Timeout():
		return nil, err
	}
	return hungUp, err
}

// errNoUTF8 is an address that the relay cannot take, whoever it belongs to; nothing was said to it.
var errNoUTF8 = errors.New("the address needs SMTPUTF8 (RFC 6531), which the relay does not offer")

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Usable says whether another message can be sent over it.
func (c *Conn) Usable() bool { return !c.broken }

// Used says whether a message was sent over it before. A relay may close an idle connection at any time, so that an attempt
// which ends unsent on a used one says nothing about the relay.
func (c *Conn) Used() bool { return c.used }

// Quit takes leave of the relay, for a moment at most, and closes.
func (c *Conn) Quit() {
	if !c.broken {
		_ = c.within(context.Background(), time.Second, c.client.Quit) // it is closed next, whatever the relay says
	}
	c.Close()
}

// Close cuts the connection where it stands.
func (c *Conn) Close() {
	c.broken = true
	if c.raw != nil {
		_ = c.raw.Close() // nothing is left to be lost
	}
}
