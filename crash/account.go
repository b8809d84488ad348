package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// letter is one row of the ledger.
type letter struct {
	Customer  string // the shop's own id
	Template  string // journey/message
	State     string
	Reason    string
	Topic     string
	Survey    bool
	Coupon    bool
	Resent    bool
	MessageID string
	BytesHash []byte
	Late      *time.Duration // from its promised moment to its reply
}

// account compares what was sent, what the ledger says, and what the relay has.
func account(ctx context.Context, in *installation, relay *relay, l *load) (report, error) {
	r := report{customers: len(l.people), tries: l.tries}
	for _, text := range l.refused {
		r.fault("an event or an answer was refused: %s", text)
	}
	err := withConn(ctx, in.databaseURL, func(conn *pgx.Conn) error {
		if err := r.accountEvents(ctx, conn, l); err != nil {
			return fmt.Errorf("accounting for events: %w", err)
		}
		letters, err := readLedger(ctx, conn)
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		r.accountMessages(letters, relay, l)
		if err := r.accountSteps(ctx, conn, letters, l); err != nil {
			return fmt.Errorf("accounting for steps: %w", err)
		}
		return nil
	})
	return r, err
}

// accountEvents holds every event that was accepted against the store: there once, applied once.
func (r *report) accountEvents(ctx context.Context, conn *pgx.Conn, l *load) error {
	rows, err := conn.Query(ctx, `
		SELECT i.message_id, count(e.id), count(e.id) FILTER (WHERE e.applied_at IS NOT NULL AND e.number IS NOT NULL)
		FROM event_ids i LEFT JOIN events e ON e.id = i.event_id GROUP BY i.message_id`)
	if err != nil {
		return err
	}
	type found struct{ stored, applied int }
	stored := map[string]found{}
	var id string
	var f found
	if _, err := pgx.ForEachRow(rows, []any{&id, &f.stored, &f.applied}, func() error { stored[id] = f; return nil }); err != nil {
		return err
	}
	r.events = len(l.events)
	for id, name := range l.events {
		f := stored[id]
		switch {
		case !l.accepted[id]:
			r.fault("event %s (%s) was never accepted", id, name)
		case f.stored != 1 || f.applied != 1:
			r.lost = append(r.lost, fmt.Sprintf("event %s (%s): accepted, stored %d times, applied %d times", id, name, f.stored, f.applied))
		}
		if l.accepted[id] {
			r.accepted++
		}
		if f.applied == 1 {
			r.applied++
		}
	}
	var twice int
	err = conn.QueryRow(ctx, `
		SELECT count(*) FROM (SELECT FROM events WHERE user_id <> '' GROUP BY user_id, kind, name HAVING count(*) > 1) x`).Scan(&twice)
	if twice > 0 {
		r.twice = append(r.twice, fmt.Sprintf("%d events are stored more than once", twice))
	}
	if err != nil {
		return err
	}
	var untold int
	err = conn.QueryRow(ctx, `
		SELECT count(*) FROM messages m LEFT JOIN (
			SELECT properties ->> 'message_id' AS id, count(*) AS n FROM events WHERE kind = 'own' AND name = 'Message Sent' GROUP BY 1
		) told ON told.id = m.id WHERE coalesce(told.n, 0) <> CASE m.state WHEN 'accepted' THEN 1 ELSE 0 END`).Scan(&untold)
	if untold > 0 {
		r.fault("of %d messages the customer's stream does not say once that they were sent, or says it of some that were not", untold)
	}
	return err
}

func readLedger(ctx context.Context, conn *pgx.Conn) ([]letter, error) {
	rows, err := conn.Query(ctx, `
		SELECT i.external_id AS customer, m.journey_key || '/' || m.template AS template, m.state, m.reason, m.topic, m.survey_id <> '' AS survey,
			m.coupons <> '{}' AS coupon, m.resent, m.message_id, m.bytes_hash, m.sent_at - m.not_before_at AS late
		FROM messages m JOIN customer_ids i ON i.customer_id = m.customer_id AND i.kind = 'user' ORDER BY m.queued_at, m.id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[letter])
}

// accountMessages holds what each story calls for against the ledger, and the ledger against the relay.
func (r *report) accountMessages(letters []letter, relay *relay, l *load) {
	relay.mu.Lock()
	defer relay.mu.Unlock()
	r.messages, r.delivered, r.cut = len(letters), relay.copies, relay.cut
	ledger, known, doubtful := map[string][]letter{}, map[string]bool{}, map[string]bool{}
	for _, m := range letters {
		ledger[m.Customer+" "+m.Template], known[m.MessageID] = append(ledger[m.Customer+" "+m.Template], m), true
		if m.Resent || m.State == "unknown" {
			doubtful[m.Customer] = true
		}
		r.compare(m, relay.taken[m.MessageID])
	}
	for _, m := range letters {
		if m.Late != nil && !doubtful[m.Customer] && *m.Late > r.latest {
			r.latest = *m.Late
		}
	}
	for id, d := range relay.taken {
		if !known[id] {
			r.fault("the relay has %s (%s to %s), of which the ledger knows nothing", id, d.template, d.to)
		}
	}
	r.accountOwed(ledger, l)
}

// accountOwed finds what a story calls for and the ledger has not, has twice, or has in vain.
func (r *report) accountOwed(ledger map[string][]letter, l *load) {
	for _, c := range l.people {
		for _, template := range c.owed {
			rows := ledger[c.id+" "+template]
			delete(ledger, c.id+" "+template)
			switch {
			case len(rows) == 0 && template != surveyMail && strings.HasPrefix(template, "question/") && isUnknown(ledger, c):
				r.excused++ // nobody can answer a question that was lost in doubt
			case len(rows) == 0:
				r.lost = append(r.lost, fmt.Sprintf("%s of %s: owed, and not in the ledger", template, c.id))
			case len(rows) > 1:
				r.twice = append(r.twice, fmt.Sprintf("%s of %s: %d rows in the ledger", template, c.id, len(rows)))
			}
			r.owed++
			if template == surveyMail && len(rows) == 1 && rows[0].State == "unknown" {
				ledger[c.id+" in doubt"] = rows
			}
		}
		delete(ledger, c.id+" in doubt")
	}
	for what, rows := range ledger {
		r.twice = append(r.twice, fmt.Sprintf("%s: %d in the ledger, and her story does not call for it", what, len(rows)))
	}
}

func isUnknown(ledger map[string][]letter, c *customer) bool {
	return len(ledger[c.id+" in doubt"]) > 0
}

// compare holds one row of the ledger against what the relay has of it.
func (r *report) compare(m letter, d *delivery) {
	copies := 0
	if d != nil {
		copies = d.copies
	}
	name := fmt.Sprintf("%s of %s (%s, %s)", m.Template, m.Customer, m.MessageID, m.State)
	once := m.Topic != "transactional" || m.Survey || m.Coupon
	switch {
	case once && copies > 1:
		r.twice = append(r.twice, fmt.Sprintf("%s: the relay took it %d times", name, copies))
	case copies > 2 || copies == 2 && !m.Resent:
		r.twice = append(r.twice, fmt.Sprintf("%s: the relay took it %d times, and it was in doubt: %t", name, copies, m.Resent))
	case d != nil && d.differ:
		r.twice = append(r.twice, fmt.Sprintf("%s: its two copies differ", name))
	}
	if m.Resent {
		r.resent++
		if copies == 2 {
			r.extra++
		}
	}
	switch m.State {
	case "accepted":
		r.sent++
		if copies == 0 {
			r.lost = append(r.lost, name+": the relay never got it")
		} else if hash := [sha256.Size]byte(m.BytesHash); hash != d.hash {
			r.fault("%s: the relay got other bytes", name)
		}
	case "unknown":
		r.unknown++
		if copies > 0 {
			r.unknownArrived++
		}
	case "dropped", "failed":
		r.stopped = append(r.stopped, fmt.Sprintf("%s: %s", name, m.Reason))
		if copies > 0 {
			r.fault("%s: the relay has it all the same", name)
		}
	default:
		r.lost = append(r.lost, name+": never sent")
	}
}

// accountSteps holds every enrollment that the stories call for against the store: there once, ended as it should, with one
// coupon where there is one.
func (r *report) accountSteps(ctx context.Context, conn *pgx.Conn, letters []letter, l *load) error {
	rows, err := conn.Query(ctx, `
		SELECT i.external_id, e.journey_key, e.status, e.reason, (SELECT count(*) FROM coupons c WHERE c.enrollment_id = e.id)
		FROM enrollments e JOIN customer_ids i ON i.customer_id = e.customer_id AND i.kind = 'user'`)
	if err != nil {
		return err
	}
	inDoubt := map[string]bool{}
	for _, m := range letters {
		if m.Survey && m.State == "unknown" {
			inDoubt[m.Customer] = true
		}
	}
	found := map[string][]string{}
	var customer, key, status, reason string
	var coupons int
	_, err = pgx.ForEachRow(rows, []any{&customer, &key, &status, &reason, &coupons}, func() error {
		r.enrollments++
		found[customer+" "+key] = append(found[customer+" "+key], status)
		switch {
		case status == "ended" && reason == "finished":
			r.finished++
		case key == "question" && inDoubt[customer]:
			r.excusedSteps++
		default:
			r.lost = append(r.lost, fmt.Sprintf("%s of %s: %s %s, and not finished", key, customer, status, reason))
		}
		if want := map[string]int{"welcome": 1}[key]; status == "ended" && coupons != want {
			r.fault("%s of %s has %d coupons", key, customer, coupons)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range l.people {
		for _, key := range c.journeys {
			if n := len(found[c.id+" "+key]); n == 0 {
				r.lost = append(r.lost, fmt.Sprintf("%s of %s: she never entered", key, c.id))
			} else if n > 1 {
				r.twice = append(r.twice, fmt.Sprintf("%s of %s: she entered %d times", key, c.id, n))
			}
			delete(found, c.id+" "+key)
		}
		if slices.Contains(c.journeys, "question") && !c.answered && !inDoubt[c.id] {
			r.fault("%s has not answered", c.id)
		}
	}
	for what := range found {
		r.twice = append(r.twice, what+": an enrollment that her story does not call for")
	}
	return nil
}
