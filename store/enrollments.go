package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// logNotStarted is the line of the timeline for a `start` that did not let her in: {journey, reason}.
const logNotStarted = "not_started"

// Enroll puts a customer into a live journey, unless its rules refuse her; Enrolled says why. Asking twice with one entry key
// has no effect, and answers with the enrollment that there is. The faults are not_found (journey, customer) and conflict
// (the journey is not live).
func (s *Store) Enroll(ctx context.Context, req journey.EnrollRequest) (out journey.Enrolled, err error) {
	defer wrap(&err, "enrolling in journey %q", req.JourneyKey)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		p, err := lockPerson(ctx, tx, req.CustomerID)
		if err != nil {
			return err
		}
		l, err := s.liveJourney(ctx, tx, req.JourneyKey)
		if err != nil {
			return err
		}
		via := journey.ViaAPI
		if req.Via != "" {
			via = journey.Via(req.Via)
		}
		out, err = s.enter(ctx, tx, l, p, journey.Entry{Via: via, Properties: req.Properties, APIKey: req.EntryKey})
		return err
	})
	return out, err
}

// liveJourney returns the live version of one journey.
func (s *Store) liveJourney(ctx context.Context, q querier, key string) (live, error) {
	l := live{Key: key}
	var state string
	var version *int
	rows, err := q.Query(ctx, `SELECT state, live_version FROM journeys WHERE key = $1`, key)
	if err != nil {
		return l, err
	}
	found := false
	if _, err := pgx.ForEachRow(rows, []any{&state, &version}, func() error { found = true; return nil }); err != nil {
		return l, err
	}
	switch {
	case !found:
		return l, journey.Faultf(journey.CodeNotFound, "no journey %q", key)
	case state != "live" || version == nil:
		return l, journey.Faultf(journey.CodeConflict, "journey %q is not live", key)
	}
	l.Version = *version
	l.Def, err = s.definition(ctx, q, key, l.Version)
	return l, err
}

// enter asks journey.Admit, under the customer's lock, and writes the enrollment and its first wake-up. The entry comes
// without what is read here: facts, what there was before, and the time.
func (s *Store) enter(ctx context.Context, tx pgx.Tx, l live, p *person, e journey.Entry) (journey.Enrolled, error) {
	before, err := loadEnrolled(ctx, tx, []string{p.ID})
	if err != nil {
		return journey.Enrolled{}, err
	}
	e.Now = s.clock.Now()
	e.Previous, e.Rivals = past(before, l.Key), rivals(before, l.Key)
	if e.Facts, err = s.entryFacts(ctx, tx, l, p, before, nil); err != nil {
		return journey.Enrolled{}, err
	}
	var first *journey.Enrolled // of several, per item, the first that entered answers; or else the first
	b := &pgx.Batch{}
	for _, in := range journey.Admit(l.Def, e) {
		answer := refusedEntry(before, l.Key, in.EntryKey, in.Refused)
		switch {
		case in.Yes:
			id, err := s.queueEnrollment(b, l, p.ID, in, p.Applied, e.Now)
			if err != nil {
				return journey.Enrolled{}, err
			}
			answer = journey.Enrolled{EnrollmentID: id}
			s.queueReplacement(b, l.Key, in.Replaces, e.Now)
		case in.Meanwhile != "" && answer.EnrollmentID != "":
			if err := queueFurther(b, answer.EnrollmentID, in, e.Now); err != nil {
				return journey.Enrolled{}, err
			}
			s.queueWake(b, []string{answer.EnrollmentID})
		}
		if first == nil || first.Reason != "" && in.Yes {
			first = &answer
		}
	}
	if b.Len() == 0 {
		return *first, nil
	}
	b.Queue(`SELECT pg_notify($1, '')`, channelWakeups)
	return *first, tx.SendBatch(ctx, b).Close()
}

// queueFurther adds what a further trigger asks of the enrollment that there is already.
func queueFurther(b *pgx.Batch, enrollmentID string, in journey.Entering, now time.Time) error {
	data, err := json.Marshal(requestData{Trigger: in.Trigger, Vars: in.Vars})
	if err != nil {
		return err
	}
	b.Queue(`INSERT INTO requests (enrollment_id, verb, reason, by, at, data) VALUES ($1, $2, 'a further trigger', 'trigger', $3, $4)`,
		enrollmentID, in.Meanwhile, now, string(data))
	return nil
}

// requestData is what a request brings along.
type requestData struct {
	Trigger map[string]any `json:"trigger,omitempty"`
	Vars    map[string]any `json:"vars,omitempty"`
}

// refusedEntry names the enrollment that has the entry key, where that is why she did not enter.
func refusedEntry(before []*enrolled, journeyKey, entryKey, reason string) journey.Enrolled {
	i := slices.IndexFunc(before, func(e *enrolled) bool { return e.JourneyKey == journeyKey && e.EntryKey == entryKey })
	if i < 0 || entryKey == "" {
		return journey.Enrolled{Reason: reason}
	}
	return journey.Enrolled{EnrollmentID: before[i].ID, Existing: true, Reason: reason}
}

// rivals are her active enrollments in other journeys that have a group.
func rivals(before []*enrolled, journeyKey string) []journey.Rival {
	var out []journey.Rival
	for _, e := range before {
		if e.Active && e.Grp != "" && e.JourneyKey != journeyKey {
			out = append(out, journey.Rival{ID: e.ID, Group: e.Grp, Priority: e.Priority})
		}
	}
	return out
}

// queueReplacement adds the requests to exit of the enrollments that make room for one of a higher priority. They are out of
// their group at once: they stand in nobody's way while they are on their way out.
func (s *Store) queueReplacement(b *pgx.Batch, by string, ids []string, now time.Time) {
	if len(ids) == 0 {
		return
	}
	b.Queue(`UPDATE enrollments SET grp = '' WHERE id = ANY($1)`, ids)
	b.Queue(`
		INSERT INTO requests (enrollment_id, verb, reason, by, at)
		SELECT id, 'exit', $2, $3, $4 FROM unnest($1::text[]) AS id`, ids, journey.ReasonReplaced, "journey "+by, now)
	s.queueWake(b, ids)
}

func past(before []*enrolled, journeyKey string) []journey.Past {
	var out []journey.Past
	for _, e := range before {
		if e.JourneyKey == journeyKey {
			out = append(out, journey.Past{EntryKey: e.EntryKey, Active: e.Active, EndedAt: e.EndedAt})
		}
	}
	return out
}

// entryFacts are what enter.if can look at. Recent are events of hers that are applied in this transaction and not yet
// written, in order.
func (s *Store) entryFacts(ctx context.Context, q querier, l live, p *person, before []*enrolled, recent []journey.Event) (journey.Facts, error) {
	f := journey.Facts{JourneyKey: l.Key, Version: l.Version, Customer: p.Customer, Zone: s.zoneOf(p.Customer), Applied: p.Applied}
	if l.Def.Enter.If == nil && l.Def.Enter.Segment() == "" && len(l.Def.Declares.Segments) == 0 {
		return f, nil
	}
	needs := l.Def.Needs()
	wanted := needs.Journeys
	needs.Journeys = nil // answered from what is in memory, which is newer
	b := &pgx.Batch{}
	queueMemory(b, p.ID, needs, &f)
	if b.Len() > 0 {
		if err := q.SendBatch(ctx, b).Close(); err != nil {
			return f, err
		}
	}
	for _, key := range wanted {
		f.Journeys[key] = whereabouts(before, key)
	}
	for _, e := range recent {
		if slices.Contains(needs.History, e.Name) {
			f.History[e.Name] = slices.Insert(f.History[e.Name], 0, e)
		}
	}
	return f, nil
}

func whereabouts(before []*enrolled, journeyKey string) string {
	is := "never"
	for _, e := range before {
		switch {
		case e.JourneyKey != journeyKey:
		case e.Active:
			return "active"
		default:
			is = "finished"
		}
	}
	return is
}

// queueEnrollment adds the row and its wake-up, which starts the workflow. She decides on events above the cursor only: what
// let her in does not end it.
func (s *Store) queueEnrollment(b *pgx.Batch, l live, customerID string, in journey.Entering, cursor int64, now time.Time) (string, error) {
	id := journey.NewID(journey.PrefixEnrollment)
	state, err := json.Marshal(journey.State{
		Status: journey.StatusActive, EnteredAt: now, Since: now, Trigger: in.Trigger, Vars: in.Vars, Holdout: in.Holdout,
		Cursor: cursor,
	})
	if err != nil {
		return "", err
	}
	b.Queue(`
		INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, holdout, entered_at, grp, priority)
		VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10)`,
		id, l.Key, l.Version, customerID, in.EntryKey, string(state), in.Holdout, now, l.Def.Group, l.Def.Priority)
	b.Queue(`INSERT INTO wakeups (enrollment_id, start, journey_key, created_wall) VALUES ($1, true, $2, $3)`,
		id, l.Key, s.clock.Wall())
	return id, nil
}

// attributesBecame lets her into the journeys that wait for an attribute that this decision has set.
func (s *Store) attributesBecame(ctx context.Context, tx pgx.Tx, e *enrollment, before journey.Customer, out journey.Output) error {
	if len(out.Effects.Set) == 0 {
		return nil
	}
	lives, _, err := s.liveJourneys(ctx, tx)
	if err != nil {
		return err
	}
	for _, l := range lives {
		if l.Def.Enter.Attribute == "" {
			continue
		}
		people, err := loadPeople(ctx, tx, []string{e.CustomerID})
		if err != nil {
			return err
		}
		p, was := people[e.CustomerID], before.Attribute(l.Def.Enter.Attribute)
		if reflect.DeepEqual(was, p.Attribute(l.Def.Enter.Attribute)) {
			continue
		}
		_, err = s.enter(ctx, tx, l, p, journey.Entry{
			Via: journey.ViaAttribute, Was: was, APIKey: fmt.Sprintf("set:%s/%d", e.ID, e.Seq+1),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startOthers lets her into the journeys that a decision starts. One that does not take her is noted, and stops nothing.
func (s *Store) startOthers(ctx context.Context, tx pgx.Tx, e *enrollment, out journey.Output) error {
	if len(out.Effects.Starts) == 0 {
		return nil
	}
	people, err := loadPeople(ctx, tx, []string{e.CustomerID}) // with the attributes that this decision has set
	if err != nil {
		return err
	}
	for _, start := range out.Effects.Starts {
		var reason string
		l, err := s.liveJourney(ctx, tx, start.Journey)
		switch journey.CodeOf(err) {
		case journey.CodeNotFound, journey.CodeConflict:
			reason = "not_live"
		default:
			if err != nil {
				return err
			}
			entered, err := s.enter(ctx, tx, l, people[e.CustomerID],
				journey.Entry{Via: journey.ViaStart, Properties: start.Properties, APIKey: start.EntryKey})
			if err != nil {
				return err
			}
			reason = entered.Reason
		}
		if reason == "" {
			continue
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, jsonb_build_object('journey', $8::text, 'reason', $9::text))`,
			e.ID, e.CustomerID, e.JourneyKey, e.Seq+1, s.clock.Now(), out.State.Step, logNotStarted, start.Journey, reason)
		if err != nil {
			return err
		}
	}
	return nil
}
