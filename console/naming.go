package console

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// newKey is the key that somebody typed for what she makes, or where she typed none, one made of its name.
func (r *request) newKey() string {
	if key := strings.TrimSpace(r.form.Get("key")); key != "" {
		return key
	}
	return keyOf(r.form.Get("name"))
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
