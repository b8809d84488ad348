package main

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// random is one stream of chance that a seed repeats; streams of different names do not disturb each other.
type random struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newRandom(seed uint64, name string) *random {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))                              // it cannot fail
	return &random{r: rand.New(rand.NewPCG(seed, h.Sum64()))} //nolint:gosec // chance, not secrets
}

func (r *random) between(from, to time.Duration) time.Duration {
	if to <= from {
		return from
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return from + time.Duration(r.r.Int64N(int64(to-from)))
}

func (r *random) below(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.IntN(n)
}

func (r *random) chance(of float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Float64() < of
}

func (r *random) shuffle(kinds []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
}
