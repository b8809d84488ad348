package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"perennial/journey"
)

// printSimulation tells one customer's timeline, or the sums of many.
func printSimulation(out io.Writer, s journey.Simulation, took time.Duration) {
	who := "1 customer"
	if s.Customers != 1 {
		who = grouped(s.Customers) + " customers"
	}
	fmt.Fprintf(out, "%s: %s, %d days from %s", s.Name, who, s.Days, s.Start.Format("Mon 2 Jan 2006"))
	if s.Customers != 1 {
		fmt.Fprintf(out, ", seed %d (%s)", s.Seed, took.Round(10*time.Millisecond))
	}
	fmt.Fprint(out, "\n")
	for _, a := range s.Assumed {
		fmt.Fprintf(out, "  assumed: %s\n", a)
	}
	for _, p := range s.People {
		printPerson(out, p)
	}
	if s.Customers == 1 {
		printRefused(out, s)
		return
	}
	printSums(out, s)
}

func printPerson(out io.Writer, p journey.SimulatedPerson) {
	var about []string
	for _, v := range []string{p.FirstName, p.Email, p.Locale, p.Timezone} {
		if v != "" {
			about = append(about, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		if name != "first_name" {
			about = append(about, fmt.Sprintf("%s %v", name, p.Attributes[name]))
		}
	}
	fmt.Fprintf(out, "\n%s\n\n", strings.Join(about, ", "))
	day := -1
	for _, l := range p.Lines {
		head := "         "
		if l.Day != day {
			head, day = fmt.Sprintf("day %4d ", l.Day), l.Day
		}
		sign := " "
		if l.Happened {
			sign = "›"
		}
		which := ""
		if len(p.Ends) > 1 && l.Enrollment > 0 {
			which = "#" + strconv.Itoa(l.Enrollment) + " "
		}
		step := ""
		if l.Step != "" {
			step = l.Step + ": "
		}
		fmt.Fprintf(out, "%s %-16s %s %s%s%s\n", head, l.Local, sign, which, step, l.Words)
	}
	for i, e := range p.Ends {
		if e.Status == journey.StatusActive {
			fmt.Fprintf(out, "\nat the end: enrollment %d stands at %s, %s\n", i+1, e.Step, e.Next)
		}
	}
	if len(p.Ends) == 0 {
		fmt.Fprintln(out, "she did not enter in these days")
	}
}

func printRefused(out io.Writer, s journey.Simulation) {
	for _, r := range s.Refused {
		fmt.Fprintf(out, "did not enter %s: %s\n", times(r.Count), journey.RefusedWords(r.Name))
	}
}

// printSums is the table of the steps, how it ended, and what nobody came to.
func printSums(out io.Writer, s journey.Simulation) {
	rows := [][]string{{"step", "", "came", "share", "there", ""}}
	rows = append(rows, stepRows(s, "", "", "")...)
	fmt.Fprint(out, "\n")
	table(out, rows, []bool{false, false, true, true, true, false})
	fmt.Fprintf(out, "\nentered   %s of %s customers, %s enrollments\n", grouped(s.Entered), grouped(s.Customers), grouped(s.Enrollments))
	for _, r := range s.Refused {
		fmt.Fprintf(out, "          did not enter %s: %s\n", times(r.Count), journey.RefusedWords(r.Name))
	}
	var ends []string
	for _, e := range s.Ends {
		ends = append(ends, fmt.Sprintf("%s %s", e.Name, grouped(e.Count)))
	}
	if s.Inside > 0 {
		ends = append(ends, "still inside "+grouped(s.Inside))
	}
	fmt.Fprintf(out, "ended     %s\n", strings.Join(ends, " · "))
	if s.Goals > 0 {
		fmt.Fprintf(out, "goal      reached by %s, %s of those who entered", grouped(s.Goals), share(s.Goals, s.Enrollments))
		if s.GoalWorth > 0 {
			fmt.Fprintf(out, ", worth %.2f in all", s.GoalWorth)
		}
		fmt.Fprint(out, "\n")
	}
	fmt.Fprintf(out, "mails     %s, in %s decisions\n", grouped(s.Messages), grouped(s.Decisions))
	if len(s.Untaken) == 0 {
		fmt.Fprintln(out, "coverage  every way was taken")
	}
	for i, w := range s.Untaken {
		head := "          "
		if i == 0 {
			head = "never     "
		}
		fmt.Fprintf(out, "%s%s: %s\n", head, w.Step, w.Words)
	}
}

// stepRows are the rows of the steps that stand in a way out of a step, each with its own ways below it.
func stepRows(s journey.Simulation, parent, way, indent string) (rows [][]string) {
	for _, step := range s.Steps {
		if step.Parent != parent || step.Way != way {
			continue
		}
		rows = append(rows, []string{indent + step.Step, step.What, grouped(step.Came), share(step.Came, s.Enrollments), blank(step.Stand), outcome(step)})
		if len(step.Ways) == 0 {
			rows = append(rows, stepRows(s, step.Step, "", indent+"  ")...)
		}
		for _, w := range step.Ways {
			rows = append(rows, []string{indent + "└", w.Words.String(), grouped(w.Taken), share(w.Taken, step.Came), "", ""})
			rows = append(rows, stepRows(s, step.Step, w.Way, indent+"  ")...)
		}
	}
	return rows
}

// outcome says what became of a send's messages.
func outcome(s journey.SimulatedStep) string {
	var parts []string
	if s.Sent > 0 {
		parts = append(parts, "sent "+grouped(s.Sent))
	}
	for _, r := range s.NotSent {
		parts = append(parts, strings.ReplaceAll(r.Name, "_", " ")+" "+grouped(r.Count))
	}
	return strings.Join(parts, " · ")
}

// table aligns columns; the wide ones are cut.
func table(out io.Writer, rows [][]string, right []bool) {
	const most = 46
	widths := make([]int, len(right))
	for _, row := range rows {
		for i := range row {
			if utf8.RuneCountInString(row[i]) > most && i < len(row)-1 {
				row[i] = string([]rune(row[i])[:most-1]) + "…"
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cell, pad = pad+cell, ""
			}
			b.WriteString(cell + pad + "  ")
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
	}
}

func blank(n int) string {
	if n == 0 {
		return ""
	}
	return grouped(n)
}

func share(n, of int) string {
	if of == 0 {
		return ""
	}
	return strconv.Itoa((n*100+of/2)/of) + " %"
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return grouped(n) + " times"
}

// grouped sets a comma between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
