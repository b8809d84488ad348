package journey

// surveyOpen is how long an invitation can be answered when nothing waits for the answer.
const surveyOpen = 30 * Day

// survey asks by message. Where the journey waits for the answer, one that cannot be asked counts as no answer at once.
func (d *decision) survey(step *Step) {
	ask := step.Survey
	if d.hadIt(step, ask.Send) {
		return
	}
	invitation := d.newID(PrefixSurvey)
	fate := d.post(step, letter{message: ask.Send, survey: invitation})
	if fate == stuck {
		return
	}
	if ask.Wait > 0 {
		d.st.Answer = nil // an older answer is none to this question
	}
	if fate == passed {
		d.noAnswer(step)
		return
	}
	d.reach(d.now) // her time to answer counts from the asking
	open := ask.Wait
	if open == 0 {
		open = surveyOpen
	}
	d.out.Effects.Surveys = append(d.out.Effects.Surveys, SurveyInvite{
		ID: invitation, Ask: ask.Ask, Step: step.ID, Visit: d.st.Visits[step.ID], ExpiresAt: d.now.Add(open),
	})
	if ask.Wait == 0 {
		d.log(LogSurvey, detail{"ask": ask.Ask})
		d.goOn(step)
		return
	}
	due := d.at.Add(ask.Wait)
	d.log(LogSurvey, detail{"ask": ask.Ask, "until": stamp(due)})
	d.st.Survey = invitation
	if r := ask.Reminder; r != nil && r.After < ask.Wait {
		due = d.at.Add(r.After)
	}
	d.stand(PhaseAsked, &due)
}

// noAnswer goes on without one; a survey that nobody waits for has no such arm.
func (d *decision) noAnswer(step *Step) {
	d.st.Survey = ""
	if step.Survey.Wait > 0 {
		d.log(LogTimeout, nil)
	}
	d.take(step, step.Survey.NoAnswer)
}

// surveyDue reminds her, or gives up. State.Since stays at the asking until the end, so that the wait is one whole.
func (d *decision) surveyDue(step *Step) {
	ask := step.Survey
	end := d.st.Since.Add(ask.Wait)
	if d.st.Phase == PhaseReminded || ask.Reminder == nil || !d.st.Due.Before(end) {
		d.noAnswer(step)
		return
	}
	since := d.st.Since
	opens := d.def.SendWindow.opening(d.now, d.facts.Zone)
	if opens.After(d.now) && !d.pauses.skips(d.at) {
		if due := since.Add(d.pauses.elapsed(since, opens)); due.Before(end) {
			d.st.Due = &due
			d.log(LogWindow, detail{"message": ask.Reminder.Send, "until": stamp(opens)})
			return
		}
		d.notSent(letter{message: ask.Reminder.Send, topic: d.def.Topic}, ReasonExpired)
	} else {
		d.remind(step)
	}
	d.st.Phase, d.st.Since, d.st.Due = PhaseReminded, since, &end
	d.walking = false
}

// remind sends the same invitation once more. It is a visit of its own, which keeps the ledger's keys apart.
func (d *decision) remind(step *Step) {
	d.visit()
	d.post(step, letter{message: step.Survey.Reminder.Send, survey: d.st.Survey, anyTime: true, reminder: true})
}

// answered takes the arm of her answer, when the event is the answer to the open invitation.
func (d *decision) answered(step *Step, e *Event) {
	if e.Name != EventSurveyAnswered || d.st.Survey == "" || e.Properties["invitation"] != any(d.st.Survey) {
		return
	}
	d.st.Survey = ""
	d.st.Answer = pick(e.Properties, "score", "choice", "comment")
	arm, about := d.choose(step.Survey.Answers)
	for _, name := range []string{"score", "choice"} {
		if v, ok := d.st.Answer[name]; ok {
			about[name] = v
		}
	}
	delete(about, "values")
	d.log(LogAnswered, about)
	d.take(step, arm)
}

// pick copies what is there under these names.
func pick(from map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if v, ok := from[name]; ok && v != nil {
			out[name] = clone(v)
		}
	}
	return out
}

// task asks a person to do something for her; who is held out is not called either.
func (d *decision) task(step *Step) {
	want := step.Task
	title := d.said(want.Title)
	if d.st.Holdout {
		d.log(LogHoldout, detail{"task": title})
		d.goOn(step)
		return
	}
	d.reach(d.now) // people are asked now, however late it is
	task := Task{
		ID: d.newID(PrefixTask), Step: step.ID, Visit: d.st.Visits[step.ID], Title: title, Team: want.Team, Assign: want.Assign,
	}
	if want.Due > 0 {
		due := d.now.Add(want.Due)
		if want.Working {
			due = d.facts.Hours[want.Team].After(d.now, want.Due)
		}
		task.DueAt = &due
	}
	d.out.Effects.Tasks = append(d.out.Effects.Tasks, task)
	about := detail{"title": title, "team": want.Team}
	if want.Wait <= 0 {
		d.log(LogTask, about)
		d.goOn(step)
		return
	}
	due := d.at.Add(want.Wait)
	about["until"] = stamp(due)
	d.log(LogTask, about)
	d.st.Task, d.st.Answer = task.ID, nil
	d.stand(PhaseWaiting, &due)
}

func (d *decision) taskDone(step *Step, e *Event) {
	if e.Name != EventTaskDone || d.st.Task == "" || e.Properties["task"] != any(d.st.Task) {
		return
	}
	d.st.Task = ""
	d.st.Answer = pick(e.Properties, "outcome", "note")
	arm, about := d.choose(step.Task.Outcomes)
	delete(about, "values")
	if v, ok := d.st.Answer["outcome"]; ok {
		about["outcome"] = v
	}
	d.log(LogTaskDone, about)
	d.take(step, arm)
}

// taskLapses goes on without the task being done.
func (d *decision) taskLapses(step *Step) {
	d.log(LogTimeout, detail{"task": d.st.Task})
	d.closeTask()
	d.goOn(step)
}
