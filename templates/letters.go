package templates

import (
	"fmt"

	"perennial/journey"
)

// Letters are the compiled messages of one version, as delivery asks for them.
type Letters struct {
	def   *journey.Definition
	set   *Set
	brand journey.Brand
}

// CompileVersion turns a published version into its letters. It was checked when it was published: a fault here is ours.
func CompileVersion(v journey.Version, brand journey.Brand) (*Letters, error) {
	def, problems := journey.Parse(JourneyFile, []byte(v.Source))
	if def == nil {
		return nil, fmt.Errorf("parsing %s version %d: %w", v.Key, v.Number, problems.Errors())
	}
	set, problems := Compile(def, v.Files)
	if set == nil {
		return nil, fmt.Errorf("compiling the messages of %s version %d: %w", v.Key, v.Number, problems.Errors())
	}
	return &Letters{def: def, set: set, brand: brand}, nil
}

// Render writes the message that was decided yesterday with today's name, address and links.
func (l *Letters) Render(c journey.Claimed, links journey.Links) (journey.Rendered, error) {
	var asks *SurveyBlock
	if c.Survey != nil && c.Survey.Form.Kind != "" {
		asks = &SurveyBlock{Ask: c.Survey.Ask, Form: c.Survey.Form}
	}
	m, err := l.set.Render(c.Message.Template, Data{
		Survey:   asks,
		Customer: c.Customer, Account: c.Account,
		Trigger: c.Message.Data.Trigger, Answer: c.Message.Data.Answer, Vars: c.Message.Data.Vars,
		Step: c.Message.FirstStep(), Variant: c.Message.Variant, Coupons: c.Coupons, JourneyKey: l.def.Key, JourneyName: l.def.Name,
		Brand: l.brand, Links: links,
	})
	if err != nil {
		return journey.Rendered{}, err
	}
	return journey.Rendered{Subject: m.Subject, HTML: m.HTML, Text: m.Text, From: m.From, ReplyTo: m.ReplyTo, Locale: m.Locale}, nil
}
