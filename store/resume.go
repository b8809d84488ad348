package store

import (
	"context"
	"maps"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// sampleMost is how many enrollments a preview decides about; of more it takes an even sample of as many.
const sampleMost = 500

// soon is how far ahead a preview looks: what stands at a send whose window opens later goes on, and does not fall due.
const soon = 24 * time.Hour

// Resuming says what ending the pauses of exactly that scope and target would set free, in each way: by asking journey.Advance about
// those who could go on, as their next decision will, and by looking into the ledger. It changes nothing. The fault is conflict: there
// is no pause to end.
func (s *Store) Resuming(ctx context.Context, scope journey.Scope, target string) (out journey.Resuming, err error) {
	defer wrap(&err, "looking at what resuming %s %s would do", scope, target)
	p := resuming{scope: scope, target: target, now: s.clock.Now()}
	p.by = p.now
	if p.pauses, err = s.Pauses(ctx, scope, target); err != nil {
		return out, err
	}
	if len(p.pauses) == 0 {
		return out, journey.Faultf(journey.CodeConflict, "there is no pause to end here")
	}
	for _, held := range p.pauses {
		out.Pauses = append(out.Pauses, journey.ViewPause(held))
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := s.loadStanding(ctx, tx, &p); err != nil {
			return err
		}
		return p.loadQueued(ctx, tx)
	})
	if err != nil {
		return out, err
	}
	for _, how := range []journey.OnResume{journey.Keep, journey.CatchUp, journey.Skip} {
		r := p.play(how, 0)
		if how == journey.CatchUp && journey.SpreadOf(r.Messages) > 0 {
			r = p.play(how, journey.SpreadOf(r.Messages))
		}
		r.Say(s.zone)
		out.Choices = append(out.Choices, r)
	}
	return out, nil
}

// resuming is a preview on its way.
type resuming struct {
	scope  journey.Scope
	target string
	now    time.Time
	by     time.Time // whose moment comes until then is asked about
	pauses []journey.Pause
	all    int // active enrollments in the scope
	ready  int // those who may have something to do
	sample []bystander
	queued []queuedMessages
}

// bystander is an enrollment that may go on, with all that its decision looks at.
type bystander struct {
	def   *journey.Definition
	state journey.State
	facts journey.Facts
}

// queuedMessages are those of one message of a journey that the pause holds back in the ledger.
type queuedMessages struct {
	Name          string
	Transactional bool
	Before        int // that were due before it
	Due           int
	First, Last   float64 // places in a spread
}

// loadStanding counts who is in the scope, and loads those who may go on: an event has come, or their moment.
func (s *Store) loadStanding(ctx context.Context, tx pgx.Tx, p *resuming) error {
	keys, numbers, err := s.ofTopic(ctx, tx, p)
	if err != nil {
		return err
	}
	var ids []string
	err = tx.QueryRow(ctx, `
		WITH scoped AS MATERIALIZED (
			SELECT e.id, coalesce(e.state->>'phase', '') IN ('', 'window') OR (e.state->>'due')::timestamptz <= $3
				OR c.applied > (e.state->>'cursor')::bigint AS ready
			FROM enrollments e JOIN customers c ON c.id = e.customer_id
			WHERE e.status = 'active' AND e.held = '' AND CASE $1
				WHEN 'everything' THEN true WHEN 'journey' THEN e.journey_key = $2 WHEN 'customer' THEN e.customer_id = $2
				WHEN 'enrollment' THEN e.id = $2 WHEN 'topic' THEN (e.journey_key, e.version) IN (SELECT * FROM unnest($5::text[], $6::int[]))
				ELSE e.customer_id = split_part($2, '/', 1) AND (e.journey_key, e.version) IN (SELECT * FROM unnest($5::text[], $6::int[])) END
		), ready AS MATERIALIZED (
			SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS all FROM scoped WHERE ready
		)
		SELECT (SELECT count(*) FROM scoped), (SELECT count(*) FROM ready),
			ARRAY(SELECT id FROM ready WHERE n * $4 / ready.all > (n - 1) * $4 / ready.all OR ready.all <= $4 ORDER BY id)`,
		string(p.scope), p.target, p.by, sampleMost, keys, numbers).Scan(&p.all, &p.ready, &ids)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `
		SELECT id, journey_key, version, customer_id, state, entered_at FROM enrollments WHERE id = ANY($1) ORDER BY id`, ids)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e enrollment, err error) {
		err = row.Scan(&e.ID, &e.JourneyKey, &e.Version, &e.CustomerID, &e.State, &e.EnteredAt)
		return e, err
	})
	if err != nil {
		return err
	}
	for i := range found {
		def, err := s.definition(ctx, tx, found[i].JourneyKey, found[i].Version)
		if err != nil {
			return err
		}
		g, err := s.loadGround(ctx, tx, &found[i], def)
		if err != nil {
			return err
		}
		p.sample = append(p.sample, bystander{def: def, state: found[i].State, facts: g.Facts})
	}
	return nil
}

// ofTopic lists the versions, of those that anybody is in, whose topic a pause of a topic is about.
func (s *Store) ofTopic(ctx context.Context, tx pgx.Tx, p *resuming) (keys []string, numbers []int32, err error) {
	topic := p.target
	switch p.scope {
	case journey.ScopeTopic:
	case journey.ScopeCustomerTopic:
		_, topic = journey.SplitTopic(p.target)
	default:
		return nil, nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT journey_key, version FROM enrollments WHERE status = 'active'`)
	if err != nil {
		return nil, nil, err
	}
	var l live
	var all []live
	if _, err := pgx.ForEachRow(rows, []any{&l.Key, &l.Version}, func() error { all = append(all, l); return nil }); err != nil {
		return nil, nil, err
	}
	for _, l := range all {
		def, err := s.definition(ctx, tx, l.Key, l.Version)
		if err != nil {
			return nil, nil, err
		}
		if def.Topic == topic {
			keys, numbers = append(keys, l.Key), append(numbers, int32(l.Version)) //nolint:gosec // versions are few
		}
	}
	return keys, numbers, nil
}

// loadQueued counts what stands in the ledger because of these pauses alone.
func (p *resuming) loadQueued(ctx context.Context, tx pgx.Tx) error {
	since := p.pauses[0].Since
	for _, held := range p.pauses {
		if held.Since.Before(since) {
			since = held.Since
		}
	}
	rows, err := tx.Query(ctx, `
		SELECT m.journey_key || '/' || m.template, m.topic = 'transactional', (count(*) FILTER (WHERE m.not_before_at <= $5))::int, count(*)::int,
			min(`+placeSQL("m")+`)::float8, max(`+placeSQL("m")+`)::float8
		FROM messages m
		WHERE m.lane = ANY($4) AND m.state IN ('queued', 'deferred') AND m.not_before_at <= $1 AND m.expires_at > $1
			AND EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1)
				AND p.scope = $2 AND p.target = $3 AND `+coversSQL("m")+`)
			AND NOT EXISTS (SELECT FROM pauses p WHERE p.ended_at IS NULL AND (p.until_at IS NULL OR p.until_at > $1)
				AND (p.scope, p.target) <> ($2, $3) AND `+coversSQL("m")+`)
		GROUP BY 1, 2 ORDER BY 1, 2`, p.now, string(p.scope), p.target, journey.Lanes(), since)
	if err != nil {
		return err
	}
	p.queued, err = pgx.CollectRows(rows, pgx.RowToStructByPos[queuedMessages])
	return err
}

// play lets everyone of the sample go on in that way.
func (p *resuming) play(how journey.OnResume, spread time.Duration) journey.Resumption {
	t := tally{r: journey.Resumption{OnResume: how, ByMessage: map[string]int{}, Spread: spread}, now: p.now}
	if spread > 0 {
		t.r.Over = journey.SpanWords(spread)
	}
	silent := p.all - p.ready
	counts := map[string]int{}
	dropped := 0
	for _, one := range p.sample {
		sent, lost := p.decide(one, how, spread, &t, counts)
		dropped += lost
		if sent == 0 && lost == 0 {
			silent++
		}
	}
	scale := 1.0
	if len(p.sample) > 0 && p.ready > len(p.sample) {
		scale, t.r.Estimated = float64(p.ready)/float64(len(p.sample)), true
		silent = p.all - p.ready + int(math.Round(float64(silent-(p.all-p.ready))*scale))
	}
	t.r.Waiting, t.r.Dropped = silent, int(math.Round(float64(dropped)*scale))
	for name, n := range counts {
		t.count(name, int(math.Round(float64(n)*scale)))
	}
	for _, q := range p.queued {
		n := q.Due
		if how == journey.Keep {
			n = q.Before // the others are put off by as long as the clock stood
		}
		if n == 0 {
			continue
		}
		t.count(q.Name, n)
		first, last := q.First, q.Last
		if q.Transactional {
			first, last = 0, 0
		}
		t.goes(p.now.Add(time.Duration(first * float64(spread))))
		t.goes(p.now.Add(time.Duration(last * float64(spread))))
	}
	return t.r
}

// decide asks what one of them does next, and counts what she gets and what she misses.
func (p *resuming) decide(one bystander, how journey.OnResume, spread time.Duration, t *tally, counts map[string]int) (sent, lost int) {
	in := journey.Input{State: one.state, Facts: one.facts, Now: p.now, Cause: journey.CauseWake, NewID: journey.NewID}
	in.Facts.Pauses = p.ended(one.facts.Pauses, how, spread)
	out, sound := p.ask(one, in)
	if !sound {
		return 0, 0
	}
	goes := func(message string, at time.Time) {
		if at.After(p.now.Add(soon)) {
			return
		}
		counts[one.facts.JourneyKey+"/"+message]++
		sent++
		t.goes(at)
	}
	for _, m := range out.Effects.Messages {
		if out.Effects.Drop != "" {
			break // she leaves in the same moment
		}
		goes(m.Template, m.NotBefore)
	}
	if message := one.def.StandsAt(out.State); message != "" && out.State.Due != nil {
		goes(message, *out.State.Due)
	}
	for _, l := range out.Log {
		if l.What == journey.LogNotSent && l.Detail["reason"] == journey.ReasonSkipped {
			lost++
		}
	}
	return sent, lost
}

// ask lets her decide; false: she will be parked, and send nothing.
func (p *resuming) ask(one bystander, in journey.Input) (journey.Output, bool) {
	in.Facts.Coupons = maps.Clone(one.facts.Coupons)
	for {
		out, err := safely(func() journey.Output { return journey.Advance(one.def, in) })
		if err != nil || out.Take == nil {
			return out, err == nil
		}
		in.Facts.Coupons[out.Take.As] = journey.Coupon{ID: "cpn_", Pool: out.Take.Pool, As: out.Take.As, Expires: out.Take.Expires}
	}
}

// ended are her pauses as they would be.
func (p *resuming) ended(pauses []journey.Pause, how journey.OnResume, spread time.Duration) []journey.Pause {
	out := make([]journey.Pause, len(pauses))
	for i, x := range pauses {
		if x.Scope == p.scope && x.Target == p.target && x.Holds(p.now) {
			now := p.now
			x.EndedAt, x.OnResume, x.Spread = &now, how, spread
		}
		out[i] = x
	}
	return out
}

// tally adds up.
type tally struct {
	r   journey.Resumption
	now time.Time
}

func (t *tally) count(name string, n int) {
	t.r.ByMessage[name] += n
	t.r.Messages += n
}

func (t *tally) goes(at time.Time) {
	if at.Before(t.now) {
		at = t.now
	}
	if t.r.FirstAt == nil || at.Before(*t.r.FirstAt) {
		t.r.FirstAt = &at
	}
	if t.r.LastAt == nil || at.After(*t.r.LastAt) {
		t.r.LastAt = &at
	}
}
