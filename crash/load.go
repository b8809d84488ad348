package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// surveyMail is the message that asks a question.
const surveyMail = "question/how-was-it"

// load is the customers: each signs up, orders, mostly gets her parcel, and answers the question that follows. What they do is
// sent until it was accepted, as any shop's queue does it.
type load struct {
	in     *installation
	relay  *relay
	rate   float64
	random *random
	client *http.Client

	shut, gone context.CancelFunc
	arriving   sync.WaitGroup // the door
	acting     sync.WaitGroup // customers who still have something to do
	waiting    sync.WaitGroup // customers who wait for their question

	mu       sync.Mutex
	people   []*customer
	busy     int               // who have not done all that they came for
	events   map[string]string // that were sent: messageId → name
	accepted map[string]bool   // of these, those with 2xx
	tries    int
	refused  []string
}

// customer is one of them, and what her story calls for.
type customer struct {
	id, email string
	owed      []string // journey/message
	journeys  []string // that she goes through to their end
	answered  bool     // her answer was accepted
}

func newLoad(in *installation, r *relay, o options) *load {
	return &load{in: in, relay: r, rate: o.rate, random: newRandom(o.seed, "load"), events: map[string]string{},
		accepted: map[string]bool{}, client: &http.Client{Timeout: 5 * time.Second}}
}

// open lets customers in until close.
func (l *load) open(ctx context.Context) {
	staying, gone := context.WithCancel(ctx)
	open, shut := context.WithCancel(staying)
	l.shut, l.gone = shut, gone
	l.arriving.Go(func() {
		for n := 1; ; n++ {
			l.acting.Go(func() { l.live(staying, n) })
			select {
			case <-open.Done():
				return
			case <-time.After(l.random.between(0, time.Duration(2*float64(time.Second)/l.rate))):
			}
		}
	})
}

// close lets nobody else in; those who are there go on.
func (l *load) close() {
	l.shut()
	l.arriving.Wait()
}

// leave ends what customers still wait for.
func (l *load) leave() {
	l.gone()
	l.acting.Wait()
	l.waiting.Wait()
}

// live is the story of one customer.
func (l *load) live(ctx context.Context, n int) {
	c := &customer{id: fmt.Sprintf("c%05d", n)}
	c.email = c.id + "@example.com"
	delivered, score := l.random.chance(0.7), 1+l.random.below(5)
	c.journeys, c.owed = []string{"welcome", "order"}, []string{"welcome/hello", "welcome/gift", "welcome/guide", "order/receipt"}
	deliverBy := time.Now().Add(l.random.between(2*time.Second, 10*time.Second))
	if delivered {
		deliverBy = deliverBy.Add(time.Hour)
		c.journeys = append(c.journeys, "question")
		answer := "question/glad"
		if score <= 2 {
			answer = "question/sorry"
		}
		c.owed = append(c.owed, "order/delivered", surveyMail, answer)
	} else {
		c.owed = append(c.owed, "order/late")
	}
	l.mu.Lock()
	l.people = append(l.people, c)
	l.busy++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.busy--
	}()

	gift := time.Now().Add(l.random.between(time.Second, 8*time.Second))
	order := map[string]any{"order_id": "o-" + c.id, "total": 49 + n%50, "currency": "EUR", "deliver_by": deliverBy}
	l.send(ctx, c, "identify", "", map[string]any{"email": c.email, "first_name": "Ada", "topics": map[string]any{"offers": true, "care": true}})
	l.send(ctx, c, "track", "Signed Up", map[string]any{"gift_at": gift, "guide_at": gift.Add(l.random.between(time.Second, 8*time.Second))})
	l.pause(ctx, 3*time.Second)
	l.send(ctx, c, "track", "Order Completed", order)
	if !delivered {
		return
	}
	l.pause(ctx, 6*time.Second)
	l.send(ctx, c, "track", "Order Delivered", map[string]any{"order_id": order["order_id"]})
	l.waiting.Go(func() { l.answer(ctx, c, score) })
}

func (l *load) pause(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(l.random.between(0, most)):
	}
}

// send sends one event until it is accepted. The id stays the same, and so does what it says.
func (l *load) send(ctx context.Context, c *customer, kind, name string, properties map[string]any) {
	id := strings.ReplaceAll(c.id+"-"+kind+"-"+name, " ", "-")
	body := map[string]any{"messageId": id, "userId": c.id}
	if kind == "identify" {
		body["traits"] = properties
	} else {
		body["event"], body["properties"] = name, properties
	}
	l.mu.Lock()
	l.events[id] = kind + " " + name
	l.mu.Unlock()
	if l.insist(ctx, func() error { return request(ctx, l.client, http.MethodPost, l.in.url+"/v1/"+kind, l.in.key, body) }) {
		l.mu.Lock()
		l.accepted[id] = true
		l.mu.Unlock()
	}
}

// answer waits for the question and answers it, as late as a person would.
func (l *load) answer(ctx context.Context, c *customer, score int) {
	d, err := l.relay.find(ctx, c.email, surveyMail)
	if err != nil {
		return // it never came; the account says whether that is right
	}
	l.pause(ctx, time.Second)
	form := url.Values{"score": {fmt.Sprint(score)}}
	if l.insist(ctx, func() error { return request(ctx, l.client, http.MethodPost, d.survey, "", form) }) {
		l.mu.Lock()
		c.answered = true
		l.mu.Unlock()
	}
}

// insist repeats a request until it is accepted. What the installation refuses for good is a fault of the run.
func (l *load) insist(ctx context.Context, do func() error) bool {
	for ctx.Err() == nil {
		err := do()
		if err == nil {
			return true
		}
		var status statusError
		if errors.As(err, &status) && status.code < 500 && status.code != http.StatusTooManyRequests && status.code != http.StatusConflict {
			l.mu.Lock()
			l.refused = append(l.refused, err.Error())
			l.mu.Unlock()
			return false
		}
		l.mu.Lock()
		l.tries++
		l.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(l.random.between(100*time.Millisecond, 500*time.Millisecond)):
		}
	}
	return false
}

// owing is how many customers have something to do yet, and how many of their requests have not been accepted.
func (l *load) owing() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy + len(l.events) - len(l.accepted)
}

// statusError is an answer other than 2xx.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.text) }

// request makes one request: a form as a customer posts it, anything else as JSON.
func request(ctx context.Context, client *http.Client, method, address, key string, body any) error {
	var payload io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		payload, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, payload)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return statusError{res.StatusCode, method + " " + address + ": " + string(raw[:min(len(raw), 400)])}
	}
	return nil
}
