package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// ErrMachine is the answer to an answer that came before a person can have read the question.
var ErrMachine = journey.Faultf(journey.CodeConflict, "that was quicker than anyone reads; please send your answer once more")

// machineWithin is how soon after the mail was handed over an answer is a scanner's. It is product time: where a day takes a
// second, people are as much faster.
const machineWithin = 2 * time.Second

// Scale is the range of the scores of a survey; both 0 where it has none.
func Scale(form journey.SurveyForm) (from, to int) { return journey.ScaleOf(form.Kind) }

// Answer stores what a customer answered; she may change it until the survey closes, which is CodeGone. What does not fit
// the question is refused, and nothing counts that came within two seconds of the mail: ErrMachine.
func (c *Control) Answer(ctx context.Context, i journey.Invitation, a journey.SurveyAnswer) (journey.Invitation, error) {
	if !c.Clock.Now().Before(i.ExpiresAt) {
		return i, journey.Faultf(journey.CodeGone, "this survey has closed; thank you all the same")
	}
	if IsMachine(c.Clock, i.SentWall) {
		return i, ErrMachine
	}
	a.Choice, a.Comment = strings.TrimSpace(a.Choice), strings.TrimSpace(a.Comment)
	if err := fits(i.Form, a); err != nil {
		return i, err
	}
	return c.Store.Answer(ctx, i.ID, a)
}

// IsMachine says whether something was done so soon after the mail was handed over that no person can have done it.
func IsMachine(clock *journey.Clock, sentWall *time.Time) bool {
	return sentWall != nil && clock.Now().Sub(clock.ToProduct(*sentWall)) < machineWithin
}

func fits(form journey.SurveyForm, a journey.SurveyAnswer) error {
	from, to := Scale(form)
	switch {
	case len(a.Comment) > 4000:
		return invalid("comment", "is over 4,000 bytes", "say it shorter")
	case len(a.Choice) > 1000:
		return invalid("choice", "is over 1,000 bytes", "choose from the list")
	case to > 0 && a.Score == nil:
		return invalid("score", "is missing", fmt.Sprintf("choose from %d to %d", from, to))
	case to > 0 && (*a.Score < from || *a.Score > to):
		return invalid("score", "is not on the scale", fmt.Sprintf("choose from %d to %d", from, to))
	case to == 0 && a.Score != nil:
		return invalid("score", "this question has no scale", "leave it out")
	case form.Kind == "text" && a.Comment == "":
		return invalid("comment", "is missing", "write your answer")
	case form.Kind == "choice" && !slices.Contains(form.Options, a.Choice):
		return invalid("choice", "is none of the answers", "choose one of: "+strings.Join(form.Options, ", "))
	case form.Kind == "choices":
		return fitsChoices(form, a.Choice)
	}
	return nil
}

// choicesBetween stands between several choices in one answer.
const choicesBetween = ", "

// JoinChoices makes one answer of several choices.
func JoinChoices(choices []string) string { return strings.Join(choices, choicesBetween) }

func fitsChoices(form journey.SurveyForm, joined string) error {
	rest := joined
	for _, option := range form.Options { // in the order of the form, for an option may itself hold a comma
		if rest == option {
			return nil
		}
		rest = strings.TrimPrefix(rest, option+choicesBetween)
	}
	return invalid("choice", "is none of the answers", "choose from: "+strings.Join(form.Options, "; "))
}
