package journey

// Step returns the step with that id, nil when there is none.
func (d *Definition) Step(id string) *Step { return d.byID[id] }

// StepIDs lists the ids of all steps, in the order of the file.
func (d *Definition) StepIDs() (ids []string) {
	d.Walk(func(s *Step) { ids = append(ids, s.ID) })
	return ids
}

// Next returns the id of the step that follows the given one once it is finished, "" at the end. Arms rejoin: the last step
// of an arm is followed by what follows the step that holds the arm, and the last step of a round by the repeat itself.
func (d *Definition) Next(id string) string { return d.next[id] }

// Arms returns the lists of steps inside a step, in file order.
func (s *Step) Arms() [][]*Step {
	var out [][]*Step
	add := func(steps []*Step) {
		if len(steps) > 0 {
			out = append(out, steps)
		}
	}
	for _, a := range s.Branch {
		add(a.Then)
	}
	for _, v := range s.Split {
		add(v.Then)
	}
	switch {
	case s.Wait != nil:
		add(s.Wait.Then)
	case s.WaitFor != nil:
		for _, a := range s.WaitFor.Any {
			add(a.Then)
		}
		if s.WaitFor.Timeout != nil {
			add(s.WaitFor.Timeout.Then)
		}
	case s.Survey != nil:
		for _, a := range s.Survey.Answers {
			add(a.Then)
		}
		add(s.Survey.NoAnswer)
	case s.Task != nil:
		for _, a := range s.Task.Outcomes {
			add(a.Then)
		}
	case s.Repeat != nil:
		add(s.Repeat.Then)
	}
	return out
}

// Compile makes the index of steps and of what follows each. Ids must be unique; Parse sees to that.
func (d *Definition) Compile() {
	d.byID, d.next, d.contests = map[string]*Step{}, map[string]string{}, map[string]Contest{}
	d.link(d.Steps, "")
	for _, steps := range d.lastSteps() {
		d.link(steps, "")
	}
}

// lastSteps returns the steps that follow on an exit, in file order.
func (d *Definition) lastSteps() [][]*Step {
	var out [][]*Step
	for i := range d.Exit {
		out = append(out, d.Exit[i].Then)
	}
	if d.Goal != nil {
		out = append(out, d.Goal.Then)
	}
	return out
}

func (d *Definition) link(steps []*Step, after string) {
	for i, s := range steps {
		follows := after
		if i+1 < len(steps) {
			follows = steps[i+1].ID
		}
		d.byID[s.ID], d.next[s.ID] = s, follows
		if c, draws := s.contest(); draws {
			d.contests[s.ID] = c
		}
		rejoins := follows
		if s.Repeat != nil { // a round ends where the next one begins
			rejoins = s.ID
		}
		for _, arm := range s.Arms() {
			d.link(arm, rejoins)
		}
	}
}

// Walk calls f for every step, arms after the step that holds them: those of exits and goal, then those of the journey.
func (d *Definition) Walk(f func(*Step)) {
	for _, steps := range d.lastSteps() {
		walk(steps, f)
	}
	walk(d.Steps, f)
}

func walk(steps []*Step, f func(*Step)) {
	for _, s := range steps {
		f(s)
		for _, arm := range s.Arms() {
			walk(arm, f)
		}
	}
}
