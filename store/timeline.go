package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// The timeline is merged from four places: what she and the systems did (events), what journeys decided (step_log), what became
// of messages (the ledger, at the moments of the events that say so) and what people noted. Events of our own that only repeat one of the
// others are left out; a bounce that was reported later (it has a source) repeats nothing.
const (
	mailEvents = `('Message Sent', 'Message Dropped', 'Message Bounced')`
	repeated   = `('Journey Entered', 'Journey Exited', 'Goal Reached', 'Coupon Issued', 'Message Sent', 'Message Dropped', 'Message Bounced')`
)

// The four places, in the order in which one thing leads to another within the same moment.
const (
	sourceEvent = iota + 1
	sourceDecision
	sourceMessage
	sourceNote
)

// Columns of the four places; they read into a happening.
const (
	eventHappenings = `SELECT e.happened_at AS at, 1 AS source, lpad(e.seq::text, 20, '0') AS id, e.customer_id AS customer,
		'' AS journey, coalesce(e.properties->>'enrollment', '') AS enrollment, '' AS step, e.kind, e.name AS what, e.id AS ref,
		e.properties AS detail FROM events e`
	decisionHappenings = `SELECT l.at, 2, lpad(l.id::text, 20, '0'), l.customer_id, l.journey_key, l.enrollment_id, l.step,
		'', l.what, '', l.detail FROM step_log l`
	messageHappenings = `SELECT t.happened_at, 3, lpad(t.seq::text, 20, '0'), m.customer_id, m.journey_key, m.enrollment_id,
		m.step, '', m.state, m.id, ` + messageDetail + ` FROM events t JOIN messages m ON m.id = coalesce(t.properties->>'message_id', t.properties->>'message')`
	doubtHappenings = `SELECT m.not_before_at, 3, m.id, m.customer_id, m.journey_key, m.enrollment_id, m.step, '', m.state, m.id,
		` + messageDetail + ` FROM messages m`
	noteHappenings = `SELECT n.at, 4, n.id, n.customer_id, '', '', '', '', 'note', n.id, jsonb_build_object('by', n.by, 'text', n.text) FROM notes n`
	messageDetail  = `jsonb_build_object('subject', m.subject, 'template', m.template, 'reason', m.reason, 'topic', m.topic, 'reply', m.reply_text,
		'channel', m.channel, 'code', coalesce(m.reply_code, 0))`
)

// happening is one row of the merged timeline, before it is put into words.
type happening struct {
	At                                         time.Time
	Source                                     int
	ID                                         string
	Customer, Journey, Enrollment, Step        string
	Kind                                       string // of an event
	What, Ref                                  string
	Detail                                     map[string]any
	FirstName, LastName, Email, External, Zone string
}

// Timeline returns what happened to a customer, the newest first, as the filter narrows it.
func (s *Store) Timeline(ctx context.Context, customer string, f journey.TimelineFilter, r journey.PageRequest) (_ journey.Page[journey.TimelineEntry], err error) {
	defer wrap(&err, "reading the timeline of customer %s", customer)
	var none journey.Page[journey.TimelineEntry]
	from, err := openCursor(r.Cursor, 3)
	if err != nil {
		return none, err
	}
	if from == nil {
		from = []string{"", "0", ""}
	} else if _, err := time.Parse(time.RFC3339Nano, from[0]); err != nil {
		return none, badCursor()
	}
	source, err := strconv.Atoi(from[1])
	if err != nil || source < 0 || source > sourceNote {
		return none, badCursor()
	}
	rows, err := s.pool.Query(ctx, `
		SELECT h.*, c.first_name, c.last_name, c.email, coalesce(c.external_id, ''), c.timezone FROM (
			`+eventHappenings+` WHERE e.customer_id = $1 AND e.number IS NOT NULL AND NOT (e.kind = 'own' AND e.name IN `+repeated+` AND NOT e.properties ? 'source')
			UNION ALL `+decisionHappenings+` WHERE l.customer_id = $1
			UNION ALL `+messageHappenings+` WHERE t.customer_id = $1 AND t.number IS NOT NULL AND t.kind = 'own' AND t.name IN `+mailEvents+` AND NOT t.properties ? 'source'
			UNION ALL `+doubtHappenings+` WHERE m.customer_id = $1 AND m.state = 'unknown'
			UNION ALL `+noteHappenings+` WHERE n.customer_id = $1
		) h JOIN customers c ON c.id = h.customer
		WHERE ($2 = '' OR (h.at, h.source, h.id) < (nullif($2, '')::timestamptz, $3::int, $4)) AND ($6 = '' OR h.journey = $6)
			AND CASE $7 WHEN 'note' THEN h.source = 4 WHEN 'event' THEN h.source = 1 WHEN 'decision' THEN h.source = 2 WHEN 'message' THEN h.source = 3
				WHEN 'not_sent' THEN h.source = 2 AND h.what = 'not_sent' OR h.source = 3 AND h.what IN ('dropped', 'failed', 'unknown') ELSE true END
		ORDER BY h.at DESC, h.source DESC, h.id DESC LIMIT $5`, customer, from[0], source, from[2], r.Limit+1, f.Journey, f.Kind)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[happening])
	if err != nil {
		return none, err
	}
	read := page(list, r.Limit, func(h happening) string { return cursor(h.At.Format(time.RFC3339Nano), strconv.Itoa(h.Source), h.ID) })
	return journey.Page[journey.TimelineEntry]{Data: s.entries(read.Data), Next: read.Next}, nil
}

// Settling times of the timeline of everybody: what was written within the last second may still be joined by something
// earlier whose transaction is about to commit; an event that has not been applied for long is not waited for any more.
const (
	liveSettles  = time.Second
	liveGivesUp  = 10 * time.Second
	livePageMost = 500
)

// LiveTimeline returns what happened to everybody after the cursor, in the order in which it was written down, about a second
// of wall time behind. Next is always set: ask again with it. It is made for watching: what took longer than a second to commit
// may be missing here, and stands in the customer's own timeline.
func (s *Store) LiveTimeline(ctx context.Context, r journey.PageRequest) (_ journey.Page[journey.TimelineEntry], err error) {
	defer wrap(&err, "reading the timeline of everybody")
	var none journey.Page[journey.TimelineEntry]
	event, decision, err := liveCursor(r.Cursor)
	if err != nil {
		return none, err
	}
	limit := min(r.Limit, livePageMost)
	events, err := s.liveEvents(ctx, event, limit)
	if err != nil {
		return none, err
	}
	decisions, err := s.liveDecisions(ctx, decision, limit)
	if err != nil {
		return none, err
	}
	if len(events) > 0 {
		event = number(events[len(events)-1].ID)
	}
	if len(decisions) > 0 {
		decision = number(decisions[len(decisions)-1].ID)
	}
	next := cursor(strconv.FormatInt(event, 10), strconv.FormatInt(decision, 10))
	return journey.Page[journey.TimelineEntry]{Data: s.entries(inOrder(events, decisions)), Next: &next}, nil
}

func liveCursor(text string) (event, decision int64, err error) {
	parts, err := openCursor(text, 2)
	if err != nil || parts == nil {
		return 0, 0, err
	}
	event, err1 := strconv.ParseInt(parts[0], 10, 64)
	decision, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, badCursor()
	}
	return event, decision, nil
}

func number(padded string) int64 {
	n, _ := strconv.ParseInt(padded, 10, 64) // made by lpad of a bigint
	return n
}

// liveEvents reads events after a seq, up to the first that is too fresh or waits to be applied. The events of
// the ledger stand for their messages here, with what it says of them.
func (s *Store) liveEvents(ctx context.Context, after int64, limit int) ([]happening, error) {
	wall := s.clock.Wall()
	settled, stale := s.clock.ToProduct(wall.Add(-liveSettles)), s.clock.ToProduct(wall.Add(-liveGivesUp))
	rows, err := s.pool.Query(ctx, `
		SELECT h.at, CASE WHEN m.id IS NULL THEN h.source ELSE 3 END, h.id, coalesce(h.customer, ''), coalesce(m.journey_key, ''),
			h.enrollment, coalesce(m.step, ''), h.kind, CASE WHEN m.id IS NULL THEN h.what ELSE m.state END, coalesce(m.id, h.ref),
			CASE WHEN m.id IS NULL THEN h.detail ELSE `+messageDetail+` END,
			coalesce(c.first_name, ''), coalesce(c.last_name, ''), coalesce(c.email, ''), coalesce(c.external_id, ''), coalesce(c.timezone, '')
		FROM (`+eventHappenings+`
			WHERE e.seq > $1 AND e.seq < coalesce((SELECT min(seq) FROM events WHERE seq > $1
				AND (received_at > $2 OR applied_at IS NULL AND received_at > $3)), $1 + 1000000)
			AND `+notErasing+` AND NOT (e.kind = 'own' AND e.name IN `+repeated+` AND NOT e.properties ? 'source' AND NOT EXISTS (SELECT FROM messages WHERE id = coalesce(e.properties->>'message_id', e.properties->>'message')))
			ORDER BY e.seq LIMIT $4) h
		LEFT JOIN messages m ON h.kind = 'own' AND h.what IN `+mailEvents+` AND NOT h.detail ? 'source' AND m.id = coalesce(h.detail->>'message_id', h.detail->>'message')
		LEFT JOIN customers c ON c.id = h.customer ORDER BY h.id`, after, settled, stale, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[happening])
}

func (s *Store) liveDecisions(ctx context.Context, after int64, limit int) ([]happening, error) {
	settled := s.clock.ToProduct(s.clock.Wall().Add(-liveSettles))
	rows, err := s.pool.Query(ctx, `
		SELECT h.*, c.first_name, c.last_name, c.email, coalesce(c.external_id, ''), c.timezone
		FROM (`+decisionHappenings+` WHERE l.id > $1
			AND l.id < coalesce((SELECT min(id) FROM step_log WHERE id > $1 AND at > $2), $1 + 1000000) ORDER BY l.id LIMIT $3)
			h (at, source, id, customer, journey, enrollment, step, kind, what, ref, detail)
		JOIN customers c ON c.id = h.customer ORDER BY h.id`, after, settled, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[happening])
}

// inOrder merges two lists by their moments; each keeps its own order.
func inOrder(a, b []happening) []happening {
	out := make([]happening, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].At.Before(a[0].At) {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

// entries puts happenings into words.
func (s *Store) entries(list []happening) []journey.TimelineEntry {
	out := make([]journey.TimelineEntry, len(list))
	for i, h := range list {
		zone := s.zoneOf(journey.Customer{Timezone: h.Zone})
		out[i] = journey.TimelineEntry{At: h.At, Kind: h.source(), Customer: h.Customer, Who: h.who(), Journey: h.Journey,
			Enrollment: h.Enrollment, Step: h.Step, What: h.What, Text: h.words(zone), Ref: h.Ref, Detail: h.Detail}
	}
	return out
}

func (h happening) source() string {
	return map[int]string{sourceEvent: journey.KindEvent, sourceDecision: journey.KindDecision, sourceMessage: journey.KindMessage,
		sourceNote: journey.KindNote}[h.Source]
}

func (h happening) who() string {
	for _, name := range []string{joined(h.FirstName, h.LastName), h.Email, h.External} {
		if name != "" {
			return name
		}
	}
	return h.Customer
}

func joined(first, last string) string {
	if first == "" || last == "" {
		return first + last
	}
	return first + " " + last
}

func (h happening) words(zone *time.Location) string {
	text := func(key string) string {
		word, _ := h.Detail[key].(string)
		return word
	}
	switch h.Source {
	case sourceDecision:
		return journey.LogWords(journey.LogEntry{At: h.At, Step: h.Step, What: h.What, Detail: h.Detail}, zone)
	case sourceNote:
		return "noted by " + text("by") + ": " + text("text")
	case sourceMessage:
		code, _ := h.Detail["code"].(float64)
		return journey.MessageWords(journey.MessageSummary{Channel: text("channel"), ReplyCode: int(code), State: journey.MessageState(h.What), Subject: text("subject"),
			Template: text("template"), Reason: text("reason"), Topic: text("topic"), ReplyText: text("reply")})
	}
	name := h.What
	if name == "" {
		name = h.Kind
	}
	return journey.EventWords(h.Kind, name, h.Detail, zone)
}
