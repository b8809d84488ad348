package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// membership is where one customer stands with one segment.
type membership struct {
	Member bool
	Since  time.Time
	Due    *time.Time // the earliest moment at which time alone may change it
}

type memberKey struct{ Customer, Segment string }

// members is what an application knows of segments: those that there are, who is in them, and the facts that they ask for.
type members struct {
	segments []*kept
	needs    journey.Needs
	of       map[memberKey]membership
	changed  map[memberKey]bool
	memory   map[string]*journey.Facts // as the database has it: without what this application does; nil: not read yet
}

// loadMembers reads where the customers stand.
func (s *Store) loadMembers(ctx context.Context, tx pgx.Tx, customers []string) (members, error) {
	m := members{of: map[memberKey]membership{}, changed: map[memberKey]bool{}}
	var err error
	if m.segments, err = s.keptSegments(ctx, tx); err != nil || len(m.segments) == 0 {
		return m, err
	}
	for _, k := range m.segments {
		m.needs = m.needs.Join(k.needs)
	}
	rows, err := tx.Query(ctx, `SELECT customer_id, segment, member, since_at, due_at FROM segment_members WHERE customer_id = ANY($1)`, customers)
	if err != nil {
		return m, err
	}
	var key memberKey
	var is membership
	_, err = pgx.ForEachRow(rows, []any{&key.Customer, &key.Segment, &is.Member, &is.Since, &is.Due}, func() error {
		m.of[key] = is
		is.Due = nil
		return nil
	})
	return m, err
}

// in returns the segments that she is in.
func (m *members) in(customer string) map[string]bool {
	in := map[string]bool{}
	for _, k := range m.segments {
		if m.of[memberKey{customer, k.Key}].Member {
			in[k.Key] = true
		}
	}
	return in
}

// look is why a customer is looked at again.
type look struct {
	heard  []string       // what changed
	all    bool           // every segment, and not only those that look at what changed
	only   string         // one segment, "" for any
	silent bool           // nobody enters a journey by it
	event  *journey.Event // that changed it; nil: time did, or something outside of the inbox
}

// reconsider finds out in which segments she is now, and returns what is to be heard of it: that she came into one, or left it. Segments that name a segment come after it. Journeys that wait for that let her in, unless the change is silent.
func (a *application) reconsider(ctx context.Context, p *person, c look, o *outcome) ([]string, error) {
	heard := c.heard
	var facts *journey.Facts
	for _, k := range a.members.segments {
		fills := c.only == k.Key
		if c.only != "" && !fills || !fills && (!c.all && !k.hears(heard) || !k.reached(p.ID)) {
			continue
		}
		if facts == nil {
			var err error
			if facts, err = a.factsOf(ctx, p); err != nil {
				return nil, err
			}
		}
		l := journey.Lookup{Facts: facts, Now: a.now}
		key := memberKey{p.ID, k.Key}
		was := a.members.of[key]
		is, err := safely(func() membership { return stands(k.cond, l) })
		if err != nil {
			return nil, err
		}
		is.Since = was.Since
		if is.Member != was.Member || was.Since.IsZero() {
			is.Since = a.now
		}
		a.members.of[key], a.members.changed[key] = is, true
		if is.Member == was.Member {
			continue
		}
		facts.Segments[k.Key] = is.Member
		heard = append(slices.Clone(heard), journey.ListenSegment+k.Key)
		o.Changed = append(o.Changed, journey.ListenSegment+k.Key)
		if c.silent {
			continue
		}
		if err := a.crossed(ctx, p, k.Key, !is.Member, c.event, o); err != nil {
			return nil, err
		}
	}
	return heard[len(c.heard):], nil
}

// stands asks a condition, and when its answer may change.
func stands(c *journey.Cond, l journey.Lookup) membership {
	is := membership{Member: c.Holds(l, nil)}
	if due, may := c.Flip(l); may {
		is.Due = &due
	}
	return is
}

// crossed lets her into the journeys that wait for her to come into a segment, or to leave it.
func (a *application) crossed(ctx context.Context, p *person, segment string, left bool, e *journey.Event, o *outcome) error {
	for _, l := range a.live {
		if l.Def.Enter.Joins != segment || l.Def.Enter.Leaves != left {
			continue
		}
		if err := a.admit(ctx, l, p, journey.Entry{Via: journey.ViaSegment, Segment: segment, Left: left, Event: e}, o); err != nil {
			return err
		}
	}
	return nil
}

// factsOf are the facts that segments ask for, with what has been applied here. They are read for everybody at once.
func (a *application) factsOf(ctx context.Context, p *person) (*journey.Facts, error) {
	if a.members.memory == nil {
		a.members.memory = map[string]*journey.Facts{}
		for id := range a.people {
			a.members.memory[id] = &journey.Facts{}
		}
		needs := a.members.needs
		needs.Journeys = nil // answered from what is in memory, which is newer
		if err := a.s.addMemory(ctx, a.tx, a.members.memory, needs); err != nil {
			return nil, err
		}
	}
	f := *a.members.memory[p.ID]
	f.Customer, f.Zone, f.Applied = p.Customer, a.s.zoneOf(p.Customer), p.Applied
	f.History, f.Journeys, f.Segments = maps.Clone(f.History), map[string]string{}, a.members.in(p.ID)
	if f.History == nil {
		f.History = map[string][]journey.Event{}
	}
	for _, key := range a.members.needs.Journeys {
		f.Journeys[key] = whereabouts(a.enrolled[p.ID], key)
	}
	for _, e := range a.recent[p.ID] {
		if slices.Contains(a.members.needs.History, e.Name) {
			f.History[e.Name] = slices.Insert(slices.Clone(f.History[e.Name]), 0, e)
		}
	}
	if len(a.members.needs.AccountHistory) > 0 {
		f.AccountHistory = a.accountHistory(p, f.AccountHistory)
	}
	return &f, nil
}

// accountHistory adds what she and her colleagues did here.
func (a *application) accountHistory(p *person, history map[string][]journey.Event) map[string][]journey.Event {
	out := maps.Clone(history)
	if out == nil {
		out = map[string][]journey.Event{}
	}
	for id, events := range a.recent {
		if id != p.ID && (p.AccountID == "" || a.people[id].AccountID != p.AccountID) {
			continue
		}
		for _, e := range events {
			if slices.Contains(a.members.needs.AccountHistory, e.Name) {
				out[e.Name] = slices.Insert(slices.Clone(out[e.Name]), 0, e)
			}
		}
	}
	return out
}

// queueMembers writes where customers stand. Who is not in a segment and cannot come into it by time alone has no row.
func (a *application) queueMembers(b *pgx.Batch) {
	var customers, segments, goneCustomers, goneSegments []string
	var member []bool
	var since []time.Time
	var due []*time.Time
	for key := range a.members.changed {
		is := a.members.of[key]
		if !is.Member && is.Due == nil {
			goneCustomers, goneSegments = append(goneCustomers, key.Customer), append(goneSegments, key.Segment)
			continue
		}
		customers, segments, member = append(customers, key.Customer), append(segments, key.Segment), append(member, is.Member)
		since, due = append(since, is.Since), append(due, is.Due)
	}
	if len(customers) > 0 {
		b.Queue(`
			INSERT INTO segment_members AS m (customer_id, segment, member, since_at, due_at)
			SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::timestamptz[], $5::timestamptz[])
			ON CONFLICT (segment, customer_id) DO UPDATE SET member = excluded.member, since_at = excluded.since_at, due_at = excluded.due_at
			WHERE (m.member, m.since_at) <> (excluded.member, excluded.since_at) OR m.due_at IS DISTINCT FROM excluded.due_at`,
			customers, segments, member, since, due)
	}
	if len(goneCustomers) > 0 {
		b.Queue(`
			DELETE FROM segment_members m USING unnest($1::text[], $2::text[]) AS g (customer, segment)
			WHERE m.customer_id = g.customer AND m.segment = g.segment`, goneCustomers, goneSegments)
	}
}

// queueCheck asks for a customer to be looked at again, where facts of hers change outside of the inbox.
func queueCheck(b *pgx.Batch, customerID string) {
	b.Queue(`
		INSERT INTO segment_checks (customer_id) SELECT $1 WHERE EXISTS (SELECT FROM segments) ON CONFLICT DO NOTHING`, customerID)
}

// queueChecks asks for the colleagues of those whose account, or whose doings, segments look at.
func (a *application) queueChecks(b *pgx.Batch) {
	delete(a.accounts, "")
	if len(a.accounts) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO segment_checks (customer_id)
		SELECT id FROM customers WHERE account_id = ANY($1) AND merged_into IS NULL ON CONFLICT DO NOTHING`,
		slices.Sorted(maps.Keys(a.accounts)))
}
