package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"perennial/journey"
)

// functions are what templates can call, in one language. Times are shown in the zone of the brand, and say so.
func (c *console) functions(l *language) template.FuncMap {
	zone := c.zone()
	return template.FuncMap{
		"t":   l.text,
		"n":   l.counted,
		"num": l.number,
		// decimal is a number with up to so many digits after the point.
		"decimal": l.decimal,
		// say, told and described give a sentence of journey, of a fault or its mend, of what a journey is, in the language.
		"say":       func(text string) string { return l.decisions.in(l, text) },
		"told":      func(text string) string { return l.faults.in(l, text) },
		"described": l.described,
		"coded":     coded,
		"asset":     c.assets.address,
		"kib":       func(bytes int) int { return (bytes + 1023) / 1024 },
		"icon":      icon,
		"lang":      func() string { return l.code },
		"langs":     c.languageNames,
		// tongue is what a locale is called: French, Canadian French.
		"tongue": l.tongue,
		"pairs":  pairs,

		"first_kinds": firstKinds,
		"spans":       pauseSpans,
		"zone":        zone.String,
		// when is a time for people and, in its element, for machines.
		"when": func(at any) template.HTML {
			t, known := timeOf(at)
			if !known {
				return ""
			}
			return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.UTC().Format(time.RFC3339), //nolint:gosec // escaped
				template.HTMLEscapeString(l.moment(t, zone))))
		},
		"day": func(at any) template.HTML {
			t, known := timeOf(at)
			if !known {
				return ""
			}
			return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.In(zone).Format(time.DateOnly), //nolint:gosec // escaped
				template.HTMLEscapeString(l.day(t, zone))))
		},
		// fact is the value of an attribute: a time for people, what is made of parts as JSON.
		"fact": func(v any) any {
			if text, ok := v.(string); ok {
				if at, err := time.Parse(time.RFC3339, text); err == nil {
					return l.moment(at, zone)
				}
				return text
			}
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Sprint(v)
			}
			return string(raw)
		},
		// amount is the worth of an order, in the currency that was sent with it.
		"amount": func(worth float64, currency string) string { return journey.WriteAmount(worth, currency, l.code) },
		// relative is how far that is from now, in product time.
		"relative": func(at any) string {
			t, known := timeOf(at)
			if !known {
				return ""
			}
			return l.relative(t, c.Clock.Now())
		},
		// maybe is the text of a key, or nothing where there is none.
		"maybe": func(key string) string {
			if l.known(key) {
				return l.text(key)
			}
			return ""
		},
		// word is the text of prefix.code, or the code itself where there is none.
		"word": func(prefix string, code any) string {
			key := prefix + "." + fmt.Sprint(code)
			if l.known(key) {
				return l.text(key)
			}
			return fmt.Sprint(code)
		},
	}
}

// coded shows what stands between backquotes in a sentence as code.
func coded(text string) template.HTML {
	parts := strings.Split(template.HTMLEscapeString(text), "`")
	if len(parts)%2 == 0 {
		return template.HTML(strings.Join(parts, "`")) //nolint:gosec // escaped
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "<code>" + parts[i] + "</code>"
	}
	return template.HTML(strings.Join(parts, "")) //nolint:gosec // escaped
}

// zone is the one in which times are shown.
func (c *console) zone() *time.Location {
	if c.Brand.Zone == nil {
		return time.UTC
	}
	return c.Brand.Zone
}

func timeOf(v any) (time.Time, bool) {
	switch t := v.(type) {
	case time.Time:
		return t, !t.IsZero()
	case *time.Time:
		if t != nil {
			return *t, true
		}
	}
	return time.Time{}, false
}

// pairs makes a map of name, value, name, value: for parts that take several values.
func pairs(values ...any) (map[string]any, error) {
	out := map[string]any{}
	if len(values)%2 != 0 {
		return nil, fmt.Errorf("pairs takes names and values")
	}
	for i := 0; i < len(values); i += 2 {
		name, ok := values[i].(string)
		if !ok {
			return nil, fmt.Errorf("pairs: %v is no name", values[i])
		}
		out[name] = values[i+1]
	}
	return out, nil
}
