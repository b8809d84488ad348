package journey

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Winner says how one of several variants is chosen for good: by what, how long after the first draw at the earliest, and
// how many customers each variant must have had by then.
type Winner struct {
	By    Metric
	After time.Duration
	Min   int
}

// Metric is what variants are compared by: the share of customers who did it after they were drawn.
type Metric string

// The metrics. Opens are none: mail programs fetch pictures by themselves.
const (
	MetricGoal    Metric = "goal"    // reached the goal of the journey
	MetricClicked Metric = "clicked" // clicked in a message: people, not machines
)

// Contest is a step that draws: a split, or a send with several subjects. Contests of different versions with the same step
// and hash are one: what was counted and decided in an earlier version goes on.
type Contest struct {
	Step     string
	Message  string   // of a send; "" for a split
	Variants []string // names, in the order of the file
	Winner   *Winner  // nil: it draws for ever
	Hash     string   // of what makes the variants the same: names, subjects, the metric
}

// Draw is one customer drawn into a variant of a split.
type Draw struct {
	Step    string
	Contest string // the hash
	Variant string
	At      time.Time
}

// Tally is what became of those who were drawn into one variant: customers for a split, messages that went out for a send.
type Tally struct {
	Variant string `json:"variant"`
	Drawn   int    `json:"drawn"`
	Goals   int    `json:"goals"`   // reached the goal afterwards
	Clicked int    `json:"clicked"` // clicked afterwards
}

// Contests returns the steps that draw, in the order of the file.
func (d *Definition) Contests() []Contest {
	var out []Contest
	d.Walk(func(s *Step) {
		if c, draws := d.contests[s.ID]; draws {
			out = append(out, c)
		}
	})
	return out
}

// contest returns what a step draws; false for one that does not.
func (s *Step) contest() (Contest, bool) {
	c := Contest{Step: s.ID, Winner: s.Winner}
	sum := sha256.New()
	write := func(part string) { sum.Write(append([]byte(part), 0)) }
	switch {
	case len(s.Split) > 0:
		for _, v := range s.Split {
			c.Variants = append(c.Variants, v.Name)
			write(v.Name)
		}
	case s.Send != nil && len(s.Send.Subjects) > 0:
		c.Message, c.Winner = s.Send.Message, s.Send.Winner
		for _, v := range s.Send.Subjects {
			c.Variants = append(c.Variants, v.Name)
			write(v.Name + ": " + v.Text)
		}
	default:
		return c, false
	}
	if c.Winner != nil {
		write(string(c.Winner.By))
	}
	c.Hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return c, true
}

// Decide names the variant that has won. It is false before the time has come, while a variant has had too few, and while
// the best are equal: then the draw goes on. First is the moment of the first draw.
func (c Contest) Decide(tallies []Tally, first, now time.Time) (string, bool) {
	if c.Winner == nil || first.IsZero() || now.Before(first.Add(c.Winner.After)) {
		return "", false
	}
	of := map[string]Tally{}
	for _, t := range tallies {
		of[t.Variant] = t
	}
	best, tied := Tally{}, true
	for i, name := range c.Variants {
		t := of[name]
		if t.Drawn < max(c.Winner.Min, 1) {
			return "", false
		}
		// Shares are compared crosswise, in whole numbers: 1 of 3 and 2 of 6 are equal.
		ours, theirs := c.Winner.By.of(t)*best.Drawn, c.Winner.By.of(best)*t.Drawn
		switch {
		case i == 0 || ours > theirs:
			best, tied = t, false
		case ours == theirs:
			tied = true
		}
	}
	if tied {
		return "", false
	}
	return best.Variant, true
}

func (m Metric) of(t Tally) int {
	if m == MetricGoal {
		return t.Goals
	}
	return t.Clicked
}

// won returns the variant that has been chosen for good at the step, "" while none has.
func (d *decision) won(c Contest) string {
	won := d.facts.Winners[c.Step]
	for _, name := range c.Variants {
		if name == won {
			return won
		}
	}
	return ""
}

// drawSubject draws one of the subjects of a send for a recipient; always the same one for her and the step.
func (d *decision) drawSubject(step *Step, recipient string) (variant, contest string) {
	c, draws := d.def.contests[step.ID]
	if !draws || step.Send == nil {
		return "", ""
	}
	if won := d.won(c); won != "" {
		return won, c.Hash
	}
	return c.Variants[drawn(recipient+"/"+step.ID+"/subject")*len(c.Variants)/100], c.Hash
}
