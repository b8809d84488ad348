package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"perennial/journey"
)

// pastDays is how far back the demo's shop remembers.
const pastDays = 365

// pastBatch is how many messages of the past go into one request, which has 500 KB of room.
const pastBatch = 500

// tellPast brings in the customers and the orders of the year before the shop opens, as a company that comes to Perennial does:
// without history no report has anything to say. All of it is historical, and triggers nothing. Whoever sent it before a play was
// cut off sends the same ids again.
func (s *shop) tellPast(ctx context.Context, admin *server, open time.Time) error {
	messages := past(open)
	ids := make([]string, 0, len(messages))
	for first := 0; first < len(messages); first += pastBatch {
		batch := messages[first:min(first+pastBatch, len(messages))]
		if err := s.ingest.call(ctx, http.MethodPost, "/v1/batch", map[string]any{"batch": batch}, nil); err != nil {
			return fmt.Errorf("telling the past: %w", err)
		}
		ids = append(ids, batch[len(batch)-1]["messageId"].(string))
	}
	if err := admin.call(ctx, http.MethodPut, "/api/reports/settings", map[string]any{"loss": journey.LossDefinition{
		By: journey.LossSubscription, Begins: []string{"Subscription Started", "Customer Returned"}, Ends: []string{"Subscription Cancelled"},
		Survey: "why-leaving",
	}}, nil); err != nil {
		return fmt.Errorf("saying what losing a customer is: %w", err)
	}
	return s.applied(ctx, ids)
}

// applied waits until the events have taken effect.
func (s *shop) applied(ctx context.Context, ids []string) error {
	for _, id := range ids {
		for {
			var e journey.EventView
			if err := s.support.call(ctx, http.MethodGet, "/api/events/"+id, nil, &e); err != nil {
				return fmt.Errorf("telling the past: %w", err)
			}
			if e.AppliedAt != nil {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

// regulars are the first names of those who were customers before, and their families'.
var (
	regulars = []string{"Agnes", "Bruno", "Clara", "Daniel", "Edith", "Felix", "Greta", "Henri", "Ines", "Jakob", "Klara", "Louis",
		"Marta", "Niklas", "Olga", "Paul", "Rosa", "Simon", "Thea", "Viktor"}
	families = []string{"Abel", "Brandt", "Costa", "Dubois"}
	prices   = []float64{29, 39, 49, 64, 79, 89, 129, 159, 219}
)

// pastCustomers is how many they are.
const pastCustomers = 80

// past is what they did in the year before a moment, the oldest first of each. Nobody has been quiet for so long that she would be won
// back on the first day, and few will be before the stories are over: these begin on an empty stage.
func past(open time.Time) []map[string]any {
	r := rand.New(rand.NewPCG(20, 26)) //nolint:gosec // the same shop every time
	day := func(ago float64) string {
		return open.Add(-time.Duration(ago * float64(journey.Day))).Truncate(time.Minute).Format(time.RFC3339)
	}
	var out []map[string]any
	for i := range pastCustomers {
		first, last := regulars[i%len(regulars)], families[i/len(regulars)]
		id := strings.ToLower(first + "-" + last)
		tell := func(kind string, ago float64, more map[string]any) {
			m := map[string]any{"type": kind, "messageId": fmt.Sprintf("past-%d", len(out)), "userId": id, "timestamp": day(ago),
				"context": map[string]any{"historical": true}}
			for k, v := range more {
				m[k] = v
			}
			out = append(out, m)
		}
		var ordered []float64 // days ago, the last one first
		since := 55 + r.Float64()*(pastDays-55)
		quiet := 1 + r.Float64()*20
		if i%16 == 0 {
			quiet += 30 // she will be won back while the stories are told
		}
		for ago := quiet; ago < since; ago += 14 + r.Float64()*70 {
			ordered = append(ordered, ago)
		}
		tell("identify", since, map[string]any{"traits": map[string]any{"email": id + "@example.com", "firstName": first, "lastName": last,
			"timezone": []string{"Europe/London", "Europe/Vienna", "Europe/Paris"}[i%3], "locale": []string{"en", "de", "fr"}[i%3],
			"createdAt": day(since), "topics": map[string]any{"care": true, "offers": i%4 != 0}}})
		for n := len(ordered) - 1; n >= 0; n-- {
			price := prices[r.IntN(len(prices))]
			tell("track", ordered[n], map[string]any{"event": "Order Completed", "properties": map[string]any{
				"order_id": fmt.Sprintf("%s-%d", id, len(ordered)-n), "total": price, "currency": "GBP",
				"products": []any{map[string]any{"name": "Linen", "sku": fmt.Sprintf("L-%.0f", price), "quantity": 1, "price": price}}}})
		}
		if i%4 == 3 {
			continue // never joined the linen club
		}
		joined := since * (0.4 + r.Float64()*0.6)
		tell("track", joined, map[string]any{"event": "Subscription Started", "properties": map[string]any{"subscription_id": id, "plan": "linen club"}})
		if left := joined - 20 - r.Float64()*300; left > 1 {
			tell("track", left, map[string]any{"event": "Subscription Cancelled", "properties": map[string]any{"subscription_id": id, "plan": "linen club"}})
		}
	}
	return out
}
