// Package webhook makes requests to addresses outside: signed (Standard Webhooks), bounded in time and size, never to an address
// that only this side of the wall can reach, never along a redirect.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"perennial/journey"
)

// Client posts. It serves any number of goroutines.
type Client struct {
	guard         Guard
	secure, plain *http.Client
}

// NewClient returns a client that goes where the guard lets it.
func NewClient(g Guard) *Client {
	return &Client{guard: g, secure: g.client(false), plain: g.client(true)}
}

func (g Guard) client(plain bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: g.control(plain)}
	return &http.Client{
		Timeout: journey.PostTimeout,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would resolve names behind our back
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 32 << 10,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Post makes one attempt.
func (c *Client) Post(ctx context.Context, p journey.Post) journey.PostReply {
	req, reason := request(ctx, p)
	if reason != "" {
		return journey.PostReply{Reason: reason, Final: true}
	}
	client := c.secure
	if req.URL.Scheme == "http" {
		client = c.plain
	}
	res, err := client.Do(req)
	if err != nil {
		return unanswered(err)
	}
	defer res.Body.Close()
	return read(res)
}

// request signs; it returns why there can be none.
func request(ctx context.Context, p journey.Post) (_ *http.Request, reason string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		return nil, journey.ReasonUnreachable
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Perennial")
	if p.Secret == "" {
		return req, ""
	}
	key, err := journey.SecretKey(p.Secret)
	if err != nil {
		return nil, journey.ReasonNoSecret
	}
	stamp := strconv.FormatInt(p.At.Unix(), 10)
	req.Header.Set("webhook-id", p.ID)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", "v1,"+sign(key, p.ID, stamp, p.Body))
	return req, ""
}

func sign(key []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// unanswered says what it means that no reply came. The text of the error holds the address, so it goes no further.
func unanswered(err error) journey.PostReply {
	var timeout *url.Error
	switch {
	case errors.Is(err, ErrBlocked):
		return journey.PostReply{Reason: journey.ReasonBlocked, Final: true}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return journey.PostReply{Reason: journey.ReasonTimeout}
	}
	return journey.PostReply{Reason: journey.ReasonUnreachable}
}

// read takes the reply, up to its bound. A receiver that says 408, 425, 429 or 5xx is asked again; any other no is a no.
func read(res *http.Response) journey.PostReply {
	reply := journey.PostReply{Status: res.StatusCode, After: retryAfter(res)}
	body, err := io.ReadAll(io.LimitReader(res.Body, journey.ReplyMax+1))
	switch ok := res.StatusCode >= 200 && res.StatusCode < 300; {
	case len(body) > journey.ReplyMax:
		reply.Reason, reply.Final = journey.ReasonLongReply, !again(res.StatusCode)
	case err != nil:
		reply.Reason = journey.ReasonTimeout
	case ok:
		reply.Body = body
	case res.StatusCode >= 300 && res.StatusCode < 400:
		reply.Reason, reply.Final = journey.ReasonRedirect, true
	default:
		reply.Body, reply.Reason = body, journey.ReasonStatus
		reply.Final = !again(res.StatusCode)
	}
	return reply
}

func again(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status >= 500
}

// retryAfter is the header in seconds; its other form, a date, is rare and would need a clock.
func retryAfter(res *http.Response) time.Duration {
	n, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n), 24*3600) * time.Second
}
