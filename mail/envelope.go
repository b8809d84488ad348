package mail

import (
	"bytes"
	"context"
	"errors"
	"net/textproto"
	"strings"
)

// envelope says MAIL, RCPT and DATA. Where the relay offers PIPELINING (RFC 2920) the three go out together: that spares two round
// trips of a message, which are most of its time on a relay that is far away.
func (c *Conn) envelope(ctx context.Context, from, to string, plain bool) Result {
	if strings.ContainsAny(from+to, "\r\n<>") {
		return Result{Phase: PhaseMail, Err: &ComposeError{"address", "is no bare address"}}
	}
	commands := []command{{PhaseMail, "MAIL FROM:<" + from + ">" + c.parameters(plain), 250}, {PhaseRcpt, "RCPT TO:<" + to + ">", 25}, {PhaseData, "DATA", 354}}
	if offered, _ := c.client.Extension("PIPELINING"); !offered {
		for _, command := range commands {
			if err := c.within(ctx, c.relay.waits.Command, func() error { return c.say(command.text, command.expect) }); err != nil {
				return result(command.phase, err)
			}
		}
		return Result{}
	}
	first := Result{}
	err := c.within(ctx, c.relay.waits.Command, func() (err error) {
		first, err = c.pipeline(commands)
		return err
	})
	switch {
	case err != nil && first.Err == nil:
		return result(PhaseMail, err)
	case err != nil: // replies are owed, or a body is: the relay has nothing of this message, and is not to have half of it
		c.Close()
	}
	return first
}

// command is one line of an envelope, with the code that lets it go on.
type command struct {
	phase  Phase
	text   string
	expect int
}

// pipeline says all commands, then reads all replies, and returns the first refusal. An error is a connection that cannot be used
// any more: it broke, or the relay refused the sender or the recipient and wants the body all the same.
func (c *Conn) pipeline(commands []command) (first Result, err error) {
	w := c.client.Text.W
	for _, command := range commands {
		_, _ = w.WriteString(command.text + "\r\n") // Flush says it
	}
	if err := w.Flush(); err != nil {
		return result(commands[0].phase, err), err
	}
	for _, command := range commands {
		_, _, err := c.client.Text.ReadResponse(command.expect)
		if err != nil && first.Err == nil {
			first = result(command.phase, err)
		}
		var refused *textproto.Error
		switch {
		case err == nil && command.phase == PhaseData && first.Err != nil:
			return first, errOpen
		case err != nil && !errors.As(err, &refused):
			return first, err
		}
	}
	return first, nil
}

// errOpen is a relay that refused the sender or the recipient and still asks for the body.
var errOpen = errors.New("the relay refused the envelope and wants the body")

// parameters of MAIL, as the relay offers them.
func (c *Conn) parameters(plain bool) (text string) {
	if offered, _ := c.client.Extension("8BITMIME"); offered {
		text += " BODY=8BITMIME"
	}
	if offered, _ := c.client.Extension("SMTPUTF8"); offered && !plain {
		text += " SMTPUTF8"
	}
	return text
}

// say sends one command and reads its reply.
func (c *Conn) say(command string, expect int) error {
	if err := c.client.Text.PrintfLine("%s", command); err != nil {
		return err
	}
	_, _, err := c.client.Text.ReadResponse(expect)
	return err
}

// write sends the body up to its dot, with dots at the beginning of lines doubled (RFC 5321, section 4.5.2). Its lines end with CRLF,
// as composed.
func (c *Conn) write(body []byte) error {
	w := c.client.Text.W
	for rest := body; len(rest) > 0; { // from the beginning of a line to the next that begins with a dot
		if rest[0] == '.' {
			if err := w.WriteByte('.'); err != nil {
				return err
			}
		}
		end := len(rest)
		if next := bytes.Index(rest, []byte("\n.")); next >= 0 {
			end = next + 1
		}
		if _, err := w.Write(rest[:end]); err != nil {
			return err
		}
		rest = rest[end:]
	}
	if !bytes.HasSuffix(body, []byte("\r\n")) {
		if _, err := w.WriteString("\r\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

// dot finishes the message and waits for the reply.
func (c *Conn) dot() error { return c.say(".", 250) }
