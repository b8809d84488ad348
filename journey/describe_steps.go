package journey

import (
	"strconv"
	"strings"
	"time"
)

// Words says what a step does, e.g. "Wait 5 days", and what more there is to say of it, which may be "".
func (s *Step) Words() (what, more string) {
	switch {
	case s.Send != nil:
		return "Send " + s.Send.Message, s.Send.more()
	case s.Wait != nil:
		return s.Wait.describe()
	case s.WaitFor != nil:
		return s.WaitFor.describe()
	case s.Coupon != nil:
		return "Give a coupon of " + s.Coupon.Pool, sentences(given("as ", s.Coupon.As), spanOf("valid for ", s.Coupon.Expires))
	case s.Survey != nil:
		return "Ask " + askWords(s.Survey.Ask), s.Survey.more()
	case s.Task != nil:
		return "Task for " + or(or(s.Task.Team, s.Task.Assign), "the team"), sentences(blanked(s.Task.Title), dueWords("due in ", s.Task))
	case s.Repeat != nil:
		return "Repeat " + counted(s.Repeat.Times, "time"), given("until ", s.Repeat.Until.Words())
	case len(s.Branch) > 0:
		return branchDescribed(s.Branch), ""
	case len(s.Split) > 0:
		return "Split by chance", ""
	}
	return s.changes()
}

// changes says the steps that change something about her, or where she is.
func (s *Step) changes() (what, more string) {
	switch {
	case len(s.Set) > 0:
		var words []string
		for _, a := range s.Set {
			words = append(words, a.words())
		}
		return words[0], sentences(words[1:]...)
	case s.Start != nil:
		return "Start " + s.Start.Journey, ""
	case len(s.Leave) > 0:
		return "Leave " + strings.Join(s.Leave, ", "), ""
	case s.Consent != nil:
		return "Consent for " + s.Consent.Topic + ": " + string(s.Consent.Is), s.Consent.Reason
	case s.Suppress != "":
		return "No more marketing", s.Suppress
	case s.Pause != nil:
		return "Pause " + strings.Join(s.Pause.Topics, ", "), spanOf("for ", s.Pause.For)
	case s.Exit != "":
		return "Exit: " + s.Exit, ""
	}
	return strings.ReplaceAll(string(s.Kind), "_", " "), ""
}

func (s *Send) more() string {
	anyTime := ""
	if s.AnyTime {
		anyTime = "at any time of day"
	}
	subjects := ""
	if len(s.Subjects) > 0 {
		subjects = "one of " + strconv.Itoa(len(s.Subjects)) + " subjects"
	}
	return sentences(given("by ", s.Channel), given("to each ", s.Role), subjects, given("topic ", s.Topic), anyTime, given("unless ", s.Unless.Words()), spanOf("expires after ", s.Expires))
}

func (w *Wait) describe() (what, more string) {
	switch {
	case w.At != nil && w.At.Day != nil:
		return "Wait until " + w.At.Day.String() + " " + clockWords(w.At.Minute), ""
	case w.At != nil:
		return "Wait until " + clockWords(w.At.Minute), ""
	case w.Until != nil:
		return "Wait until " + offsetWords(w.Offset) + w.Until.Words(), w.IfMissing.words()
	case w.ForValue != nil:
		missing := w.IfMissing.words()
		if w.Default > 0 {
			missing = durationWords(w.Default) + " if missing"
		}
		return "Wait " + w.ForValue.Words() + " " + unitWords(w.Unit), missing
	}
	return "Wait " + durationWords(w.For), ""
}

// unitWords says the unit of a wait of so many; without one they are days.
func unitWords(unit time.Duration) string {
	switch unit {
	case time.Minute:
		return "minutes"
	case time.Hour:
		return "hours"
	case Week:
		return "weeks"
	}
	return "days"
}

// askWords writes the three questions that need no declaration the way people do: NPS.
func askWords(ask string) string {
	switch ask {
	case "nps", "csat", "ces":
		return strings.ToUpper(ask)
	}
	return ask
}

func (m *Missing) words() string {
	switch {
	case m == nil:
		return ""
	case m.Skip:
		return "skipped if missing"
	case m.Exit:
		return "exit if missing"
	}
	return durationWords(m.After) + " if missing"
}

func (w *WaitFor) describe() (what, more string) {
	timeout := ""
	if w.Timeout != nil {
		timeout = w.Timeout.words() + " at most"
	}
	if len(w.Any) == 1 {
		return "Wait for " + w.Any[0].words(), timeout
	}
	return "Wait for the first of " + strconv.Itoa(len(w.Any)), timeout
}

func (a *Awaited) words() string {
	return eventOrCond(a.Event, a.Match, a.Where, false, a.If, 0)
}

func (t *Timeout) words() string {
	if t.At != nil {
		return "until " + offsetWords(t.Offset) + t.At.Words()
	}
	return durationWords(t.After)
}

func (s *Survey) more() string {
	reminder := ""
	if s.Reminder != nil {
		reminder = "reminder " + s.Reminder.Send + " after " + durationWords(s.Reminder.After)
	}
	return sentences("in "+s.Send, spanOf("waits ", s.Wait), reminder)
}

func (a *Assignment) words() string {
	if a.Add != nil {
		return "Add " + valueWords(*a.Add, nil) + " to " + a.Attribute
	}
	return "Set " + a.Attribute + " to " + a.Value.Words()
}

// branchDescribed names what all arms look at, where it is one thing.
func branchDescribed(arms []Arm) string {
	about := ""
	for _, a := range arms {
		if a.Else {
			continue
		}
		if a.If == nil || a.If.Operand == nil || about != "" && a.If.Operand.Words() != about {
			return "Branch"
		}
		about = a.If.Operand.Words()
	}
	return "Branch by " + about
}

// blanked puts … where a text template has something to fill in.
func blanked(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return strings.Join(strings.Fields(b.String()), " ")
		}
		_, text, _ = strings.Cut(rest, "}}")
		if !strings.HasSuffix(b.String(), "…") {
			b.WriteString("…")
		}
	}
}
