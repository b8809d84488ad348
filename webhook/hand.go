package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync"
	"time"

	"perennial/journey"
)

// answerTimeout is how long the answer to a message may take once its last byte has gone out: what comes later is in doubt.
const answerTimeout = time.Minute

// errStopped is why the last byte of a message does not go out.
var errStopped = errors.New("the message is not to be finished")

// Hand makes one attempt to hand over a message. Its last byte waits until atDot has answered; unless that is nil it never goes
// out, and the receiver has nothing that it could take for a message. atDot is told whether the endpoint is in a network that the
// operator allows. Cancelling ctx ends an attempt at any moment before the dot, never after it. Each attempt has a connection of
// its own: on one that was kept nobody knows whether the receiver still listens when the ledger commits that the message goes.
func (c *Client) Hand(ctx context.Context, p journey.Post, atDot func(ctx context.Context, inside bool) error) journey.Outcome {
	attempt, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	h := &handover{body: p.Body, atDot: atDot, attempt: attempt, unhook: context.AfterFunc(ctx, cut), cut: cut}
	h.timer = time.AfterFunc(journey.PostTimeout, cut)
	defer h.end()
	traced := httptrace.WithClientTrace(attempt, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		h.meet(c.guard, got.Conn.RemoteAddr())
	}})
	req, reason := request(traced, p)
	if reason != "" {
		return journey.Outcome{Kind: journey.OutcomeFailed, Reason: reason}
	}
	req.Body, req.GetBody, req.Close = h, nil, true
	client := &http.Client{Transport: c.once(req.URL.Scheme == "http"), CheckRedirect: c.secure.CheckRedirect}
	res, err := client.Do(req)
	h.seal()
	switch {
	case h.refused:
		if err == nil {
			_ = res.Body.Close() // it was cut, whatever it says
		}
		return journey.Outcome{Kind: journey.OutcomeRefused}
	case err == nil:
		defer res.Body.Close()
		return answered(read(res), h.finished)
	case h.finished:
		return journey.Outcome{Kind: journey.OutcomeUnknown}
	case h.asked || ctx.Err() != nil:
		return journey.Outcome{Kind: journey.OutcomeUnsent}
	}
	return unreached(unanswered(err), attempt.Err() != nil)
}

// once is the transport of one attempt.
func (c *Client) once(plain bool) *http.Transport {
	client := c.secure
	if plain {
		client = c.plain
	}
	kept, _ := client.Transport.(*http.Transport) // both are made by Guard.client
	t := kept.Clone()
	t.DisableKeepAlives, t.ForceAttemptHTTP2 = true, false
	return t
}

// answered says what a reply means. One that comes before the message was finished accepts nothing.
func answered(reply journey.PostReply, finished bool) journey.Outcome {
	o := journey.Outcome{Kind: journey.OutcomeFailed, Reason: reply.Reason, Code: reply.Status, Text: strings.ToValidUTF8(strings.ReplaceAll(string(reply.Body), "\x00", ""), "")}
	switch ok := reply.Status >= 200 && reply.Status < 300; {
	case ok && finished:
		o.Kind, o.Reason = journey.OutcomeAccepted, "" // however the rest of the reply went
	case ok, !reply.Final:
		o.Kind = journey.OutcomeRetry
	}
	return o
}

// unreached says what it means that the message was not begun, or broke off before its end.
func unreached(reply journey.PostReply, late bool) journey.Outcome {
	if reply.Final {
		return journey.Outcome{Kind: journey.OutcomeFailed, Reason: reply.Reason}
	}
	if late {
		reply.Reason = journey.ReasonTimeout
	}
	return journey.Outcome{Kind: journey.OutcomeRetry, Reason: reply.Reason}
}

// handover is the body of one request: all of it but the last byte, then the question, then that.
type handover struct {
	body    []byte
	atDot   func(ctx context.Context, inside bool) error
	attempt context.Context //nolint:containedctx // it is that of the request, whose body this is
	cut     context.CancelFunc
	unhook  func() bool
	at      int // bytes that have been read; only the transport reads

	mu       sync.Mutex
	timer    *time.Timer
	inside   bool
	sealed   bool // the attempt is over: nothing is asked any more
	asked    bool
	refused  bool
	finished bool // the last byte is on its way
}

func (h *handover) meet(guard Guard, remote net.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, err := netip.ParseAddrPort(remote.String())
	h.inside = err == nil && guard.inside(at.Addr())
}

// Read gives the transport what it may write.
func (h *handover) Read(p []byte) (int, error) {
	last := len(h.body) - 1
	switch {
	case h.at > last:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	case h.at == last:
		if err := h.pass(); err != nil {
			return 0, err
		}
	}
	n := copy(p, h.body[h.at:max(last, h.at+1)]) // all before the last byte, or that
	h.at += n
	return n, nil
}

// Close is there because a body has one.
func (h *handover) Close() error { return nil }

// pass asks whether the last byte may go out. From then on nobody cuts the attempt but its own time.
func (h *handover) pass() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sealed || h.attempt.Err() != nil {
		return errStopped
	}
	h.asked = true
	if err := h.atDot(h.attempt, h.inside); err != nil {
		h.refused = true
		return err
	}
	if !h.unhook() || !h.timer.Stop() {
		return errStopped
	}
	h.timer = time.AfterFunc(answerTimeout, h.cut)
	h.finished = true
	return nil
}

// seal ends the attempt: the question that is being asked is waited for, and none is asked any more.
func (h *handover) seal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed = true
}

// end lets go of what would cut the attempt, once its reply has been read.
func (h *handover) end() {
	h.seal()
	h.unhook()
	h.timer.Stop()
}
