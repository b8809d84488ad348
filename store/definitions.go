package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// definitionsMax bounds the versions kept in memory. An installation has far fewer that still hold enrollments.
const definitionsMax = 1000

// definitions keeps parsed versions: they never change (law 8), so what is there is right.
type definitions struct {
	mu  sync.Mutex
	all map[string]*journey.Definition
}

func newDefinitions() *definitions { return &definitions{all: map[string]*journey.Definition{}} }

func (d *definitions) get(key string) *journey.Definition {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all[key]
}

func (d *definitions) put(key string, def *journey.Definition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) >= definitionsMax {
		clear(d.all)
	}
	d.all[key] = def
}

// definition returns one published version, parsed.
func (s *Store) definition(ctx context.Context, q querier, key string, version int) (*journey.Definition, error) {
	name := fmt.Sprintf("%s@%d", key, version)
	if def := s.definitions.get(name); def != nil {
		return def, nil
	}
	var source string
	err := q.QueryRow(ctx, `SELECT source FROM versions WHERE journey_key = $1 AND number = $2`, key, version).Scan(&source)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, journey.Faultf(journey.CodeNotFound, "no version %d of journey %q", version, key)
	}
	if err != nil {
		return nil, err
	}
	def, problems := journey.Parse(name, []byte(source))
	if faults := problems.Errors(); len(faults) > 0 || def == nil {
		return nil, fmt.Errorf("parsing %s: %w", name, faults)
	}
	s.definitions.put(name, def)
	return def, nil
}

// live is a journey that customers can enter.
type live struct {
	Key     string
	Version int
	Def     *journey.Definition
}

// liveJourneys returns the journeys that are live, in the order of their keys. One whose source this program cannot read (it
// was published by a newer one) is left out, so that the others go on; its name comes back in broken.
func (s *Store) liveJourneys(ctx context.Context, q querier) (out []live, broken []string, err error) {
	rows, err := q.Query(ctx, `
		SELECT key, live_version FROM journeys WHERE state = 'live' AND live_version IS NOT NULL ORDER BY key`)
	if err != nil {
		return nil, nil, err
	}
	var l live
	if _, err = pgx.ForEachRow(rows, []any{&l.Key, &l.Version}, func() error { out = append(out, l); return nil }); err != nil {
		return nil, nil, err
	}
	readable := out[:0]
	for _, l := range out {
		var problems journey.Problems
		l.Def, err = s.definition(ctx, q, l.Key, l.Version)
		switch {
		case errors.As(err, &problems):
			broken = append(broken, l.Key)
		case err != nil:
			return nil, nil, err
		default:
			readable = append(readable, l)
		}
	}
	return readable, broken, nil
}
