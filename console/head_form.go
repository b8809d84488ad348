package console

import "slices"

// headForms are the forms for what stands above the steps of a journey, in the order in which they are offered.
func headForms() []stepForm {
	name := func(path, list, says string, need bool) stepField {
		return stepField{Path: path, Kind: "text", List: list, Says: says, Need: need}
	}
	span := func(path, says string, need bool) stepField {
		return stepField{Path: path, Kind: "duration", Says: says, Need: need}
	}
	number := func(path, says string) stepField { return stepField{Path: path, Kind: "number", Says: says} }
	clock := func(path, says string) stepField { return stepField{Path: path, Kind: "time", Says: says} }
	return []stepForm{
		{Key: "about", Fields: []stepField{name("name", "", "journey_name", true), name("topic", "topics", "journey_topic", true), name("why", "", "why", false),
			{Path: "locales", Kind: "words", Inner: "why", Says: "why_in", Key: "why"},
			name("group", "", "group", false), number("priority", "priority")}},
		{Key: "enter", Fields: []stepField{triggers(), {Path: "enter.if", Kind: "condition", Says: "enter_if"},
			name("enter.each.in", "", "each_in", false), name("enter.each.as", "", "each_as", false), name("enter.each.unique", "", "each_unique", false)}},
		{Key: "reentry", Fields: []stepField{{Path: "reentry", Kind: "either", Either: []variant{
			{Key: "unsaid"}, {Key: "never", Word: "never"}, {Key: "always", Word: "always"},
			{Key: "after", Fields: []stepField{span("reentry.after", "reentry_after", true)}},
			{Key: "per", Fields: []stepField{{Path: "reentry.per", Kind: "list", Says: "reentry_per", Need: true, Lone: true},
				{Path: "reentry.meanwhile", Kind: "choice", Words: []string{"", "ignore", "update", "restart"}}}},
		}}}},
		{Key: "exit", Ways: "exit", Way: []stepField{ends("", "exit_as")}, Add: []stepField{{Path: "then.0", Kind: "first", Says: "last"}}},
		{Key: "goal", Fields: []stepField{goals()}},
		{Key: "sending", Fields: []stepField{clock("send_window.from", "window_from"), clock("send_window.to", "window_to"), {Path: "send_window.days", Kind: "days"},
			number("cap.messages", "cap_messages"), span("cap.per", "cap_per", false), {Path: "cap.over", Kind: "choice", Says: "cap_over", Words: []string{"", "hold", "reschedule", "drop"}},
			number("holdout", "holdout")}},
	}
}

func headFormOf(key string) (stepForm, bool) {
	all := headForms()
	i := slices.IndexFunc(all, func(f stepForm) bool { return f.Key == key })
	if i < 0 {
		return stepForm{}, false
	}
	return all[i], true
}

// triggers are what can make a customer enter.
func triggers() stepField {
	at := func(path, kind, list, says string, need bool) stepField {
		return stepField{Path: "enter.when." + path, Kind: kind, List: list, Says: says, Need: need}
	}
	return stepField{Path: "enter.when", Kind: "either", Says: "trigger", Either: []variant{
		{Key: "event", Fields: []stepField{at("event", "text", "events", "", true)}},
		{Key: "inactive", Fields: []stepField{at("inactive.event", "text", "events", "inactive_event", true), at("inactive.for", "duration", "", "inactive_for", true)}},
		{Key: "segment", Fields: []stepField{at("segment", "text", "segments", "trigger_segment", true), at("leaves", "yes", "", "leaves", false)}},
		{Key: "becomes", Fields: []stepField{at("attribute", "text", "attributes", "trigger_attribute", true), at("becomes", "value", "", "becomes", true)}},
		{Key: "date", Fields: []stepField{at("date.attribute", "text", "attributes", "date_attribute", true), at("date.offset", "duration", "", "offset", false),
			at("date.at", "time", "", "", false), at("date.yearly", "yes", "", "yearly", false)}},
		{Key: "schedule", Fields: []stepField{at("schedule.cron", "text", "", "cron", true), at("schedule.zone", "text", "", "zone", false), at("schedule.segment", "text", "segments", "audience", false)}},
		{Key: "once", Fields: []stepField{at("once.at", "moment", "", "once_at", true), at("once.zone", "text", "", "zone", false), at("once.segment", "text", "segments", "audience", false)}},
		{Key: "api", Word: "api"},
	}}
}

// ends asks for an event or a condition that ends a journey, or reaches its goal.
func ends(path, as string, more ...stepField) stepField {
	at := func(key, kind, list, says string, need bool) stepField {
		return stepField{Path: joinPath(path, key), Kind: kind, List: list, Says: says, Need: need}
	}
	return stepField{Path: path, Kind: "either", Says: "ends", Either: []variant{
		{Key: "event", Fields: slices.Concat([]stepField{at("event", "text", "events", "", true), at("where", "where", "", "", false), at("match", "text", "", "", false),
			{Path: joinPath(path, "by"), Kind: "yes", Words: []string{"account"}}}, more, []stepField{at("as", "text", "", as, false)})},
		{Key: "condition", Fields: slices.Concat([]stepField{at("if", "condition", "", "", true), at("for", "duration", "", "holds_for", false)}, more,
			[]stepField{at("as", "text", "", as, false)})},
	}}
}

// goals are ways in which a journey reaches its goal, or none.
func goals() stepField {
	f := ends("goal", "goal_as", stepField{Path: "goal.within", Kind: "duration", Says: "goal_within"}, stepField{Path: "goal.exit", Kind: "yes", Says: "goal_exit"})
	f.Says = "goal"
	event := &f.Either[0]
	event.Fields = slices.Insert(event.Fields, 1, stepField{Path: "goal.value", Kind: "text", Says: "goal_value"})
	f.Either = append([]variant{{Key: "unsaid"}}, f.Either...)
	return f
}
