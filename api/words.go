package api

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"perennial/journey"
)

// words are the texts of the public pages in one language. A further language is a further file in pages/text with the same keys,
// and its code in languages.
type words struct {
	code  string
	texts map[string]string
	zone  *time.Location // of the times that are shown
}

// languages are the codes of those that ship. The first is for everybody who has none of them: that of the installation, else English.
func languages(own string) []string {
	codes := []string{"en", "fr"}
	slices.SortStableFunc(codes, func(a, b string) int {
		return cmp.Compare(unlike(a, own), unlike(b, own))
	})
	return codes
}

// unlike is 0 where two locales are of one language, else 1.
func unlike(a, b string) int {
	if journey.SameLanguage(a, b) {
		return 0
	}
	return 1
}

func readWords(code string, zone *time.Location) (*words, error) {
	raw, err := pageFiles.ReadFile("pages/text/" + code + ".yaml")
	if err != nil {
		return nil, err
	}
	w := &words{code: code, zone: zone}
	if w.zone == nil {
		w.zone = time.UTC
	}
	if err := yaml.Unmarshal(raw, &w.texts); err != nil {
		return nil, fmt.Errorf("reading the texts in %s: %w", code, err)
	}
	return w, nil
}

// text returns the text of a key, with {name} replaced by values, which come as name, value, name, value. A key that is missing
// shows itself: a test sees to it that none is.
func (w *words) text(key string, values ...string) string {
	text, known := w.texts[key]
	if !known {
		return key
	}
	for i := 0; i+1 < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{"+values[i]+"}", values[i+1])
	}
	return text
}

func (w *words) known(key string) bool { _, ok := w.texts[key]; return ok }

// day writes a date, e.g. 3 May 2027.
func (w *words) day(at time.Time) string { return w.dated("time.day", at) }

// moment writes a time with its zone, e.g. 3 May 2027, 14:05 CEST.
func (w *words) moment(at time.Time) string { return w.dated("time.moment", at) }

func (w *words) dated(key string, at time.Time) string {
	at = at.In(w.zone)
	months := strings.Fields(w.texts["time.months"])
	return w.text(key, "day", strconv.Itoa(at.Day()), "month", months[at.Month()-1], "year", strconv.Itoa(at.Year()), "clock", at.Format("15:04"),
		"zone", at.Format("MST"))
}

// readsOf are the languages that a customer reads, the best first: her own where we know it, else those that her browser asks for.
func readsOf(locale, accept string) []language.Tag {
	reads, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(locale, "_", "-"))
	if err != nil || len(reads) == 0 {
		reads, _, err = language.ParseAcceptLanguage(accept[:min(len(accept), 200)])
	}
	if err != nil {
		return nil
	}
	return reads
}

// in returns the words in the best of the languages that somebody reads.
func (p *pages) in(reads []language.Tag) *words {
	_, i, _ := p.matcher.Match(reads...)
	return p.words[i]
}

// said is a text of a company's own, with its language where that is not the one of the page around it.
type said struct{ Text, Lang string }

// inHers picks of variants by locale that for the customer; "" where everybody's is for her. Lang is its language, "" where it is that of
// the page.
func inHers[V any](r *linkRequest, variants map[string]V) (locale, lang string) {
	reads := make([]string, len(r.reads))
	for i, tag := range r.reads {
		reads[i] = tag.String()
	}
	locale = journey.PickAmong(variants, r.Brand.Language(), reads)
	if lang = cmp.Or(locale, r.Brand.Language()); journey.SameLanguage(lang, r.words.code) {
		lang = ""
	}
	return locale, lang
}

// says picks one text of those in several languages; everybodys is that of who has none of them.
func (r *linkRequest) says(everybodys string, variants map[string]string) said {
	locale, lang := inHers(r, variants)
	return said{cmp.Or(variants[locale], everybodys), lang}
}
