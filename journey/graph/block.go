package graph

import (
	"slices"

	"perennial/journey"
)

// The measures of the picture.
const (
	margin   = 24.0
	gap      = 30.0 // between boxes, one above the other
	between  = 28.0 // between arms
	rail     = 18.0 // from a box to the line that goes around a repeat
	boxWidth = 244.0
	pillPad  = 18.0
	labelPad = 8.0
)

// block is a part of the picture, around the axis x = 0 from y = 0 down to its height. Edges that still lead on end at its
// height, each where it came down.
type block struct {
	left, right, height float64 // how far it reaches from the axis, both positive
	boxes               []Box
	edges               []Edge
	first               string // id of the box that it is entered at
	open                []Edge // that lead on to whatever comes next
	slots               []Slot
}

// outside marks the list of the last steps of a rule: its beginning is no place to put a step, the places behind its steps are.
const outside = "outside"

// box is a block of one box.
func (l layout) box(id, kind string, says, adds journey.Phrase) block {
	what, more := l.said(says), l.said(adds)
	b := Box{ID: id, Kind: kind, What: what, More: more, W: boxWidth}
	switch kind {
	case KindEnd, string(journey.StepExit):
		b.lines = []line{measured(what, strong)}
		b.W = b.lines[0].width + 2*pillPad
		b.H = 32
	default:
		b.lines = append(broken(what, strong, boxWidth-textLeft-textRight, 3), broken(more, small, boxWidth-textLeft-textRight, 4)...)
		b.H = textTop * 2
		for _, one := range b.lines {
			b.H += one.height()
		}
	}
	b.X = -b.W / 2
	out := block{left: b.W / 2, right: b.W / 2, height: b.H, boxes: []Box{b}, first: id}
	if kind != KindEnd && kind != string(journey.StepExit) {
		out.open = []Edge{{From: id, Points: []Point{{0, b.H}}}}
	}
	return out
}

// sequence is one step below the other, at the beginning of which stands that place.
func (l layout) sequence(steps []*journey.Step, begin journey.Place) block {
	var out block
	for _, s := range steps {
		out = stack(out, l.step(s))
		if l.slots && len(out.open) > 0 {
			below := out.height + gap/2
			if out.rejoins() {
				below = out.height + gap
			}
			out.slots = append(out.slots, Slot{journey.Place{After: s.ID}, Point{0, below}})
		}
	}
	if l.slots && begin.Way != outside && len(out.boxes) > 0 {
		out.slots = append(out.slots, Slot{begin, Point{0, -gap / 2}})
	}
	return out
}

// stack puts b below a.
func stack(a, b block) block {
	if len(a.boxes) == 0 {
		return b
	}
	if len(b.boxes) == 0 {
		return a
	}
	join, top := a.height, a.height+gap
	if a.rejoins() {
		join, top = a.height+gap/2, a.height+gap+gap/2
	}
	out := block{
		left: max(a.left, b.left), right: max(a.right, b.right), height: top + b.height, first: a.first,
		boxes: a.boxes, edges: a.edges, slots: a.slots,
	}
	for _, e := range a.open {
		e.To = b.first
		e.Points = append(e.Points, Point{e.end().X, join}, Point{0, join}, Point{0, top})
		out.edges = append(out.edges, e)
	}
	out.put(b, 0, top)
	for _, e := range b.open {
		out.open = append(out.open, e.moved(0, top))
	}
	return out
}

// rejoins says whether a way that leads on comes down beside the axis.
func (b block) rejoins() bool {
	return slices.ContainsFunc(b.open, func(e Edge) bool { return e.end().X != 0 })
}

func (e Edge) end() Point { return e.Points[len(e.Points)-1] }

// put takes over another block's boxes and edges, not its open ends.
func (b *block) put(other block, x, y float64) {
	for _, bx := range other.boxes {
		bx.X, bx.Y = bx.X+x, bx.Y+y
		b.boxes = append(b.boxes, bx)
	}
	for _, e := range other.edges {
		b.edges = append(b.edges, e.moved(x, y))
	}
	for _, s := range other.slots {
		s.At = Point{s.At.X + x, s.At.Y + y}
		b.slots = append(b.slots, s)
	}
}

func (e Edge) moved(x, y float64) Edge {
	e.Points = shifted(e.Points, x, y)
	e.at = Point{e.at.X + x, e.at.Y + y}
	return e
}

// step is a step with all that hangs on it.
func (l layout) step(s *journey.Step) block {
	what, more := s.Words()
	head := l.box(s.ID, string(s.Kind), what, more)
	if s.Repeat != nil {
		return l.around(head, s)
	}
	ways := s.Ways()
	for _, w := range ways {
		if len(w.Then) > 0 {
			return l.fan(head, ways)
		}
	}
	return head
}

// fan sets the ways out of a step side by side below it; those that go on come down to one height.
func (l layout) fan(head block, ways []journey.Way) block {
	arms := make([]block, len(ways))
	width, height := -between, 0.0
	for i, w := range ways {
		arms[i] = l.arm(head.first, w)
		width += arms[i].left + arms[i].right + between
		height = max(height, arms[i].height)
	}
	bus := head.height + gap/2
	top := bus + gap/2
	out := head
	out.height, out.open = top+height, nil
	x := -width / 2
	centre := middle(arms, x)
	for i, a := range arms {
		axis := x + a.left - centre
		entry := []Point{{0, head.height}, {0, bus}, {axis, bus}}
		for _, e := range a.edges {
			e = e.moved(axis, top)
			if e.From == head.first && e.Way == ways[i].Name {
				e.Points = append(append([]Point{}, entry...), e.Points...)
			}
			out.edges = append(out.edges, e)
		}
		out.put(block{boxes: a.boxes, slots: a.slots}, axis, top)
		for _, e := range a.open {
			e = e.moved(axis, top)
			if e.From == head.first && e.Way == ways[i].Name {
				e.Points = append(append([]Point{}, entry...), e.Points...)
			}
			e.Points = append(e.Points, Point{e.end().X, out.height})
			out.open = append(out.open, e)
		}
		out.left, out.right = max(out.left, a.left-axis), max(out.right, a.right+axis)
		x += a.left + a.right + between
	}
	return out
}

// middle is where the axis of the fan lies: on that of the middle arm, or half way between the two in the middle, so that
// the trunk goes straight where it can.
func middle(arms []block, x float64) float64 {
	axes := make([]float64, len(arms))
	for i, a := range arms {
		axes[i] = x + a.left
		x += a.left + a.right + between
	}
	n := len(axes)
	return (axes[(n-1)/2] + axes[n/2]) / 2
}

// arm is one way: its words, and below them its steps.
func (l layout) arm(from string, w journey.Way) block {
	words := l.said(w.Words)
	labels := broken(words, label, boxWidth-2*labelPad, 3)
	if l.part != nil {
		labels = append(labels, broken(l.part(from, w.Name), part, boxWidth-2*labelPad, 1)...)
	}
	height, half := 2*labelPad, 0.0
	for _, l := range labels {
		height += l.height()
		half = max(half, l.width/2+labelPad)
	}
	edge := Edge{From: from, Way: w.Name, Label: words, labels: labels, at: Point{0, labelPad / 2}, Points: []Point{{0, 0}, {0, height}}}
	out := block{left: half, right: half, height: height + gap/2, open: []Edge{edge}}
	body := l.sequence(w.Then, journey.Place{Into: from, Way: w.Name})
	if len(body.boxes) == 0 {
		return out
	}
	top := height + gap/2
	if l.slots {
		top = height + gap
	}
	edge.To, edge.Points = body.first, append(edge.Points, Point{0, top})
	out.edges, out.open = []Edge{edge}, nil
	out.put(body, 0, top)
	out.left, out.right, out.height = max(half, body.left), max(half, body.right), top+body.height
	if l.slots && len(body.open) > 0 { // the place behind its last step
		out.height += gap
	}
	for _, e := range body.open {
		out.open = append(out.open, e.moved(0, top))
	}
	return out
}

// around sets the rounds of a repeat below it: the last step leads back on the right, the way on passes on the left.
func (l layout) around(head block, s *journey.Step) block {
	body := l.sequence(s.Repeat.Then, journey.Place{Into: s.ID, Way: journey.WayRound})
	top := head.height + gap
	bottom := top + body.height + gap/2
	if l.slots {
		bottom += gap / 2
	}
	right, left := max(head.right, body.right)+rail, max(head.left, body.left)+rail
	out := block{left: left, right: right, height: bottom + gap/2, first: head.first, boxes: head.boxes}
	out.edges = []Edge{{From: s.ID, To: body.first, Way: "round", Points: []Point{{0, head.height}, {0, top}}}}
	out.put(body, 0, top)
	for _, e := range body.open {
		e = e.moved(0, top)
		e.To = s.ID
		e.Points = append(e.Points, Point{e.end().X, bottom}, Point{right, bottom}, Point{right, head.height / 2}, Point{head.right, head.height / 2})
		out.edges = append(out.edges, e)
	}
	over := []Point{{-head.left, head.height / 2}, {-left, head.height / 2}, {-left, out.height}, {0, out.height}}
	out.open = []Edge{{From: s.ID, Way: "over", Points: over}}
	return out
}
