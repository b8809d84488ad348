package rig

import (
	"slices"
	"time"
)

// Laps are how long several things took, each as often as it was asked, in the order in which they first were.
type Laps struct {
	names []string
	took  map[string][]time.Duration
}

// Time does it once and keeps how long that took, also where it fails.
func (l *Laps) Time(what string, do func() error) error {
	if l.took == nil {
		l.took = map[string][]time.Duration{}
	}
	if _, known := l.took[what]; !known {
		l.names = append(l.names, what)
	}
	from := time.Now()
	err := do()
	l.took[what] = append(l.took[what], time.Since(from))
	return err
}

// Names are the things, in their order.
func (l *Laps) Names() []string { return l.names }

// Percentile is how long at most so many percent of the rounds took.
func (l *Laps) Percentile(what string, percent int) time.Duration {
	return Percentile(l.took[what], percent)
}

// Percentile is what at most so many percent are over; 0 of none.
func Percentile(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// Milliseconds writes a span for a table.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
