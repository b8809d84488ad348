package journey

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron is a schedule in the five fields of crontab: minute, hour, day of the month, month, day of the week. Where both kinds
// of days are restricted, either one suffices, as there.
type cron struct {
	minutes, hours, days, months, weekdays []int
	anyDay, anyWeekday                     bool
}

type cronField struct {
	name        string
	least, most int
	names       []string // of least and what follows
}

func cronFields() []cronField {
	return []cronField{
		{"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of the month", 1, 31, nil},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

// parseCron reads five fields of numbers, names, `*`, ranges, lists and steps: "30 9 1-7 * mon".
func parseCron(text string) (*cron, error) {
	parts, fields := strings.Fields(text), cronFields()
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("it has %d fields, not 5: minute, hour, day of the month, month, day of the week", len(parts))
	}
	var sets [5][]int
	for i, part := range parts {
		for item := range strings.SplitSeq(strings.ToLower(part), ",") {
			some, ok := fields[i].expand(item)
			if !ok {
				return nil, fmt.Errorf("%s is no %s", quote(item), fields[i].name)
			}
			sets[i] = append(sets[i], some...)
		}
	}
	for i, day := range sets[4] {
		sets[4][i] = day % 7 // 7 is Sunday, too
	}
	for i := range sets {
		slices.Sort(sets[i])
		sets[i] = slices.Compact(sets[i])
	}
	return &cron{
		minutes: sets[0], hours: sets[1], days: sets[2], months: sets[3], weekdays: sets[4],
		anyDay: strings.HasPrefix(parts[2], "*"), anyWeekday: strings.HasPrefix(parts[4], "*"),
	}, nil
}

// expand reads *, 5, 1-5, */15, 10-20/5, mon-fri.
func (f cronField) expand(item string) ([]int, bool) {
	span, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return nil, false
		}
	}
	from, to := f.least, f.most
	if span != "*" {
		first, last, ranged := strings.Cut(span, "-")
		var known bool
		if from, known = f.number(first); !known {
			return nil, false
		}
		switch {
		case ranged:
			if to, known = f.number(last); !known {
				return nil, false
			}
		case !stepped:
			to = from
		}
	}
	var out []int
	for n := from; n <= to; n += step {
		out = append(out, n)
	}
	return out, len(out) > 0
}

func (f cronField) number(text string) (int, bool) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.least + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.least && n <= f.most
}

func (c *cron) on(day time.Time) bool {
	if !slices.Contains(c.months, int(day.Month())) {
		return false
	}
	inMonth, inWeek := slices.Contains(c.days, day.Day()), slices.Contains(c.weekdays, int(day.Weekday()))
	if c.anyDay || c.anyWeekday {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

// between returns the moments in (from, to] by the clocks of the zone. What a clock change skips is the next valid minute, and
// what it repeats happens once.
func (c *cron) between(from, to time.Time, zone *time.Location) []time.Time {
	var out []time.Time
	year, month, day := from.In(zone).Date()
	last := to.In(zone).AddDate(0, 0, 1)
	for date := time.Date(year, month, day-1, 0, 0, 0, 0, time.UTC); date.Before(local(last)); date = date.AddDate(0, 0, 1) {
		if !c.on(date) {
			continue
		}
		for _, hour := range c.hours {
			for _, minute := range c.minutes {
				at, exists := localMoment(date.Year(), date.Month(), date.Day(), hour*60+minute, zone)
				if exists && at.After(from) && !at.After(to) {
					out = append(out, at)
				}
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}
