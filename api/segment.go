package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"perennial/intake"
	"perennial/journey"
)

// Bounds of the intake, in bytes, and in time around the moment at which an event comes in.
const (
	maxEvent    = 32 << 10
	maxBatch    = 500 << 10
	maxAhead    = 24 * time.Hour
	maxLive     = 30 * 24 * time.Hour
	maxName     = 200
	maxCallerID = 256
)

// message is one event in Segment's shape. What we do not know is kept, in the context.
type message struct {
	Type              string         `json:"type"`
	MessageID         string         `json:"messageId"`
	UserID            string         `json:"userId"`
	AnonymousID       string         `json:"anonymousId"`
	PreviousID        string         `json:"previousId"`
	GroupID           string         `json:"groupId"`
	Event             string         `json:"event"`
	Name              string         `json:"name"`     // of page and screen
	Category          string         `json:"category"` // of page and screen
	Properties        map[string]any `json:"properties"`
	Traits            map[string]any `json:"traits"`
	Context           map[string]any `json:"context"`
	Timestamp         *time.Time     `json:"timestamp"`
	OriginalTimestamp *time.Time     `json:"originalTimestamp"`
	SentAt            *time.Time     `json:"sentAt"`
}

// known are the fields of a message that are read.
var known = map[string]bool{
	"type": true, "messageId": true, "userId": true, "anonymousId": true, "previousId": true, "groupId": true, "event": true, "name": true, "category": true,
	"properties": true, "traits": true, "context": true, "timestamp": true, "originalTimestamp": true, "sentAt": true,
}

// asides are the fields that clients send and that say nothing about the customer.
var asides = map[string]bool{
	"receivedAt": true, "integrations": true, "writeKey": true, "channel": true, "version": true, "options": true, "_metadata": true,
}

// taken is the answer to one event.
type taken struct {
	Index     int    `json:"index"`
	ID        string `json:"id"`
	MessageID string `json:"messageId"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

// refusedEvent is one event of a batch that was not taken, and why.
type refusedEvent struct {
	Index     int              `json:"index"`
	MessageID string           `json:"messageId,omitempty"`
	Detail    string           `json:"detail"`
	Problems  journey.Problems `json:"problems,omitempty"`
}

// ingestOne takes one event of the kind that its path names.
func ingestOne(kind string) endpoint {
	return func(ctx context.Context, s *server, r *request) (any, error) {
		if len(r.Body) > maxEvent {
			return nil, journey.Faultf(journey.CodeTooLarge, "the event is over %d KiB", maxEvent>>10)
		}
		text := string(r.Body)
		e, err := s.readEvent(text, soundText(r.Body) == nil && isJSON(text), kind, nil)
		if err != nil {
			return nil, err
		}
		accepted, err := s.Read.AppendWritten(ctx, []journey.WrittenEvent{e})
		if err != nil {
			return nil, err
		}
		s.count(accepted, 0)
		if accepted[0].Conflict {
			return nil, conflicting(e.MessageID)
		}
		status := http.StatusAccepted
		if accepted[0].Duplicate {
			status = http.StatusOK
		}
		return answer{status: status, body: takenOf(0, e.MessageID, accepted[0])}, nil
	}
}

func takenOf(index int, messageID string, a journey.Acceptance) taken {
	t := taken{Index: index, ID: a.EventID, MessageID: messageID, Duplicate: a.Duplicate}
	if t.MessageID == "" {
		t.MessageID = a.EventID
	}
	return t
}

func conflicting(messageID string) *journey.Fault {
	return &journey.Fault{Code: journey.CodeInvalid, Message: "the event was not taken", Problems: journey.Problems{{Path: "messageId",
		Message: "another event came with the messageId " + messageID, Mend: "give every event an id of its own"}}}
}

// ingestBatch takes what it can of a batch, in one transaction, and names the rest by its index. It is 422 when nothing of it
// could be taken.
func ingestBatch(ctx context.Context, s *server, r *request) (any, error) {
	if len(r.Body) > maxBatch {
		return nil, journey.Faultf(journey.CodeTooLarge, "the batch is over %d KiB", maxBatch>>10)
	}
	all, sound := splitBatch(r.Body)
	if !sound {
		var err error
		if all, err = readBatch(r.Body); err != nil {
			return nil, err
		}
	}
	if len(all.Events) == 0 {
		return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "the batch is empty", Problems: journey.Problems{{Path: "batch", Message: "holds no event", Mend: "send at least one"}}}
	}
	events := make([]journey.WrittenEvent, 0, len(all.Events))
	indexes := make([]int, 0, len(all.Events))
	out := batchAnswer{Accepted: make([]taken, 0, len(all.Events)), Rejected: []refusedEvent{}}
	for i, raw := range all.Events {
		e, err := s.readEvent(raw, sound, "", &surroundings{all.Context, all.SentAt})
		if err != nil {
			out.reject(i, e.MessageID, err)
			continue
		}
		events, indexes = append(events, e), append(indexes, i)
	}
	accepted, err := s.Read.AppendWritten(ctx, events)
	if err != nil {
		return nil, err
	}
	for n, a := range accepted {
		if id := events[n].MessageID; a.Conflict {
			out.reject(indexes[n], id, conflicting(id))
		} else {
			out.Accepted = append(out.Accepted, takenOf(indexes[n], id, a))
		}
	}
	s.count(accepted, len(all.Events)-len(events))
	return out.answer()
}

// batch is a body of /v1/batch, its events not read yet.
type batch struct {
	Events  []string
	Context map[string]any
	SentAt  *time.Time
}

// readBatch reads a batch, or says what is wrong with it.
func readBatch(body []byte) (batch, error) {
	var in struct {
		Batch   []json.RawMessage `json:"batch"`
		Context map[string]any    `json:"context"`
		SentAt  *time.Time        `json:"sentAt"`
	}
	if err := decodeOpen(body, &in); err != nil {
		return batch{}, err
	}
	b := batch{Context: in.Context, SentAt: in.SentAt}
	for _, raw := range in.Batch {
		b.Events = append(b.Events, string(raw))
	}
	return b, nil
}

// batchAnswer says what became of each event of a batch.
type batchAnswer struct {
	Accepted []taken        `json:"accepted"`
	Rejected []refusedEvent `json:"rejected"`
}

func (b *batchAnswer) reject(index int, messageID string, err error) {
	r := refusedEvent{Index: index, MessageID: messageID, Detail: err.Error()}
	var fault *journey.Fault
	if errors.As(err, &fault) {
		r.Detail, r.Problems = fault.Message, fault.Problems
	}
	b.Rejected = append(b.Rejected, r)
}

func (b *batchAnswer) answer() (any, error) {
	if len(b.Accepted) == 0 {
		var all journey.Problems
		for _, r := range b.Rejected {
			for _, p := range append(r.Problems, journey.Problem{Message: r.Detail})[:max(1, len(r.Problems))] {
				p.Path = fmt.Sprintf("batch[%d].%s", r.Index, p.Path)
				all = append(all, p)
			}
		}
		return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "no event of the batch could be taken", Problems: all}
	}
	status := http.StatusOK
	for _, t := range b.Accepted {
		if !t.Duplicate {
			status = http.StatusAccepted
		}
	}
	return answer{status: status, body: b}, nil
}

func (s *server) count(accepted []journey.Acceptance, refused int) {
	duplicate, taken := 0, 0
	for _, a := range accepted {
		switch {
		case a.Conflict:
			refused++
		case a.Duplicate:
			duplicate++
		default:
			taken++
		}
	}
	s.figures.events.WithLabelValues("rejected").Add(float64(refused))
	s.figures.events.WithLabelValues("duplicate").Add(float64(duplicate))
	s.figures.events.WithLabelValues("accepted").Add(float64(taken))
}

// surroundings are what a batch says for all its events.
type surroundings struct {
	context map[string]any
	sentAt  *time.Time
}

// readEvent reads one event and writes down what is kept of it. Sound: the JSON is known to be so. The rest is as with readMessage.
func (s *server) readEvent(raw string, sound bool, kind string, around *surroundings) (journey.WrittenEvent, error) {
	if sound {
		if e, plain := s.readPlain(raw, kind, around); plain {
			return e, nil
		}
	}
	e, err := s.readMessage([]byte(raw), kind, around)
	if err != nil {
		return journey.WrittenEvent{Event: e}, err
	}
	return e.Written()
}

// readMessage reads one event. The kind is that of the path; "" is that of its own type. On a fault the event still carries its
// message id where one could be read.
func (s *server) readMessage(raw []byte, kind string, around *surroundings) (journey.Event, error) {
	if len(raw) > maxEvent {
		return journey.Event{}, journey.Faultf(journey.CodeTooLarge, "the event is over %d KiB", maxEvent>>10)
	}
	var m message
	if err := decodeOpen(raw, &m); err != nil {
		return journey.Event{}, err
	}
	if kind == "" {
		kind = m.Type
	}
	if around != nil && m.SentAt == nil {
		m.SentAt = around.sentAt
	}
	now := s.Clock.Now()
	e := journey.Event{MessageID: m.MessageID, Kind: kind, UserID: m.UserID, AnonymousID: m.AnonymousID, ReceivedAt: now,
		At: m.happened(now), Context: m.Context}
	if around != nil && e.Context == nil {
		e.Context = around.context
	}
	delete(e.Context, "ip") // where she was, to the house number nearly; nothing here needs it
	e.Context = withUnknown(e.Context, raw)
	m.fill(&e)
	if problems := append(m.faults(kind), s.timeFaults(&e)...); len(problems) > 0 {
		return e, &journey.Fault{Code: journey.CodeInvalid, Message: "the event cannot be taken", Problems: problems}
	}
	return e, nil
}

// happened is the moment of the event by our clock: the caller's own may be wrong, and sentAt shows by how much.
func (m *message) happened(now time.Time) time.Time {
	at := m.Timestamp
	if m.OriginalTimestamp != nil {
		at = m.OriginalTimestamp
	}
	switch {
	case at == nil:
		return now
	case m.SentAt != nil:
		return now.Add(at.Sub(*m.SentAt))
	}
	return at.UTC()
}

// fill puts what each kind says where the product looks for it.
func (m *message) fill(e *journey.Event) {
	switch e.Kind {
	case journey.KindTrack:
		e.Name, e.Properties = m.Event, m.Properties
	case journey.KindPage:
		e.Name, e.Properties = journey.EventPageViewed, m.seen()
	case journey.KindScreen:
		e.Name, e.Properties = journey.EventScreenViewed, m.seen()
	case journey.KindIdentify:
		e.Properties = m.Traits
	case journey.KindGroup:
		e.Properties = map[string]any{"group_id": m.GroupID, "traits": m.Traits}
	case journey.KindAlias:
		e.Properties = map[string]any{"previous_id": m.PreviousID}
	}
}

// seen is what a page or a screen says of itself, with the name and the category that stand beside its properties.
func (m *message) seen() map[string]any {
	all := map[string]any{}
	maps.Copy(all, m.Properties)
	for name, value := range map[string]string{"name": m.Name, "category": m.Category} {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

func (m *message) faults(kind string) journey.Problems {
	var all journey.Problems
	add := func(path, message, mend string) {
		all = append(all, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	if m.UserID == "" && (m.AnonymousID == "" || kind == journey.KindAlias) {
		add("userId", "is missing", "say who did it: userId, or anonymousId while she is not known")
	}
	for _, id := range [...]struct{ path, text string }{{"userId", m.UserID}, {"anonymousId", m.AnonymousID}, {"messageId", m.MessageID},
		{"previousId", m.PreviousID}, {"groupId", m.GroupID}} {
		if len(id.text) > maxCallerID {
			add(id.path, fmt.Sprintf("is over %d bytes", maxCallerID), "use a shorter id")
		}
	}
	switch kind {
	case journey.KindTrack:
		if m.Event == "" || len(m.Event) > maxName {
			add("event", "is missing or over 200 bytes", `name what she did, e.g. "Order Completed"`)
		}
	case journey.KindIdentify:
		all = append(all, intake.CheckTraits(m.Traits)...)
	case journey.KindGroup:
		if m.GroupID == "" {
			add("groupId", "is missing", "send your own id of the account")
		}
	case journey.KindAlias:
		if m.PreviousID == "" {
			add("previousId", "is missing", "send the id by which she was known before")
		}
	case journey.KindPage, journey.KindScreen:
		if len(m.Name) > maxName || len(m.Category) > maxName {
			add("name", "name or category is over 200 bytes", "use a shorter one")
		}
	default:
		add("type", fmt.Sprintf("%q is no kind of event", kind), "send identify, track, page, screen, group or alias")
	}
	return all
}

// timeFaults refuses the far future, and marks the far past as history: it is stored and triggers nothing.
func (s *server) timeFaults(e *journey.Event) journey.Problems {
	if e.At.Sub(e.ReceivedAt) > maxAhead {
		return journey.Problems{{Path: "timestamp", Message: "lies more than 24 hours ahead", Mend: "send when it happened, in RFC 3339"}}
	}
	e.Historical = e.ReceivedAt.Sub(e.At) > maxLive
	return nil
}

// withUnknown keeps the fields that nobody reads here, under "other" in the context.
func withUnknown(context map[string]any, raw []byte) map[string]any {
	if !holdsUnknown(raw) {
		return context
	}
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil { // it was read as a message before
		return context
	}
	other := map[string]any{}
	for name, value := range fields {
		if !known[name] && !asides[name] {
			other[name] = value
		}
	}
	if len(other) == 0 {
		return context
	}
	with := map[string]any{"other": other}
	for name, value := range context {
		with[name] = value
	}
	return with
}

// holdsUnknown looks at the names of the object's own fields, without reading their values: most events have no others.
func holdsUnknown(raw []byte) bool {
	depth, name := 0, false
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
			name = depth == 1
		case '}', ']':
			depth--
		case ',':
			name = depth == 1
		case '"':
			begin := i + 1
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if field := raw[begin:min(i, len(raw))]; name && !known[string(field)] && !asides[string(field)] {
				return true
			}
			name = false
		}
	}
	return false
}

// decodeOpen is decode for Segment's shapes, which may hold more than we know.
func decodeOpen(raw []byte, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return malformed("", "the body is empty", "send a JSON object")
	}
	if err := soundText(raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return jsonFault(raw, err)
	}
	return nil
}
