package journey

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Longest texts, in characters.
const (
	maxName = 200
	maxText = 2000
)

// name reads a name or any other single line.
func (p *parser) name(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if !ok {
		return ""
	}
	switch {
	case strings.TrimSpace(text) != text:
		p.fault(n, what+" begins or ends with a blank", "take the blank out")
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.fault(n, what+" has a line break or a character that cannot be seen", "write it on one line")
	case utf8.RuneCountInString(text) > maxName:
		p.fault(n, fmt.Sprintf("%s is longer than %d characters", what, maxName), "shorten it")
	}
	return text
}

// text reads what may have several lines.
func (p *parser) text(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if ok && utf8.RuneCountInString(text) > maxText {
		p.fault(n, fmt.Sprintf("%s is longer than %d characters", what, maxText), "shorten it")
	}
	return text
}

func (p *parser) scalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		p.fault(n, fmt.Sprintf("%s is %s, not text", what, kindOf(n)), "write it as text")
	case n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "":
		p.fault(n, what+" is empty", "write it out, or leave it out")
	default:
		return n.Value, true
	}
	return "", false
}

// key reads the key of a journey, message, pool, topic, team or step.
func (p *parser) key(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if !ok {
		return ""
	}
	if IsKey(text) {
		return text
	}
	mend := "use small letters, digits and hyphens"
	if like := slug(text); like != "" {
		mend = fmt.Sprintf("write %q, for instance", like)
	}
	p.fault(n, fmt.Sprintf("%s %s is not a key: keys are small letters, digits and hyphens, at most 100", what, quote(text)), mend)
	return text
}

// IsKey says whether a text can be the key of a journey, message, pool, topic, team or endpoint.
func IsKey(s string) bool {
	return s != "" && len(s) <= 100 && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// alias reads the name that an `as` gives; conditions and templates use it.
func (p *parser) alias(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if ok && (!IsKey(strings.ReplaceAll(text, "_", "-")) || text[0] == '_') {
		p.fault(n, fmt.Sprintf("%s %s is not a name: use small letters, digits, hyphens and underscores", what, quote(text)),
			"write `as: offer`, for instance")
	}
	return text
}

func (p *parser) duration(n *yaml.Node, what string) time.Duration {
	return p.span(n, what, ParseDuration, "write a number and a unit, such as 30m, 12h, 5d or 2w")
}

func (p *parser) offset(n *yaml.Node, what string) time.Duration {
	return p.span(n, what, parseOffset, "write -24h for a day before, 2h for two hours after")
}

func (p *parser) span(n *yaml.Node, what string, read func(string) (time.Duration, error), mend string) time.Duration {
	if n.Kind != yaml.ScalarNode {
		p.fault(n, fmt.Sprintf("%s is %s, not a duration", what, kindOf(n)), mend)
		return 0
	}
	d, err := read(n.Value)
	if err == nil {
		return d
	}
	message, how, _ := strings.Cut(err.Error(), ": ")
	p.fault(n, what+": "+message, how)
	return d
}

// word reads one of a few words.
func (p *parser) word(n *yaml.Node, what string, known ...string) string {
	text, ok := p.scalar(n, what)
	if ok && !slices.Contains(known, text) {
		p.fault(n, fmt.Sprintf("%s is %s", what, quote(text)), p.suggestion(text, known))
	}
	return text
}

func (p *parser) whole(n *yaml.Node, what string, least, most int) int {
	number, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || n.ShortTag() != "!!int" || number < least || number > most {
		p.fault(n, fmt.Sprintf("%s is not a whole number from %d to %d", what, least, most), "write the number without quotes or units")
		return least
	}
	return number
}

func (p *parser) boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		p.fault(n, what+" is neither true nor false", "write true or false")
	}
	return strings.EqualFold(n.Value, "true")
}

// list reads a list with something in it; it returns nil, reported, for anything else.
func (p *parser) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n.Kind != yaml.SequenceNode:
		p.fault(n, fmt.Sprintf("%s is %s, not a list", what, kindOf(n)), "begin each item with a hyphen, or write [ … ]")
		return nil
	case len(n.Content) == 0:
		p.fault(n, what+" is empty", "put something in, or leave it out")
	}
	return n.Content
}

// literal reads text, a number, true or false.
func (p *parser) literal(n *yaml.Node, what string) any {
	if n.Kind != yaml.ScalarNode {
		p.fault(n, fmt.Sprintf("%s is %s, not text, a number, true or false", what, kindOf(n)), "write one of these")
		return nil
	}
	switch n.ShortTag() {
	case "!!null":
		p.fault(n, what+" is empty", "write it out; for something that is not there, ask `missing: true`")
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		return p.number(n, what)
	}
	return n.Value
}

// number reads a number as JSON writes it. YAML has further forms, among them octal ones with a leading zero, which are
// mostly an article number that lacks its quotes.
func (p *parser) number(n *yaml.Node, what string) any {
	digits := strings.TrimPrefix(n.Value, "-")
	plain := digits != "" && digits[0] >= '0' && digits[0] <= '9' && strings.Trim(digits, "0123456789.eE+-") == "" &&
		(digits[0] != '0' || len(digits) == 1 || digits[1] < '0' || digits[1] > '9')
	if plain {
		if whole, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return whole
		}
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsInf(f, 0) {
			return f
		}
	}
	p.fault(n, fmt.Sprintf("%s: %s is not a plain number", what, quote(n.Value)),
		fmt.Sprintf("write %q with the quotes if it is text, or a decimal number", clip(n.Value)))
	return nil
}

// moment reads a literal time.
func (p *parser) moment(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if !ok {
		return ""
	}
	if _, _, read := momentOf(text, time.UTC); read {
		return text
	}
	p.fault(n, fmt.Sprintf("%s: %s is not a time", what, quote(text)), "write 2030-02-05T10:00:00Z, or 2030-02-05 for that day where she lives")
	return text
}

func (p *parser) minute(n *yaml.Node, what string) int {
	text, ok := p.scalar(n, what)
	minute, read := parseMinute(text)
	if ok && !read {
		p.fault(n, fmt.Sprintf("%s: %s is not a time of day", what, quote(text)), `write "09:30", on the 24-hour clock`)
	}
	return minute
}

// day reads a weekday by its first three letters; ok is false, reported, for anything else.
func (p *parser) day(n *yaml.Node, what string) (day time.Weekday, ok bool) {
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	text, ok := p.scalar(n, what)
	if !ok {
		return 0, false
	}
	i := slices.Index(days, text)
	if i < 0 {
		p.fault(n, fmt.Sprintf("%s is %s", what, quote(text)), p.suggestion(text[:min(3, len(text))], days))
	}
	return time.Weekday(max(0, i)), i >= 0
}

// kindOf names what a node is, for messages.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode && len(n.Content) == 0:
		return "empty"
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	}
	return quote(n.Value)
}

// quote shows a word of the file in a message, clipped and with nothing in it that could disturb a terminal.
func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// slug makes a key out of a text, at most 40 characters long and "" when nothing is left.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
