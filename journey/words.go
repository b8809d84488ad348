package journey

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The sentences that people read about what happened to a customer and why. They stand here once: the console, the API and
// the command line print the same words.

// LogWords says one line of the step log as a sentence, with times in the given zone.
func LogWords(e LogEntry, zone *time.Location) string {
	d := details{e.Detail, zone}
	switch e.What {
	case LogEntered:
		return "entered" + d.prefixed("journey", " ") + d.prefixed("version", ", version ")
	case LogSend:
		return "queued " + d.text("message") + d.prefixed("channel", " by ") + d.wrapped("variant", " with the subject “", "”") + d.prefixed("recipient", " to ")
	case LogNotSent:
		return "not sent" + d.wrapped("message", " (", ")") + d.prefixed("recipient", " to ") + ": " + ReasonWords(d.text("reason"), d.text("topic"))
	case LogWait:
		return "waits" + d.span(e.At) + d.until(", until ")
	case LogWindow:
		if d.text("reason") == string(CatchUp) {
			return "goes on after the pause, and waits for its turn to send " + d.text("message") + d.until(", ")
		}
		return "stands at the send until its window opens" + d.until(", ")
	case LogWaitFor:
		return "waits for " + d.list("for", " or ") + d.until(", until ")
	case LogHappened:
		return "what was waited for happened" + d.prefixed("event", ": ") + d.prefixed("if", ": ")
	case LogTimeout:
		return "waited in vain"
	case LogRecomputed:
		return "the wait moved" + d.moment("from", " from ") + d.until(" to ")
	case LogBranch:
		return branchWords(d)
	case LogSplit:
		if d.of["won"] == true {
			return "took variant " + d.text("variant") + ", which has won"
		}
		return "drawn into variant " + d.text("variant")
	case LogCoupon:
		if d.of["kept"] == true {
			return "keeps the coupon of " + d.text("pool") + " that she has"
		}
		return "was given a coupon of " + d.text("pool")
	case LogPoolEmpty:
		return "no coupon: the pool " + d.text("pool") + " is empty"
	}
	return laterWords(e, d)
}

func laterWords(e LogEntry, d details) string {
	switch e.What {
	case LogSurvey:
		return "asked " + d.text("ask") + ", and waits for the answer" + d.until(" until ")
	case LogAnswered:
		return "answered" + d.prefixed("score", " ") + d.wrapped("choice", " “", "”") + d.prefixed("arm", ", so took ")
	case LogTask:
		return "task for " + d.or("team", "the team") + ": " + d.text("title")
	case LogTaskDone:
		return "the task is done" + d.prefixed("outcome", ": ")
	case LogSet:
		return "set " + d.pairs()
	case LogStart:
		return "started " + d.text("journey")
	case LogGoal:
		return "reached the goal" + d.prefixed("event", ": ") + d.prefixed("value", ", worth ")
	case LogPaused:
		return "stands still" + d.prefixed("by", ", paused by ") + d.prefixed("reason", ": ") + d.until(", until ")
	case LogResumed:
		return "goes on" + d.prefixed("shifted", ", everything later by ")
	case LogSkipped:
		return "the step was skipped" + d.prefixed("by", " by ") + d.prefixed("reason", ": ")
	case LogMoved:
		return "was moved" + d.prefixed("to", " to ") + d.prefixed("by", " by ") + d.prefixed("reason", ": ")
	case LogExited:
		return EndWords(d.text("reason"))
	case LogHoldout:
		return "held out: would have been sent " + d.text("message")
	case LogUpdated:
		return "took over what the trigger says now"
	case LogRestarted:
		return "began anew"
	case LogLeaving:
		return "leaves the journey: " + d.text("reason")
	case LogRepeat:
		return d.wrapped("round", "began round ", " of the repeat") + d.prefixed("over", "the repeat is over: ")
	case LogLeave:
		return "leaves " + d.list("journeys", " and ")
	case LogConsent:
		return "the consent for " + d.text("topic") + " is now " + d.text("is") + d.prefixed("reason", ": ")
	case LogSuppress:
		return "her address gets no marketing any more" + d.prefixed("reason", ": ")
	case LogMigrated:
		return "went on in version " + d.text("to") + d.prefixed("from", " instead of ") + d.prefixed("was", ", from ") + d.prefixed("step", ", at ")
	case LogCall:
		return "calls " + d.text("to")
	case LogNotify:
		return "told " + d.or("team", "the team") + d.wrapped("text", ": “", "”")
	case LogReplied:
		return d.text("to") + " replied" + d.wrapped("status", " (", ")")
	case LogCallFailed:
		return "the call of " + d.text("to") + " failed: " + CallWords(d.text("reason")) + d.wrapped("status", " (", ")")
	case LogSnooze:
		return "her mail on " + d.list("topics", " and ") + " stands still" + d.until(", until ")
	}
	return strings.ReplaceAll(e.What, "_", " ")
}

func branchWords(d details) string {
	arm := d.text("arm")
	values, _ := d.of["values"].(map[string]any)
	if len(values) == 0 {
		return "took " + or(arm, "no arm")
	}
	return "took " + or(arm, "no arm") + ", because " + details{values, d.zone}.pairs()
}

// EndWords says how an enrollment ended.
func EndWords(reason string) string {
	switch reason {
	case ReasonFinished, "":
		return "finished the journey"
	case ReasonStepGone:
		return "left the journey: its new version does not have the step at which she stood"
	case ReasonNewVersion:
		return "left the journey: a new version was published, and everybody in it had to leave"
	}
	return "left the journey: " + reason
}

// ReasonWords says why a message was not sent. The topic may be empty.
func ReasonWords(reason, topic string) string {
	switch reason {
	case ReasonNoConsent:
		return "no consent for " + or(topic, "its topic")
	case ReasonNoAddress:
		return "no address is known"
	case ReasonSuppressed:
		return "the address is suppressed"
	case ReasonExpired:
		return "it could not go before it expired"
	case ReasonExited:
		return "she left the journey first"
	case ReasonSkipped:
		return "the step was skipped"
	case ReasonMerged:
		return "the customer was merged into another"
	case ReasonErased:
		return "the customer was erased"
	case ReasonHoldout:
		return "she is in the holdout"
	case ReasonCapped:
		return "she had as many messages as the cap lets through"
	case ReasonUnless:
		return "its `unless` held"
	case ReasonSandbox:
		return "the installation is not live and the address is not on the allow-list"
	case ReasonSendingOff:
		return "sending is switched off"
	case ReasonPaused:
		return "it fell due in a pause that skips"
	case ReasonBounced:
		return "it bounced"
	case ReasonRejected:
		return "the mail server refused it"
	case ReasonInDoubt:
		return "the connection broke before the reply came; it may have arrived, and is not sent twice"
	case ReasonRender:
		return "its template could not be rendered"
	case ReasonNobody:
		return "nobody of her account has that role"
	case ReasonPoolEmpty:
		return "its coupon pool is empty"
	case ReasonFewer:
		return "she asked for fewer mails, and it is too early for another one"
	case ReasonCeiling:
		return "she had as many mails in 24 hours as the daily ceiling lets through"
	case ReasonMigrated:
		return "the new version of the journey does not have its step"
	case ReasonHad:
		return "she was sent it before the journey changed"
	case ReasonNoUTF8:
		return "the mail server takes no addresses with letters such as ü (SMTPUTF8)"
	}
	return strings.ReplaceAll(or(reason, "no reason is recorded"), "_", " ")
}

// CallWords says why a call failed.
func CallWords(reason string) string {
	switch reason {
	case ReasonStatus:
		return "the endpoint answered no"
	case ReasonTimeout:
		return "no answer came in time"
	case ReasonUnreachable:
		return "the endpoint cannot be reached"
	case ReasonBlocked:
		return "its address is private, or not https"
	case ReasonRedirect:
		return "it redirects, which is not followed"
	case ReasonLongReply:
		return "its reply is over 64 KiB"
	case ReasonNoEndpoint:
		return "nobody has declared the endpoint"
	case ReasonNoSecret:
		return "the server does not have its secret"
	case ReasonLost:
		return "the call is not there any more"
	case "body":
		return "its body is over 64 KiB"
	}
	return strings.ReplaceAll(or(reason, "no reason is recorded"), "_", " ")
}

// MessageWords says what became of a message, e.g. "sent “We miss you” (message we-miss-you)".
func MessageWords(m MessageSummary) string {
	name := "message " + m.Template
	if m.Subject != "" {
		name = "“" + m.Subject + "” (message " + m.Template + ")"
	}
	switch m.State {
	case MessageQueued:
		if m.Reason == ReasonCeiling || m.Reason == ReasonFewer {
			return "holds back " + name + ": " + ReasonWords(m.Reason, m.Topic)
		}
		return "queued " + name
	case MessageClaimed, MessageAtDot:
		return "is sending " + name
	case MessageAccepted:
		return "sent " + name
	case MessageDeferred:
		if m.Channel != "" && m.Channel != ChannelEmail {
			return "will try again to send " + name + " by " + m.Channel + ": " + m.why()
		}
		return "will try again to send " + name + ": the mail server said " + or(m.ReplyText, "to wait")
	case MessageFailed:
		return "not sent: " + m.why() + " (message " + m.Template + ")"
	case MessageUnknown:
		return "perhaps sent " + name + ": " + ReasonWords(ReasonInDoubt, "")
	case MessageDropped:
		return "not sent: " + m.why() + " (message " + m.Template + ")"
	}
	return string(m.State) + " " + name
}

// why puts the reason of a message into words; an endpoint has some that a mail server has not.
func (m MessageSummary) why() string {
	if m.Channel == "" || m.Channel == ChannelEmail {
		return ReasonWords(m.Reason, m.Topic)
	}
	switch m.Reason {
	case ReasonSandbox:
		return "the installation is not live, and the endpoint is not in a network of the operator's"
	case ReasonStatus:
		return "the endpoint answered " + strconv.Itoa(m.ReplyCode)
	case ReasonTimeout, ReasonUnreachable, ReasonBlocked, ReasonRedirect, ReasonLongReply, ReasonNoEndpoint, ReasonNoSecret:
		return CallWords(m.Reason)
	}
	return ReasonWords(m.Reason, m.Topic)
}

// EventWords says an event as a sentence, e.g. "Order Completed, order_id o-17, total 49".
func EventWords(kind, name string, properties map[string]any, zone *time.Location) string {
	d := details{properties, zone}
	switch kind {
	case KindIdentify:
		return "told us about herself: " + d.pairs()
	case KindAlias:
		return "is known by another id, too"
	case KindGroup:
		return "belongs to an account"
	case KindColleague:
		return "a colleague of hers: " + name
	}
	switch name {
	case EventSurveyAnswered:
		return "answered the survey " + d.text("survey") + d.prefixed("score", ": ") + d.wrapped("choice", ": “", "”") + d.wrapped("comment", ", “", "”")
	case EventLinkClicked:
		return "clicked " + d.or("url", "a link")
	case EventTopicSubscribed:
		return "agreed to " + d.or("topic", "a topic") + d.prefixed("source", ", by ")
	case EventTopicUnsubscribed:
		return "unsubscribed from " + d.or("topic", "a topic") + d.prefixed("source", ", by ")
	case EventAddressChanged:
		return "has another address" + d.prefixed("address", ": ") + d.prefixed("by", ", by ") + d.prefixed("reason", ": ")
	case EventFrequencyChosen:
		if d.text("days") == "0" {
			return "wants mail as it comes" + d.prefixed("source", ", by ")
		}
		return "wants marketing mail once in " + d.text("days") + " days at most" + d.prefixed("source", ", by ")
	case EventCustomerPaused:
		return "was paused" + d.prefixed("by", " by ") + d.prefixed("reason", ": ") + d.until(", until ")
	case EventCustomerResumed:
		if d.text("by") == "" {
			return "goes on: the pause" + d.prefixed("paused_by", " by ") + " is over"
		}
		return "was resumed" + d.prefixed("by", " by ")
	case EventCustomerReturned:
		return "came back"
	case EventCouponIssued:
		return "was given " + d.or("code", "a coupon") + d.prefixed("source", " by ")
	case EventCouponRedeemed:
		return "redeemed " + d.or("code", "a coupon") + d.prefixed("order_id", " on order ")
	case EventCouponExpired:
		return "let " + d.or("code", "a coupon") + " expire"
	case EventTaskDone:
		return "task done: " + d.text("title") + d.prefixed("outcome", ", ") + d.prefixed("note", " – ")
	case EventMessageReplied:
		return "wrote back" + d.wrapped("message", " (to message ", ")")
	case EventMessageBounced:
		return "the mail came back" + d.prefixed("code", ": ") + d.wrapped("message", " (message ", ")")
	case EventMessageComplained:
		return "called the mail spam" + d.wrapped("message", " (message ", ")")
	case EventMessageDropped:
		return "not sent: " + ReasonWords(d.text("reason"), d.text("topic")) + d.wrapped("message", " (message ", ")")
	}
	if len(properties) == 0 {
		return name
	}
	return name + ", " + d.pairs()
}

// NextWords says what comes next for an enrollment that is where the plan left it.
func NextWords(p Plan) string {
	switch {
	case p.Kind == PlanDone:
		return ""
	case p.Summary != "":
		return p.Summary
	case p.Kind == PlanHold:
		return "held at " + p.Step
	}
	return "waits at " + p.Step
}

// SpanWords rounds a duration to what people say of it: nobody waits 4 days, 23 hours, 59 minutes and 58 seconds.
func SpanWords(d time.Duration) string {
	switch {
	case d >= 2*Day:
		return counted(int(d.Round(Day)/Day), "day")
	case d >= 2*time.Hour:
		return counted(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return counted(max(1, int(d.Round(time.Minute)/time.Minute)), "minute")
}

// TimeWords says a moment the way a calendar would: Tue 12 May 09:00.
func TimeWords(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2 Jan 15:04")
}

func counted(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// details are values of a log entry or an event on their way into a sentence. What is missing is left out of it.
type details struct {
	of   map[string]any
	zone *time.Location
}

func (d details) text(key string) string { return valueWords(d.of[key], d.zone) }

func (d details) or(key, otherwise string) string { return or(d.text(key), otherwise) }

func (d details) prefixed(key, prefix string) string { return d.wrapped(key, prefix, "") }

func (d details) wrapped(key, before, after string) string {
	if text := d.text(key); text != "" {
		return before + text + after
	}
	return ""
}

func (d details) list(key, between string) string {
	var words []string
	switch items := d.of[key].(type) {
	case []any:
		for _, item := range items {
			words = append(words, valueWords(item, d.zone))
		}
	case []string:
		words = items
	}
	return or(strings.Join(words, between), or(d.text(key), "something"))
}

func (d details) time(key string) (time.Time, bool) {
	switch v := d.of[key].(type) {
	case time.Time:
		return v, !v.IsZero()
	case *time.Time:
		if v != nil {
			return *v, true
		}
	case string:
		t, err := time.Parse(time.RFC3339, v)
		return t, err == nil
	}
	return time.Time{}, false
}

func (d details) moment(key, prefix string) string {
	if t, known := d.time(key); known {
		return prefix + TimeWords(t, d.zone)
	}
	return ""
}

func (d details) until(prefix string) string { return d.moment("until", prefix) }

func (d details) span(from time.Time) string {
	if until, known := d.time("until"); known && until.After(from) {
		return " " + SpanWords(until.Sub(from))
	}
	return ""
}

// pairs lists the values by name, in order of the names, the first six of them.
func (d details) pairs() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(d.of)) {
		if text := or(valueWords(d.of[name], d.zone), "missing"); len(words) < 6 {
			words = append(words, name+" "+text)
		}
	}
	return or(strings.Join(words, ", "), "nothing")
}

func valueWords(v any, zone *time.Location) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		if t, err := time.Parse(time.RFC3339, x); err == nil {
			return TimeWords(t, zone)
		}
		return clip(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case time.Time:
		return TimeWords(x, zone)
	case map[string]any:
		return strings.Trim("{ "+details{x, zone}.pairs()+" }", " ")
	case []any:
		return counted(len(x), "item")
	}
	return clip(fmt.Sprint(v))
}

// PauseWords says that she stands still, why, and what comes once she goes on.
func PauseWords(pauses []PauseView, next string, zone *time.Location) string {
	p := pauses[0]
	words := "stands still: " + map[Scope]string{ScopeCustomer: "she", ScopeEnrollment: "this enrollment", ScopeJourney: "the journey",
		ScopeTopic: "the topic", ScopeEverything: "everything", ScopeCustomerTopic: "her mail on the topic"}[p.Scope] + " was paused by " + p.By + " (" + p.Reason + ")"
	if p.Until != nil {
		words += ", until " + TimeWords(*p.Until, zone)
	}
	if next != "" {
		words += "; then " + next
	}
	return words
}

// RefusedWords says why somebody did not enter a journey.
func RefusedWords(reason string) string {
	switch reason {
	case NoEntryTrigger:
		return "it is not the trigger of the journey"
	case NoEntryFilter:
		return "enter.if does not hold"
	case NoEntryProperty:
		return "the trigger lacks the property that tells the enrollments apart"
	case NoEntryActive:
		return "she is in the journey already"
	case NoEntryReentry:
		return "she has been in the journey before"
	case NoEntryGroup:
		return "she is in a journey of the same group"
	case NoEntryItems:
		return "the trigger has no list to make enrollments of"
	}
	return strings.ReplaceAll(reason, "_", " ")
}
