package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"perennial/journey"
	"perennial/templates"
)

// Timeline is what a run came to.
type Timeline struct {
	Start     time.Time
	Zone      *time.Location // the customer's
	Entries   []Entry        // in the order in which they came about
	Mails     []Sent
	Ends      []journey.State // of each enrollment, in the order of entering
	Visited   map[string]int  // step → how often it was come to
	Refused   map[string]int  // why she did not enter → how often; a trigger that is another's does not count
	Next      []string        // of each enrollment, what comes next in words; "" at its end
	Decisions int
}

// Entry is one line: something that the script let happen, or something that was decided.
type Entry struct {
	At         time.Time
	Enrollment string // of what was decided
	Happened   *Happening
	Log        journey.LogEntry // when Happened is nil
}

// Sent is one mail.
type Sent struct {
	At                               time.Time
	Enrollment, Step, Message, Topic string
	To                               string         // cus_… of the recipient
	Variant                          string         // of the subject; "" the message's own
	Mail                             templates.Mail // zero when nothing was rendered
}

// Lines are the decisions as a scenario expects them, one per line: days since the start, local time, what was decided. Where
// several enrollments ran, each line names its own by number. Standing still is no decision: waits are not among them.
func (t Timeline) Lines() []string {
	var out []string
	for _, e := range t.Entries {
		if e.Happened != nil {
			continue
		}
		if text := words(e.Log); text != "" {
			out = append(out, t.stamp(e.At)+t.which(e.Enrollment)+text)
		}
	}
	return out
}

// String is for people: what happened and what was decided.
func (t Timeline) String() string {
	var b strings.Builder
	for _, e := range t.Entries {
		if e.Happened != nil {
			fmt.Fprintf(&b, "%s   > %s\n", t.stamp(e.At), happened(*e.Happened))
		} else {
			fmt.Fprintf(&b, "%s%s%s\n", t.stamp(e.At), t.which(e.Enrollment), journey.LogWords(e.Log, t.Zone))
		}
	}
	return b.String()
}

// stamp is "+2d Wed 09:30 ": calendar days since the start, and her clock.
func (t Timeline) stamp(at time.Time) string {
	return fmt.Sprintf("+%dd %s ", t.day(at), at.In(t.Zone).Format("Mon 15:04"))
}

// day counts calendar days since the start, by her clock.
func (t Timeline) day(at time.Time) int {
	return int(midnight(at.In(t.Zone)).Sub(midnight(t.Start.In(t.Zone))) / journey.Day)
}

// midnight of the calendar day, in UTC, so that days are 24 hours.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func (t Timeline) which(enrollment string) string {
	if len(t.Ends) < 2 {
		return ""
	}
	return "#" + strings.TrimPrefix(enrollment, journey.PrefixEnrollment) + " "
}

// words is one decision in the compact form; "" for what is none.
func words(l journey.LogEntry) string {
	text := func(name string) string { return value(l.Detail[name]) }
	switch l.What {
	case journey.LogWait, journey.LogWaitFor, journey.LogWindow:
		if text("skipped") != "" {
			return "skip " + l.Step + ": " + text("skipped")
		}
		return ""
	case journey.LogEntered:
		return "enter"
	case journey.LogSend:
		return "send " + text("message") + after(", subject ", text("variant")) + after(" to ", text("recipient"))
	case journey.LogNotSent:
		return "not sent " + text("message") + after(" to ", text("recipient")) + ": " + text("reason")
	case journey.LogBranch:
		return "branch " + l.Step + ": " + text("arm")
	case journey.LogSplit:
		return "split " + l.Step + ": " + text("variant")
	case journey.LogCoupon:
		return "coupon " + text("as") + " from " + text("pool")
	case journey.LogPoolEmpty:
		return "pool " + text("pool") + " is empty"
	case journey.LogSurvey:
		return "ask " + text("ask")
	case journey.LogAnswered:
		return "answer " + l.Step + ": " + or(text("score"), text("choice")) + ", arm " + text("arm")
	case journey.LogTask:
		return "task " + l.Step + ": " + text("title")
	}
	return moreWords(l, text)
}

func moreWords(l journey.LogEntry, text func(string) string) string {
	switch l.What {
	case journey.LogHappened:
		return "happened " + l.Step + ": " + or(text("event"), text("if"))
	case journey.LogTimeout:
		return "timeout " + l.Step
	case journey.LogTaskDone:
		return "done " + l.Step + ": " + text("outcome")
	case journey.LogSet:
		return "set " + pairs(l.Detail)
	case journey.LogStart:
		return "start " + text("journey")
	case journey.LogGoal:
		return strings.TrimSpace("goal " + text("event") + " " + text("value"))
	case journey.LogExited:
		return "exit " + text("reason")
	case journey.LogLeaving:
		return "leaving " + text("reason")
	case journey.LogRepeat:
		return strings.TrimSpace("repeat " + l.Step + " " + or(text("round"), "over: "+text("over")))
	case journey.LogLeave:
		return "leave " + text("journeys")
	case journey.LogConsent:
		return "consent " + text("topic") + ": " + text("is")
	case journey.LogCall:
		return "call " + text("to")
	case journey.LogNotify:
		return "notify " + text("team") + ": " + text("text")
	case journey.LogReplied:
		return "reply " + text("to") + ": " + text("status")
	case journey.LogCallFailed:
		return "call failed " + text("to") + ": " + or(text("status"), text("reason"))
	case journey.LogSuppress:
		return "suppress"
	case journey.LogSnooze:
		return "snooze " + text("topics")
	}
	return strings.TrimSpace(l.What + " " + pairs(l.Detail))
}

// after puts words before a text, where there is one.
func after(words, text string) string {
	if text == "" {
		return ""
	}
	return words + text
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func pairs(m map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+value(m[k]))
	}
	return strings.Join(parts, " ")
}

func value(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// happened says what the script let happen.
func happened(h Happening) string {
	switch kinds := h.kinds(); {
	case h.click != nil:
		return "clicks a link"
	case h.Event != "" && len(h.Properties) > 0:
		return h.Event + " (" + pairs(h.Properties) + ")"
	case h.Event != "":
		return h.Event
	case h.Answer != nil:
		return "answers " + pairs(h.Answer)
	case h.Redeem != "":
		return "redeems " + h.Redeem
	case h.Click != "":
		return "clicks in " + h.Click
	case h.Done != "":
		return "task done: " + h.Done
	case h.Traits != nil:
		return "identify " + pairs(h.Traits)
	default:
		return strings.Join(kinds, " ")
	}
}
