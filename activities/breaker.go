package activities

import (
	"sync"
	"time"
)

// breaker shuts a lane while its relay cannot be reached or refuses us. A refusal of us (5.7.x) may be about one message, so a
// few in a row are needed; refused credentials shut it at once.
type breaker struct {
	mu     sync.Mutex
	until  time.Time // wall time
	faults int       // of ours in a row
	trips  int       // since a message last passed
	misses int       // of dialling, in a row
}

const (
	faultsToTrip = 3
	firstShut    = time.Minute
	longestShut  = 15 * time.Minute
	firstMiss    = 250 * time.Millisecond
	longestMiss  = 15 * time.Second
)

// shutFor is how long the lane stays shut; 0: it is open.
func (b *breaker) shutFor(wall time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.until.Sub(wall))
}

// fault counts a refusal of us and says for how long the lane is shut now; 0: not yet.
func (b *breaker) fault(wall time.Time, atOnce bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults++
	if wall.Before(b.until) || b.faults < faultsToTrip && !atOnce {
		return 0
	}
	shut := min(firstShut<<min(b.trips, 10), longestShut)
	b.until, b.faults, b.trips = wall.Add(shut), 0, b.trips+1
	return shut
}

// unreachable shuts the lane for a moment that grows with every failure to connect.
func (b *breaker) unreachable(wall time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = wall.Add(min(firstMiss<<min(b.misses, 10), longestMiss))
	b.misses++
}

func (b *breaker) reached() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.misses = 0
}

func (b *breaker) passed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.trips = 0, 0
}
