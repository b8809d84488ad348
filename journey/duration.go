package journey

import (
	"strconv"
	"strings"
	"time"
)

// Day and Week are spans of exact time: a wait of 5d is 120 hours, across a change of the clocks too.
const (
	Day  = 24 * time.Hour
	Week = 7 * Day
)

// MaxDuration is the longest span that a journey can say.
const MaxDuration = 400 * Day

// ParseDuration reads a duration of the language: a whole number above 0 and a unit, m, h, d or w, at most 400d; e.g. 5d.
// The error is a *Fault that says how to write it.
func ParseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, Faultf(CodeInvalid, "a duration is a number and a unit: 30m, 12h, 5d or 2w")
	}
	unit, known := durationUnit(text[len(text)-1:])
	digits := text[:len(text)-1]
	if !known || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, Faultf(CodeInvalid, "%s is not a duration: write a number and a unit, such as 30m, 12h, 5d or 2w", quote(text))
	}
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || count > int64(MaxDuration/unit) {
		return 0, Faultf(CodeInvalid, "%s is longer than 400d: a duration is at most 400d", quote(text))
	}
	if count == 0 {
		return 0, Faultf(CodeInvalid, "%s is no time at all: a duration is above 0", quote(text))
	}
	return time.Duration(count) * unit, nil
}

// parseOffset reads a duration with an optional sign: -24h is a day before.
func parseOffset(text string) (time.Duration, error) {
	sign := time.Duration(1)
	switch {
	case strings.HasPrefix(text, "-"):
		sign, text = -1, text[1:]
	case strings.HasPrefix(text, "+"):
		text = text[1:]
	}
	d, err := ParseDuration(text)
	return sign * d, err
}

func durationUnit(letter string) (time.Duration, bool) {
	switch letter {
	case "m":
		return time.Minute, true
	case "h":
		return time.Hour, true
	case "d":
		return Day, true
	case "w":
		return Week, true
	}
	return 0, false
}

// parseMinute reads a local time of day, "09:30", as minutes since midnight; "24:00" is the end of the day.
func parseMinute(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' || strings.Trim(text[:2]+text[3:], "0123456789") != "" {
		return 0, false
	}
	minute := (int(text[0]-'0')*10+int(text[1]-'0'))*60 + int(text[3]-'0')*10 + int(text[4]-'0')
	return minute, text[3] < '6' && minute <= 24*60
}

// ShortDuration writes a duration in the largest unit that it is a whole number of, as ParseDuration reads it: 7d, 36h, 90m.
func ShortDuration(d time.Duration) string {
	for _, unit := range []struct {
		size   time.Duration
		letter string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}} {
		if d >= unit.size && d%unit.size == 0 {
			return strconv.Itoa(int(d/unit.size)) + unit.letter
		}
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}
