package console

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"perennial/journey"
)

// newKey is the key that somebody typed for what she makes, or where she typed none, one made of its name.
func (r *request) newKey() string {
	if key := strings.TrimSpace(r.form.Get("key")); key != "" {
		return key
	}
	return keyOf(r.form.Get("name"))
}

// unseen is the fault of making something under a key that is taken: it would change what is there, and nobody has looked at that.
func (r *request) unseen(key string, taken []string) error {
	if r.form.Get("fresh") == "" || !slices.Contains(taken, key) {
		return nil
	}
	return &journey.Fault{Code: journey.CodeConflict, Message: r.text("fault.form"),
		Problems: journey.Problems{{Path: "key", Message: r.text("fault.taken", "key", key), Mend: r.text("fault.taken_mend")}}}
}

// mostKey is how long a key may be.
const mostKey = 100

// keyOf makes a key of a name: good-customers of Good customers, ete-2030 of Été 2030; "" of a name without a letter or digit of ASCII.
func keyOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r) && !strings.HasSuffix(b.String(), "-"): // an accent stands behind its letter
			b.WriteByte('-')
		}
	}
	key := strings.Trim(b.String(), "-")
	return strings.TrimRight(key[:min(len(key), mostKey)], "-")
}
