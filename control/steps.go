package control

import (
	"context"
	"slices"

	"perennial/journey"
)

// StepEdit is one change of a draft at its steps, or at its head.
type StepEdit struct {
	Do       string // insert, set, remove, move, up, down, add_way or remove_way
	Step     string // its id; not of insert. "" is the head: of set, add_way and remove_way
	At       journey.Place
	Settings []journey.Setting // of insert and set; of add_way what changes besides
	Arm      []journey.Setting // of add_way
	List     string            // of add_way and remove_way: where the ways stand, e.g. branch, wait_for.any or, of the head, exit
	Way      int               // of remove_way, from 0
}

// EditSteps changes a draft at one of its steps, or at its head; the rest of its text stays to the letter. It returns the id of the step, which is a new
// one where it was put in. A change that would leave a fault is refused with it, and a draft that is another one by now is CodeStale.
func (c *Control) EditSteps(ctx context.Context, by journey.Actor, key, ifMatch string, e StepEdit) (journey.Draft, string, error) {
	was, saved, err := c.rewrite(ctx, by, key, ifMatch, e.apply)
	if err != nil {
		return was, "", err
	}
	before, _ := journey.Parse(JourneyFile, []byte(was.Source))
	if e.Do != "insert" || before == nil {
		return saved, e.Step, nil
	}
	after, _ := journey.Parse(JourneyFile, []byte(saved.Source))
	for _, id := range after.StepIDs() { // of several the first: the others stand inside it
		if !slices.Contains(before.StepIDs(), id) {
			return saved, id, nil
		}
	}
	return saved, "", nil
}

func (e StepEdit) apply(w *journey.Rewrite) (err error) {
	switch e.Do {
	case "insert":
		return w.Insert(e.At, e.Settings)
	case "set":
		return w.Set(e.Step, e.Settings)
	case "remove":
		return w.Remove(e.Step)
	case "move":
		return w.Move(e.Step, e.At)
	case "up", "down":
		_, err = w.Shift(e.Step, e.Do == "down")
		return err
	case "add_way":
		if err := w.Set(e.Step, e.Settings); err != nil {
			return err
		}
		return w.AddWay(e.Step, e.List, e.Arm)
	case "remove_way":
		return w.RemoveWay(e.Step, e.List, e.Way)
	}
	return journey.Faultf(journey.CodeMalformed, "there is no change %q of a step", e.Do)
}
