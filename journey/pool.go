package journey

import (
	"fmt"
	"strings"
)

// PlainAlphabet is what codes are made of where nobody says otherwise: no letter and no digit that looks like another.
const PlainAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// How long codes are that a pool makes, in characters, the check character among them.
const (
	leastCode = 4
	mostCode  = 64
)

// Faults says what is wrong with a pool, each with the field that it is about: both empty are a pool that codes are added to.
func (p Pool) Faults() (out Problems) {
	fault := func(path, message, mend string) {
		out = append(out, Problem{Path: path, Message: message, Mend: mend})
	}
	if (p.Alphabet == "") != (p.Length == 0) {
		fault("", "a pool that makes its codes needs `alphabet` and `length`", "write both, or neither for a pool that codes are added to")
	}
	for i, r := range p.Alphabet {
		if r <= ' ' || r > '~' || strings.ContainsRune(p.Alphabet[:i], r) {
			fault("alphabet", fmt.Sprintf("alphabet: %q stands twice, or cannot be typed", r), "write each letter or digit once")
			break
		}
	}
	if len(p.Alphabet) == 1 {
		fault("alphabet", "alphabet has one letter only", "write all the letters and digits that codes are made of")
	}
	if p.Length != 0 && (p.Length < leastCode || p.Length > mostCode) {
		fault("length", fmt.Sprintf("%s is not a whole number from %d to %d", "length", leastCode, mostCode), "write the number without quotes or units")
	}
	return out
}
