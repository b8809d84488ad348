package liquid

import (
	"regexp"
	"strconv"
	"strings"
)

// date converts the formats of strftime. Those that people mean in general follow her language here.
func date(of, arguments string) (string, *gap) {
	if text, _ := literal(of); text == "now" || text == "today" || of == "now" {
		return "", &gap{"the date of today has no counterpart", "a mail may wait in a queue: write a date that was decided, or none"}
	}
	format, quoted := literal(first(arguments))
	if !quoted {
		return `date "long"`, nil
	}
	if name, known := named()[format]; known {
		return "date " + strconv.Quote(name), nil
	}
	var layout strings.Builder
	for rest := format; rest != ""; {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			at = len(rest)
		}
		if speaks.MatchString(rest[:at]) {
			return "", &gap{"the date format " + strconv.Quote(format) + " has no counterpart", `use "short", "long", "weekday" or "time"`}
		}
		layout.WriteString(rest[:at])
		if rest = rest[at:]; rest == "" {
			break
		}
		sign, known := "", false
		for n := min(3, len(rest)); n > 1 && !known; n-- { // %-d before %d
			if sign, known = directives()[rest[:n]]; known {
				rest = rest[n:]
			}
		}
		if !known {
			return "", &gap{"the date format " + strconv.Quote(format) + " has no counterpart", `use "short", "long", "weekday" or "time"`}
		}
		layout.WriteString(sign)
	}
	return "date " + strconv.Quote(layout.String()), nil
}

// speaks finds what would be read as a part of a date where it is only text.
var speaks = regexp.MustCompile(`\d|_|(?i:jan|mon|mst|pm|am)`)

// named are formats for which ours has a name.
func named() map[string]string {
	out := map[string]string{}
	for name, formats := range map[string][]string{
		"long":    {"%B %d, %Y", "%B %-d, %Y", "%B %e, %Y", "%d %B %Y", "%-d %B %Y", "%e %B %Y", "%b %d, %Y", "%b %-d, %Y", "%d %b %Y", "%-d %b %Y"},
		"short":   {"%b %d", "%b %-d", "%b %e", "%d %b", "%-d %b", "%e %b", "%B %d", "%B %-d", "%d %B", "%-d %B"},
		"weekday": {"%A, %B %d", "%A, %B %-d", "%A %d %B", "%A %-d %B", "%A, %d %B", "%A, %-d %B", "%a, %b %d", "%a, %b %-d", "%a %d %b"},
		"time":    {"%H:%M", "%R", "%I:%M %p", "%-I:%M %p", "%l:%M %p", "%I:%M%p", "%-I:%M%p"},
	} {
		for _, f := range formats {
			out[f] = name
		}
	}
	return out
}

// directives are those of strftime as layouts of Go write them.
func directives() map[string]string {
	return map[string]string{"%Y": "2006", "%y": "06", "%m": "01", "%-m": "1", "%d": "02", "%-d": "2", "%e": "_2", "%B": "January", "%b": "Jan", "%h": "Jan",
		"%A": "Monday", "%a": "Mon", "%H": "15", "%I": "03", "%-I": "3", "%l": "3", "%M": "04", "%S": "05", "%p": "PM", "%P": "pm", "%Z": "MST", "%z": "-0700",
		"%F": "2006-01-02", "%D": "01/02/06", "%x": "01/02/06", "%T": "15:04:05", "%X": "15:04:05", "%R": "15:04", "%j": "002", "%%": "%"}
}
