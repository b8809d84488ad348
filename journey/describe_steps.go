package journey

import (
	"strconv"
	"strings"
	"time"
)

// Words says what a step does, e.g. "Wait 5 days", and what more there is to say of it, which may be empty.
func (s *Step) Words() (what, more Phrase) {
	switch {
	case s.Send != nil:
		return say("Send %s", s.Send.Message), s.Send.more()
	case s.Wait != nil:
		return s.Wait.describe()
	case s.WaitFor != nil:
		return s.WaitFor.describe()
	case s.Coupon != nil:
		return say("Give a coupon of %s", s.Coupon.Pool), sentences(given("as %s", s.Coupon.As), spanOf("valid for %s", s.Coupon.Expires))
	case s.Survey != nil:
		return say("Ask %s", askWords(s.Survey.Ask)), s.Survey.more()
	case s.Task != nil:
		whom := written(or(s.Task.Team, s.Task.Assign)).or(say("the team"))
		return say("Task for %s", whom), sentences(written(blanked(s.Task.Title)), dueWords("due in %s", s.Task))
	case s.Repeat != nil:
		times := say("Repeat %s times", strconv.Itoa(s.Repeat.Times))
		if s.Repeat.Times == 1 {
			times = say("Repeat 1 time")
		}
		return times, saying("until %s", s.Repeat.Until.Words())
	case len(s.Branch) > 0:
		return branchDescribed(s.Branch), Phrase{}
	case len(s.Split) > 0:
		return say("Split by chance"), Phrase{}
	}
	return s.changes()
}

// changes says the steps that change something about her, or where she is.
func (s *Step) changes() (what, more Phrase) {
	switch {
	case len(s.Set) > 0:
		var words []Phrase
		for _, a := range s.Set {
			words = append(words, a.words())
		}
		return words[0], sentences(words[1:]...)
	case s.Start != nil:
		return say("Start %s", s.Start.Journey), Phrase{}
	case len(s.Leave) > 0:
		return say("Leave %s", listed(s.Leave)), Phrase{}
	case s.Consent != nil:
		return say("Consent for %s: "+string(s.Consent.Is), s.Consent.Topic), written(s.Consent.Reason)
	case s.Suppress != "":
		return say("No more marketing"), written(s.Suppress)
	case s.Pause != nil:
		return say("Pause %s", listed(s.Pause.Topics)), spanOf("for %s", s.Pause.For)
	case s.Webhook != nil:
		return say("Call %s", s.Webhook.To), given("reply kept as %s", s.Webhook.As)
	case s.Notify != nil:
		return say("Tell %s", s.Notify.Team), written(blanked(s.Notify.Text))
	case s.Exit != "":
		return say("Exit: %s", s.Exit), Phrase{}
	}
	return written(strings.ReplaceAll(string(s.Kind), "_", " ")), Phrase{}
}

func (s *Send) more() Phrase {
	var anyTime, subjects Phrase
	if s.AnyTime {
		anyTime = say("at any time of day")
	}
	if len(s.Subjects) > 0 {
		subjects = say("one of %s subjects", strconv.Itoa(len(s.Subjects)))
	}
	return sentences(given("by %s", s.Channel), given("to each %s", s.Role), subjects, given("topic %s", s.Topic), anyTime,
		saying("unless %s", s.Unless.Words()), spanOf("expires after %s", s.Expires))
}

func (w *Wait) describe() (what, more Phrase) {
	switch {
	case w.At != nil && w.At.Day != nil:
		return say("Wait until %s %s", say(w.At.Day.String()), clockWords(w.At.Minute)), Phrase{}
	case w.At != nil:
		return say("Wait until %s", clockWords(w.At.Minute)), Phrase{}
	case w.Until != nil:
		return say("Wait until %s", offsetWords(w.Offset, w.Until.Words())), w.IfMissing.words()
	case w.ForValue != nil:
		missing := w.IfMissing.words()
		if w.Default > 0 {
			missing = spanOf("%s if missing", w.Default)
		}
		return say("Wait %s "+unitWords(w.Unit), w.ForValue.Words()), missing
	}
	return say("Wait %s", spanPhrase(w.For)), Phrase{}
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

func (m *Missing) words() Phrase {
	switch {
	case m == nil:
		return Phrase{}
	case m.Skip:
		return say("skipped if missing")
	case m.Exit:
		return say("exit if missing")
	}
	return spanOf("%s if missing", m.After)
}

func (w *WaitFor) describe() (what, more Phrase) {
	timeout := w.most()
	switch one := w.Any[0]; {
	case len(w.Any) > 1:
		return say("Wait for the first of %s", strconv.Itoa(len(w.Any))), timeout
	case one.If != nil:
		return say("Wait for %s|condition", one.words()), timeout
	default:
		return say("Wait for %s", one.words()), timeout
	}
}

// most says how long it waits, e.g. "10 days at most"; nothing where it is for ever.
func (w *WaitFor) most() Phrase {
	switch {
	case w.Timeout == nil:
		return Phrase{}
	case w.Timeout.At != nil:
		return say("until %s at most", w.Timeout.words())
	}
	return say("%s at most", w.Timeout.words())
}

func (a *Awaited) words() Phrase {
	return eventOrCond(a.Event, a.Match, a.Where, false, a.If, 0)
}

func (t *Timeout) words() Phrase {
	if t.At != nil {
		return offsetWords(t.Offset, t.At.Words())
	}
	return spanPhrase(t.After)
}

func (s *Survey) more() Phrase {
	var reminder Phrase
	if s.Reminder != nil {
		reminder = say("reminder %s after %s", s.Reminder.Send, spanPhrase(s.Reminder.After))
	}
	return sentences(say("in %s", s.Send), spanOf("waits %s", s.Wait), reminder)
}

func (a *Assignment) words() Phrase {
	if a.Add != nil {
		return say("Add %s to %s", valueWords(*a.Add, nil), a.Attribute)
	}
	return say("Set %s to %s", a.Attribute, a.Value.Words())
}

// branchDescribed names what all arms look at, where it is one thing.
func branchDescribed(arms []Arm) Phrase {
	var about Phrase
	for _, a := range arms {
		if a.Else {
			continue
		}
		if a.If == nil || a.If.Operand == nil || !about.Empty() && !a.If.Operand.Words().same(about) {
			return say("Branch")
		}
		about = a.If.Operand.Words()
	}
	return say("Branch by %s", about)
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
