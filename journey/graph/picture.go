package graph

import (
	"slices"
	"strconv"

	"perennial/journey"
)

// Ids of the boxes that are no steps; no step's id has an @.
const (
	Enter = "@enter"
	End   = "@end"
	Goal  = "@goal"
	exit  = "@exit-" // and the number of the rule, from 1
)

// Kinds of the boxes that are no steps.
const (
	KindEnter = "enter"
	KindEnd   = "end"
	KindGoal  = "goal"
	KindRule  = "rule" // an exit rule: it holds at any moment
)

// Picture is a journey, laid out. The upper left corner is 0, 0.
type Picture struct {
	Key   string  `json:"key"`
	Title string  `json:"title"`
	W     float64 `json:"w"`
	H     float64 `json:"h"`
	Boxes []Box   `json:"boxes"` // in the order of the file
	Edges []Edge  `json:"edges"`
	Slots []Slot  `json:"slots,omitempty"` // where a step can be put in; only where they were asked for

	label string // what it is, for those who do not see it
}

// Slot is a place between steps.
type Slot struct {
	journey.Place
	At Point // its middle
}

// Box is a step, or one of the boxes that are none.
type Box struct {
	ID   string  `json:"id"`
	Kind string  `json:"kind"` // the step's, or one of the above
	What string  `json:"what"` // e.g. "Send we-miss-you"
	More string  `json:"more,omitempty"`
	X    float64 `json:"x"` // of the upper left corner
	Y    float64 `json:"y"`
	W    float64 `json:"w"`
	H    float64 `json:"h"`

	lines []line // of text, broken to the width
}

// Edge leads from one box to another, along Points.
type Edge struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Way    string  `json:"way,omitempty"` // the name of the way out of From (journey.Way)
	Label  string  `json:"label,omitempty"`
	Points []Point `json:"points"`

	labels []line
	at     Point // of the label's upper middle
}

// Point is a place in the picture.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Layout lays a journey out.
func Layout(def *journey.Definition) Picture { return Options{}.Layout(def) }

// LayoutSlots lays a journey out with room between its steps for what can be put in there.
func LayoutSlots(def *journey.Definition) Picture { return Options{Slots: true}.Layout(def) }

// Options are the way in which a picture is laid out.
type Options struct {
	Slots bool                        // with room between the steps
	Say   func(journey.Phrase) string // says the words in the reader's language, before they are broken into lines; nil: in English

	Part func(step, way string) string // the share that took a way out of a step, e.g. "34 %", below its words; "" none; nil: of no way
}

// Layout lays a journey out in that way.
func (o Options) Layout(def *journey.Definition) Picture {
	return layout{slots: o.Slots, say: o.Say, part: o.Part}.picture(def)
}

type layout struct {
	slots bool
	say   func(journey.Phrase) string
	part  func(step, way string) string
}

func (l layout) said(p journey.Phrase) string {
	if l.say == nil {
		return p.String()
	}
	return l.say(p)
}

// ours is a phrase of the picture itself.
func ours(form string, values ...journey.Phrase) journey.Phrase {
	return journey.Phrase{Form: form, Values: values}
}

func (l layout) picture(def *journey.Definition) Picture {
	start := stack(l.box(Enter, KindEnter, ours("Enter"), def.Enter.Words()), l.sequence(def.Steps, journey.Place{}))
	if len(start.open) > 0 {
		start = stack(start, l.box(End, KindEnd, ours("Finished"), journey.Phrase{}))
	}
	p := Picture{Key: def.Key, Title: def.Name, label: l.said(ours("Journey %s", journey.Phrase{Written: def.Name}))}
	p.add(start, start.left+margin, margin)
	p.aside(l, def)
	for _, b := range p.Boxes {
		p.W, p.H = max(p.W, b.X+b.W+margin), max(p.H, b.Y+b.H+margin)
	}
	for _, s := range p.Slots {
		p.H = max(p.H, s.At.Y+margin)
	}
	for _, e := range p.Edges {
		for _, pt := range e.Points {
			p.W, p.H = max(p.W, pt.X+margin), max(p.H, pt.Y+margin)
		}
	}
	return p
}

// aside puts what holds at any moment, exit rules and goal with their last steps, to the right of the flow, as near as it
// leaves room.
func (p *Picture) aside(l layout, def *journey.Definition) {
	var rules []block
	for i := range def.Exit {
		rule := &def.Exit[i]
		leaves, when := ours("Leaves: %s", journey.Phrase{Written: rule.As}), ours("at any moment: %s", rule.Words())
		rules = append(rules, stack(l.box(exit+strconv.Itoa(i+1), KindRule, leaves, when), l.sequence(rule.Then, journey.Place{Way: outside})))
	}
	if def.Goal != nil {
		what := ours("Goal")
		if def.Goal.Exit {
			what = ours("Goal, and the end")
		}
		rules = append(rules, stack(l.box(Goal, KindGoal, what, def.Goal.Words()), l.sequence(def.Goal.Then, journey.Place{Way: outside})))
	}
	depth, left := margin, 0.0
	for _, r := range rules {
		depth, left = depth+r.height+gap, max(left, r.left)
	}
	x := 0.0
	for _, b := range p.Boxes {
		if b.Y < depth {
			x = max(x, b.X+b.W)
		}
	}
	for _, e := range p.Edges {
		x = max(x, e.reach(depth))
	}
	y := margin
	for _, r := range rules {
		p.add(r, x+2*gap+left, y)
		y += r.height + gap
	}
}

// reach is how far to the right an edge or its label comes above y.
func (e Edge) reach(y float64) float64 {
	x := 0.0
	for _, pt := range e.Points {
		if pt.Y < y {
			x = max(x, pt.X)
		}
	}
	if e.at.Y < y {
		for _, l := range e.labels {
			x = max(x, e.at.X+l.width/2+labelPad)
		}
	}
	return x
}

// add puts a block into the picture, its axis at x and its top at y.
func (p *Picture) add(b block, x, y float64) {
	for _, bx := range b.boxes {
		bx.X, bx.Y = bx.X+x, bx.Y+y
		p.Boxes = append(p.Boxes, bx)
	}
	for _, e := range b.edges {
		e.Points = shifted(e.Points, x, y)
		e.at = Point{e.at.X + x, e.at.Y + y}
		p.Edges = append(p.Edges, e)
	}
	for _, s := range b.slots {
		s.At = Point{s.At.X + x, s.At.Y + y}
		p.Slots = append(p.Slots, s)
	}
}

func shifted(points []Point, x, y float64) []Point {
	points = slices.Clone(points)
	for i := range points {
		points[i] = Point{points[i].X + x, points[i].Y + y}
	}
	return points
}
