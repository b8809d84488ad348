package journey

import (
	"maps"
	"slices"
	"strings"
)

// messages compares templates, by what a reader notices: the lines of the header one by one, then the text.
func (d *diff) messages(from, to map[string]string) {
	names := maps.Clone(from)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, to)
	for _, file := range slices.Sorted(maps.Keys(names)) {
		was, had := from[file]
		is, has := to[file]
		message, name := messageOf(file)
		add := func(words Phrase) {
			words.Form, words.Values = name.Form+words.Form, append(slices.Clone(name.Values), words.Values...)
			d.add(Alteration{What: "message", Message: message, Words: words})
		}
		switch {
		case !had:
			add(say(" is new"))
		case !has:
			add(say(" is taken out"))
		case was != is:
			for _, words := range textChanges(was, is) {
				add(words)
			}
		}
	}
}

// messageOf names a template file: "message `we-miss-you` (fr, text part)".
func messageOf(file string) (message string, name Phrase) {
	base, kind, _ := cutLast(file, ".")
	message, locale, _ := strings.Cut(base, ".")
	about := written(locale)
	if kind == "txt" {
		about = sentences(about, say("text part"))
	}
	if about.Empty() {
		return message, say("message `%s`", message)
	}
	return message, say("message `%s` (%s)", message, about)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func textChanges(was, is string) (out []Phrase) {
	oldHead, oldBody := cutHead(was)
	newHead, newBody := cutHead(is)
	names := maps.Clone(oldHead)
	maps.Copy(names, newHead)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := oldHead[name], newHead[name]
		switch label := say(strings.ReplaceAll(name, "_", " ")); {
		case a == b:
		case a == "":
			out = append(out, say(": %s “%s” is new", label, b))
		case b == "":
			out = append(out, say(": %s “%s” is taken out", label, a))
		default:
			out = append(out, say(": %s “%s” instead of “%s”", label, b, a))
		}
	}
	if strings.Join(strings.Fields(oldBody), " ") != strings.Join(strings.Fields(newBody), " ") {
		out = append(out, say(": its text changed"))
	}
	if len(out) == 0 {
		out = append(out, say(": only blanks changed"))
	}
	return out
}

// cutHead takes the header lines `name: value` between two `---` off a template.
func cutHead(text string) (head map[string]string, body string) {
	head = map[string]string{}
	rest, opened := strings.CutPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "---\n")
	lines, body, closed := strings.Cut(rest, "\n---\n")
	if !opened || !closed {
		return head, text
	}
	for line := range strings.Lines(lines) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			head[name] = strings.TrimSpace(value)
		}
	}
	return head, body
}
