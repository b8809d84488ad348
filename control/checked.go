package control

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"perennial/journey"
)

// checkedMost is of how many texts what was found is kept: those that colleagues are at.
const checkedMost = 100

// checked is what was found in journeys with their messages, by what stands in them: to look at a draft again, or to save what was just
// looked at, compiles no message a second time.
type checked struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]journey.Problems
}

// check is Check for a definition that was read from source.
func (c *Control) check(def *journey.Definition, source string, files map[string]string) journey.Problems {
	key := contentHash(source, files)
	c.checked.mu.Lock()
	found, known := c.checked.kept[key]
	c.checked.mu.Unlock()
	if known {
		return slices.Clone(found)
	}
	found = c.Check(def, files)
	c.checked.mu.Lock()
	defer c.checked.mu.Unlock()
	if c.checked.kept == nil || len(c.checked.kept) >= checkedMost {
		c.checked.kept = map[[sha256.Size]byte]journey.Problems{}
	}
	c.checked.kept[key] = slices.Clone(found)
	return found
}

// contentHash is of a journey's source and its files; each text goes in with its length, so that none runs into the next.
func contentHash(source string, files map[string]string) (sum [sha256.Size]byte) {
	h := sha256.New()
	add := func(text string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	add(source)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add(name)
		add(files[name])
	}
	h.Sum(sum[:0])
	return sum
}
