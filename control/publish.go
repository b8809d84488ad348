package control

import (
	"context"
	"maps"
	"slices"

	"perennial/journey"
)

// PublishRequest says what to publish, and what becomes of the customers who are in the journey.
type PublishRequest struct {
	Key      string
	InFlight journey.InFlight  // "" is keep
	Map      map[string]string // with migrate: step → step, where an id is another in the new version
	Waits    journey.Waits     // with migrate; "" is keep
	IfMatch  string            // ETag of the draft that was meant; "": whichever is there
}

// Publishing says what came of a publish.
type Publishing struct {
	Version   journey.Version
	Unchanged bool               // the same content was live already
	Warnings  journey.Problems   // that did not stand in its way
	Migration *journey.Migration // that has begun; nil where nobody is moved
	Plan      journey.PublishPlan
}

// Publish freezes the draft as the next version and makes it live; what it declares (topics, pools, surveys) becomes known to
// the server. Customers who are in the journey stay on their version, go on in the new one, or leave, as the request says; a
// migration does that in the background, and whoever enters enters the new version at once. Content that is live already is left
// as it is, and people on older versions can be moved to it all the same.
func (c *Control) Publish(ctx context.Context, by journey.Actor, req PublishRequest) (Publishing, error) {
	if err := req.settle(); err != nil {
		return Publishing{}, err
	}
	d, err := c.Store.Draft(ctx, req.Key)
	if err != nil {
		return Publishing{}, err
	}
	if !d.IsDraft {
		if req.IfMatch != "" {
			return Publishing{}, journey.Faultf(journey.CodeStale, "the draft of journey %s was published since it was read", req.Key)
		}
		return Publishing{}, journey.Faultf(journey.CodeConflict, "journey %s has no draft to publish; PUT one first", req.Key)
	}
	if err := matches(Edit{Key: req.Key, IfMatch: req.IfMatch}, d); err != nil {
		return Publishing{}, err
	}
	def, problems, err := c.publishable(ctx, req, d)
	if err != nil {
		return Publishing{}, err
	}
	out := Publishing{Warnings: problems}
	if out.Plan, err = c.plan(ctx, req, d, def, nil); err != nil {
		return Publishing{}, err
	}
	out.Version, out.Unchanged, err = c.Store.Publish(ctx, journey.Publication{
		Key: req.Key, Name: def.Name, ETag: d.ETag, Declares: def.Declares, By: by, InFlight: req.InFlight, Map: req.Map, Waits: req.Waits,
	})
	if err != nil || req.InFlight == journey.InFlightKeep {
		return out, err
	}
	if out.Migration, err = c.Store.Migration(ctx, req.Key); out.Migration != nil && out.Migration.Version != out.Version.Number {
		out.Migration = nil // nobody was in flight; that one is of long ago
	}
	return out, err
}

// settle fills in what was left out, and refuses what there is not.
func (r *PublishRequest) settle() error {
	if r.InFlight == "" {
		r.InFlight = journey.InFlightKeep
	}
	if r.Waits == "" {
		r.Waits = journey.WaitsKeep
	}
	var problems journey.Problems
	switch r.InFlight {
	case journey.InFlightKeep, journey.InFlightMigrate, journey.InFlightExit:
	default:
		problems = append(problems, journey.Problem{Path: "in_flight", Message: "there is no such way", Mend: "use keep, migrate or exit"})
	}
	switch r.Waits {
	case journey.WaitsKeep, journey.WaitsRecompute:
	default:
		problems = append(problems, journey.Problem{Path: "waits", Message: "there is no such way", Mend: "use keep or recompute"})
	}
	if len(r.Map) > 0 && r.InFlight != journey.InFlightMigrate {
		problems = append(problems, journey.Problem{Path: "map", Message: "only a migration maps steps", Mend: "publish with in_flight: migrate, or leave the map out"})
	}
	if len(problems) > 0 {
		return &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: problems}
	}
	return nil
}

// publishable parses and checks what is to be published; the fault names everything that stands in its way.
func (c *Control) publishable(ctx context.Context, req PublishRequest, d journey.Draft) (*journey.Definition, journey.Problems, error) {
	def, problems := journey.Parse(JourneyFile, []byte(d.Source))
	if def != nil {
		problems = append(problems, c.Check(def, d.Files)...)
		dangling, err := c.dangling(ctx, def)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, dangling...)
		mapped, err := c.checkMap(ctx, req, def)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, mapped...)
	}
	if len(problems.Errors()) > 0 {
		return nil, nil, faulty(req.Key, problems)
	}
	return def, problems, nil
}

// checkMap finds what a map names and no version has: a slip there would let people leave.
func (c *Control) checkMap(ctx context.Context, req PublishRequest, def *journey.Definition) (out journey.Problems, err error) {
	if len(req.Map) == 0 {
		return nil, nil
	}
	old, err := c.Store.Inside(ctx, req.Key)
	if err != nil {
		return nil, err
	}
	for _, was := range slices.Sorted(maps.Keys(req.Map)) {
		is := req.Map[was]
		if !slices.ContainsFunc(old, func(v journey.VersionInFlight) bool { return v.Def.Step(was) != nil }) {
			out = append(out, journey.Problem{Path: "map." + was, Message: "no version that somebody is in has a step " + was,
				Mend: "name a step of the version that people are in"})
		}
		if def.Step(is) == nil {
			out = append(out, journey.Problem{Path: "map." + was, Message: "the new version has no step " + is,
				Mend: "name one of its steps; perennial journey fmt writes their ids out"})
		}
	}
	return out, nil
}

// dangling are the names that neither the journey declares nor the server has. A draft may have them; nobody may enter with them.
func (c *Control) dangling(ctx context.Context, def *journey.Definition) (out journey.Problems, err error) {
	unknown, err := c.Store.Unknown(ctx, def.References())
	if err != nil {
		return nil, err
	}
	say := func(keys []string, what, mend string) {
		for _, key := range keys {
			out = append(out, journey.Problem{File: JourneyFile, Path: what + " " + key,
				Message: "there is no " + what + " " + key + " on this server", Mend: mend})
		}
	}
	say(unknown.Pools, "pool", "declare it under pools:")
	say(unknown.Surveys, "survey", "declare it under surveys:, or use nps, csat or ces")
	say(unknown.Teams, "team", "let an admin PUT /api/teams/KEY")
	say(unknown.Webhooks, "webhook", "declare it under webhooks:, or let an admin PUT /api/endpoints/KEY")
	say(unknown.Journeys, "journey", "PUT that one first, if only as a draft")
	say(unknown.Segments, "segment", "declare it under segments:, or PUT /api/segments first")
	return out, nil
}

// Archive takes a journey out of service: nobody enters any more, those inside go on to their end.
func (c *Control) Archive(ctx context.Context, by journey.Actor, key string) error {
	return c.Store.ArchiveJourney(ctx, key, by)
}
