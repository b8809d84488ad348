package journey

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// spanned begins a table whose rows are of the whole span that was asked for.
func (r ReportRequest) spanned(key string, figures ...Figure) ReportTable {
	from, until := Date(r.From), Date(r.By.Next(r.Until).AddDate(0, 0, -1))
	return ReportTable{Key: key, From: &from, Until: &until, Figures: figures, Rows: []ReportRow{}}
}

// span adds up what a counter has between the first and the last period, by label.
func (r ReportRequest) span(counts Counts, what string) map[string]Count {
	out := map[string]Count{}
	for k, v := range counts {
		if k.What != what || k.Grain != ByMonth || k.Starts.Before(r.From) || !k.Starts.Before(r.By.Next(r.Until)) {
			continue
		}
		group, _, _ := strings.Cut(k.Label, "/")
		if r.Journey != "" && group != r.Journey {
			continue
		}
		out[k.Label] = Count{out[k.Label].N + v.N, out[k.Label].Total + v.Total}
	}
	return out
}

func groupedRow(label string) ReportRow {
	row := ReportRow{Values: map[string]*float64{}}
	row.Group, row.Label, _ = strings.Cut(label, "/")
	return row
}

// sorted puts rows in the order of their groups, the larger ones of a figure first in each.
func sorted(rows []ReportRow, figure string) []ReportRow {
	slices.SortFunc(rows, func(a, b ReportRow) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(*b.Values[figure], *a.Values[figure]), cmp.Compare(a.Label, b.Label))
	})
	return rows
}

// journeyTable compares those who reached the goal of a journey with those who were held out of it.
func journeyTable(r ReportRequest, counts Counts) ReportTable {
	t := r.spanned("journeys",
		Figure{"entered", UnitPeople, "Enrollments that began in the span, without those held out.", true},
		Figure{"reached", UnitPeople, "Those of them who reached the goal, whenever.", true},
		Figure{"rate", UnitShare, "Those who reached the goal, as a part of those who entered.", false},
		Figure{"held", UnitPeople, "Enrollments that were held out: counted, and written nothing.", true},
		Figure{"held_rate", UnitShare, "Those held out who reached the goal all the same, as a part of them.", false},
		Figure{"lift", UnitShare, "The one rate less the other: what the journey adds, in points.", false},
		Figure{"low", UnitShare, "Low end of the interval in which the lift lies with a certainty of 95 % (Newcombe).", false},
		Figure{"high", UnitShare, "High end of it. Too early to tell: fewer than 50 on either side, or fewer than 10 who reached the goal.", false})
	entered, reached, held, heldReached := r.span(counts, CountEntered), r.span(counts, CountReached), r.span(counts, CountHeld), r.span(counts, CountHeldReached)
	seen := map[string]bool{}
	for _, counted := range []map[string]Count{entered, held} {
		for label := range counted {
			seen[label] = true
		}
	}
	for label := range seen {
		row := groupedRow(label)
		row.Set("entered", float64(entered[label].N))
		row.Set("reached", float64(reached[label].N))
		row.Share("rate", float64(reached[label].N), float64(entered[label].N))
		row.Set("held", float64(held[label].N))
		row.Share("held_rate", float64(heldReached[label].N), float64(held[label].N))
		l := CompareShares(reached[label].N, entered[label].N, heldReached[label].N, held[label].N)
		row.Note = l.Verdict
		row.Values["lift"], row.Values["low"], row.Values["high"] = nil, nil, nil
		if l.Verdict != VerdictNobody {
			row.Set("lift", l.Difference)
			row.Set("low", l.Low)
			row.Set("high", l.High)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Rows = sorted(t.Rows, "entered")
	return t
}

// goalTable says what goals were worth.
func goalTable(r ReportRequest, counts Counts) ReportTable {
	t := r.spanned("goals",
		Figure{"revenue", UnitMoney, "Value of the goals that those who entered in the span have reached, in one currency.", false},
		Figure{"each", UnitMoney, "The same for each who entered.", false},
		Figure{"held_each", UnitMoney, "Value of the goals of those held out, for each of them.", false})
	entered, held := r.span(counts, CountEntered), r.span(counts, CountHeld)
	worth, heldWorth := r.span(counts, CountWorthGoal), r.span(counts, CountHeldWorth)
	for label := range worth {
		row := groupedRow(label)
		row.Currency, row.Label = row.Label, ""
		group := row.Group + "/"
		row.Set("revenue", MinorUnits(float64(worth[label].Total), row.Currency))
		row.Share("each", MinorUnits(float64(worth[label].Total), row.Currency), float64(entered[group].N))
		row.Share("held_each", MinorUnits(float64(heldWorth[label].Total), row.Currency), float64(held[group].N))
		t.Rows = append(t.Rows, row)
	}
	t.Rows = sorted(t.Rows, "revenue")
	return t
}

func exitTable(r ReportRequest, counts Counts) ReportTable {
	t := r.spanned("exits",
		Figure{"ended", UnitPeople, "Enrollments that began in the span and ended for this reason.", true},
		Figure{"share", UnitShare, "As a part of those who entered.", false})
	entered := r.span(counts, CountEntered)
	for label, c := range r.span(counts, CountExit) {
		row := groupedRow(label)
		row.Set("ended", float64(c.N))
		row.Share("share", float64(c.N), float64(entered[row.Group+"/"].N))
		t.Rows = append(t.Rows, row)
	}
	t.Rows = sorted(t.Rows, "ended")
	return t
}

// messageTable says what became of each message.
func messageTable(r ReportRequest, counts Counts) ReportTable {
	t := r.spanned("messages",
		Figure{"sent", UnitPeople, "Messages that the mail system of the recipient, or of ours, has taken in the span.", true},
		Figure{"bounced", UnitPeople, "Those that came back, at once or later.", true},
		Figure{"bounce_rate", UnitShare, "As a part of those sent and those refused at once.", false},
		Figure{"clicked", UnitPeople, "Those with a click by a person; what scanners and prefetchers follow does not count.", true},
		Figure{"click_rate", UnitShare, "As a part of those sent.", false},
		Figure{"complained", UnitPeople, "Those that were reported as spam.", true},
		Figure{"unsubscribed", UnitPeople, "Those that were the last before an unsubscribe link was used, within 7 days.", true},
		Figure{"unsubscribe_rate", UnitShare, "As a part of those sent.", false})
	sums := map[string]map[string]Count{}
	seen := map[string]bool{}
	for _, what := range []string{CountSent, CountBounced, CountClicked, CountComplained, CountUnsubscribed} {
		sums[what] = r.span(counts, what)
		for label := range sums[what] {
			seen[label] = true
		}
	}
	for label := range seen {
		row := groupedRow(label)
		sent, bounced := float64(sums[CountSent][label].N), float64(sums[CountBounced][label].N)
		for what, of := range sums {
			row.Set(what, float64(of[label].N))
		}
		row.Share("bounce_rate", bounced, max(sent, bounced))
		row.Share("click_rate", float64(sums[CountClicked][label].N), sent)
		row.Share("unsubscribe_rate", float64(sums[CountUnsubscribed][label].N), sent)
		t.Rows = append(t.Rows, row)
	}
	t.Rows = sorted(t.Rows, "sent")
	return t
}

// ServiceTime is how long a team took for the tasks that it finished in a period.
type ServiceTime struct {
	Starts       time.Time // first day of the period
	Team         string
	Done, Late   int64
	Median, Most float64 // hours from being made to being done: of half of them at most, of nine in ten at most
}

func taskTable(r ReportRequest, today time.Time, times []ServiceTime) ReportTable {
	t := ReportTable{Key: "tasks", Rows: []ReportRow{}, Figures: []Figure{
		{"median", UnitHours, "Hours from when a task was made until it was done, of half of them at most.", false},
		{"most", UnitHours, "The same, of nine in ten at most.", false},
		{"done", UnitPeople, "Tasks that were done in the period.", true},
		{"late", UnitPeople, "Those of them that were done after they were due.", true},
		{"late_rate", UnitShare, "As a part of those done.", false},
	}}
	for _, starts := range r.Periods() {
		for _, s := range times {
			if !s.Starts.Equal(starts) {
				continue
			}
			row := PeriodRow(r.By, starts, today)
			row.Label = s.Team
			row.Set("median", s.Median)
			row.Set("most", s.Most)
			row.Set("done", float64(s.Done))
			row.Set("late", float64(s.Late))
			row.Share("late_rate", float64(s.Late), float64(s.Done))
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
