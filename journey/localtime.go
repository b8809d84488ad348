package journey

import (
	"slices"
	"strings"
	"time"
)

const (
	minutesPerDay = 24 * 60
	searchDays    = 400 // no local time is further away than that
)

// localMoment returns the first instant at which clocks in the zone show that minute of that day. A time that a clock change
// skips becomes the next valid minute. It is false for a day that the zone left out altogether (Apia, 30 December 2011).
func localMoment(year int, month time.Month, day, minute int, zone *time.Location) (time.Time, bool) {
	wall := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	t := time.Date(year, month, day, 0, minute, 0, 0, zone)
	if shows(t, wall) {
		return firstShowing(t, wall), true
	}
	// The clocks skipped it. Go answers with an instant on one of the two sides of the change.
	change, end := t.ZoneBounds()
	if local(t).Before(wall) {
		change = end
	}
	_, before := change.Add(-time.Nanosecond).Zone()
	_, after := change.Zone()
	if after-before >= minutesPerDay*60 {
		return time.Time{}, false
	}
	if over := change.Sub(change.Truncate(time.Minute)); over > 0 {
		change = change.Add(time.Minute - over)
	}
	return change.UTC(), true
}

// firstShowing returns the earlier of the two instants that show the same wall time when clocks are set back.
func firstShowing(t, wall time.Time) time.Time {
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return t.UTC()
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	earlier := wall.Add(-time.Duration(before) * time.Second).In(t.Location())
	if earlier.Before(start) && shows(earlier, wall) {
		return earlier.UTC()
	}
	return t.UTC()
}

// local returns what clocks show at t, as if it were UTC, so that wall times can be compared.
func local(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

func shows(t, wall time.Time) bool { return local(t).Equal(wall) }

// next returns the next such local time strictly after the given instant.
func (lt LocalTime) next(after time.Time, zone *time.Location) time.Time {
	// From the day before: what a clock change at midnight skipped comes after midnight.
	year, month, day := after.In(zone).AddDate(0, 0, -1).Date()
	for i := range searchDays {
		date := time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)
		if lt.Day != nil && date.Weekday() != *lt.Day {
			continue
		}
		t, exists := localMoment(date.Year(), date.Month(), date.Day(), lt.Minute, zone)
		if exists && t.After(after) {
			return t
		}
	}
	return after.Add(24 * time.Hour)
}

// contains says whether messages may go out at that instant. No window is always open.
func (w *Window) contains(t time.Time, zone *time.Location) bool {
	if w == nil {
		return true
	}
	here := t.In(zone)
	minute := here.Hour()*60 + here.Minute()
	return minute >= w.From && minute < w.To && (len(w.Days) == 0 || slices.Contains(w.Days, here.Weekday()))
}

// opening returns t itself while the window is open, else the next moment at which it opens. A window that never opens is
// none: validation refuses it, and a message must not wait forever.
func (w *Window) opening(t time.Time, zone *time.Location) time.Time {
	if w.contains(t, zone) {
		return t
	}
	year, month, day := t.In(zone).Date()
	for i := range searchDays {
		date := time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)
		at, exists := localMoment(date.Year(), date.Month(), date.Day(), w.From, zone)
		if exists && at.After(t) && w.contains(at, zone) {
			return at
		}
	}
	return t
}

// momentOf reads a moment: a time, an RFC 3339 string, or a date (its first minute in the zone) or local time. Fixed is false
// when the moment hangs on the zone. Moments count to the microsecond, as Postgres keeps them.
func momentOf(v any, zone *time.Location) (t time.Time, fixed, ok bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), true, !v.IsZero()
	case *time.Time:
		if v == nil {
			return time.Time{}, false, false
		}
		return v.UTC(), true, true
	case string:
		if !looksLikeMoment(v) {
			return time.Time{}, false, false
		}
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Truncate(time.Microsecond), true, true
		}
		return localMomentOf(v, zone)
	}
	return time.Time{}, false, false
}

// Moment reads a value as conditions do that compare moments. Fixed is false when it hangs on the zone.
func Moment(v any, zone *time.Location) (t time.Time, fixed, ok bool) { return momentOf(v, zone) }

// looksLikeMoment holds a text against the forms of a moment before it is parsed. time.Parse takes more than they say (an hour
// of one digit, a zone of 24 hours), and the SQL function of the same meaning (migrations, moment) must not have to know what.
func looksLikeMoment(v string) bool {
	const form = "0000-00-00T00:00:00"
	if len(v) < len(dayLayout) || len(v) > 64 || v[:4] == "0000" {
		return false
	}
	head := min(len(v), len(form))
	for i := range head {
		switch {
		case form[i] == '0' && (v[i] < '0' || v[i] > '9'),
			form[i] != '0' && v[i] != form[i] && (i != len(dayLayout) || v[i] != ' '):
			return false
		}
	}
	switch head {
	case len("2006-01-02"), len("2006-01-02T15:04"):
		return true
	case len(form):
		return endsLikeMoment(v[head:])
	}
	return false
}

// endsLikeMoment says whether a fraction and a zone, or one of them, or nothing, is all that follows the seconds.
func endsLikeMoment(rest string) bool {
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		digits := len(rest) - len(strings.TrimLeft(rest[1:], "0123456789")) - 1
		if digits == 0 {
			return false
		}
		rest = rest[1+digits:]
	}
	if rest == "" || rest == "Z" {
		return true
	}
	return len(rest) == len("+00:00") && rest[1:] < "24:00" && rest[4] < '6'
}

// localMomentOf reads a moment without a zone: it is meant in the customer's own.
func localMomentOf(v string, zone *time.Location) (t time.Time, fixed, ok bool) {
	for _, layout := range [...]string{
		"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05",
	} {
		wall, err := time.Parse(layout, v)
		if err != nil {
			continue
		}
		minute := wall.Hour()*60 + wall.Minute()
		t, exists := localMoment(wall.Year(), wall.Month(), wall.Day(), minute, zone)
		if !exists { // a day that the zone left out: the next one begins where it would have
			t, exists = localMoment(wall.Year(), wall.Month(), wall.Day()+1, 0, zone)
		}
		return t.Add(time.Duration(wall.Second()) * time.Second), false, exists
	}
	return time.Time{}, false, false
}
