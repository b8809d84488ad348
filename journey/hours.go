package journey

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are when a team works, in its own time zone. Nil is around the clock.
type Hours struct {
	Zone     string    `json:"zone"` // IANA, e.g. Europe/Paris
	Open     []Opening `json:"open"`
	Holidays []string  `json:"holidays"` // days on which nobody works, 2030-12-25
}

// Opening is one span of the working hours, on some days of the week.
type Opening struct {
	Days []string `json:"days"` // mon to sun
	From string   `json:"from"` // 09:00
	To   string   `json:"to"`   // 17:30; 24:00 is the end of the day
}

// Bounds of working hours.
const (
	openingsMost = 21
	holidaysMost = 400
	hoursSearch  = 4000 // days: what takes longer is not done in working hours
)

// Check returns everything that is wrong with the hours, each at its path below at.
func (h *Hours) Check(at string) (out Problems) {
	if h == nil {
		return nil
	}
	add := func(path, message, mend string) {
		out = append(out, Problem{Path: at + "." + path, Message: message, Mend: mend})
	}
	if _, err := time.LoadLocation(h.Zone); err != nil || h.Zone == "" || h.Zone == "Local" {
		add("zone", "is not a time zone", "e.g. Europe/Paris")
	}
	if len(h.Open) == 0 || len(h.Open) > openingsMost {
		add("open", "holds no span, or more than 21", `e.g. [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]`)
	}
	for i, o := range h.Open {
		here := "open[" + strconv.Itoa(i) + "]."
		if len(o.Days) == 0 || slices.ContainsFunc(o.Days, func(day string) bool { _, known := weekdayOf(day); return !known }) {
			add(here+"days", "are not days of the week", "mon, tue, wed, thu, fri, sat, sun")
		}
		from, readable := parseMinute(o.From)
		if !readable {
			add(here+"from", "is not a time of day", "e.g. 09:00")
		}
		if to, ok := parseMinute(o.To); !ok || readable && to <= from {
			add(here+"to", "is not a later time of that day", "e.g. 17:00")
		}
	}
	if len(h.Holidays) > holidaysMost {
		add("holidays", "are more than 400", "take out those that are over")
	}
	for i, day := range h.Holidays {
		if _, err := time.Parse(dayLayout, day); err != nil {
			add("holidays["+strconv.Itoa(i)+"]", "is not a day", "e.g. 2030-12-25")
		}
	}
	return out
}

// weekdayOf reads mon to sun.
func weekdayOf(short string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToLower(day.String()[:3]) == short {
			return day, true
		}
	}
	return 0, false
}

// After returns the moment at which so much working time has passed since from. Around the clock, and where the hours never come, it
// is the same span of plain time. A clock that is set forward within the hours takes an hour of work away, as it does from people.
func (h *Hours) After(from time.Time, work time.Duration) time.Time {
	zone := time.UTC
	if h != nil {
		var err error
		if zone, err = time.LoadLocation(h.Zone); err != nil {
			return from.Add(work)
		}
	}
	if h == nil || len(h.Open) == 0 {
		return from.Add(work)
	}
	year, month, day := from.In(zone).Date()
	left, at := work, from
	for i := range hoursSearch {
		date := time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)
		for _, o := range h.on(date) {
			opens, _ := localMoment(date.Year(), date.Month(), date.Day(), o[0], zone)
			closes, exists := localMoment(date.Year(), date.Month(), date.Day(), o[1], zone)
			if opens.Before(at) {
				opens = at
			}
			span := closes.Sub(opens)
			if !exists || span <= 0 {
				continue
			}
			if left <= span {
				return opens.Add(left).UTC()
			}
			left, at = left-span, closes
		}
	}
	return from.Add(work)
}

// on returns the spans of a day, in minutes since midnight, the earliest first.
func (h *Hours) on(date time.Time) (out [][2]int) {
	if slices.Contains(h.Holidays, date.Format(dayLayout)) {
		return nil
	}
	for _, o := range h.Open {
		for _, short := range o.Days {
			if day, known := weekdayOf(short); known && day == date.Weekday() {
				from, _ := parseMinute(o.From)
				to, _ := parseMinute(o.To)
				out = append(out, [2]int{from, to})
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	return out
}
