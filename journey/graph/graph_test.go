package graph_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/journey/graph"
)

// shipped parses the journeys under templates/ and examples/.
func shipped(t *testing.T) map[string]*journey.Definition {
	t.Helper()
	files, err := filepath.Glob("../../templates/*/journey.yaml")
	require.NoError(t, err)
	examples, err := filepath.Glob("../../examples/*/journey.yaml")
	require.NoError(t, err)
	files = append(files, examples...)
	require.NotEmpty(t, files)
	out := map[string]*journey.Definition{}
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		out[filepath.Base(filepath.Dir(f))] = parse(t, string(source))
	}
	return out
}

func parse(t *testing.T, source string) *journey.Definition {
	t.Helper()
	def, problems := journey.Parse("journey.yaml", []byte(source))
	require.Empty(t, problems.Errors(), "%v", problems)
	return def
}

// everything has steps of every kind that the picture has a form for.
const everything = `
journey: everything
name: Everything & "more"
topic: offers
enter: { when: { event: Order Completed } }
reentry: always
exit:
  - { event: Order Refunded, match: order_id, as: refunded, then: [ { send: sorry } ] }
goal: { event: Order Completed, within: 45d }
steps:
  - repeat: { times: 3, until: { attribute: rating, exists: true }, then: [ { send: please-rate }, { wait: 2d } ] }
  - branch:
      - if: { all: [ { attribute: plan, in: [gold, silver] }, { not: { event: Order Returned, within: 90d } } ] }
        then:
          - split:
              - { name: a, share: 60, then: [ { send: one } ] }
              - { name: b, share: 40, then: [ { exit: enough } ] }
      - if: { consent: offers, is: given }
        then: [ { exit: b } ]
  - pause: { topics: [offers], for: 30d }
  - leave: [win-back]
  - consent: { topic: offers, is: withdrawn }
  - suppress: { reason: enough }
`

// Every step is a box, nothing lies upon anything else, everything is inside, and edges lead from box to box.
func TestNothingOverlaps(t *testing.T) {
	t.Parallel()
	all := shipped(t)
	all["everything"] = parse(t, everything)
	for name, def := range all {
		p := graph.Layout(def)
		ids := map[string]graph.Box{}
		for i, a := range p.Boxes {
			ids[a.ID] = a
			assert.True(t, a.X >= 0 && a.Y >= 0 && a.X+a.W <= p.W && a.Y+a.H <= p.H, "%s: %s is outside", name, a.ID)
			for _, b := range p.Boxes[:i] {
				apart := a.X+a.W <= b.X || b.X+b.W <= a.X || a.Y+a.H <= b.Y || b.Y+b.H <= a.Y
				assert.True(t, apart, "%s: %s lies upon %s", name, a.ID, b.ID)
			}
		}
		def.Walk(func(s *journey.Step) { assert.Contains(t, ids, s.ID, name) })
		reached := map[string]bool{graph.Enter: true, graph.Goal: true, "@exit-1": true, "@exit-2": true}
		for _, e := range p.Edges {
			assert.Contains(t, ids, e.From, name)
			assert.Contains(t, ids, e.To, name)
			reached[e.To] = true
			for i, pt := range e.Points[1:] {
				assert.True(t, pt.X == e.Points[i].X || pt.Y == e.Points[i].Y, "%s: %s → %s is slanted", name, e.From, e.To)
			}
			for id, bx := range ids {
				assert.False(t, id != e.From && id != e.To && crosses(e, bx), "%s: %s → %s goes through %s", name, e.From, e.To, id)
			}
		}
		for id := range ids {
			assert.True(t, reached[id], "%s: nothing leads to %s", name, id)
		}
	}
}

// Where there is a plus, there is room for it, and what is put in there comes there.
func TestEverySlotTakesAStep(t *testing.T) {
	t.Parallel()
	for name, def := range shipped(t) {
		p := graph.LayoutSlots(def)
		assert.GreaterOrEqual(t, len(p.Slots), len(def.Steps), name)
		for i, s := range p.Slots {
			for _, b := range p.Boxes {
				assert.False(t, s.At.X > b.X && s.At.X < b.X+b.W && s.At.Y+12 > b.Y && s.At.Y-12 < b.Y+b.H, "%s: %v lies on %s", name, s.Place, b.ID)
			}
			for _, other := range p.Slots[:i] {
				assert.False(t, max(s.At.X-other.At.X, other.At.X-s.At.X) < 24 && max(s.At.Y-other.At.Y, other.At.Y-s.At.Y) < 24, "%s: %v and %v", name, s.Place, other.Place)
			}
			w, err := journey.NewRewrite(sourceOf(t, name))
			require.NoError(t, err, name)
			require.NoError(t, w.Insert(s.Place, []journey.Setting{{Path: "wait", Value: "1h"}, {Path: "id", Value: "put-in"}}), "%s: %v", name, s.Place)
			after, problems := journey.Parse("", []byte(w.Source()))
			require.Empty(t, problems.Errors(), "%s: %v", name, s.Place)
			if s.After != "" {
				assert.Equal(t, def.Next(s.After), after.Next("put-in"), "%s: %v", name, s.Place)
			} else {
				assert.Len(t, after.StepIDs(), len(def.StepIDs())+1, "%s: %v", name, s.Place)
			}
		}
	}
}

func sourceOf(t *testing.T, name string) string {
	t.Helper()
	for _, folder := range []string{"../../examples/", "../../templates/"} {
		if raw, err := os.ReadFile(folder + name + "/journey.yaml"); err == nil {
			return string(raw)
		}
	}
	t.Fatal(name)
	return ""
}

func crosses(e graph.Edge, b graph.Box) bool {
	for i := range e.Points[1:] {
		p, q := e.Points[i], e.Points[i+1]
		if max(p.X, q.X) > b.X && min(p.X, q.X) < b.X+b.W && max(p.Y, q.Y) > b.Y && min(p.Y, q.Y) < b.Y+b.H {
			return true
		}
	}
	return false
}

func TestThePictureIsWellFormed(t *testing.T) {
	t.Parallel()
	svg := graph.Layout(parse(t, everything)).SVG(graph.SVG{
		Counts: map[string]int{"one": 12345}, Here: "one", Link: func(id string) string { return "/steps?a=1&id=" + id },
	})
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
	}
	assert.Contains(t, svg, `aria-label="Journey Everything &amp; &#34;more&#34;"`)
	assert.Contains(t, svg, ">12,345</text>")
	assert.Contains(t, svg, `<a id="go-one" href="/steps?a=1&amp;id=one"><g class="box k-send here" id="step-one"><title>Send one</title>`)
	assert.Contains(t, svg, "plan is one of gold, silver and not Order Returned within 90 days")
	assert.NotContains(t, svg, `class="part"`)
	parts := graph.Options{Part: func(step, way string) string {
		if strings.HasPrefix(step, "split") && way == "b" {
			return "4 %"
		}
		return ""
	}}.Layout(parse(t, everything)).SVG(graph.SVG{})
	assert.Equal(t, 1, strings.Count(parts, `class="part"`))
	assert.Contains(t, parts, ">4 %</text>")
	bare := graph.Layout(parse(t, everything)).SVG(graph.SVG{Bare: true})
	assert.NotContains(t, bare, "style", "a page with a strict policy takes it as it is")
}

func TestMermaid(t *testing.T) {
	t.Parallel()
	text := graph.Mermaid(parse(t, `
journey: win-back
name: Win back
topic: offers
enter: { when: { inactive: { event: Order Completed, for: 60d } } }
reentry: never
steps:
  - send: we-miss-you
  - wait_for: { any: [ { event: Order Completed, then: [ { exit: back } ] } ], timeout: { after: 10d, then: [ { send: last-call } ] } }
`))
	assert.Equal(t, `---
title: "Win back"
---
flowchart TD
  s0(["Enter<br><small>no Order Completed for 60 days</small>"])
  s1["Send we-miss-you"]
  s2["Wait for Order Completed<br><small>10 days at most</small>"]
  s3(["Exit: back"])
  s4["Send last-call"]
  s5(["Finished"])
  s0 --> s1
  s1 --> s2
  s2 -->|"Order Completed"| s3
  s2 -->|"after 10 days"| s4
  s4 --> s5
`, text)
}
