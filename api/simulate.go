package api

import (
	"context"
	"encoding/json"
	"time"

	"perennial/control"
)

type simulateIn struct {
	Version   string          `json:"version"`
	Customers int             `json:"customers"`
	Customer  string          `json:"customer"`
	Days      int             `json:"days"`
	Seed      uint64          `json:"seed"`
	Start     time.Time       `json:"start"`
	Script    json.RawMessage `json:"script"`
	Timelines int             `json:"timelines"`
}

func simulateJourney(ctx context.Context, s *server, r *request, in simulateIn) (any, error) {
	script := []byte(in.Script)
	var text string
	if json.Unmarshal(in.Script, &text) == nil { // YAML in a string; an object is JSON, and so is YAML
		script = []byte(text)
	}
	if len(script) == 0 {
		script = nil
	}
	return s.Control.Simulate(ctx, control.SimulateRequest{
		Key: r.param("key"), Version: in.Version, Customers: in.Customers, Customer: in.Customer, Days: in.Days, Seed: in.Seed,
		Start: in.Start, Script: script, Timelines: in.Timelines,
	})
}
