package graph

import (
	"fmt"
	"strconv"
	"strings"

	"perennial/journey"
)

// Mermaid writes the journey as a Mermaid flowchart, for README files and wikis that draw it.
func Mermaid(def *journey.Definition) string {
	p := Layout(def)
	names := map[string]string{}
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: %s\n---\nflowchart TD\n", strconv.Quote(p.Title))
	for i, bx := range p.Boxes {
		names[bx.ID] = "s" + strconv.Itoa(i)
		text := quoted(bx.What)
		if bx.More != "" {
			text += "<br><small>" + quoted(bx.More) + "</small>"
		}
		open, end := shape(bx.Kind)
		fmt.Fprintf(&b, "  %s%s\"%s\"%s\n", names[bx.ID], open, text, end)
	}
	for _, e := range p.Edges {
		arrow := " --> "
		if e.Label != "" {
			arrow = " -->|\"" + quoted(e.Label) + "\"| "
		}
		fmt.Fprintf(&b, "  %s%s%s\n", names[e.From], arrow, names[e.To])
	}
	return b.String()
}

// shape is how Mermaid brackets a box of that kind.
func shape(kind string) (open, end string) {
	switch kind {
	case KindEnter, KindEnd, string(journey.StepExit):
		return "([", "])"
	case KindRule, KindGoal:
		return "[/", "/]"
	case string(journey.StepBranch), string(journey.StepSplit):
		return "{{", "}}"
	}
	return "[", "]"
}

// quoted writes what Mermaid would read as its own signs as entities.
func quoted(text string) string {
	return strings.NewReplacer("&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "#", "#35;").Replace(text)
}
