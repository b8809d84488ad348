package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits bounds how often each key may ask. It holds one bucket per key that has asked; keys are few.
type limits struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimits(r rate.Limit, burst int) *limits {
	return &limits{rate: r, burst: max(burst, 1), buckets: map[string]*rate.Limiter{}}
}

func (l *limits) allow(key string, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		b = rate.NewLimiter(l.rate, l.burst)
		l.buckets[key] = b
	}
	return b.AllowN(at, 1)
}
