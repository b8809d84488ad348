package api

import (
	"perennial/journey"
)

// ShowSurvey returns what makes the page of a question, as somebody of that locale sees it: for those who write it. Nobody is asked, and
// nothing is behind its button.
func ShowSurvey(brand journey.Brand) (func(journey.SurveyLook) ([]byte, error), error) {
	p, err := parsePages(brand)
	if err != nil {
		return nil, err
	}
	return func(l journey.SurveyLook) ([]byte, error) {
		reads := readsOf(l.Locale, "")
		r := &linkRequest{server: &server{Deps: Deps{Brand: brand}}, reads: reads, words: p.in(reads)}
		data := r.survey(journey.Invitation{Form: l.Form, ExpiresAt: l.Until}, journey.SurveyAnswer{})
		data.Done = l.Answered
		return p.render(r.words, brand, shown{page: "survey", data: data})
	}, nil
}
