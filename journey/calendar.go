package journey

import (
	"slices"
	"time"
)

// DateTrigger lets her in on a date that an attribute holds, Offset before or after it. Whole days of the offset are days of
// the calendar.
type DateTrigger struct {
	Attribute string
	Offset    time.Duration
	At        *int // minutes since local midnight; nil: the time of the attribute, midnight where it is only a date
	Yearly    bool // on each anniversary; 29 February is 28 February in other years
}

// Schedule lets everybody in, again and again.
type Schedule struct {
	Cron    string
	Zone    *time.Location // nil: each customer's own
	Segment string         // only those in it; "": everybody

	cron *cron
}

// Once lets everybody in at one moment.
type Once struct {
	At      string         // local time, 2030-02-05T10:00
	Zone    *time.Location // nil: each customer's own
	Segment string
}

// Occasion is one moment at which the calendar lets a customer in.
type Occasion struct {
	At   time.Time
	Key  string // tells it from her other ones, whatever her zone is when it is computed again
	Date string // the day that is meant, 2030-02-05: `trigger.date`
}

const dayLayout = "2006-01-02"

// ByCalendar says whether the trigger is one of date, schedule and once.
func (e *Enter) ByCalendar() bool { return e.Date != nil || e.Schedule != nil || e.Once != nil }

// Segment is the segment that the trigger asks for, "" for none.
func (e *Enter) Segment() string {
	switch {
	case e.Schedule != nil:
		return e.Schedule.Segment
	case e.Once != nil:
		return e.Once.Segment
	}
	return ""
}

// Occasions returns the moments in (from, to] at which the calendar lets her in. Zone is hers, or the installation's. It is
// pure, and meant for spans of days: it looks at every day in between.
func (e *Enter) Occasions(c *Customer, zone *time.Location, from, to time.Time) []Occasion {
	switch {
	case e.Date != nil:
		return e.Date.between(c, zone, from, to)
	case e.Schedule != nil:
		zone = orZone(e.Schedule.Zone, zone)
		var out []Occasion
		for _, at := range e.Schedule.cron.between(from, to, zone) {
			out = append(out, Occasion{At: at, Key: "schedule:" + at.In(zone).Format("2006-01-02T15:04"), Date: at.In(zone).Format(dayLayout)})
		}
		return out
	case e.Once != nil:
		zone = orZone(e.Once.Zone, zone)
		if at, _, ok := momentOf(e.Once.At, zone); ok && at.After(from) && !at.After(to) {
			return []Occasion{{At: at, Key: "once:" + e.Once.At, Date: at.In(zone).Format(dayLayout)}}
		}
	}
	return nil
}

func orZone(zone, otherwise *time.Location) *time.Location {
	if zone != nil {
		return zone
	}
	return otherwise
}

// between computes from the day that the attribute names, or from its anniversaries.
func (d *DateTrigger) between(c *Customer, zone *time.Location, from, to time.Time) []Occasion {
	got, _ := c.attribute(d.Attribute)
	moment, _, ok := momentOf(got, zone)
	if !ok {
		return nil
	}
	if text, is := got.(string); is && len(text) > len(dayLayout) { // the day is that of its own clock, where it says one
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil && d.At != nil {
			moment, _, _ = momentOf(t.Format(dayLayout), zone)
		}
	}
	day := moment.In(zone)
	years := []int{day.Year()}
	if d.Yearly {
		years = nil
		for year := max(day.Year(), from.Year()-2); year <= to.Year()+2; year++ {
			years = append(years, year)
		}
	}
	var out []Occasion
	for _, year := range years {
		if o := d.in(year, day, zone); o.At.After(from) && !o.At.After(to) {
			out = append(out, o)
		}
	}
	return out
}

// in is the occasion of one year.
func (d *DateTrigger) in(year int, day time.Time, zone *time.Location) Occasion {
	month, of := day.Month(), day.Day()
	if month == time.February && of == 29 && time.Date(year, month, 29, 0, 0, 0, 0, time.UTC).Month() != month {
		of = 28
	}
	minute := day.Hour()*60 + day.Minute()
	if d.At != nil {
		minute = *d.At
	}
	whole := d.Offset / Day
	at, exists := localMoment(year, month, of+int(whole), minute, zone)
	if !exists {
		at, _ = localMoment(year, month, of+int(whole)+1, 0, zone)
	}
	date := time.Date(year, month, of, 0, 0, 0, 0, time.UTC).Format(dayLayout)
	return Occasion{At: at.Add(d.Offset % Day), Key: "date:" + date, Date: date}
}

// Days returns the days, as attributes may name them, whose occasions can lie in (from, to]: whole dates, or without the year
// where the trigger is yearly. They are for looking customers up; Occasions decides.
func (d *DateTrigger) Days(from, to time.Time) []string {
	var out []string
	for t := from.Add(-d.Offset - 3*Day); t.Before(to.Add(-d.Offset + 3*Day)); t = t.Add(Day) {
		day := t.UTC().Format(dayLayout)
		if d.Yearly {
			day = day[5:]
		}
		out = append(out, day)
		if day == "02-28" {
			out = append(out, "02-29")
		}
	}
	return slices.Compact(out)
}
