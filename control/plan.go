package control

import (
	"context"
	"time"

	"perennial/journey"
)

// PlanRequest says what to plan: the draft, or content that is not stored for it.
type PlanRequest struct {
	PublishRequest
	Source string            // "": the draft
	Files  map[string]string // with Source
}

// Bounds of the replays of one plan. The people are always the same ones, so that two plans can be compared.
const (
	planPeople = 1000
	planTime   = 5 * time.Second // wall time
)

// Plan says what publishing would do, and changes nothing: what is different, what becomes of everybody who is in flight, who would
// get a message twice or never, and who will enter. It is a fault where publishing would be one.
func (c *Control) Plan(ctx context.Context, req PlanRequest) (journey.PublishPlan, error) {
	if err := req.settle(); err != nil {
		return journey.PublishPlan{}, err
	}
	d, err := c.planned(ctx, req)
	if err != nil {
		return journey.PublishPlan{}, err
	}
	def, problems, err := c.publishable(ctx, req.PublishRequest, d)
	if err != nil {
		return journey.PublishPlan{}, err
	}
	return c.plan(ctx, req.PublishRequest, d, def, problems)
}

// planned is the draft, or what was sent along. A journey that is not there yet can be planned too.
func (c *Control) planned(ctx context.Context, req PlanRequest) (journey.Draft, error) {
	d, err := c.Store.Draft(ctx, req.Key)
	if req.Source == "" {
		if err == nil {
			err = matches(Edit{Key: req.Key, IfMatch: req.IfMatch}, d)
		}
		return d, err
	}
	if err != nil && journey.CodeOf(err) != journey.CodeNotFound {
		return d, err
	}
	if _, _, err := c.checkEdit(Edit{Key: req.Key, Source: req.Source, Files: req.Files}); err != nil {
		return d, err
	}
	files := req.Files
	if files == nil {
		files = d.Files
	}
	return journey.Draft{Key: req.Key, LiveVersion: d.LiveVersion, Source: req.Source, Files: files, ETag: journey.ContentHash(req.Source, files)}, nil
}

func (c *Control) plan(ctx context.Context, req PublishRequest, d journey.Draft, def *journey.Definition, warnings journey.Problems) (journey.PublishPlan, error) {
	p := journey.PublishPlan{
		Journey: req.Key, From: d.LiveVersion, InFlight: req.InFlight, Map: req.Map, Waits: req.Waits, ETag: d.ETag, Warnings: warnings,
		Changes: []journey.Alteration{}, Steps: []journey.StepPlan{}, Advice: []string{}, Twice: []journey.PlanFinding{},
		Skips: []journey.PlanFinding{}, AtOnce: []journey.PlanFinding{},
	}
	if p.Map == nil {
		p.Map = map[string]string{}
	}
	old, err := c.Store.Inside(ctx, req.Key)
	if err != nil {
		return p, err
	}
	if d.LiveVersion > 0 {
		live, err := c.content(ctx, req.Key, d.LiveVersion)
		if err != nil {
			return p, err
		}
		p.Changes = append(p.Changes, journey.Diff(live, journey.Content{Def: def, Files: d.Files})...)
	}
	p.Place(old, def)
	if req.InFlight == journey.InFlightMigrate && p.People > 0 {
		if err := c.replay(ctx, &p, old, def); err != nil {
			return p, err
		}
	}
	p.Audience, err = c.Store.Audience(ctx, req.Key, def)
	return p, err
}

// content is a published version, to be compared.
func (c *Control) content(ctx context.Context, key string, number int) (journey.Content, error) {
	v, err := c.Store.Version(ctx, key, number)
	if err != nil {
		return journey.Content{}, err
	}
	def, problems := journey.Parse(JourneyFile, []byte(v.Source))
	if len(problems.Errors()) > 0 {
		return journey.Content{}, faulty(key, problems)
	}
	return journey.Content{Def: def, Files: v.Files}, nil
}

// replay plays people through the new version, one after the other, until the time is up.
func (c *Control) replay(ctx context.Context, p *journey.PublishPlan, old []journey.VersionInFlight, to *journey.Definition) error {
	versions := map[int]*journey.Definition{}
	for _, v := range old {
		versions[v.Number] = v.Def
	}
	ids, of, err := c.Store.SampleInFlight(ctx, p.Journey, planPeople)
	if err != nil {
		return err
	}
	began := c.Clock.Wall()
	p.Sample = journey.PlanSample{Of: of, Most: planPeople, BoundMS: planTime.Milliseconds()}
	for _, id := range ids {
		if c.Clock.Wall().Sub(began) > planTime {
			break
		}
		r, err := c.Store.Recall(ctx, id, to)
		if err != nil {
			return err
		}
		if r == nil || versions[r.Version] == nil {
			continue
		}
		crossing := journey.Crossing{From: versions[r.Version], To: to, FromN: r.Version, ToN: p.From + 1, Map: p.Map,
			Recompute: p.Waits == journey.WaitsRecompute}
		p.Find(journey.PlanPerson{Customer: r.Facts.Customer.ID, Name: r.Name}, journey.Replay(crossing, *r, c.Clock.Now()))
		p.Sample.Looked++
	}
	p.Sample.Took = c.Clock.Wall().Sub(began)
	p.Sample.TookMS = p.Sample.Took.Milliseconds()
	return nil
}

// Compare says in words what is different from one version to another. 0 is the draft, or the live version where there is none.
func (c *Control) Compare(ctx context.Context, key string, from, to int) ([]journey.Alteration, error) {
	side := func(number int) (journey.Content, error) {
		if number > 0 {
			return c.content(ctx, key, number)
		}
		d, err := c.Store.Draft(ctx, key)
		if err != nil {
			return journey.Content{}, err
		}
		def, problems := journey.Parse(JourneyFile, []byte(d.Source))
		if len(problems.Errors()) > 0 {
			return journey.Content{}, faulty(key, problems)
		}
		return journey.Content{Def: def, Files: d.Files}, nil
	}
	a, err := side(from)
	if err != nil {
		return nil, err
	}
	b, err := side(to)
	if err != nil {
		return nil, err
	}
	return append([]journey.Alteration{}, journey.Diff(a, b)...), nil
}

// Restore makes a published version the draft again; and a journey that was archived takes people in again, in the version that was
// live. Without a number it only does the second.
func (c *Control) Restore(ctx context.Context, by journey.Actor, key string, number int, ifMatch string) (journey.Draft, error) {
	if number > 0 {
		v, err := c.Store.Version(ctx, key, number)
		if err != nil {
			return journey.Draft{}, err
		}
		d, _, err := c.SaveDraft(ctx, by, Edit{Key: key, Source: v.Source, Files: v.Files, IfMatch: ifMatch})
		return d, err
	}
	if err := c.Store.RestoreJourney(ctx, key, by); err != nil {
		return journey.Draft{}, err
	}
	return c.Store.Draft(ctx, key)
}
