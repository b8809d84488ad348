// Package mailtest is an SMTP relay for tests: real SMTP over TCP, which can refuse, stall, drop and lie at every phase, and
// keeps what it took. Use [NewServer]; a server without rules takes everything.
package mailtest

import (
	"bufio"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Phase is the moment at which a rule acts: when the server would reply to it.
type Phase string

// The phases. Body is between 354 and the dot, after the first line has come.
const (
	Banner Phase = "banner"
	Hello  Phase = "hello"
	Auth   Phase = "auth"
	Mail   Phase = "mail"
	Rcpt   Phase = "rcpt"
	Data   Phase = "data"
	Body   Phase = "body"
	Dot    Phase = "dot"
)

// Rule makes one phase go wrong. The first rule that fits acts.
type Rule struct {
	Phase Phase
	To    string // envelope recipient; "" any. Known from RCPT on
	Times int    // how often; 0: always

	Stall <-chan struct{} // wait until this is closed, or the server ends
	Drop  bool            // close the connection instead of replying. At Dot the message is taken: only the reply is lost
	Reply string          // instead of the usual, e.g. "550 5.1.1 no such user"; at Dot only a 2xx takes the message
	Lie   bool            // at Dot: take what is refused, or lose what is accepted
}

// Message is one message that the server took.
type Message struct {
	From, To   string
	Raw        []byte // as received, dots unstuffed, CRLF
	MessageID  string // without brackets
	Connection int    // number of the connection, from 1
}

// Header parses the head of the message.
func (m Message) Header(t testing.TB) mail.Header {
	t.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(string(m.Raw)))
	require.NoError(t, err)
	return parsed.Header
}

// Server is the relay.
type Server struct {
	listener net.Listener
	done     chan struct{}
	wg       sync.WaitGroup

	mu       sync.Mutex
	rules    []*Rule
	messages []Message
	dials    int
	dots     int
	conns    map[net.Conn]bool
	changed  chan struct{}
}

// NewServer starts a server on a free port of this machine; it ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Server{listener: listener, done: make(chan struct{}), conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		close(s.done)
		_ = listener.Close() // it is of no further use
		s.CutAll()
		s.wg.Wait()
	})
	return s
}

// URL is where it listens, as smtp://127.0.0.1:port.
func (s *Server) URL() string { return "smtp://" + s.listener.Addr().String() }

// Script adds rules, before those that are there.
func (s *Server) Script(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := make([]*Rule, len(rules), len(rules)+len(s.rules))
	for i := range rules {
		if rules[i].Times == 0 {
			rules[i].Times = -1
		}
		added[i] = &rules[i]
	}
	s.rules = append(added, s.rules...)
}

// Reset forgets all rules.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Messages returns what was taken so far, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Counts returns how often each Message-ID was taken.
func (s *Server) Counts() map[string]int {
	counts := map[string]int{}
	for _, m := range s.Messages() {
		counts[m.MessageID]++
	}
	return counts
}

// Dials returns how many connections there were.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Dots returns how many messages came to their final dot, taken or not.
func (s *Server) Dots() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dots
}

// CutAll closes every open connection.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // the far end sees it
	}
}

// WaitFor waits until n messages were taken, and returns them.
func (s *Server) WaitFor(t testing.TB, n int) []Message {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		got, changed := len(s.messages), s.changed
		s.mu.Unlock()
		if got >= n {
			return s.Messages()
		}
		select {
		case <-changed:
		case <-deadline.C:
			require.Failf(t, "too few messages", "waited 30 s for %d messages, got %d", n, got)
		}
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.dials++
		s.conns[c] = true
		session := &session{server: s, conn: c, in: bufio.NewReader(c), number: s.dials}
		s.mu.Unlock()
		s.wg.Go(func() {
			session.serve()
			_ = c.Close() // the session is over
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// rule finds the rule for a phase and uses it up; nil: none.
func (s *Server) rule(phase Phase, to string) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if r.Phase == phase && (r.To == "" || strings.EqualFold(r.To, to)) && r.Times != 0 {
			if r.Times > 0 {
				r.Times--
			}
			return r
		}
	}
	return nil
}

func (s *Server) take(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	in     *bufio.Reader
	number int
	from   string
	to     string
}

// say replies to a phase as the rules have it, else as usual. It is false when the connection is to be closed.
func (c *session) say(phase Phase, usual string) (rule *Rule, reply string, open bool) {
	rule, reply = c.server.rule(phase, c.to), usual
	if rule != nil {
		if rule.Stall != nil {
			select {
			case <-rule.Stall:
			case <-c.server.done:
				return rule, reply, false
			}
		}
		if rule.Drop {
			return rule, reply, false
		}
		if rule.Reply != "" {
			reply = rule.Reply
		}
	}
	return rule, reply, true
}

func (c *session) write(reply string) bool {
	_, err := fmt.Fprintf(c.conn, "%s\r\n", reply)
	return err == nil
}

func (c *session) answer(phase Phase, usual string) bool {
	_, reply, open := c.say(phase, usual)
	return open && c.write(reply)
}

func (c *session) serve() {
	open := c.answer(Banner, "220 mailtest ESMTP")
	for open {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return
		}
		open = c.command(strings.TrimRight(line, "\r\n"))
	}
}

func (c *session) command(line string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	switch verb {
	case "EHLO", "HELO":
		return c.answer(Hello, "250-mailtest\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN")
	case "AUTH":
		return c.answer(Auth, "235 2.7.0 welcome")
	case "MAIL":
		c.from, c.to = between(line), ""
		return c.answer(Mail, "250 2.1.0 ok")
	case "RCPT":
		c.to = between(line)
		return c.answer(Rcpt, "250 2.1.5 ok")
	case "DATA":
		return c.data()
	case "RSET", "NOOP":
		return c.write("250 2.0.0 ok")
	case "QUIT":
		c.write("221 2.0.0 bye")
		return false
	}
	return c.write("502 5.5.2 what?")
}

func (c *session) data() bool {
	_, reply, open := c.say(Data, "354 go on")
	if !open || !c.write(reply) {
		return false
	}
	if !strings.HasPrefix(reply, "354") {
		return true
	}
	var raw strings.Builder
	for first := true; ; first = false {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return false
		}
		if first {
			if _, _, open := c.say(Body, ""); !open {
				return false
			}
		}
		if line == ".\r\n" {
			return c.dot([]byte(raw.String()))
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (c *session) dot(raw []byte) bool {
	c.server.mu.Lock()
	c.server.dots++
	c.server.mu.Unlock()
	rule, reply, open := c.say(Dot, "250 2.0.0 taken")
	taken := !open || strings.HasPrefix(reply, "2")
	if rule != nil && rule.Lie {
		taken = !taken
	}
	if taken {
		m := Message{From: c.from, To: c.to, Raw: raw, Connection: c.number}
		if parsed, err := mail.ReadMessage(strings.NewReader(string(raw))); err == nil {
			m.MessageID = strings.Trim(parsed.Header.Get("Message-ID"), "<>")
		}
		c.server.take(m)
	}
	return open && c.write(reply)
}

func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
