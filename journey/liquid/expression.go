package liquid

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// gap is something that has no counterpart.
type gap struct{ message, mend string }

// expression is what an output becomes: the action, and the text that append and prepend put around it.
type expression struct{ text, before, after string }

// expression converts a value and its filters.
func (c *converter) expression(at int, source string) (expression, *gap) {
	parts := split(source, '|')
	var e expression
	var fault *gap
	if e.text, fault = c.operand(at, parts[0]); fault != nil {
		return e, fault
	}
	for i, part := range parts[1:] {
		name, arguments := filter(part)
		if name == "append" || name == "prepend" {
			text, quoted := literal(arguments)
			if !quoted || slices.ContainsFunc(parts[i+2:], func(p string) bool { n, _ := filter(p); return n != "append" && n != "prepend" }) {
				return e, &gap{"filter " + name + " has no counterpart here", "write the text beside the variable"}
			}
			if name == "append" {
				e.after += text
			} else {
				e.before = text + e.before
			}
			continue
		}
		text, fault := c.filter(at, name, arguments, parts[0])
		if fault != nil {
			return e, fault
		}
		if text != "" {
			e.text += " | " + text
		}
	}
	return e, nil
}

var filterPart = regexp.MustCompile(`(?s)^\s*([a-z_]+)\s*:?\s*(.*?)\s*$`)

// filter takes name: arguments apart.
func filter(part string) (name, arguments string) {
	found := filterPart.FindStringSubmatch(part)
	if found == nil {
		return strings.TrimSpace(part), ""
	}
	return found[1], found[2]
}

// filter converts one filter; "" is one that is not needed here.
func (c *converter) filter(at int, name, arguments, of string) (string, *gap) {
	switch name {
	case "default":
		value, fault := c.operand(at, first(arguments))
		return "default " + value, fault
	case "upcase", "upper":
		return "upper", nil
	case "downcase", "lower":
		return "lower", nil
	case "titleize", "title":
		return "title", nil
	case "capitalize", "capfirst":
		c.warn(at, "capitalize became title, which begins every word with a capital", "take it out where only the first should")
		return "title", nil
	case "size", "length":
		return "len", nil
	case "escape", "escape_once", "h", "safe", "raw", "force_escape":
		return "", nil // ours escapes by itself, and never twice
	case "strip", "lstrip", "rstrip", "trim", "strip_newlines", "squish", "strip_html", "striptags":
		c.warn(at, "filter "+name+" is left out", "see to it where the value is sent")
		return "", nil
	case "date", "format_date", "date_string":
		return date(strings.TrimSpace(of), arguments)
	case "lookup":
		return "", &gap{"filter lookup has no counterpart", "write customer.NAME, which must be one word"}
	case "money", "money_with_currency", "money_without_currency", "currency", "currency_format":
		return "", &gap{"filter " + name + " has no counterpart by itself", `say which currency: {{ money trigger.total "EUR" }}`}
	}
	return "", &gap{"filter " + name + " has no counterpart", "work it out where the value is sent"}
}

// first is the first of several arguments.
func first(arguments string) string { return split(arguments, ',')[0] }

// split cuts a text at a sign that stands outside of quotes.
func split(s string, sign byte) (parts []string) {
	from := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		switch {
		case quote != 0:
			if s[i] == quote {
				quote = 0
			}
		case s[i] == '"' || s[i] == '\'':
			quote = s[i]
		case s[i] == sign:
			parts = append(parts, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return append(parts, strings.TrimSpace(s[from:]))
}

// literal is the text between quotes.
func literal(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] || strings.IndexByte(s[1:len(s)-1], s[0]) >= 0 {
		return "", false
	}
	return s[1 : len(s)-1], true
}

var number = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// operand converts a literal or a name; what it returns can stand wherever an argument can.
func (c *converter) operand(at int, source string) (string, *gap) {
	source = strings.TrimSpace(source)
	if text, quoted := literal(source); quoted {
		return strconv.Quote(text), nil
	}
	switch source {
	case "":
		return "", &gap{"there is nothing to show", "name what you mean, such as customer.first_name"}
	case "true", "false":
		return source, nil
	case "nil", "null", "blank", "empty":
		return `""`, nil
	}
	if number.MatchString(source) {
		return source, nil
	}
	path, fault := parsePath(source)
	if fault != nil {
		return "", fault
	}
	length := len(path) > 1 && path[len(path)-1] == "size"
	if length {
		path = path[:len(path)-1]
	}
	text, fault := c.name(at, path)
	if length && fault == nil {
		text = "(len " + text + ")"
	}
	return text, fault
}

var (
	braze   = regexp.MustCompile(`\$\{\s*([^}]*?)\s*\}`)
	bracket = regexp.MustCompile(`\[\s*(?:"([^"]*)"|'([^']*)'|(\d+))\s*\]`)
	word    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// parsePath takes a.b["c"] apart, and ${a} of Braze.
func parsePath(source string) ([]string, *gap) {
	plain := braze.ReplaceAllStringFunc(source, func(s string) string { return strings.Trim(s, "${ }") })
	plain = bracket.ReplaceAllStringFunc(plain, func(s string) string { return "." + strings.Trim(s, `[]"' `) })
	path := strings.Split(strings.TrimPrefix(plain, "."), ".")
	for i, part := range path {
		switch {
		case word.MatchString(part):
		case i > 0 && number.MatchString(part), i > 0 && (part == "first" || part == "last"):
			return nil, &gap{"one item of a list has no counterpart: " + source, "go over the list: {{ range trigger.products }}"}
		case word.MatchString(strings.NewReplacer(" ", "_", "-", "_").Replace(part)):
			return nil, &gap{"a name is one word here: " + strconv.Quote(part), "send it as " + strings.NewReplacer(" ", "_", "-", "_").Replace(part) + ", and write that"}
		default:
			return nil, &gap{"this cannot be read: " + source, "write it in our language"}
		}
	}
	if i := slices.IndexFunc(path, func(p string) bool { return p == "first" || p == "last" }); i > 0 {
		return nil, &gap{"one item of a list has no counterpart: " + source, "go over the list: {{ range trigger.products }}"}
	}
	return path, nil
}
