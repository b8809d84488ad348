package inbox

import (
	"slices"
	"strings"
)

// term is one condition of a search, in Mailpit's language: to:x, from:x, subject:"a b", cc:, bcc:, reply-to:,
// addressed:, message-id:, has:attachment, or a plain word. A leading - or ! turns it round.
type term struct {
	field, value string
	negated      bool
}

var fields = []string{"to", "from", "subject", "cc", "bcc", "reply-to", "addressed", "message-id", "has"}

func parseSearch(query string) []term {
	var terms []term
	for _, word := range splitQuoted(query) {
		t := term{value: strings.ToLower(word)}
		if rest := strings.TrimLeft(t.value, "-!"); rest != t.value && rest != "" {
			t.value, t.negated = rest, true
		}
		if field, value, found := strings.Cut(t.value, ":"); found && slices.Contains(fields, field) {
			t.field, t.value = field, value
		}
		if t.value != "" {
			terms = append(terms, t)
		}
	}
	return terms
}

// splitQuoted splits at spaces outside double quotes, and drops the quotes.
func splitQuoted(text string) []string {
	var all []string
	var word strings.Builder
	quoted := false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			all = append(all, word.String())
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	all = append(all, word.String())
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// bodiesSearched bounds the work of one search: plain words look into the bodies of so many messages, newest first.
const bodiesSearched = 5000

// Search returns what matches every term, newest first: one page, and how many there are.
func (s *store) Search(query string, start, limit int) (page []*entry, total int) {
	terms := parseSearch(query)
	all, _ := s.List(0, s.limit)
	bodies := bodiesSearched
	for _, e := range all {
		if !s.matches(e, terms, &bodies) {
			continue
		}
		if total >= start && len(page) < limit {
			page = append(page, e)
		}
		total++
	}
	return page, total
}

func (s *store) matches(e *entry, terms []term, bodies *int) bool {
	body := "" // read at most once, and only if a plain word is not found outside it
	for _, t := range terms {
		hit := e.has(t)
		if !hit && t.field == "has" && t.value == "attachment" {
			hit = s.Details(e).Attachments > 0
		}
		if !hit && t.field == "" {
			if body == "" && *bodies > 0 {
				*bodies--
				body = s.words(e)
			}
			hit = strings.Contains(body, t.value)
		}
		if hit == t.negated {
			return false
		}
	}
	return true
}

// has looks at what the index holds.
func (e *entry) has(t term) bool {
	from := []Address{e.From}
	switch t.field {
	case "to":
		return anyContains(t.value, e.To)
	case "from":
		return anyContains(t.value, from)
	case "cc":
		return anyContains(t.value, e.Cc)
	case "bcc":
		return anyContains(t.value, e.Bcc)
	case "reply-to":
		return anyContains(t.value, e.ReplyTo)
	case "addressed":
		return anyContains(t.value, from, e.To, e.Cc, e.Bcc, e.ReplyTo)
	case "message-id":
		return strings.Contains(strings.ToLower(e.MessageID), t.value)
	case "subject":
		return strings.Contains(strings.ToLower(e.Subject), t.value)
	case "":
		return strings.Contains(strings.ToLower(e.Subject), t.value) || anyContains(t.value, from, e.To, e.Cc, e.Bcc)
	}
	return false
}

func anyContains(value string, lists ...[]Address) bool {
	for _, list := range lists {
		for _, a := range list {
			if strings.Contains(strings.ToLower(a.Name+" "+a.Address), value) {
				return true
			}
		}
	}
	return false
}

func (s *store) words(e *entry) string {
	env, err := s.read(e)
	if err != nil {
		return " "
	}
	return strings.ToLower(env.Text + " " + env.HTML)
}
