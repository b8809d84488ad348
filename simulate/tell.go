package simulate

import (
	"strconv"
	"strings"

	"perennial/journey"
)

// tell is a timeline for people and programs.
func tell(def *journey.Definition, p Persona, t Timeline) journey.SimulatedPerson {
	c := p.Customer
	out := journey.SimulatedPerson{
		ID: c.ID, FirstName: c.FirstName, Email: c.Email, Locale: c.Locale, Timezone: t.Zone.String(), Attributes: c.Attributes,
		Lines: []journey.SimulatedLine{}, Mails: []journey.SimulatedMail{}, Ends: []journey.SimulatedState{},
	}
	subjects := map[string]string{}
	for _, m := range t.Mails {
		out.Mails = append(out.Mails, journey.SimulatedMail{
			At: m.At, Step: m.Step, Message: m.Message, Topic: m.Topic, Subject: m.Mail.Subject, HTML: m.Mail.HTML, Text: m.Mail.Text,
		})
		subjects[m.Enrollment+"/"+m.Step] = m.Mail.Subject
	}
	for _, e := range t.Entries {
		local := e.At.In(t.Zone)
		line := journey.SimulatedLine{At: e.At, Day: t.day(e.At), Local: local.Format("Mon 2 Jan 15:04")}
		if e.Happened != nil {
			line.Happened, line.Words = true, journey.Phrase{Written: happened(*e.Happened)}
		} else {
			line.Enrollment, _ = strconv.Atoi(strings.TrimPrefix(e.Enrollment, journey.PrefixEnrollment))
			line.Step, line.What, line.Detail = e.Log.Step, e.Log.What, e.Log.Detail
			line.Words = told(def, e.Log, t, subjects[e.Enrollment+"/"+e.Log.Step])
		}
		out.Lines = append(out.Lines, line)
	}
	for i, state := range t.Ends {
		end := journey.SimulatedState{Status: state.Status, Reason: state.Reason, Step: state.Step}
		if state.Status == journey.StatusActive {
			end.Next = t.Next[i]
		}
		out.Ends = append(out.Ends, end)
	}
	return out
}

func said(form string, values ...journey.Phrase) journey.Phrase {
	return journey.Phrase{Form: form, Values: values}
}

// told says a decision as the console does, with the words of the arm that was taken and the subject of the mail.
func told(def *journey.Definition, l journey.LogEntry, t Timeline, subject string) journey.Phrase {
	text := journey.LogWords(l, t.Zone)
	words := journey.Phrase{Written: text}
	if l.What == journey.LogSend && subject != "" {
		words.Written += ": “" + subject + "”"
		return words
	}
	step, way := def.Step(l.Step), l.Way()
	if step == nil || way == "" || way == journey.WayNone {
		return words
	}
	for _, w := range step.Ways() {
		if w.Name != way {
			continue
		}
		before, because, _ := strings.Cut(text, ", because ")
		switch l.What {
		case journey.LogBranch:
			return said("took “%s”, because %s", w.Words, journey.Phrase{Written: because})
		case journey.LogAnswered:
			before, _, _ = strings.Cut(before, ", so took ")
			return said("answered %s, so took “%s”", journey.Phrase{Written: strings.TrimPrefix(before, "answered ")}, w.Words)
		case journey.LogHappened:
			return said("what was waited for happened: %s", w.Words)
		}
	}
	return words
}
