package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// raw is the limit: bytes that were made before, over as many connections as the sender has slots, pipelined as far as RFC 2920
// goes: the end of one message, and MAIL, RCPT and DATA of the next, in one write. There is one round trip per message, that for 354.
type raw struct {
	address     string
	connections int
	body        []byte // of every message: dots stuffed, without its Message-ID
}

// newRaw takes the bytes of a composed message.
func newRaw(address string, connections int, message []byte) (*raw, error) {
	var body bytes.Buffer
	for line := range bytes.Lines(message) {
		if bytes.HasPrefix(line, []byte("Message-ID:")) {
			continue
		}
		if line[0] == '.' {
			body.WriteByte('.')
		}
		body.Write(line)
	}
	if !bytes.HasSuffix(body.Bytes(), []byte("\r\n")) {
		return nil, errors.New("the message does not end with a line")
	}
	return &raw{address: address, connections: connections, body: body.Bytes()}, nil
}

func (r *raw) send(ctx context.Context, ids []string) error {
	share := (len(ids) + r.connections - 1) / r.connections
	ended := make(chan error, r.connections)
	begun := 0
	for ; len(ids) > 0; begun++ {
		mine := ids[:min(share, len(ids))]
		ids = ids[len(mine):]
		go func() { ended <- r.pour(ctx, mine) }()
	}
	var errs []error
	for range begun {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// pour sends messages over one connection.
func (r *raw) pour(ctx context.Context, ids []string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // everything was answered
	in, out := bufio.NewReader(conn), bufio.NewWriterSize(conn, 64<<10)
	const envelope = "MAIL FROM:<bench@example.com> BODY=8BITMIME\r\nRCPT TO:<customer@example.com>\r\nDATA\r\n"
	expect := []string{"220", "250", "250", "250", "354"}
	out.WriteString("EHLO localhost\r\n" + envelope) //nolint:errcheck // Flush says it
	for i, id := range ids {
		if err := exchange(in, out, expect); err != nil {
			return err
		}
		expect = []string{"250", "250", "250", "354"}
		out.WriteString("Message-ID: <" + id + ">\r\n") //nolint:errcheck // as above
		out.Write(r.body)                               //nolint:errcheck // as above
		out.WriteString(".\r\n")                        //nolint:errcheck // as above
		if i < len(ids)-1 {
			out.WriteString(envelope) //nolint:errcheck // as above
		}
	}
	return exchange(in, out, []string{"250"})
}

// exchange sends what is written and reads one reply for each code.
func exchange(in *bufio.Reader, out *bufio.Writer, codes []string) error {
	if err := out.Flush(); err != nil {
		return err
	}
	for _, code := range codes {
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return err
			}
			if !strings.HasPrefix(string(line), code) {
				return fmt.Errorf("the sink says %q where %s was due", line, code)
			}
			if line[3] != '-' {
				break
			}
		}
	}
	return nil
}
