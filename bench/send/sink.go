package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// sink is the fastest relay that can still be asked what it took: it speaks just enough SMTP (with PIPELINING, RFC 2920), throws
// bodies away and keeps the Message-IDs. It runs in a process of its own, so that its processor time is counted apart.
type sink struct {
	mu    sync.Mutex
	taken []*shelf
}

// shelf is what came over one connection.
type shelf struct {
	mu  sync.Mutex
	ids []string
}

// serveSink listens on a free port of this machine, says where on out, and reports to in: each line asks for what was taken since
// the last one. It ends with in.
func serveSink(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer listener.Close() //nolint:errcheck // the process ends
	s := &sink{}
	go s.accept(listener)
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	for asks := bufio.NewScanner(in); asks.Scan(); {
		answer := bufio.NewWriter(out)
		for _, id := range s.empty() {
			fmt.Fprintln(answer, id)
		}
		fmt.Fprintln(answer, ".")
		if err := answer.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		kept := &shelf{}
		s.mu.Lock()
		s.taken = append(s.taken, kept)
		s.mu.Unlock()
		go kept.serve(conn)
	}
}

// empty returns the Message-IDs that were taken since the last time.
func (s *sink) empty() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, kept := range s.taken {
		kept.mu.Lock()
		all = append(all, kept.ids...)
		kept.ids = nil
		kept.mu.Unlock()
	}
	return all
}

// reply is what the sink says to a verb.
func reply(verb string) string {
	switch verb {
	case "EHLO":
		return "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
	case "HELO", "MAIL", "RCPT", "RSET", "NOOP":
		return "250 2.0.0 ok\r\n"
	case "DATA":
		return "354 go on\r\n"
	case "QUIT":
		return "221 2.0.0 bye\r\n"
	}
	return "502 5.5.2 what?\r\n"
}

// serve answers one connection. Replies go out together once nothing more has come in.
func (s *shelf) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the session is over
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	_, err := out.WriteString("220 sink ESMTP\r\n")
	for err == nil {
		if in.Buffered() == 0 {
			if err = out.Flush(); err != nil {
				return
			}
		}
		var line []byte
		if line, err = in.ReadSlice('\n'); err != nil {
			return
		}
		verb := string(bytes.ToUpper(line[:min(4, len(line))]))
		if _, err = out.WriteString(reply(verb)); err != nil || verb == "QUIT" {
			_ = out.Flush()
			return
		}
		if verb == "DATA" {
			err = s.data(in, out)
		}
	}
}

// data takes one message up to its dot.
func (s *shelf) data(in *bufio.Reader, out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return err
	}
	name := []byte("Message-ID: <")
	var id string
	for head := true; ; {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case len(line) == 3 && line[0] == '.':
			s.mu.Lock()
			s.ids = append(s.ids, id)
			s.mu.Unlock()
			_, err = out.WriteString("250 2.0.0 taken\r\n")
			return err
		case head && len(line) == 2:
			head = false
		case head && bytes.HasPrefix(line, name):
			id = string(bytes.TrimRight(line[len(name):], ">\r\n"))
		}
	}
}
