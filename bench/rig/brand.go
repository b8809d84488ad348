package rig

import (
	"time"

	"perennial/journey"
)

// Brand is who writes in benchmarks.
func Brand() journey.Brand {
	return journey.Brand{
		Name: "Bench", From: "Bench <bench@example.com>", Address: "1 Example Street", PublicURL: "https://example.com", Zone: time.UTC,
	}
}
