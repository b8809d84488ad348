package console

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"perennial/control"
	"perennial/journey"
)

type segmentsData struct{ List []journey.Segment }

func segmentsPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Segments(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("segments", segmentsData{list})
}

// segmentData is one segment, with its builder: the condition as forms, the same as text, who would be in it now, and who is.
type segmentData struct {
	journey.Segment      // of the key; the zero value: a new one
	New             bool // it is not kept yet
	Named           string
	Tree            *part
	Text            string           // of the same, or what somebody typed instead
	Typed           bool             // Text was typed, and is newer than Tree
	Rest            journey.Problems // faults that stand at no part
	Preview         *journey.SegmentPreview
	Uncounted       bool // nobody has asked who would be in it
	Members         []journey.CustomerSummary
	More            string
	Choices         segmentChoices
	heading         string
}

// segmentChoices are names that there are, to choose from.
type segmentChoices struct {
	Attributes, Events, Topics, Segments []string
	Journeys                             []journey.JourneyInfo
	InJourney                            bool // what only a journey knows can be asked, too
}

// Of are the names that a part can be about; the one that it has is among them.
func (c segmentChoices) Of(p *part) (out []placeView) {
	names := map[string][]string{"consent": c.Topics, "segment": c.Segments}[p.Kind]
	for _, j := range c.Journeys {
		if p.Kind == "journey" {
			out = append(out, placeView{j.Key, j.Name})
		}
	}
	for _, name := range names {
		out = append(out, placeView{name, name})
	}
	if p.Name != "" && !slices.ContainsFunc(out, func(v placeView) bool { return v.Value == p.Name }) {
		out = append(out, placeView{p.Name, p.Name})
	}
	return out
}

// Units are those of durations, and within a journey the span since she entered.
func (c segmentChoices) Units(p *part) []string {
	units := p.Units()
	if p.Kind == "event" && (c.InJourney || p.Unit == sinceEntry) {
		units = append(units, sinceEntry)
	}
	return units
}

func (d segmentData) title() string { return d.heading }

// Empty says whether nothing was asked for yet: that is no fault of anybody.
func (d segmentData) Empty() bool { return len(d.Tree.Parts) == 0 && !d.Typed }

// Path is where the form goes to.
func (d segmentData) Path() string {
	if d.New {
		return "/segments/" + newSegment
	}
	return "/segments/" + d.Key
}

// newSegment stands in the path for a segment that has no key yet; no key looks like it.
const newSegment = "_new"

func newSegmentPage(ctx context.Context, r *request) (reply, error) {
	d := segmentData{New: true, Tree: &part{ID: "n", Kind: kindAll}, heading: r.text("segment.new")}
	return r.build(ctx, d)
}

func segmentPage(ctx context.Context, r *request) (reply, error) {
	s, err := r.Read.Segment(ctx, r.path("key"))
	if err != nil {
		return reply{}, err
	}
	members, err := r.Read.SegmentMembers(ctx, s.Key, r.page(pageSize))
	if err != nil {
		return reply{}, err
	}
	d := segmentData{Segment: s, Tree: partsOf(s.Source), Named: s.Name, Text: s.Source, heading: cmp.Or(s.Name, s.Key),
		Members: members.Data, More: more(members)}
	return r.build(ctx, d)
}

// build does what the buttons of the builder say, with what the form holds, and shows what comes of it. Nothing is kept. Who would be in the
// segment is counted where that is asked for: a page that is only looked at, or built on, comes at once.
func (r *request) build(ctx context.Context, d segmentData) (reply, error) {
	var problems journey.Problems
	if r.form != nil {
		d.Named = strings.TrimSpace(r.form.Get("name"))
		if p := partOf(r.form, "n"); p != nil && p.IsGroup() {
			d.Tree = p
		}
	}
	source, lines := sourceOf(d.Named, d.Tree)
	switch do := r.form.Get("do"); {
	case r.form == nil && !d.New:
		source = d.Text // as its author wrote it
	case do == "read" || do == "save_text" || r.form.Get("from") == "text":
		source, d.Typed = r.form.Get("source"), true
		name, _, faults := journey.ParseSegment(control.SegmentFile, []byte(source))
		if problems = faults.Errors(); len(problems) == 0 && do == "read" {
			d.Named, d.Tree, d.Typed = cmp.Or(name, d.Named), partsOf(source), false
		}
	case do != "":
		d.Tree.change(do, r.form)
		source, lines = sourceOf(d.Named, d.Tree)
	}
	d.Text = source
	switch do := r.form.Get("do"); {
	case d.Empty():
	case r.form != nil && (do == "" || do == "show" || do == "read"):
		found, err := r.Control.PreviewSegment(ctx, source)
		var fault *journey.Fault
		switch {
		case errors.As(err, &fault) && fault.Code == journey.CodeInvalid:
			problems = fault.Problems
		case err != nil:
			return reply{}, err
		default:
			d.Preview = &found
		}
	default:
		_, _, faults := journey.ParseSegment(control.SegmentFile, []byte(source))
		problems = faults.Errors()
		d.Uncounted = len(problems) == 0
	}
	if d.Rest = problems; !d.Typed {
		d.Rest = placed(problems, lines)
	}
	var err error
	d.Choices, err = r.segmentChoices(ctx, d.Key)
	return reply{page: "segment", data: d}, err
}

// choicesShown bounds each list to choose from; whatever is not in it can be typed.
const choicesShown = 200

func (r *request) segmentChoices(ctx context.Context, key string) (c segmentChoices, err error) {
	if c.Attributes, err = r.Read.AttributeNames(ctx); err != nil {
		return c, err
	}
	names, err := r.Read.EventNames(ctx, journey.PageRequest{Limit: choicesShown})
	if err != nil {
		return c, err
	}
	for _, n := range names.Data {
		c.Events = append(c.Events, n.Name)
	}
	if c.Topics, err = r.Read.TopicKeys(ctx); err != nil {
		return c, err
	}
	segments, err := r.Read.Segments(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range segments {
		if s.Key != key {
			c.Segments = append(c.Segments, s.Key)
		}
	}
	c.Journeys, err = r.Read.Journeys(ctx)
	return c, err
}

// editSegment keeps what the builder or the text holds, where the button says so; else it builds on.
func editSegment(ctx context.Context, r *request) (reply, error) {
	do, fresh := r.form.Get("do"), r.path("key") == ""
	if do != "save" && do != "save_text" {
		if fresh {
			return newSegmentPage(ctx, r)
		}
		return segmentPage(ctx, r)
	}
	e := control.Edit{Key: r.path("key"), Source: r.form.Get("source"), IfMatch: r.form.Get("etag"), IfNew: fresh}
	if tree := partOf(r.form, "n"); do == "save" && tree != nil {
		if !fresh {
			was, err := r.Read.Segment(ctx, e.Key)
			if err != nil {
				return reply{}, err
			}
			tree.keepRemarks(was.Source)
		}
		e.Source, _ = sourceOf(strings.TrimSpace(r.form.Get("name")), tree)
	}
	if fresh {
		e.Key = r.newKey()
	}
	s, err := r.Control.PutSegment(ctx, r.by(), e)
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/segments/"+s.Key, "segment.saved")
}

func deleteSegment(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DeleteSegment(ctx, r.by(), r.path("key"), ""); err != nil {
		return reply{}, err
	}
	return r.seeOther("/segments", "segment.deleted", "key", r.path("key"))
}
