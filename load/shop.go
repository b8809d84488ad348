package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perennial/bench/rig"
)

//go:embed journeys
var journeys embed.FS

// hookSecret signs complaints. The installation is gone when the run is over.
const hookSecret = "a secret of one run"

// shop is the company: its customers, what they do, and its books.
type shop struct {
	options
	product *rig.Product
	relay   *relay
	client  *http.Client
	people  []*customer
	events  atomic.Int64 // sent and accepted
	late    atomic.Int64 // nanoseconds of the slowest request
}

// customer is one of them, with her page in the books.
type customer struct {
	id, email string
	born      bool // signs up in the course of the day

	orders    int
	spent     int
	owed      []string       // journey/message
	entered   map[string]int // journey → how often
	goal      int            // value of the goal that she reached in welcome; 0: none
	score     int            // her answer; 0: none
	redeemed  int            // value of the order that she used her code on
	complains bool
	leaves    bool // unsubscribes from offers
}

func newShop(product *rig.Product, relay *relay, o options) *shop {
	// Many kept connections: the load must not be what is measured.
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	s := &shop{options: o, product: product, relay: relay, client: &http.Client{Timeout: 30 * time.Second, Transport: transport}}
	newcomers := max(20, o.customers/200)
	for n := range o.customers + newcomers {
		c := &customer{id: fmt.Sprintf("c%07d", n), entered: map[string]int{}, born: n >= o.customers}
		c.email = c.id + "@example.com"
		s.people = append(s.people, c)
	}
	return s
}

// chance is what a customer does by chance: the same for the same seed, whatever the others do.
func (s *shop) chance(c *customer) *rand.Rand {
	h := sha256.Sum256([]byte(c.id))
	return rand.New(rand.NewPCG(s.seed, uint64(h[0])<<56|uint64(h[1])<<48|uint64(h[2])<<40|uint64(h[3])<<32|uint64(h[4])<<24|uint64(h[5])<<16)) //nolint:gosec // chance, not secrets
}

// prepare publishes the journeys and goes live.
func (s *shop) prepare(ctx context.Context) error {
	folder := filepath.Join(s.data, "journeys")
	unpacked, err := fs.Sub(journeys, "journeys")
	if err == nil {
		err = os.CopyFS(folder, unpacked)
	}
	if err != nil {
		return fmt.Errorf("writing the journeys: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // the next run writes them again
	args := []string{"journey", "publish"}
	for _, name := range []string{"welcome", "order", "question"} {
		args = append(args, filepath.Join(folder, name))
	}
	if _, err := s.product.Run(ctx, args...); err != nil {
		return err
	}
	return s.ask(ctx, http.MethodPut, "/api/switch", map[string]any{"live": true, "audience_floor": 0}, nil)
}

// event is one event in Segment's shape.
type event struct {
	Type       string         `json:"type"`
	MessageID  string         `json:"messageId"`
	UserID     string         `json:"userId"`
	Event      string         `json:"event,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`
	Traits     map[string]any `json:"traits,omitempty"`
	Timestamp  *time.Time     `json:"timestamp,omitempty"`
}

func (c *customer) identify(zone string) event {
	return event{Type: "identify", MessageID: c.id + "-who", UserID: c.id, Traits: map[string]any{
		"email": c.email, "first_name": "Ada", "timezone": zone, "topics": map[string]any{"offers": true, "care": true}}}
}

// order writes an order into her page and returns its event.
func (c *customer) order(total int, at *time.Time) event {
	c.orders++
	c.spent += total
	id := fmt.Sprintf("%s-o%d", c.id, c.orders)
	return event{Type: "track", MessageID: id, UserID: c.id, Event: "Order Completed", Timestamp: at,
		Properties: map[string]any{"order_id": id, "total": total, "currency": "EUR"}}
}

// track sends one event of the day.
func (s *shop) track(ctx context.Context, e event) error {
	err := s.ask(ctx, http.MethodPost, "/v1/"+e.Type, e, nil)
	if err == nil {
		s.events.Add(1)
	}
	return err
}

// ask makes one request to the API and reads its answer into out, where that is not nil.
func (s *shop) ask(ctx context.Context, method, path string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.do(ctx, method, s.product.URL+path, "application/json", raw, map[string]string{"Authorization": "Bearer " + s.product.Key}, out)
}

// post sends a form as a browser or a mail client does.
func (s *shop) post(ctx context.Context, address string, form url.Values) error {
	return s.do(ctx, http.MethodPost, address, "application/x-www-form-urlencoded", []byte(form.Encode()), nil, nil)
}

// complain is the provider's word that a reader calls a mail spam.
func (s *shop) complain(ctx context.Context, messageID string) error {
	raw, err := json.Marshal(map[string]string{"kind": "complaint", "message_id": messageID})
	if err != nil {
		return err
	}
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(hookSecret))
	_, _ = mac.Write([]byte(at + "." + string(raw))) // it cannot fail
	return s.do(ctx, http.MethodPost, s.product.URL+"/hooks/mail/generic", "application/json", raw,
		map[string]string{"Perennial-Signature": "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))}, nil)
}

func (s *shop) do(ctx context.Context, method, address, kind string, body []byte, headers map[string]string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	began := time.Now()
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	for took := int64(time.Since(began)); ; {
		if last := s.late.Load(); took <= last || s.late.CompareAndSwap(last, took) {
			break
		}
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, address, res.StatusCode, strings.TrimSpace(string(raw[:min(len(raw), 300)])))
	}
	if out != nil {
		return json.Unmarshal(raw, out)
	}
	return nil
}

// faults collects what went wrong in stories that run side by side.
type faults struct {
	mu   sync.Mutex
	list []error
}

func (f *faults) add(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, err)
}
