package templates

import (
	"slices"

	"perennial/journey"
)

// facts are what a journey says about its messages.
type facts struct {
	known   *journey.TextKnown // nil: no journey at hand
	coupons []string
	uses    []use
	topics  map[string]journey.Topic // by message
	surveys map[string]*SurveyBlock  // by message
}

type use struct {
	message string
	line    int
}

func readFacts(def *journey.Definition) facts {
	f := facts{topics: map[string]journey.Topic{}, surveys: map[string]*SurveyBlock{}}
	if def == nil {
		return f
	}
	f.known = &journey.TextKnown{Vars: def.VarNames()}
	def.Walk(func(s *journey.Step) { f.step(def, s) })
	f.coupons = f.known.Coupons
	return f
}

func (f *facts) step(def *journey.Definition, s *journey.Step) {
	switch {
	case s.Send != nil:
		topic := s.Send.Topic
		if topic == "" {
			topic = def.Topic
		}
		f.sent(def, s.Send.Message, topic, s.Line)
	case s.Survey != nil:
		block := surveyBlock(def, s.Survey.Ask)
		f.sent(def, s.Survey.Send, def.Topic, s.Line)
		f.surveys[s.Survey.Send] = block
		if s.Survey.Reminder != nil {
			f.sent(def, s.Survey.Reminder.Send, def.Topic, s.Line)
			f.surveys[s.Survey.Reminder.Send] = block
		}
	case s.Coupon != nil:
		as := s.Coupon.As
		if as == "" {
			as = s.Coupon.Pool
		}
		f.known.Coupons = append(f.known.Coupons, as)
	}
	for _, a := range s.Set {
		f.known.Attributes = append(f.known.Attributes, a.Attribute)
	}
	for _, arm := range s.Branch {
		f.attributes(arm.If)
	}
}

// attributes collects the attributes that a condition names.
func (f *facts) attributes(c *journey.Cond) {
	if c == nil {
		return
	}
	for _, sub := range append(slices.Clone(c.All), c.Any...) {
		f.attributes(sub)
	}
	f.attributes(c.Not)
	if c.Operand != nil && c.Operand.From == journey.FromAttribute {
		f.known.Attributes = append(f.known.Attributes, c.Operand.Path)
	}
}

// sent notes that a step sends the message. Sent on two topics, it must satisfy the stricter one.
func (f *facts) sent(def *journey.Definition, message, topic string, line int) {
	f.uses = append(f.uses, use{message: message, line: line})
	if known, has := f.topics[message]; has && known.Key != journey.TopicTransactional {
		return
	}
	t := def.Declares.Topics[topic]
	t.Key = topic
	f.topics[message] = t
}

func (f *facts) sends(message string) bool {
	return slices.ContainsFunc(f.uses, func(u use) bool { return u.message == message })
}

// topic of a message; one that no step sends counts as marketing.
func (f *facts) topic(message string) journey.Topic { return f.topics[message] }

// surveyBlock is the question behind an `ask`. Of one that is kept on the server a scale stands for it until that is known.
func surveyBlock(def *journey.Definition, ask string) *SurveyBlock {
	if form, declared := def.Declares.Surveys[ask]; declared {
		return &SurveyBlock{Ask: ask, Form: form}
	}
	if standard := standardSurvey(ask); standard != nil {
		return standard
	}
	return &SurveyBlock{Ask: ask, Form: journey.SurveyForm{Key: ask, Kind: "score"}, Kept: true}
}

// standardSurvey is one that needs no declaration; nil for any other.
func standardSurvey(ask string) *SurveyBlock {
	if _, to := journey.ScaleOf(ask); to == 0 || ask == "score" {
		return nil
	}
	return &SurveyBlock{Ask: ask, Form: journey.SurveyForm{Key: ask, Kind: ask}}
}
