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
		add := func(words string) {
			d.add(Alteration{What: "message", Message: message, Words: name + words})
		}
		switch {
		case !had:
			add(" is new")
		case !has:
			add(" is taken out")
		case was != is:
			for _, words := range textChanges(was, is) {
				add(": " + words)
			}
		}
	}
}

// messageOf names a template file: "message `we-miss-you` (fr, text)".
func messageOf(file string) (message, name string) {
	base, kind, _ := cutLast(file, ".")
	message, locale, _ := strings.Cut(base, ".")
	var about []string
	if locale != "" {
		about = append(about, locale)
	}
	if kind == "txt" {
		about = append(about, "text part")
	}
	name = "message `" + message + "`"
	if len(about) > 0 {
		name += " (" + strings.Join(about, ", ") + ")"
	}
	return message, name
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func textChanges(was, is string) (out []string) {
	oldHead, oldBody := cutHead(was)
	newHead, newBody := cutHead(is)
	names := maps.Clone(oldHead)
	maps.Copy(names, newHead)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := oldHead[name], newHead[name]
		switch label := strings.ReplaceAll(name, "_", " "); {
		case a == b:
		case a == "":
			out = append(out, label+" “"+b+"” is new")
		case b == "":
			out = append(out, label+" “"+a+"” is taken out")
		default:
			out = append(out, label+" “"+b+"” instead of “"+a+"”")
		}
	}
	if strings.Join(strings.Fields(oldBody), " ") != strings.Join(strings.Fields(newBody), " ") {
		out = append(out, "its text changed")
	}
	if len(out) == 0 {
		out = append(out, "only blanks changed")
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
