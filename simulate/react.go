package simulate

import (
	"math/rand/v2"
	"slices"
	"time"

	"perennial/journey"
)

// reactions are what she does because of what the journey did: she answers, redeems, clicks, and people finish tasks.
type reactions struct {
	habits Habits
	words  vocabulary
	random *rand.Rand
}

// react draws what becomes of the effects of a decision.
func (w *world) react(e *enrollment, f journey.Effects) {
	if w.reacts == nil {
		return
	}
	r := w.reacts
	for _, s := range f.Surveys {
		if chance(r.random, r.habits.Answers) {
			w.later(s.ExpiresAt.Sub(w.now), Happening{Answer: w.anyAnswer(s.Ask)})
		}
	}
	for _, m := range f.Messages {
		if chance(r.random, r.habits.Clicks) {
			w.later(2*journey.Day, Happening{click: &click{e, m.ID}})
		}
		for as, id := range m.Coupons {
			if !e.offered[id] && chance(r.random, r.habits.Redeems) {
				w.later(10*journey.Day, Happening{Redeem: as})
			}
			if e.offered == nil {
				e.offered = map[string]bool{}
			}
			e.offered[id] = true
		}
	}
	for _, t := range f.Tasks {
		if chance(r.random, r.habits.TasksDone) {
			w.later(2*journey.Day, Happening{Done: w.anyOutcome(t.Step)})
		}
	}
}

// later lets it happen at a moment within the span.
func (w *world) later(within time.Duration, h Happening) {
	if within <= 0 {
		return
	}
	h.Drawn = true
	h.At = w.now.Sub(w.out.Start) + time.Duration(w.reacts.random.Int64N(int64(within)))
	i, _ := slices.BinarySearchFunc(w.script, h.At, func(a Happening, at time.Duration) int {
		if a.At <= at {
			return -1
		}
		return 1
	})
	w.script = slices.Insert(w.script, i, h)
}

func (w *world) anyAnswer(ask string) map[string]any {
	r := w.reacts.random
	form := w.def.Declares.Surveys[ask]
	switch w.kind(ask) {
	case "nps":
		return map[string]any{"score": float64(r.IntN(11))}
	case "csat", "score":
		return map[string]any{"score": float64(1 + r.IntN(5))}
	case "ces":
		return map[string]any{"score": float64(1 + r.IntN(7))}
	}
	if len(form.Options) > 0 {
		return map[string]any{"choice": pickOf(r, form.Options)}
	}
	return map[string]any{"comment": "simulated"}
}

// anyOutcome is one that the step asks for, or a plain one.
func (w *world) anyOutcome(id string) string {
	outcomes := []string{"done"}
	if step := w.def.Step(id); step != nil && step.Task != nil {
		for _, arm := range step.Task.Outcomes {
			if arm.If != nil && arm.If.Operand != nil {
				if s, isText := arm.If.Arg.(string); isText {
					outcomes = append(outcomes, s)
				}
			}
		}
	}
	return pickOf(w.reacts.random, outcomes)
}

// click is a person's click in one mail.
type click struct {
	enrollment *enrollment
	message    string
}

func (w *world) clicked(c click) {
	for i := range c.enrollment.messages {
		m := &c.enrollment.messages[i]
		if m.ID == c.message {
			m.Clicked = true
			w.apply(journey.Event{Kind: journey.KindOwn, Name: journey.EventLinkClicked, Properties: map[string]any{
				"journey": w.def.Key, "step": m.Step, "message": m.Step, "message_id": m.ID, "enrollment": c.enrollment.id, "machine": false,
			}})
		}
	}
}

// complete fills in what ties a drawn event to an enrollment: the number of the order that her trigger had.
func (w *world) complete(h *Happening) {
	if w.reacts == nil || !h.Drawn {
		return
	}
	for _, name := range w.reacts.words.match[h.Event] {
		if _, there := h.Properties[name]; there {
			continue
		}
		for _, e := range slices.Backward(w.enrollments) {
			if v, known := e.state.Trigger[name]; known && e.state.Status != journey.StatusEnded {
				h.Properties[name] = v
				break
			}
		}
	}
}
