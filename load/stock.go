package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	perBatch = 400 // events; some 100 KB
	senders  = 8   // requests at a time
)

var zones = []string{"Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"}

// stock brings in the customers whom the shop has already, and what they have ordered between 31 and 400 days ago: that is stored and
// counted, and starts nothing.
func (s *shop) stock(ctx context.Context, out io.Writer) error {
	began := time.Now()
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	var batch []event
	flush := func() {
		events := batch
		batch = nil
		group.Go(func() error { return s.batch(sending, events) })
	}
	for _, c := range s.people[:s.customers] {
		r := s.chance(c)
		batch = append(batch, c.identify(zones[r.IntN(len(zones))]))
		for range r.IntN(4) {
			at := began.Add(-time.Duration(31+r.IntN(369)) * 24 * time.Hour).UTC().Truncate(time.Second)
			batch = append(batch, c.order(10+r.IntN(190), &at))
		}
		if len(batch) >= perBatch {
			flush()
		}
	}
	if len(batch) > 0 {
		flush()
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("loading the customers: %w", err)
	}
	stored := time.Since(began)
	if err := s.applied(ctx, 30*time.Minute); err != nil {
		return err
	}
	all := s.events.Load()
	fmt.Fprintf(out, "loaded  %d events of %d customers in %s: %.0f/s stored; all had taken effect after %s: %.0f/s\n", all, s.customers,
		stored.Round(100*time.Millisecond), float64(all)/stored.Seconds(), time.Since(began).Round(100*time.Millisecond), float64(all)/time.Since(began).Seconds())
	return nil
}

func (s *shop) batch(ctx context.Context, events []event) error {
	var answer struct {
		Rejected []struct {
			Detail string `json:"detail"`
		} `json:"rejected"`
	}
	if err := s.ask(ctx, http.MethodPost, "/v1/batch", map[string]any{"batch": events}, &answer); err != nil {
		return err
	}
	if len(answer.Rejected) > 0 {
		return fmt.Errorf("sending a batch: %d of %d events were refused, the first: %s", len(answer.Rejected), len(events), answer.Rejected[0].Detail)
	}
	s.events.Add(int64(len(events)))
	return nil
}
