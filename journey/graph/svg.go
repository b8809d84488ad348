package graph

import (
	_ "embed"
	"fmt"
	"html"
	"strconv"
	"strings"

	"perennial/journey"
)

// Style is the style sheet of the pictures, for pages that keep it in a file of their own (SVG.Bare). Its colours are custom
// properties of .journey-graph, light or dark as the reader prefers; a page may set them anew.
//
//go:embed style.css
var Style string

// SVG says what is drawn beside the journey itself.
type SVG struct {
	Counts map[string]int            // box → a number that is shown at it, e.g. how many people stand there; 0 is not shown
	Here   string                    // the box that is set off: where one customer stands
	Link   func(id string) string    // where a click on a box leads; "" nowhere
	Bare   bool                      // without the style sheet, where the page has it
	Titles func(n int) (says string) // of a number, e.g. "12 people are here"; nil: the number
	Number func(n int) string        // writes a number; nil: in groups of three with commas

	Put  func(journey.Place) string // where a click on a slot leads
	Says func(journey.Place) string // what it is called
}

// SVG draws the picture: an element that stands for itself in a file and in a page. It has no script and no inline style.
func (p Picture) SVG(o SVG) string {
	var b strings.Builder
	role := "img"
	if o.Link != nil {
		role = "group" // what is in it can be reached
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="journey-graph" role="%s" aria-label="%s" width="%s" height="%s" viewBox="0 0 %s %s">`,
		role, escaped(p.label), num(p.W), num(p.H), num(p.W), num(p.H))
	fmt.Fprintf(&b, "\n<title>%s</title>\n", escaped(p.Title))
	if !o.Bare {
		b.WriteString("<style>" + Style + "</style>\n")
		fmt.Fprintf(&b, `<rect class="paper" width="%s" height="%s"/>`+"\n", num(p.W), num(p.H))
	}
	for _, e := range p.Edges {
		fmt.Fprintf(&b, `<path class="edge" d="%s"/>`+"\n", track(e.Points))
	}
	for _, e := range p.Edges {
		e.draw(&b)
	}
	for _, bx := range p.Boxes {
		bx.draw(&b, o)
	}
	for i, s := range p.Slots {
		s.draw(&b, i, o)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escaped(text string) string { return html.EscapeString(text) }

func num(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

const bend = 8.0 // radius of a corner

// track is the line along the points, its corners rounded.
func track(points []Point) string {
	points = corners(points)
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %s", num(points[0].X), num(points[0].Y))
	for i := 1; i < len(points)-1; i++ {
		r := min(bend, distance(points[i-1], points[i])/2, distance(points[i], points[i+1])/2)
		from, to := toward(points[i], points[i-1], r), toward(points[i], points[i+1], r)
		fmt.Fprintf(&b, "L%s %sQ%s %s %s %s", num(from.X), num(from.Y), num(points[i].X), num(points[i].Y), num(to.X), num(to.Y))
	}
	last := points[len(points)-1]
	fmt.Fprintf(&b, "L%s %s", num(last.X), num(last.Y))
	return b.String()
}

// corners leaves out the points that are none: those twice in a row, and those on a straight line.
func corners(points []Point) []Point {
	var out []Point
	for _, pt := range points {
		n := len(out)
		if n > 0 && out[n-1] == pt {
			continue
		}
		if n > 1 && (out[n-2].X == out[n-1].X && out[n-1].X == pt.X || out[n-2].Y == out[n-1].Y && out[n-1].Y == pt.Y) {
			out[n-1] = pt
			continue
		}
		out = append(out, pt)
	}
	return out
}

func distance(a, b Point) float64 { return max(a.X-b.X, b.X-a.X) + max(a.Y-b.Y, b.Y-a.Y) }

// toward is the point r away from a on the way to b; lines run along the axes.
func toward(a, b Point, r float64) Point {
	d := distance(a, b)
	if d == 0 {
		return a
	}
	return Point{a.X + (b.X-a.X)*r/d, a.Y + (b.Y-a.Y)*r/d}
}

// draw draws the arrow head at the edge's end, and its label on a ground of its own.
func (e Edge) draw(b *strings.Builder) {
	if pts := corners(e.Points); e.To != "" && len(pts) > 1 {
		end, before := pts[len(pts)-1], pts[len(pts)-2]
		left, right := Point{end.X - 4, end.Y - 7}, Point{end.X + 4, end.Y - 7}
		if before.Y == end.Y {
			side := 7.0
			if before.X < end.X {
				side = -7
			}
			left, right = Point{end.X + side, end.Y - 4}, Point{end.X + side, end.Y + 4}
		}
		fmt.Fprintf(b, `<path class="head" d="M%s %sL%s %sL%s %sZ"/>`+"\n", num(end.X), num(end.Y), num(left.X), num(left.Y), num(right.X), num(right.Y))
	}
	if len(e.labels) == 0 {
		return
	}
	wide, high := 0.0, 0.0
	for _, l := range e.labels {
		wide, high = max(wide, l.width), high+l.height()
	}
	fmt.Fprintf(b, `<g class="way"><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="8"/>`, escaped(e.Label),
		num(e.at.X-wide/2-labelPad), num(e.at.Y), num(wide+2*labelPad), num(high+labelPad))
	y := e.at.Y + labelPad/2
	for _, l := range e.labels {
		class := ""
		if l.style == part {
			class = ` class="part"`
		}
		fmt.Fprintf(b, `<text%s x="%s" y="%s">%s</text>`, class, num(e.at.X), num(y+12), escaped(l.text))
		y += l.height()
	}
	b.WriteString("</g>\n")
}

func (bx Box) draw(b *strings.Builder, o SVG) {
	href := ""
	if o.Link != nil {
		href = o.Link(bx.ID)
	}
	if href != "" {
		fmt.Fprintf(b, `<a id="go-%s" href="%s">`, escaped(strings.TrimPrefix(bx.ID, "@")), escaped(href)) // a page that draws anew finds the focus again by it
	}
	class := "box k-" + strings.ReplaceAll(bx.Kind, "_", "-")
	if bx.ID == o.Here {
		class += " here"
	}
	title := bx.What
	if bx.More != "" {
		title += ": " + bx.More
	}
	fmt.Fprintf(b, `<g class="%s" id="step-%s"><title>%s</title>`, class, escaped(strings.TrimPrefix(bx.ID, "@")), escaped(title))
	if bx.pill() {
		fmt.Fprintf(b, `<rect class="pill" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`, num(bx.X), num(bx.Y), num(bx.W), num(bx.H), num(bx.H/2))
		fmt.Fprintf(b, `<text class="what" text-anchor="middle" x="%s" y="%s">%s</text>`, num(bx.X+bx.W/2), num(bx.Y+bx.H/2+4.5), escaped(bx.lines[0].text))
	} else {
		bx.card(b)
	}
	bx.badge(b, o)
	b.WriteString("</g>")
	if href != "" {
		b.WriteString("</a>")
	}
	b.WriteString("\n")
}

// draw draws a slot: a plus in a circle, in a field that is large enough to be met with a finger.
func (s Slot) draw(b *strings.Builder, i int, o SVG) {
	if o.Put == nil {
		return
	}
	x, y := s.At.X, s.At.Y
	fmt.Fprintf(b, `<a class="slot" id="slot-%d" href="%s" aria-label="%s" data-after="%s" data-into="%s" data-way="%s"><rect x="%s" y="%s" width="24" height="24" rx="12"/>`+
		`<path d="M%s %sh10M%s %sv10"/></a>`+"\n", i, escaped(o.Put(s.Place)), escaped(o.Says(s.Place)), escaped(s.After), escaped(s.Into), escaped(s.Way),
		num(x-12), num(y-12), num(x-5), num(y), num(x), num(y-5))
}

func (bx Box) pill() bool { return bx.Kind == KindEnd || bx.Kind == string(journey.StepExit) }

func (bx Box) card(b *strings.Builder) {
	fmt.Fprintf(b, `<rect class="card" x="%s" y="%s" width="%s" height="%s" rx="10"/>`, num(bx.X), num(bx.Y), num(bx.W), num(bx.H))
	fmt.Fprintf(b, `<rect class="tint" x="%s" y="%s" width="26" height="26" rx="7"/>`, num(bx.X+10), num(bx.Y+8))
	fmt.Fprintf(b, `<path class="icon" transform="translate(%s %s)" d="%s"/>`, num(bx.X+15), num(bx.Y+13), icon(bx.Kind))
	y := bx.Y + textTop
	if len(bx.lines) == 1 {
		y = bx.Y + bx.H/2 - bx.lines[0].height()/2
	}
	for _, l := range bx.lines {
		class, base := "what", 13.5
		if l.style == small {
			class, base = "more", 12
		}
		fmt.Fprintf(b, `<text class="%s" x="%s" y="%s">%s</text>`, class, num(bx.X+textLeft), num(y+base), escaped(l.text))
		y += l.height()
	}
}

// badge is the number at the upper right corner.
func (bx Box) badge(b *strings.Builder, o SVG) {
	n := o.Counts[bx.ID]
	if n == 0 {
		return
	}
	text := thousands(n)
	if o.Number != nil {
		text = o.Number(n)
	}
	wide := width(text, label) + 14
	x, y := bx.X+bx.W-wide+8, bx.Y-9
	title := text
	if o.Titles != nil {
		title = o.Titles(n)
	}
	fmt.Fprintf(b, `<g class="count"><title>%s</title><rect x="%s" y="%s" width="%s" height="19" rx="9.5"/><text x="%s" y="%s">%s</text></g>`,
		escaped(title), num(x), num(y), num(wide), num(x+wide/2), num(y+13.5), text)
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
