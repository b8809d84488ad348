package api

import (
	"encoding/json"
	"iter"
	"strings"
	"time"

	"perennial/journey"
)

// readPlain reads the event that nearly all are: a track whose fields are known and whose JSON can be kept as it came, so that it need
// not become maps and be written again. False leaves the event to readMessage, which knows all the rest and says what is wrong: about a
// plain event it says the same. The JSON is sound.
func (s *server) readPlain(raw, kind string, around *surroundings) (journey.WrittenEvent, bool) {
	var none journey.WrittenEvent
	var m plainMessage
	for name, value := range members(raw) {
		if !m.take(name, value) {
			return none, false
		}
	}
	if kind == "" {
		kind = m.Type
	}
	if kind != journey.KindTrack || len(raw) > maxEvent {
		return none, false
	}
	if around != nil && m.SentAt == nil {
		m.SentAt = around.sentAt
	}
	if around != nil && m.context == "" && around.context != nil {
		return none, false
	}
	now := s.Clock.Now()
	e := journey.WrittenEvent{PropertiesJSON: orEmpty(m.properties), ContextJSON: orEmpty(m.context), Event: journey.Event{MessageID: m.MessageID,
		Kind: kind, UserID: m.UserID, AnonymousID: m.AnonymousID, Name: m.Event, ReceivedAt: now, At: m.happened(now)}}
	return e, len(m.faults(kind)) == 0 && len(s.timeFaults(&e.Event)) == 0
}

// plainMessage is a message whose objects are left as they came; "" are not there.
type plainMessage struct {
	message
	properties, context string
}

// take notes a field, and says false where it is not plain.
func (m *plainMessage) take(name, value string) bool {
	switch name {
	case "type":
		return takeText(&m.Type, value)
	case "messageId":
		return takeText(&m.MessageID, value)
	case "userId":
		return takeText(&m.UserID, value)
	case "anonymousId":
		return takeText(&m.AnonymousID, value)
	case "event":
		return takeText(&m.Event, value)
	case "properties":
		return takeObject(&m.properties, value)
	case "context": // what is looked for in it is found by readMessage
		return takeObject(&m.context, value) && !strings.Contains(value, `"ip"`) && !strings.Contains(value, `"historical"`)
	case "timestamp":
		return takeTime(&m.Timestamp, value)
	case "originalTimestamp":
		return takeTime(&m.OriginalTimestamp, value)
	case "sentAt":
		return takeTime(&m.SentAt, value)
	}
	return asides[name]
}

func takeText(to *string, value string) bool {
	if value[0] != '"' || strings.IndexByte(value, '\\') >= 0 {
		return false
	}
	*to = value[1 : len(value)-1]
	return true
}

func takeTime(to **time.Time, value string) bool {
	var at time.Time
	if value[0] != '"' || at.UnmarshalJSON([]byte(value)) != nil {
		return false
	}
	*to = &at
	return true
}

func takeObject(to *string, value string) bool {
	first := *to == ""
	*to = value
	return first && isPlainObject(value)
}

func orEmpty(object string) string {
	if object == "" {
		return "{}"
	}
	return object
}

// isPlainObject says whether value is an object that Postgres keeps just as it keeps what becomes of it when it is decoded and encoded: no
// escapes that it could refuse, and no number that would be written otherwise.
func isPlainObject(value string) bool {
	if value[0] != '{' || strings.Contains(value, `\u`) {
		return false
	}
	for i := 0; i < len(value); {
		switch c := value[i]; {
		case c == '"':
			i = textEnd(value, i)
		case c == '-' || c >= '0' && c <= '9':
			end := valueEnd(value, i)
			if !isPlainNumber(value[i:end]) {
				return false
			}
			i = end
		default:
			i++
		}
	}
	return true
}

// isPlainNumber says whether a number has few enough digits to be itself as a float64, and is written as encoding/json writes it.
func isPlainNumber(text string) bool {
	const exact = 15
	return len(text) <= exact && !strings.ContainsAny(text, "eE") && text != "-0" && (strings.IndexByte(text, '.') < 0 || text[len(text)-1] != '0')
}

// splitBatch takes a batch apart without reading its events. False: it is no sound JSON, or not what batches look like.
func splitBatch(body []byte) (b batch, ok bool) {
	text := string(body)
	if soundText(body) != nil || !isJSON(text) {
		return b, false
	}
	for name, value := range members(text) {
		switch {
		case name == "batch" && value[0] == '[' && b.Events == nil:
			for event := range elements(value) {
				b.Events = append(b.Events, event)
			}
		case name == "context" && value[0] == '{' && b.Context == nil:
			if json.Unmarshal([]byte(value), &b.Context) != nil {
				return b, false
			}
		case name == "sentAt" && takeTime(&b.SentAt, value):
		case !asides[name]:
			return b, false
		}
	}
	return b, b.Events != nil
}

// members gives the members of an object, names and values as they stand in the text, names without their quotes; none of anything else.
// It takes sound JSON.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		i := space(object, 0)
		if i == len(object) || object[i] != '{' {
			return
		}
		for i = space(object, i+1); object[i] == '"'; i = space(object, i+1) {
			end := textEnd(object, i)
			name := object[i+1 : end-1]
			i = space(object, space(object, end)+1) // behind the colon
			end = valueEnd(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			if i = space(object, end); object[i] != ',' {
				return
			}
		}
	}
}

// elements gives the elements of an array, as they stand in the text. It takes sound JSON.
func elements(array string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := space(array, 1); array[i] != ']'; i = space(array, i+1) {
			end := valueEnd(array, i)
			if !yield(array[i:end]) {
				return
			}
			if i = space(array, end); array[i] != ',' {
				return
			}
		}
	}
}

// space is the place of the first byte at or after i that is no white space.
func space(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
		i++
	}
	return i
}

// valueEnd is the place behind the value that begins at i.
func valueEnd(text string, i int) int {
	switch text[i] {
	case '"':
		return textEnd(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = textEnd(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
	}
	for i < len(text) && strings.IndexByte(",]} \n\r\t", text[i]) < 0 {
		i++
	}
	return i
}

// textEnd is the place behind the text whose opening quote is at i.
func textEnd(text string, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}
