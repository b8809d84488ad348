package console

import (
	"strconv"

	"perennial/journey"
)

// stepForm is the form for one kind of step. Wait has several: it says different things.
type stepForm struct {
	Key    string // send, wait, wait-at, …
	Fields []stepField
	Begin  []stepField // what a new one needs besides: the first step of each of its ways
	Ways   string      // where its ways stand; "" it has none that can be added
	Way    []stepField // the fields of one way, below it
	Add    []stepField // what a new way needs besides
	Later  []stepField // what is said once the step is there; written behind its ways
}

var trouble = []string{"", "go_on", "hold", "exit"}

func first(path string, need bool) stepField { return stepField{Path: path, Kind: "first", Need: need} }

// happens asks for an event with its properties, or for a condition: what a wait_for waits for.
func happens() stepField {
	return stepField{Kind: "either", Says: "happens", Either: []variant{
		{Key: "event", Fields: []stepField{{Path: "event", Kind: "text", List: "events", Need: true}, {Path: "where", Kind: "where"}, {Path: "match", Kind: "text"},
			{Path: "as", Kind: "text", Says: "event_as"}}},
		{Key: "condition", Fields: []stepField{{Path: "if", Kind: "condition", Need: true}}},
	}}
}

// timeouts ask how long a wait_for waits.
func timeouts() stepField {
	return stepField{Path: "wait_for.timeout", Kind: "either", Says: "timeout", Either: []variant{
		{Key: "after", Fields: []stepField{{Path: "wait_for.timeout.after", Kind: "duration", Need: true}}},
		{Key: "at", Fields: []stepField{{Path: "wait_for.timeout.at", Kind: "source", Says: "until", Need: true}, {Path: "wait_for.timeout.offset", Kind: "duration"},
			{Path: "wait_for.timeout.if_missing", Kind: "text", List: "missing"}}},
	}}
}

// rare are fields that most steps of their kind leave empty: they are folded away until they say something.
func rare(fields ...stepField) []stepField {
	for i := range fields {
		fields[i].Rare = true
	}
	return fields
}

// recipients ask whom a message goes to.
func recipients() stepField {
	return stepField{Path: "send.to", Kind: "either", Says: "send_to", Either: []variant{{Key: "her"},
		{Key: "role", Fields: []stepField{{Path: "send.to.account", Kind: "text", Says: "send_role", Need: true}}}}}
}

// dues ask by when a task is due: in plain time, or in the working hours of its team.
func dues() stepField {
	return stepField{Path: "task.due", Kind: "either", Says: "due", Either: []variant{{Key: "unsaid"},
		{Key: "working", Fields: []stepField{{Path: "task.due.working", Kind: "duration", Says: "due_working", Need: true}}},
		{Key: "plain", Fields: []stepField{{Path: "task.due", Kind: "duration", Says: "due_plain", Need: true}}}}}
}

// stepForms are the forms, in the groups in which they are offered.
func stepForms() [][]stepForm {
	name := func(path, list string, need bool) stepField {
		return stepField{Path: path, Kind: "text", List: list, Need: need}
	}
	span := func(path string, need bool) stepField { return stepField{Path: path, Kind: "duration", Need: need} }
	choice := func(path string, words ...string) stepField {
		return stepField{Path: path, Kind: "choice", Words: words}
	}
	source := func(path string, more ...string) stepField {
		return stepField{Path: path, Kind: "source", Words: more, Need: true}
	}
	rows := func(path, key, list string, need bool, more ...string) stepField {
		return stepField{Path: path, Kind: "rows", Key: key, List: list, Words: append([]string{valueSaid}, more...), Need: need}
	}
	several := func(path, list string) stepField { return stepField{Path: path, Kind: "list", List: list, Need: true} }
	cond := func(path string, need bool) stepField { return stepField{Path: path, Kind: "condition", Need: need} }
	number := func(path string) stepField { return stepField{Path: path, Kind: "number", Need: true} }
	return [][]stepForm{
		{
			{Key: "send", Fields: append([]stepField{name("send.message", "messages", true), cond("send.unless", false), name("send.topic", "topics", false)},
				rare(recipients(), choice("send.window", "", "any"), span("send.expires", false), name("send.channel", "webhooks", false), name("send.from", "", false),
					name("send.reply_to", "", false), choice("send.if_unsendable", trouble...), stepField{Path: "send.subjects", Kind: "words", Key: "name"},
					stepField{Path: "send.winner.by", Kind: "choice", Says: "winner_by", Words: []string{"", "goal", "clicked"}},
					stepField{Path: "send.winner.after", Kind: "duration", Says: "winner_after"}, stepField{Path: "send.winner.min", Kind: "number", Says: "winner_min"})...)},
			{Key: "survey", Fields: []stepField{name("survey.ask", "surveys", true), name("survey.send", "messages", true), span("survey.wait", false),
				{Path: "survey.reminder.send", Kind: "text", List: "messages", Says: "reminder"}, {Path: "survey.reminder.after", Kind: "duration", Says: "reminder_after"},
				{Path: "survey.no_answer.0", Kind: "first", Says: "no_answer"}},
				Ways: "survey.answers", Way: []stepField{cond("if", true)}, Add: []stepField{first("then.0", true)}},
			{Key: "coupon", Fields: []stepField{name("coupon.pool", "pools", true), name("coupon.as", "", false), span("coupon.expires", false), choice("coupon.when_empty", trouble...)}},
		}, {
			{Key: "wait", Fields: []stepField{span("wait", true)}},
			{Key: "wait-at", Fields: []stepField{{Path: "wait.at", Kind: "time", Need: true}, choice("wait.day", "", "mon", "tue", "wed", "thu", "fri", "sat", "sun")}},
			{Key: "wait-until", Fields: []stepField{source("wait.until", valueSaid), span("wait.offset", false), choice("wait.if_past", "", "skip", "run", "exit"), name("wait.if_missing", "missing", false)}},
			{Key: "wait-span", Fields: []stepField{source("wait.for"), choice("wait.unit", "", "m", "h", "d", "w"), span("wait.default", false)}},
			{Key: "wait_for", Fields: []stepField{timeouts()}, Begin: []stepField{name("wait_for.any.0.event", "events", true),
				first("wait_for.any.0.then.0", true), first("wait_for.timeout.then.0", true)},
				Ways: "wait_for.any", Way: []stepField{happens()}, Add: []stepField{first("then.0", true)}},
		}, {
			{Key: "branch", Begin: []stepField{cond("branch.0.if", true), first("branch.0.then.0", true), first("branch.1.else.0", false)},
				Ways: "branch", Way: []stepField{cond("if", true)}, Add: []stepField{first("then.0", true)}},
			{Key: "split", Begin: []stepField{name("split.0.name", "", true), number("split.0.share"), first("split.0.then.0", true),
				name("split.1.name", "", true), number("split.1.share"), first("split.1.then.0", true)},
				Later: rare(stepField{Path: "split.winner.by", Kind: "choice", Says: "winner_by", Words: []string{"", "goal", "clicked"}},
					stepField{Path: "split.winner.after", Kind: "duration", Says: "winner_after"}, stepField{Path: "split.winner.min", Kind: "number", Says: "winner_min"}),
				Ways: "split", Way: []stepField{name("name", "", true), number("share")}, Add: []stepField{first("then.0", true)}},
			{Key: "repeat", Fields: []stepField{number("repeat.times"), cond("repeat.until", false)}, Begin: []stepField{first("repeat.then.0", true), first("repeat.then.1", false)}},
		}, {
			{Key: "task", Fields: []stepField{name("task.title", "", true), name("task.team", "teams", false), dues(), span("task.wait", false), name("task.assign", "", false)},
				Ways: "task.outcomes", Way: []stepField{cond("if", true)}, Add: []stepField{first("then.0", true)}},
			{Key: "set", Fields: []stepField{rows("set", "attribute", "attributes", true, valueAdd)}},
			{Key: "notify", Fields: []stepField{name("notify.team", "teams", true), name("notify.text", "", true)}},
			{Key: "webhook", Fields: []stepField{name("webhook.to", "webhooks", true), rows("webhook.body", "name", "", false), name("webhook.as", "", false), choice("webhook.on_error", trouble...)}},
			{Key: "start", Fields: []stepField{name("start.journey", "journeys", true), rows("start.with", "name", "", false)}},
			{Key: "leave", Fields: []stepField{several("leave", "journeys")}},
			{Key: "consent", Fields: []stepField{name("consent.topic", "topics", true), choice("consent.is", "given", "withdrawn", "confirmed"), name("consent.reason", "", false)}},
			{Key: "pause", Fields: []stepField{several("pause.topics", "topics"), span("pause.for", true)}},
			{Key: "suppress", Fields: []stepField{name("suppress.reason", "", true)}},
			{Key: "exit", Fields: []stepField{name("exit", "", true)}},
		},
	}
}

func stepFormOf(key string) (stepForm, bool) {
	for _, group := range stepForms() {
		for _, f := range group {
			if f.Key == key {
				return f, true
			}
		}
	}
	return stepForm{}, false
}

// formFor is the form that a step of the journey is changed by.
func formFor(s *journey.Step) stepForm {
	key := string(s.Kind)
	if w := s.Wait; w != nil {
		switch {
		case w.At != nil:
			key = "wait-at"
		case w.Until != nil:
			key = "wait-until"
		case w.ForValue != nil:
			key = "wait-span"
		}
	}
	f, _ := stepFormOf(key)
	return f
}

// firstKinds are the steps that a way can begin with, each said by one field.
func firstKinds() []string { return []string{"send", "wait", "exit", "start"} }

func wayPath(list string, i int) string { return list + "." + strconv.Itoa(i) }
