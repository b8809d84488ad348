package journey

import "strings"

// LookRequest asks how one file of a journey's messages reads while it is being written.
type LookRequest struct {
	File     string    // we-miss-you.html, we-miss-you.fr.html or we-miss-you.txt
	Customer *Customer // nil: the sample customer
	Account  *Account  // hers
	Been     *State    // what her last time in the journey knows; nil: she was never in it, and the sample's stands for it
	Coupons  map[string]Coupon
	Kept     map[string]SurveyForm // the surveys that the server keeps and the journey asks, by key
}

// Look is a message as it reads while it is being written.
type Look struct {
	Rendered
	Preheader string
	Written   bool      // false: a fault keeps it from being rendered, and Rendered is empty
	Problems  Problems  // of this file and of the text beside it, in their order
	Missing   []TextGap // what it reads and does not find
	Been      bool      // trigger, answers and coupons are those of her last time in the journey, and not invented
}

// TextGap is a name that a message reads and that stands for nothing.
type TextGap struct {
	Name    string // as the template writes it: customer.first_name
	File    string
	Line    int // where it is read first
	Guarded bool
}

// MessageUse is one step that sends a message.
type MessageUse struct {
	Message  string
	Step     string
	Topic    string
	Channel  string // "" e-mail
	Survey   bool   // a survey sends it, or its reminder
	Subjects int    // how many the send tries in the place of the message's own
}

// MessageUses returns the steps that send messages, in the order of the file.
func (d *Definition) MessageUses() (out []MessageUse) {
	d.Walk(func(s *Step) {
		if s.Send != nil {
			u := MessageUse{Message: s.Send.Message, Step: s.ID, Topic: s.Send.Topic, Channel: s.Send.Channel, Subjects: len(s.Send.Subjects)}
			if u.Topic == "" {
				u.Topic = d.Topic
			}
			out = append(out, u)
		}
		if s.Survey != nil {
			out = append(out, MessageUse{Message: s.Survey.Send, Step: s.ID, Topic: d.Topic, Survey: true})
			if s.Survey.Reminder != nil {
				out = append(out, MessageUse{Message: s.Survey.Reminder.Send, Step: s.ID, Topic: d.Topic, Survey: true})
			}
		}
	})
	return out
}

// SubjectLine returns the subject of a message's file as it is written there, "" when there is none.
func SubjectLine(source string) string {
	head, found := strings.CutPrefix(strings.TrimPrefix(strings.ReplaceAll(source, "\r\n", "\n"), "\ufeff"), "---\n")
	if !found {
		return ""
	}
	for line := range strings.Lines(head) {
		if strings.TrimSpace(line) == "---" {
			return ""
		}
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "subject" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
