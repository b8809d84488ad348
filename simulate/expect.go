package simulate

import (
	"strings"

	"perennial/journey"
)

// Expecting replaces what a scenario file expects, which is the end of it.
func Expecting(source string, lines []string) string {
	before, _, _ := strings.Cut(strings.TrimRight(source, "\n"), "\nexpect:")
	var b strings.Builder
	b.WriteString(before + "\nexpect:\n")
	for _, l := range lines {
		b.WriteString("  - " + scalar(l) + "\n")
	}
	return b.String()
}

// scalar writes a plain one where YAML allows it.
func scalar(s string) string {
	if !strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasPrefix(s, "#") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// Untaken names the ways out of steps that none of the timelines takes, in the order of the file.
func Untaken(def *journey.Definition, timelines []Timeline) []journey.SimulatedWay {
	s := newSums(def)
	for _, t := range timelines {
		s.add(t)
	}
	return s.result(def).Untaken
}
