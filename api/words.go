package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// words are the texts of the public pages in one language. A further language is a further file in pages/text with the same keys,
// and its code in languages.
type words struct {
	code  string
	texts map[string]string
	zone  *time.Location // of the times that are shown
}

// languages are the codes of those that ship; the first is for everybody who has none of them.
func languages() []string { return []string{"en", "fr"} }

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

// in returns the words for a customer: in her own language where we know it and have it, else in the best of those that her browser
// asks for.
func (p *pages) in(locale, accept string) *words {
	wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(locale, "_", "-"))
	if err != nil || len(wanted) == 0 {
		wanted, _, err = language.ParseAcceptLanguage(accept[:min(len(accept), 200)])
	}
	if err != nil {
		return p.words[0]
	}
	_, i, _ := p.matcher.Match(wanted...)
	return p.words[i]
}
