package journey

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// survey reads a question that goes out by message. Without `wait` nothing waits for the answer.
func (p *parser) survey(n *yaml.Node) *Survey {
	survey := &Survey{}
	f := p.fields(n, "survey", "ask", "send", "wait", "reminder", "answers", "no_answer")
	if f == nil {
		return survey
	}
	if v := f.need("ask", "add `ask: nps`, `csat`, `ces` or the key of a declared survey"); v != nil {
		survey.Ask = p.key(v, "the survey")
		p.names("surveys", v)
		p.refs = append(p.refs, ref{at: v, kind: "survey", name: survey.Ask, scope: p.scope})
	}
	if v := f.need("send", "add the message that asks, such as `send: how-are-we-doing`"); v != nil {
		survey.Send = p.key(v, "the message")
	}
	if v := f.get("wait"); v != nil {
		survey.Wait = p.duration(v, "wait")
	}
	if v := f.get("reminder"); v != nil {
		survey.Reminder = p.reminder(v)
		if survey.Wait != 0 && survey.Reminder.After >= survey.Wait {
			p.fault(v, "the reminder comes after the wait is over", "let `after` be shorter than `wait`")
		}
	}
	survey.Answers = p.answers(f, "answers", survey)
	if v := f.get("no_answer"); v != nil {
		survey.NoAnswer = p.steps(v, "no_answer")
	}
	p.needsWait(f, "reminder", "answers", "no_answer")
	return survey
}

// answers reads the arms of a survey or task: [ { if, then } ].
func (p *parser) answers(f *fields, word string, survey *Survey) []Arm {
	v := f.get(word)
	if v == nil {
		return nil
	}
	var arms []Arm
	for _, item := range p.list(v, word) {
		arm := p.arm(item, "an arm")
		arms = append(arms, arm)
		if survey != nil && arm.If != nil && item.Kind == yaml.MappingNode {
			p.asked = append(p.asked, asked{survey: survey, cond: arm.If, at: item})
		}
	}
	return arms
}

// needsWait reports what hangs on an answer that nothing waits for.
func (p *parser) needsWait(f *fields, words ...string) {
	if f.get("wait") != nil || f.empty["wait"] {
		return
	}
	for _, word := range words {
		if v := f.get(word); v != nil {
			p.fault(f.node, fmt.Sprintf("%s has %q and lacks \"wait\"", f.place, word), "add how long it waits, such as `wait: 7d`")
			return
		}
	}
}

func (p *parser) reminder(n *yaml.Node) *Reminder {
	reminder := &Reminder{}
	f := p.fields(n, "reminder", "after", "send")
	if f == nil {
		return reminder
	}
	if v := f.need("after", "add when it goes out, such as `after: 3d`"); v != nil {
		reminder.After = p.duration(v, "after")
	}
	if v := f.need("send", "add the message that asks again"); v != nil {
		reminder.Send = p.key(v, "the message")
	}
	return reminder
}

func (p *parser) task(n *yaml.Node) *TaskStep {
	task := &TaskStep{}
	f := p.fields(n, "task", "title", "team", "assign", "due", "wait", "outcomes")
	if f == nil {
		return task
	}
	if v := f.need("title", "add what is to be done, such as `title: Call her`"); v != nil {
		task.Title = p.name(v, "the title")
	}
	if v := f.get("team"); v != nil {
		task.Team = p.key(v, "the team")
	}
	if v := f.get("assign"); v != nil {
		task.Assign = p.name(v, "assign")
	}
	if v := f.get("due"); v != nil {
		p.due(v, task)
	}
	if v := f.get("wait"); v != nil {
		task.Wait = p.duration(v, "wait")
	}
	task.Outcomes = p.answers(f, "outcomes", nil)
	p.needsWait(f, "outcomes")
	return task
}

// due reads when a task is to be done: `4h`, or `{ working: 4h }` in the team's working hours. Days of work would be read as 24 hours
// by some and as 8 by others, so they cannot be said.
func (p *parser) due(n *yaml.Node, task *TaskStep) {
	if n.Kind != yaml.MappingNode {
		task.Due = p.duration(n, "due")
		return
	}
	f := p.fields(n, "due", "working")
	if f == nil {
		return
	}
	v := f.need("working", "say how much working time, such as `due: { working: 4h }`")
	if v == nil {
		return
	}
	task.Due, task.Working = p.duration(v, "working"), true
	if v.Kind == yaml.ScalarNode && strings.ContainsAny(v.Value, "dw") {
		p.fault(v, "working: "+quote(v.Value)+" counts in days, and working time is hours", "write the hours, such as 8h for a day of work")
	}
}

// withoutActions takes `{{ … }}` out of a template, for a key that is made from the rest.
func withoutActions(template string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, template, _ = strings.Cut(rest, "}}")
	}
}
