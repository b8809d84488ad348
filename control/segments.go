package control

import (
	"context"

	"perennial/journey"
)

// Segments is where segments are kept.
type Segments interface {
	PutSegment(ctx context.Context, s journey.Segment, cond *journey.Cond, by journey.Actor, allowed func(was journey.Segment) error) (journey.Segment, error)
	DeleteSegment(ctx context.Context, key string, by journey.Actor, allowed func(was journey.Segment) error) error
	PreviewSegment(ctx context.Context, cond *journey.Cond) (journey.SegmentPreview, error)
}

// SegmentFile is the name of a segment's source, in faults.
const SegmentFile = "segment.yaml"

// PutSegment keeps a segment from now on, or changes one. Who is in it is found out in the background; what that finds lets nobody
// into a journey. Every fault is reported at once.
func (c *Control) PutSegment(ctx context.Context, by journey.Actor, e Edit) (journey.Segment, error) {
	if !journeyKey.MatchString(e.Key) {
		return journey.Segment{}, invalid("key", "a segment's key is made of a-z, 0-9 and -", "e.g. big-spenders")
	}
	name, cond, err := readSegment("segment "+e.Key, e.Source)
	if err != nil {
		return journey.Segment{}, err
	}
	return c.Store.PutSegment(ctx, journey.Segment{Key: e.Key, Name: name, Source: e.Source}, cond, by, func(was journey.Segment) error {
		return matchesSegment(e, was)
	})
}

// DeleteSegment forgets a segment, unless something that is in use names it.
func (c *Control) DeleteSegment(ctx context.Context, by journey.Actor, key, ifMatch string) error {
	return c.Store.DeleteSegment(ctx, key, by, func(was journey.Segment) error {
		return matchesSegment(Edit{Key: key, IfMatch: ifMatch}, was)
	})
}

// PreviewSegment says who would be in a segment with that condition now.
func (c *Control) PreviewSegment(ctx context.Context, source string) (journey.SegmentPreview, error) {
	_, cond, err := readSegment("the condition", source)
	if err != nil {
		return journey.SegmentPreview{}, err
	}
	return c.Store.PreviewSegment(ctx, cond)
}

func readSegment(what, source string) (string, *journey.Cond, error) {
	if len(source) > maxSource {
		return "", nil, journey.Faultf(journey.CodeTooLarge, "a segment is at most %d KiB", maxSource>>10)
	}
	name, cond, problems := journey.ParseSegment(SegmentFile, []byte(source))
	if len(problems.Errors()) > 0 {
		return "", nil, &journey.Fault{Code: journey.CodeInvalid, Message: what + " has faults", Problems: problems}
	}
	return name, cond, nil
}

// matchesSegment holds an edit against the segment that is there.
func matchesSegment(e Edit, was journey.Segment) error {
	exists := was.Version > 0
	switch {
	case e.IfNew && exists:
		return journey.Faultf(journey.CodeStale, "segment %s exists already", e.Key)
	case e.IfMatch != "" && !exists, e.IfMatch != "" && e.IfMatch != "*" && e.IfMatch != was.ETag:
		return journey.Faultf(journey.CodeStale, "the segment has changed since it was read; read it and try again")
	}
	return nil
}
