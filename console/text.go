package console

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	xlanguage "golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

//go:embed text
var textFiles embed.FS

// language is one language of the console: its texts, and every page parsed with them. A further language is a further file in
// text/ with the same keys, and its code here.
type language struct {
	code  string
	Name  string // in itself
	texts map[string]string
	pages map[string]*template.Template

	decisions, faults phrasebook // what journey and control say, in this language; empty: as they say it
	words             wordbook   // what journeys say of themselves
}

// codes of the languages that ship; the first is the one that everybody gets who asks for none of them.
var codes = []string{"en", "fr"}

func readLanguages() ([]*language, error) {
	var out []*language
	for _, code := range codes {
		raw, err := textFiles.ReadFile("text/" + code + ".yaml")
		if err != nil {
			return nil, err
		}
		l := &language{code: code}
		if err := yaml.Unmarshal(raw, &l.texts); err != nil {
			return nil, fmt.Errorf("reading the texts in %s: %w", code, err)
		}
		l.Name = l.texts["language.name"]
		if l.decisions, err = readPhrases("decisions." + code + ".yaml"); err != nil {
			return nil, err
		}
		if l.faults, err = readPhrases("faults." + code + ".yaml"); err != nil {
			return nil, err
		}
		if l.words, err = readWords("words." + code + ".yaml"); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// languageOf is the one that a user chose, or the best of those that her browser asks for.
func (c *console) languageOf(r *http.Request, chosen string) *language {
	for _, l := range c.languages {
		if l.code == chosen {
			return l
		}
	}
	var tags []xlanguage.Tag
	for _, l := range c.languages {
		tags = append(tags, xlanguage.Make(l.code))
	}
	accept := r.Header.Get("Accept-Language")
	wanted, _, err := xlanguage.ParseAcceptLanguage(accept[:min(len(accept), 200)])
	if err != nil {
		return c.languages[0]
	}
	_, i, _ := xlanguage.NewMatcher(tags).Match(wanted...)
	return c.languages[i]
}

// text returns the text of a key, with {name} replaced by values, which come as name, value, name, value. A key that is missing
// shows itself: a test sees to it that none is.
func (l *language) text(key string, values ...any) string {
	text, known := l.texts[key]
	if !known {
		return key
	}
	for i := 0; i+1 < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(values[i])+"}", l.value(values[i+1]))
	}
	return text
}

func (l *language) value(v any) string {
	if n, ok := v.(int); ok {
		return l.number(n)
	}
	return fmt.Sprint(v)
}

// counted returns the text of key.one or key.other, whichever the language uses for that number; {n} is the number.
func (l *language) counted(key string, n int, values ...any) string {
	form := ".other"
	if n == 1 || n == 0 && l.texts["number.zero"] == "one" {
		form = ".one"
	}
	return l.text(key+form, append([]any{"n", n}, values...)...)
}

// number writes a whole number in groups of three.
func (l *language) number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + l.texts["number.group"] + digits[i:]
	}
	return sign + digits
}

// decimal writes a number with up to so many digits after the point.
func (l *language) decimal(v float64, digits int) string {
	unit := math.Pow10(digits)
	whole, part, _ := strings.Cut(strconv.FormatFloat(math.Round(math.Abs(v)*unit)/unit, 'f', -1, 64), ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	out := l.number(n)
	if part != "" {
		out += l.texts["number.point"] + part
	}
	if v < 0 && out != "0" {
		return "−" + out
	}
	return out
}

// moment writes a time with its zone, e.g. Sat 21 Nov 2026, 14:05 CET.
func (l *language) moment(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return l.text("time.moment", "weekday", l.item("time.weekdays", int(at.Weekday())), "day", strconv.Itoa(at.Day()),
		"month", l.item("time.months", int(at.Month())-1), "year", strconv.Itoa(at.Year()), "clock", at.Format("15:04"), "zone", at.Format("MST"))
}

// day writes a date with its zone's day.
func (l *language) day(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return l.text("time.day", "weekday", l.item("time.weekdays", int(at.Weekday())), "day", strconv.Itoa(at.Day()),
		"month", l.item("time.months", int(at.Month())-1), "year", strconv.Itoa(at.Year()))
}

func (l *language) item(key string, i int) string {
	list := strings.Fields(l.texts[key])
	if i < 0 || i >= len(list) {
		return ""
	}
	return list[i]
}

// relative says how far from now a time is: in 3 days, 2 hours ago, now.
func (l *language) relative(at, now time.Time) string {
	d := at.Sub(now)
	switch {
	case d.Abs() < time.Minute:
		return l.text("time.now")
	case d > 0:
		return l.text("time.in", "span", l.span(d))
	}
	return l.text("time.ago", "span", l.span(-d))
}

// span writes a duration in its largest unit.
func (l *language) span(d time.Duration) string {
	for _, unit := range []struct {
		key  string
		size time.Duration
		from time.Duration
	}{
		{"time.day", 24 * time.Hour, 36 * time.Hour}, {"time.hour", time.Hour, 90 * time.Minute},
	} {
		if d >= unit.from {
			return l.counted(unit.key+"s", int(d.Round(unit.size)/unit.size))
		}
	}
	return l.counted("time.minutes", max(1, int(d.Round(time.Minute)/time.Minute)))
}

// known says whether there is a text of that key: for codes that a later version of the product may bring along.
func (l *language) known(key string) bool { _, ok := l.texts[key]; return ok }

func (c *console) languageNames() []*language { return slices.Clone(c.languages) }

// tongue is what a language is called in this one, by its locale: French, Canadian French.
func (l *language) tongue(locale string) string {
	return cmp.Or(display.Tags(xlanguage.Make(l.code)).Name(xlanguage.Make(locale)), locale)
}

// Code is what is stored of a user who chose it.
func (l *language) Code() string { return l.code }
