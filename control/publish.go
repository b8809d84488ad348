package control

import (
	"context"

	"perennial/journey"
)

// Publishing says what came of a publish.
type Publishing struct {
	Version   journey.Version
	Unchanged bool             // the same content was live already
	Warnings  journey.Problems // that did not stand in its way
}

// Publish freezes the draft as the next version and makes it live; what it declares (topics, pools, surveys) becomes known to
// the server. Customers who are in the journey stay on their version. Content that is live already is left as it is. ifMatch
// is the ETag of the draft that was meant, "" for whichever is there.
func (c *Control) Publish(ctx context.Context, by journey.Actor, key, inFlight, ifMatch string) (Publishing, error) {
	switch inFlight {
	case "", "keep":
	case "migrate", "exit":
		return Publishing{}, invalid("in_flight", "this server does not "+inFlight+" customers who are in the journey yet",
			"publish with keep: they finish on the version with which they entered")
	default:
		return Publishing{}, invalid("in_flight", "there is no such way", "use keep")
	}
	d, err := c.Store.Draft(ctx, key)
	if err != nil {
		return Publishing{}, err
	}
	if !d.IsDraft {
		return Publishing{}, journey.Faultf(journey.CodeConflict, "journey %s has no draft to publish; PUT one first", key)
	}
	if err := matches(Edit{Key: key, IfMatch: ifMatch}, d); err != nil {
		return Publishing{}, err
	}
	def, problems := journey.Parse(JourneyFile, []byte(d.Source))
	if def != nil {
		problems = append(problems, c.Check(def, d.Files)...)
		dangling, err := c.dangling(ctx, def)
		if err != nil {
			return Publishing{}, err
		}
		problems = append(problems, dangling...)
	}
	if len(problems.Errors()) > 0 {
		return Publishing{}, faulty(key, problems)
	}
	v, unchanged, err := c.Store.Publish(ctx, journey.Publication{Key: key, Name: def.Name, ETag: d.ETag, Declares: def.Declares, By: by})
	return Publishing{Version: v, Unchanged: unchanged, Warnings: problems}, err
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
	say(unknown.Journeys, "journey", "PUT that one first, if only as a draft")
	say(unknown.Segments, "segment", "declare it under segments:, or PUT /api/segments first")
	return out, nil
}

// Archive takes a journey out of service: nobody enters any more, those inside go on to their end.
func (c *Control) Archive(ctx context.Context, by journey.Actor, key string) error {
	return c.Store.ArchiveJourney(ctx, key, by)
}
