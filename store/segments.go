package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

const segmentColumns = `s.key, s.name, s.source, s.version, CASE WHEN s.filled_to IS NULL THEN 'ready' ELSE 'building' END AS state,
	CASE WHEN s.filled_to IS NULL THEN 100 ELSE least(99, s.filled * 100 / greatest(s.everybody, 1)) END::int AS percent,
	coalesce((SELECT sum(n) FROM segment_counts n WHERE n.segment = s.key), 0)::int AS members, s.etag AS e_tag, s.updated_at, s.updated_by`

// Segments lists the segments that the server keeps, by their keys.
func (s *Store) Segments(ctx context.Context) (_ []journey.Segment, err error) {
	defer wrap(&err, "listing the segments")
	rows, err := s.pool.Query(ctx, `SELECT `+segmentColumns+` FROM segments s ORDER BY s.key`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[journey.Segment])
	return nonNil(list), err
}

// Segment returns one segment. The fault is not_found.
func (s *Store) Segment(ctx context.Context, key string) (_ journey.Segment, err error) {
	defer wrap(&err, "finding segment %q", key)
	return segment(ctx, s.pool, key)
}

func segment(ctx context.Context, q querier, key string) (journey.Segment, error) {
	rows, err := q.Query(ctx, `SELECT `+segmentColumns+` FROM segments s WHERE s.key = $1`, key)
	if err != nil {
		return journey.Segment{}, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[journey.Segment])
	if errors.Is(err, pgx.ErrNoRows) {
		return journey.Segment{}, journey.Faultf(journey.CodeNotFound, "there is no segment %q", key)
	}
	return found, err
}

// PutSegment keeps a segment from now on, or gives one another condition: who is in it is found out in the background, and until
// then it has those that it had. Allowed is asked under the lock, with the segment that there is (none: its Version is 0). The same
// source again changes nothing. Faults: a segment that is named and not there, or names this one by whatever way.
func (s *Store) PutSegment(ctx context.Context, seg journey.Segment, cond *journey.Cond, by journey.Actor, allowed func(was journey.Segment) error) (out journey.Segment, err error) {
	defer wrap(&err, "keeping segment %q", seg.Key)
	if _, err := s.condition(cond, nil, true); err != nil {
		return out, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSegments(ctx, tx); err != nil {
			return err
		}
		was, err := segment(ctx, tx, seg.Key)
		if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
			return err
		}
		if err := allowed(was); err != nil {
			return err
		}
		if was.Source == seg.Source && was.Version > 0 {
			out = was
			return nil
		}
		if err := s.checkNamed(ctx, tx, seg.Key, cond); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO segments (key, name, source, etag, version, filled_to, everybody, updated_at, updated_by)
			VALUES ($1, $2, $3, $4, 1 + coalesce((SELECT max(number) FROM segment_versions WHERE segment = $1), 0), '',
			        (SELECT count(*) FROM customers), $5, $6)
			ON CONFLICT (key) DO UPDATE SET name = excluded.name, source = excluded.source, etag = excluded.etag, version = excluded.version,
			    filled_to = '', filled = 0, everybody = excluded.everybody, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
			seg.Key, seg.Name, seg.Source, sourceTag(seg.Source), s.clock.Now(), by.ID)
		if err != nil {
			return err
		}
		if out, err = segment(ctx, tx, seg.Key); err != nil {
			return err
		}
		if err := s.noteSegment(ctx, tx, out.Key, out.Version, out.Source, by, "segment.put"); err != nil {
			return err
		}
		return notify(ctx, tx, channelEvents) // whoever applies the inbox fills it
	})
	return out, err
}

// DeleteSegment forgets a segment. It is refused while a live journey, an enrollment under way or another segment names it.
func (s *Store) DeleteSegment(ctx context.Context, key string, by journey.Actor, allowed func(was journey.Segment) error) (err error) {
	defer wrap(&err, "deleting segment %q", key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSegments(ctx, tx); err != nil {
			return err
		}
		was, err := segment(ctx, tx, key)
		if err != nil {
			return err
		}
		if err := allowed(was); err != nil {
			return err
		}
		if err := s.checkUnused(ctx, tx, key); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM segments WHERE key = $1`, key); err != nil {
			return err
		}
		return s.noteSegment(ctx, tx, key, was.Version+1, "", by, "segment.delete")
	})
}

// lockSegments lets one change of segments happen at a time, beside the inbox, which reads them.
func lockSegments(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, inboxLock); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `LOCK TABLE segments IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

func (s *Store) noteSegment(ctx context.Context, tx pgx.Tx, key string, version int, source string, by journey.Actor, verb string) error {
	_, err := tx.Exec(ctx, `INSERT INTO segment_versions (segment, number, source, at, by) VALUES ($1, $2, $3, $4, $5)`,
		key, version, source, s.clock.Now(), by.ID)
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, deed{by: by, verb: verb, target: "segment:" + key, detail: map[string]any{"version": version, "source": source}})
}

func sourceTag(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:16])
}

// checkNamed refuses names of segments that are not there, and circles.
func (s *Store) checkNamed(ctx context.Context, tx pgx.Tx, key string, cond *journey.Cond) error {
	all, err := s.keptSegments(ctx, tx)
	if err != nil {
		return err
	}
	named := map[string][]string{key: cond.Needs(nil).Segments}
	for _, k := range all {
		if k.Key != key {
			named[k.Key] = k.needs.Segments
		}
	}
	var problems journey.Problems
	for _, other := range named[key] {
		switch {
		case named[other] == nil && !slices.ContainsFunc(all, func(k *kept) bool { return k.Key == other }) && other != key:
			problems = append(problems, journey.Problem{Path: "segment " + other, Message: "there is no segment " + other + " on this server", Mend: "PUT that one first"})
		case leadsTo(named, other, key, map[string]bool{}):
			problems = append(problems, journey.Problem{Path: "segment " + other, Message: "the segment " + key + " names itself, by way of " + other, Mend: "write out what is meant"})
		}
	}
	if len(problems) > 0 {
		return &journey.Fault{Code: journey.CodeInvalid, Message: "segment " + key + " has faults", Problems: problems}
	}
	return nil
}

func leadsTo(named map[string][]string, from, to string, passed map[string]bool) bool {
	if from == to {
		return true
	}
	if passed[from] {
		return false
	}
	passed[from] = true
	return slices.ContainsFunc(named[from], func(next string) bool { return leadsTo(named, next, to, passed) })
}

// checkUnused refuses to delete what is named.
func (s *Store) checkUnused(ctx context.Context, tx pgx.Tx, key string) error {
	all, err := s.keptSegments(ctx, tx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if slices.Contains(k.needs.Segments, key) {
			return journey.Faultf(journey.CodeConflict, "segment %s names it; change that one first", k.Key)
		}
	}
	rows, err := tx.Query(ctx, `
		SELECT key, live_version FROM journeys WHERE state = 'live' AND live_version IS NOT NULL
		UNION SELECT DISTINCT journey_key, version FROM enrollments WHERE status = 'active'`)
	if err != nil {
		return err
	}
	type version struct {
		Key    string
		Number int
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[version])
	if err != nil {
		return err
	}
	for _, v := range versions {
		def, err := s.definition(ctx, tx, v.Key, v.Number)
		if err != nil {
			return err
		}
		if slices.Contains(def.References().Segments, key) {
			return journey.Faultf(journey.CodeConflict, "journey %s names it, in version %d, which is live or has customers in it", v.Key, v.Number)
		}
	}
	return nil
}

// kept is a segment as those look at it who keep it.
type kept struct {
	Key      string
	Version  int
	FilledTo *string // nil: everybody has been looked at

	cond    *journey.Cond
	needs   journey.Needs
	listens map[string]bool
}

// hears says whether a change of hers may matter.
func (k *kept) hears(heard []string) bool {
	return slices.ContainsFunc(heard, func(name string) bool { return k.listens[name] })
}

// reached says whether the filling has come to her. Those behind it are looked at when it does.
func (k *kept) reached(customer string) bool { return k.FilledTo == nil || customer <= *k.FilledTo }

// keptSegments returns all segments; one comes after those that it names.
func (s *Store) keptSegments(ctx context.Context, q querier) ([]*kept, error) {
	rows, err := q.Query(ctx, `SELECT key, version, filled_to, source FROM segments ORDER BY key`)
	if err != nil {
		return nil, err
	}
	byKey, keys := map[string]*kept{}, []string{}
	var k kept
	var source string
	_, err = pgx.ForEachRow(rows, []any{&k.Key, &k.Version, &k.FilledTo, &source}, func() error {
		known, err := s.parsedSegment(k.Key, k.Version, source)
		if err != nil {
			return err
		}
		one := *known
		one.FilledTo = k.FilledTo
		byKey[k.Key], keys = &one, append(keys, k.Key)
		k.FilledTo = nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []*kept
	passed := map[string]bool{}
	var add func(key string)
	add = func(key string) {
		if k := byKey[key]; k != nil && !passed[key] {
			passed[key] = true
			for _, named := range k.needs.Segments {
				add(named)
			}
			out = append(out, k)
		}
	}
	for _, key := range keys {
		add(key)
	}
	return out, nil
}

// parsedSegment keeps what it has read: a version never changes.
func (s *Store) parsedSegment(key string, version int, source string) (*kept, error) {
	name := fmt.Sprintf("%s@%d", key, version)
	if found, ok := s.segments.Load(name); ok {
		return found.(*kept), nil
	}
	_, cond, problems := journey.ParseSegment("segment.yaml", []byte(source))
	if faults := problems.Errors(); len(faults) > 0 {
		return nil, fmt.Errorf("parsing segment %s: %w", name, faults)
	}
	k := &kept{Key: key, Version: version, cond: cond, needs: cond.Needs(nil), listens: map[string]bool{}}
	for _, name := range cond.Listens() {
		k.listens[name] = true
	}
	s.segments.Store(name, k)
	return k, nil
}
