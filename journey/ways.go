package journey

import "strconv"

// Way is one way out of a step: an arm, or what goes on where no arm is taken.
type Way struct {
	Name  string  // as the step log tells it: "1", "else", "none", "timeout", the variant, …; unique in the step
	Words Phrase  // e.g. "coupon offer was redeemed", "after 10 days"
	Then  []*Step // empty: on to what follows the step
}

// The names of ways that are not arms of the file.
const (
	WayElse    = "else"
	WayNone    = "none"    // no arm was meant
	WayTimeout = "timeout" // nothing happened, nobody answered
	WayThen    = "then"    // the moment came
	WaySkipped = "skipped" // the moment was over, or is not known
)

// Ways returns the ways out of a step, in file order; none where there is only one. A repeat's rounds are none.
func (s *Step) Ways() []Way {
	switch {
	case len(s.Branch) > 0:
		return armWays(s.Branch, "otherwise")
	case len(s.Split) > 0:
		var out []Way
		for _, v := range s.Split {
			out = append(out, Way{Name: v.Name, Words: written(v.Name + ", " + percent(v.Share)), Then: v.Then})
		}
		return out
	case s.Wait != nil:
		return s.Wait.ways()
	case s.WaitFor != nil:
		return s.WaitFor.ways()
	case s.Survey != nil && s.Survey.Wait > 0:
		out := append(armWays(s.Survey.Answers, "any other answer"), Way{Name: WayTimeout, Words: say("no answer"), Then: s.Survey.NoAnswer})
		if len(s.Survey.Answers) == 0 {
			out[0].Words = say("an answer")
		}
		return out
	case s.Task != nil && s.Task.Wait > 0:
		out := armWays(s.Task.Outcomes, "any other outcome")
		if len(s.Task.Outcomes) == 0 {
			out[0].Words = say("done")
		}
		return append(out, Way{Name: WayTimeout, Words: say("not done in %s", spanPhrase(s.Task.Wait))})
	}
	return nil
}

// Way is the way out of its step that the line tells of, "" where it tells of none. That the moment of a wait came is told by no line:
// whoever went that way came to the first step there.
func (e LogEntry) Way() string {
	name := ""
	switch e.What {
	case LogBranch, LogAnswered, LogTaskDone, LogHappened:
		name, _ = e.Detail["arm"].(string)
	case LogSplit:
		name, _ = e.Detail["variant"].(string)
	case LogTimeout:
		return WayTimeout
	case LogWait:
		if e.Detail["skipped"] != nil {
			return WaySkipped
		}
	}
	return name
}

func armWays(arms []Arm, otherwise string) []Way {
	var out []Way
	for i, a := range arms {
		if a.Else {
			return append(out, Way{Name: WayElse, Words: say(otherwise), Then: a.Then})
		}
		out = append(out, Way{Name: strconv.Itoa(i + 1), Words: a.If.Words(), Then: a.Then})
	}
	return append(out, Way{Name: WayNone, Words: say(otherwise)})
}

// ways of a wait: where the moment can be over, or missing, what was to be done then is left out.
func (w *Wait) ways() []Way {
	if w.Until == nil || len(w.Then) == 0 {
		return nil
	}
	then := Way{Name: WayThen, Words: say("then"), Then: w.Then}
	switch skips := w.IfMissing != nil && w.IfMissing.Skip; {
	case w.IfPast == "" || w.IfPast == "skip":
		return []Way{then, {Name: WaySkipped, Words: say("if that is past")}}
	case skips:
		return []Way{then, {Name: WaySkipped, Words: say("if that is missing")}}
	}
	return []Way{then}
}

func (w *WaitFor) ways() []Way {
	var out []Way
	for i := range w.Any {
		out = append(out, Way{Name: strconv.Itoa(i + 1), Words: w.Any[i].words(), Then: w.Any[i].Then})
	}
	if w.Timeout != nil {
		words := say("after %s", w.Timeout.words())
		if w.Timeout.At != nil {
			words = say("not until %s", w.Timeout.words())
		}
		out = append(out, Way{Name: WayTimeout, Words: words, Then: w.Timeout.Then})
	}
	return out
}
