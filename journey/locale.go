package journey

import (
	"regexp"
	"strings"
)

// DefaultLocale is the language of an installation that does not say its own.
const DefaultLocale = "en"

// IsLocale says whether text is a locale as messages and definitions name one: fr, or fr-CA.
func IsLocale(text string) bool { return localeForm.MatchString(text) }

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$`)

// PickLocale returns which of the variants somebody of that locale reads: for fr-CA that of fr-ca, else of fr, else "", which is what
// everybody reads who has none of her own. Variants are named in small letters.
func PickLocale[V any](variants map[string]V, locale string) string {
	locale = strings.ToLower(strings.ReplaceAll(locale, "_", "-"))
	for locale != "" {
		if _, has := variants[locale]; has {
			return locale
		}
		locale = locale[:max(strings.LastIndexByte(locale, '-'), 0)]
	}
	return ""
}

// SameLanguage says whether two locales are of one language, as fr and fr-CA are.
func SameLanguage(a, b string) bool { return textLanguage(a) == textLanguage(b) }

// PickAmong is PickLocale for somebody who reads several languages, the best first. Own is the locale of what has no variant, which is
// as good as one.
func PickAmong[V any](variants map[string]V, own string, wanted []string) string {
	for _, locale := range wanted {
		if found := PickLocale(variants, locale); found != "" || SameLanguage(locale, own) {
			return found
		}
	}
	return ""
}
