package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"perennial/journey"
)

// shop is the demo's shop: it speaks to Perennial as any shop would, over the public API, and its customers read their mail in
// the inbox.
type shop struct {
	ingest, support *server
	inbox           string
	clock           *journey.Clock
	run             int // plays so far in this installation; customers of each are others

	mu    sync.Mutex
	mails map[string][]letter // by address, oldest first
	came  chan struct{}       // closed and replaced when mail has come
}

// letter is a mail in the inbox, as far as its reader needs it.
type letter struct {
	template string // win-back/we-miss-you
	text     string
	headers  mail.Header
}

// shopper is one customer of the shop.
type shopper struct {
	*shop
	story
	id, email string
}

func (s *shop) shopper(st story) *shopper {
	id := fmt.Sprintf("%s-%d", strings.ToLower(st.Name), s.run)
	return &shopper{shop: s, story: st, id: id, email: id + "@example.com"}
}

// live plays her story from where it stands. What she has done is noted after each act, and an act that is done twice has no
// effect: its event has the same id.
func (p *shopper) live(ctx context.Context, notes *notebook) error {
	was := notes.of(p.id)
	done, last, read := was.Done, was.At, was.Read
	for i, a := range p.Acts {
		if i < done {
			continue
		}
		var got letter
		if a.When != "" {
			var err error
			if got, err = p.reads(ctx, a.When); err != nil {
				return err
			}
			if a.Wait > 0 && (i > done || !read) { // one that she had read when the play was cut off was read then
				last = p.clock.Now()
				if err := notes.write(p.id, note{Done: i, At: last, Read: true}); err != nil {
					return err
				}
			}
		}
		if err := p.until(ctx, last.Add(time.Duration(a.Wait*float64(24*time.Hour)))); err != nil {
			return err
		}
		if err := p.insist(ctx, func() error { return a.Do(ctx, p, fmt.Sprintf("%s-%d", p.id, i), got) }); err != nil {
			return fmt.Errorf("%s, act %d: %w", p.id, i+1, err)
		}
		last = p.clock.Now()
		if err := notes.write(p.id, note{Done: i + 1, At: last}); err != nil {
			return err
		}
	}
	return nil
}

// until waits for a moment of product time. That may stand still on the way, so the wall's moment is only a guess.
func (p *shopper) until(ctx context.Context, at time.Time) error {
	for p.clock.Now().Before(at) {
		timer := time.NewTimer(max(p.clock.ToWall(at).Sub(p.clock.Wall()), 10*time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return ctx.Err()
}

// insist repeats what a server that is away refuses, as a shop's queue would.
func (p *shopper) insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		var a *answered
		refused := errors.As(err, &a) && a.Status < http.StatusInternalServerError && a.Status != http.StatusTooManyRequests
		if err == nil || refused {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// reads waits for a mail of that template.
func (p *shopper) reads(ctx context.Context, template string) (letter, error) {
	for {
		p.mu.Lock()
		came := p.came
		for _, l := range p.mails[p.email] {
			if l.template == template {
				p.mu.Unlock()
				return l, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return letter{}, fmt.Errorf("%s waits for %s: %w", p.id, template, ctx.Err())
		case <-came:
		}
	}
}

// track reports something that she did.
func (p *shopper) track(ctx context.Context, act, name string, properties map[string]any) error {
	return p.ingest.call(ctx, http.MethodPost, "/v1/track",
		map[string]any{"messageId": act, "userId": p.id, "event": name, "properties": properties}, nil)
}

// follow opens a link of a mail; with a form it posts it.
func (p *shopper) follow(ctx context.Context, link string, form url.Values) error {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, link, body)
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := p.ingest.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = answerError(res.StatusCode, raw)
	}
	if res.StatusCode == http.StatusGone {
		return nil // she came too late; what she gets and does not get for it is seen at the end
	}
	return err
}

var publicLink = regexp.MustCompile(`https?://[^\s"<>)]+/(u|s|back|preferences)/[A-Za-z0-9_-]+`)

// link finds the public link of a kind (u, s, back, preferences) in a mail.
func (l letter) link(kind string) (string, error) {
	for _, m := range publicLink.FindAllStringSubmatch(l.headers.Get("List-Unsubscribe")+" "+l.text, -1) {
		if m[1] == kind {
			return m[0], nil
		}
	}
	return "", fmt.Errorf("%s has no /%s/ link", l.template, kind)
}

// watch reads new mail as it comes, until ctx ends.
func (s *shop) watch(ctx context.Context) error {
	seen := map[string]bool{}
	for {
		// The inbox dies and comes back with the rest of the installation; nothing in it is lost.
		_ = s.look(ctx, seen)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *shop) look(ctx context.Context, seen map[string]bool) error {
	for start := 0; ; start += 200 {
		var list struct {
			Messages []struct{ ID string } `json:"messages"`
		}
		raw, err := s.fetch(ctx, fmt.Sprintf("/api/v1/messages?start=%d&limit=200", start))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		fresh := 0
		for _, m := range list.Messages {
			if seen[m.ID] {
				continue
			}
			fresh++
			if err := s.open(ctx, m.ID); err != nil {
				return err
			}
			seen[m.ID] = true
		}
		if fresh == 0 || len(list.Messages) < 200 {
			return nil
		}
	}
}

// open reads one mail: whose it is and which of our messages, by the header that reports complaints back to us.
func (s *shop) open(ctx context.Context, id string) error {
	raw, err := s.fetch(ctx, "/api/v1/message/"+url.PathEscape(id)+"/raw")
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	var body struct{ Text string }
	rendered, err := s.fetch(ctx, "/api/v1/message/"+url.PathEscape(id))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(rendered, &body); err != nil {
		return err
	}
	to, err := mail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return err
	}
	ids := append(strings.Split(m.Header.Get("Feedback-ID"), ":"), "", "")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails[to.Address] = append(s.mails[to.Address], letter{template: ids[1] + "/" + ids[0], text: body.Text, headers: m.Header})
	close(s.came)
	s.came = make(chan struct{})
	return nil
}

func (s *shop) fetch(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.inbox+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := s.ingest.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = answerError(res.StatusCode, raw)
	}
	return raw, err
}

// received lists what is in her inbox: template → how often.
func (p *shopper) received() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for _, l := range p.mails[p.email] {
		out[l.template]++
	}
	return out
}

// notebook is how far each story has come. It is a file, so that a play that was killed goes on where it stood.
type notebook struct {
	path string
	mu   sync.Mutex
	Run  int             `json:"run"`
	Over bool            `json:"over"` // the play was played to its end
	Open time.Time       `json:"open"` // product time at which the shop opened
	Acts map[string]note `json:"acts"`
}

type note struct {
	Done int       `json:"done"`
	At   time.Time `json:"at"`             // product time of the last one, or at which she read what the next one hangs on
	Read bool      `json:"read,omitempty"` // it is the latter
}

// openNotebook reads the play that was under way, or begins the next one.
func openNotebook(path string, now time.Time) (*notebook, error) {
	n := &notebook{path: path}
	raw, err := os.ReadFile(path) //nolint:gosec // in our own state directory
	if err == nil {
		err = json.Unmarshal(raw, n)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if n.Run == 0 || n.Over {
		n.Run, n.Over, n.Open, n.Acts = n.Run+1, false, now, map[string]note{}
	}
	return n, n.save()
}

func (n *notebook) of(id string) note {
	n.mu.Lock()
	defer n.mu.Unlock()
	if was, ok := n.Acts[id]; ok {
		return was
	}
	return note{At: n.Open}
}

func (n *notebook) write(id string, is note) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.Acts[id] = is
	return n.save()
}

func (n *notebook) end() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.Over = true
	return n.save()
}

func (n *notebook) save() error {
	raw, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.path+".new", raw, 0o600); err != nil {
		return fmt.Errorf("writing the play's notes: %w", err)
	}
	if err := os.Rename(n.path+".new", n.path); err != nil {
		return fmt.Errorf("writing the play's notes: %w", err)
	}
	return nil
}
