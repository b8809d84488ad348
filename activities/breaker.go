package activities

import (
	"sync"
	"time"
)

// breaker shuts a lane while its relay cannot be reached or refuses us, or a recipient domain while that puts us off. A refusal of us
// (5.7.x) may be about one message, so a few in a row are needed, and for the lane from more than one domain; refused
// credentials shut it at once.
type breaker struct {
	mu     sync.Mutex
	until  time.Time // wall time
	faults int       // of ours in a row
	from   string    // the domain of the last one
	mixed  bool      // they came from more than one domain, or from the relay itself
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

// fault counts a refusal of us, by a domain or by the relay itself (from is ""), and says for how long it shuts now; 0: not yet.
func (b *breaker) fault(wall time.Time, from string, atOnce bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mixed = b.mixed || from == "" || b.faults > 0 && from != b.from
	b.from, b.faults = from, b.faults+1
	if wall.Before(b.until) || (b.faults < faultsToTrip || !b.mixed) && !atOnce {
		return 0
	}
	shut := min(firstShut<<min(b.trips, 10), longestShut)
	b.until, b.faults, b.mixed, b.trips = wall.Add(shut), 0, false, b.trips+1
	return shut
}

// unreachable shuts the lane for a moment that grows with every failure to connect, and says for how long.
func (b *breaker) unreachable(wall time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	shut := min(firstMiss<<min(b.misses, 10), longestMiss)
	b.until = wall.Add(shut)
	b.misses++
	return shut
}

func (b *breaker) reached() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.misses = 0
}

// open lets the lane try at once, as if nothing had been.
func (b *breaker) open() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.faults, b.mixed, b.trips, b.misses = time.Time{}, 0, false, 0, 0
}

func (b *breaker) passed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.mixed, b.trips = 0, false, 0
}

// gates are the breakers of recipient domains; only those that have lately put us off have one.
type gates struct {
	mu      sync.Mutex
	domains map[string]*breaker
}

// forgetGate is how long after it opened a domain's breaker is remembered: the next shut is the longer.
const forgetGate = time.Hour

// fault counts that a domain put us off, and says for how long it is shut now; 0: not yet.
func (g *gates) fault(wall time.Time, domain string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.domains == nil {
		g.domains = map[string]*breaker{}
	}
	b := g.domains[domain]
	if b == nil {
		b = &breaker{until: wall}
		g.domains[domain] = b
	}
	return b.fault(wall, "", false)
}

// passed forgets what a domain did: it takes mail.
func (g *gates) passed(domain string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.domains, domain)
}

// shut lists the domains that are shut, and says when the first opens, within most.
func (g *gates) shut(wall time.Time, most time.Duration) (domains []string, opens time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for domain, b := range g.domains {
		switch d := b.until.Sub(wall); {
		case d > 0:
			domains, most = append(domains, domain), min(most, d)
		case d < -forgetGate:
			delete(g.domains, domain)
		}
	}
	return domains, most
}
