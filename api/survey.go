package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"perennial/control"
	"perennial/journey"
)

// surveyData is what the survey's page shows.
type surveyData struct {
	Question, FollowUp said
	Thanks             said // "" that of every page
	Scores             []option
	Low, High          string
	Choices            []option
	Several            bool // choices may be more than one
	CommentNeeded      bool
	Comment            string
	Notice             string // why it is shown again
	Answered, Done     bool
	Until              string
}

// option is one thing to choose.
type option struct {
	Value, Label string
	Chosen       bool
}

// surveyPage shows the question, with what she clicked in the mail chosen already; posting answers it. It may be changed until
// it closes.
func surveyPage(ctx context.Context, r *linkRequest) (shown, error) {
	i, err := r.Read.InvitationOfMessage(ctx, r.mail.ID)
	if err != nil {
		return shown{}, err
	}
	if !r.Clock.Now().Before(i.ExpiresAt) {
		return shown{}, journey.Faultf(journey.CodeGone, "this question has closed; thank you all the same")
	}
	if !r.post() {
		return shown{http.StatusOK, "survey", r.survey(i, r.preselected(i))}, nil
	}
	locale, _ := inHers(r, i.Form.Locales)
	a := journey.SurveyAnswer{Score: number(r.form.Get("score")), Choice: control.JoinChoices(inOrderOf(i.Form.Options, r.form["choice"])),
		Comment: r.form.Get("comment"), Locale: cmp.Or(locale, r.words.code)}
	answered, err := r.Control.Answer(ctx, i, a)
	if fault := againFault(err); fault != nil {
		data := r.survey(i, a)
		data.Notice = r.noticeOf(fault)
		return shown{control.Status(fault.Code), "survey", data}, nil
	}
	if err != nil {
		return shown{}, err
	}
	data := r.survey(answered, a)
	data.Done = true
	return shown{http.StatusOK, "survey", data}, nil
}

// againFault is the fault of an answer that she can put right on the same page.
func againFault(err error) *journey.Fault {
	var fault *journey.Fault
	if errors.Is(err, control.ErrMachine) || journey.CodeOf(err) == journey.CodeInvalid {
		errors.As(err, &fault)
	}
	return fault
}

// noticeOf says what to put right, by the field that is wrong.
func (r *linkRequest) noticeOf(fault *journey.Fault) string {
	if len(fault.Problems) > 0 {
		return r.words.text("survey.notice." + fault.Problems[0].Path)
	}
	return r.words.text("survey.notice.again")
}

// preselected is the answer that the page begins with: what the link in the mail says, or what she answered before.
func (r *linkRequest) preselected(i journey.Invitation) journey.SurveyAnswer {
	a := journey.SurveyAnswer{Score: i.Score, Choice: i.Choice, Comment: i.Comment}
	query := r.http.URL.Query()
	if score := number(query.Get("score")); score != nil {
		a.Score = score
	}
	if choice := query.Get("choice"); choice != "" {
		a.Choice = choice
	}
	return a
}

func (r *linkRequest) survey(i journey.Invitation, a journey.SurveyAnswer) surveyData {
	locale, lang := inHers(r, i.Form.Locales)
	words := i.Form.In(locale)
	d := surveyData{Question: said{words.Question, lang}, FollowUp: said{words.FollowUp, lang}, Thanks: said{words.Thanks, lang}, Comment: a.Comment,
		Answered: i.AnsweredAt != nil, Several: i.Form.Kind == "choices", CommentNeeded: i.Form.Kind == "text", Until: r.words.moment(i.ExpiresAt)}
	if words.Question == "" {
		d.Question = said{Text: r.question(i.Form.Kind)}
	}
	if words.FollowUp == "" {
		d.FollowUp = said{Text: r.words.text("survey.follow_up")}
	}
	if key := "survey." + i.Form.Kind; r.words.known(key + "_low") {
		d.Low, d.High = r.words.text(key+"_low"), r.words.text(key+"_high")
	}
	if from, to := control.Scale(i.Form); to > 0 {
		for n := from; n <= to; n++ {
			d.Scores = append(d.Scores, option{strconv.Itoa(n), strconv.Itoa(n), a.Score != nil && *a.Score == n})
		}
	}
	if i.Form.Kind == "choice" || d.Several {
		chosen := strings.Split(a.Choice, ", ")
		for _, value := range i.Form.Options {
			d.Choices = append(d.Choices, option{value, words.Reads(value), value == a.Choice || d.Several && slices.Contains(chosen, value)})
		}
	}
	return d
}

// question is that of a kind that needs no declaration; a declared survey brings its own.
func (r *linkRequest) question(kind string) string {
	if key := "survey." + kind; r.words.known(key) {
		return r.words.text(key, "brand", r.Brand.Name)
	}
	return r.words.text("survey.else")
}

// inOrderOf returns those of the options that were chosen, in the order of the form; what is no option stays at the end, to be
// refused by name.
func inOrderOf(options, chosen []string) []string {
	var out []string
	for _, o := range options {
		if slices.Contains(chosen, o) {
			out = append(out, o)
		}
	}
	for _, c := range chosen {
		if c != "" && !slices.Contains(options, c) {
			out = append(out, c)
		}
	}
	return out
}
