package api

import (
	"encoding/json"
	"testing"

	"perennial/journey"
)

// Whatever comes as an event is taken whole or refused with a fault; it never panics, and what is taken can be stored as JSON.
func FuzzReadEvent(f *testing.F) {
	for _, seed := range []string{
		`{"userId":"ada","event":"Order Completed","properties":{"total":12.5,"products":[{"sku":"a"}]},"timestamp":"2030-05-06T09:00:00Z"}`,
		`{"anonymousId":"x","type":"identify","traits":{"email":"a@example.com","topics":{"offers":true}},"sentAt":"2030-05-06T09:00:00Z"}`,
		`{"userId":7}`, `{"event":null}`, `{"userId":"a","properties":{"a":1e999}}`, `[]`, `{"userId":"\u0000"}`, ``,
	} {
		for _, kind := range []string{journey.KindTrack, journey.KindIdentify, journey.KindGroup, journey.KindAlias} {
			f.Add([]byte(seed), kind)
		}
	}
	s := readingServer()
	f.Fuzz(func(t *testing.T, raw []byte, kind string) {
		e, err := s.readMessage(raw, kind, &surroundings{})
		if err != nil {
			return
		}
		if _, err := json.Marshal(e.Properties); err != nil {
			t.Fatalf("what was taken cannot be stored: %v", err)
		}
	})
}
