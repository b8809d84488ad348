package journey

import "encoding/json"

// EventOutcome is what an event did, and why nothing.
type EventOutcome struct {
	Entered []string         `json:"entered"` // enr_…
	Woke    []string         `json:"woke"`    // enr_…
	Changed []string         `json:"changed"` // attributes; consent:topic
	Ignored []IgnoredTrigger `json:"ignored"`
	Reason  string           `json:"reason"` // why the event as a whole did nothing: historical, nobody
	Error   string           `json:"error"`  // code, of an event that could not be applied
}

// IgnoredTrigger is a journey whose trigger the event was, and which she did not enter.
type IgnoredTrigger struct {
	Journey string `json:"journey"`
	Reason  string `json:"reason"`
}

// ReadOutcome reads the outcome of an EventView. What is not one reads as empty.
func ReadOutcome(outcome any) EventOutcome {
	var o EventOutcome
	raw, err := json.Marshal(outcome)
	if err != nil {
		return o
	}
	_ = json.Unmarshal(raw, &o)
	return o
}

// OutcomeWords says what an event did, and of each journey that looked at it why nothing, in sentences. Journeys are the keys by
// enrollment.
func OutcomeWords(e EventView, o EventOutcome, journeys map[string]string) []string {
	name := func(enrollment string) string { return or(journeys[enrollment], "a journey") + " (" + enrollment + ")" }
	var words []string
	switch {
	case e.AppliedAt == nil:
		return []string{"accepted, and not applied yet"}
	case o.Error != "":
		return []string{"could not be applied (" + o.Error + "): it is stored, and has no effect"}
	case o.Reason == "nobody":
		return []string{"did nothing: the customer that it names does not exist, or was erased"}
	case o.Reason == "historical":
		words = append(words, "triggered nothing: it is history, marked so or over 30 days old when it came in")
	}
	for _, id := range o.Entered {
		words = append(words, "she entered "+name(id))
	}
	for _, i := range o.Ignored {
		words = append(words, "she did not enter "+i.Journey+": "+EntryWords(i.Reason))
	}
	for _, id := range o.Woke {
		words = append(words, "woke "+name(id)+", which listens to it")
	}
	for _, what := range o.Changed {
		words = append(words, "changed "+what)
	}
	if o.Reason == "" && len(o.Entered)+len(o.Ignored) == 0 {
		what := e.Name
		if what == "" {
			what = e.Kind
		}
		words = append(words, "no live journey starts with "+what)
	}
	return words
}

// EntryWords says why a customer did not enter a journey.
func EntryWords(reason string) string {
	switch reason {
	case NoEntryFilter:
		return "its condition for entering did not hold"
	case NoEntryProperty:
		return "a property that tells its enrollments apart is missing"
	case NoEntryActive:
		return "she is in it"
	case NoEntryReentry:
		return "she has been in it, and it does not let her in again yet"
	case NoEntryGroup:
		return "she is in another journey of its group whose priority is as high"
	case NoEntryItems:
		return "the event has no list to make enrollments of"
	case "unreadable":
		return "this program cannot read its version; a newer one published it"
	}
	return reason
}
