package store

import (
	"sync"
	"time"

	"perennial/journey"
)

// keyBelieved is how long, in wall time, a good key is believed without asking again: a caller who sends one event at a time pays for its
// look-up as much as for the event. Whoever revokes a key tells every process; this bounds what a process does that could not be told.
const keyBelieved = 5 * time.Second

// keyCache holds good keys that were presented lately, by the hash of their secret. There are never more than there are keys.
type keyCache struct {
	mu      sync.Mutex
	known   map[string]believed
	emptied int // how often
}

type believed struct {
	key   journey.Key
	until time.Time
}

// find returns a key that is still believed. Emptied goes to keep, with what was looked up because there was none.
func (c *keyCache) find(hash []byte, wall time.Time) (k journey.Key, ok bool, emptied int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.known[string(hash)]
	return b.key, wall.Before(b.until), c.emptied
}

// keep believes a key, unless one was revoked since it was looked for: it may have been this one.
func (c *keyCache) keep(hash []byte, k journey.Key, wall time.Time, emptied int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.emptied != emptied {
		return
	}
	if c.known == nil {
		c.known = map[string]believed{}
	}
	c.known[string(hash)] = believed{key: k, until: wall.Add(keyBelieved)}
}

func (c *keyCache) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.emptied = nil, c.emptied+1
}

// heed empties the cache whenever it is told, until it will not be any more.
func (c *keyCache) heed(told <-chan struct{}) {
	for range told {
		c.empty()
	}
}
