package control

import (
	"context"
	"io"
	"strconv"
	"time"

	"perennial/journey"
)

// Surveys is where questions are kept, and the answers to them.
type Surveys interface {
	PutSurvey(ctx context.Context, form journey.SurveyForm, fresh bool, by journey.Actor) error
	Survey(ctx context.Context, key string) (journey.SurveyInfo, error)
	SurveyResults(ctx context.Context, key string, f journey.SurveyFilter) (journey.SurveyResults, error)
	SurveyReplies(ctx context.Context, key string, f journey.SurveyFilter, words bool, r journey.PageRequest) (journey.Page[journey.SurveyReply], error)
	Segment(ctx context.Context, key string) (journey.Segment, error)
}

// SurveyFile is the name of a survey's source, in faults.
const SurveyFile = "survey.yaml"

// PutSurvey keeps a survey on the server, by the rules of the journey language. Every fault is reported at once. A fresh one must not be
// there yet.
func (c *Control) PutSurvey(ctx context.Context, by journey.Actor, key, source string, fresh bool) (journey.SurveyInfo, error) {
	if !journeyKey.MatchString(key) {
		return journey.SurveyInfo{}, invalid("key", "a survey's key is made of a-z, 0-9 and -", "e.g. why-leaving")
	}
	if len(source) > maxSource {
		return journey.SurveyInfo{}, journey.Faultf(journey.CodeTooLarge, "a survey is at most %d KiB", maxSource>>10)
	}
	form, problems := journey.ParseSurvey(SurveyFile, key, []byte(source))
	if len(problems.Errors()) > 0 {
		return journey.SurveyInfo{}, &journey.Fault{Code: journey.CodeInvalid, Message: "survey " + key + " has faults", Problems: problems}
	}
	if err := c.Store.PutSurvey(ctx, form, fresh, by); err != nil {
		return journey.SurveyInfo{}, err
	}
	return c.Store.Survey(ctx, key)
}

// lookUntil is when a question would close that is only looked at.
const lookUntil = 7 * 24 * time.Hour

// LookAtSurvey returns the page of a survey as a customer of that locale would see it, once answered or before: as it is being written,
// with what it lacks.
func (c *Control) LookAtSurvey(form journey.SurveyForm, locale string, answered bool) ([]byte, error) {
	return c.ShowSurvey(journey.SurveyLook{Form: form, Locale: locale, Answered: answered, Until: c.Clock.Now().Add(lookUntil)})
}

// surveySpan is how far results go back where nobody says from when.
const surveySpan = 365 * 24 * time.Hour

// SurveyFilter fills in what was not said: the last year, by month, in the zone that is given.
func (c *Control) SurveyFilter(ctx context.Context, f journey.SurveyFilter, zone *time.Location) (journey.SurveyFilter, error) {
	if f.To.IsZero() {
		f.To = c.Clock.Now()
	}
	if f.From.IsZero() {
		f.From = f.To.Add(-surveySpan)
	}
	if f.Every == "" {
		f.Every = "month"
	}
	f.Zone = "UTC"
	if zone != nil {
		f.Zone = zone.String()
	}
	var faults journey.Problems
	if f.Every != "week" && f.Every != "month" {
		faults = append(faults, journey.Problem{Path: "every", Message: "there is no such span", Mend: "use week or month"})
	}
	if !f.From.Before(f.To) || f.To.Sub(f.From) > 10*surveySpan {
		faults = append(faults, journey.Problem{Path: "from", Message: "does not lie before `to`, or more than ten years", Mend: "e.g. from=2026-01-01T00:00:00Z"})
	}
	if f.Version < 0 || f.Version > 0 && f.Journey == "" {
		faults = append(faults, journey.Problem{Path: "version", Message: "is one of a journey", Mend: "add journey=KEY"})
	}
	if len(faults) > 0 {
		return f, &journey.Fault{Code: journey.CodeInvalid, Message: "the answers cannot be counted so", Problems: faults}
	}
	if f.Segment == "" {
		return f, nil
	}
	_, err := c.Store.Segment(ctx, f.Segment)
	return f, err
}

// WriteReplies writes answers as CSV: one line each, the latest first.
func WriteReplies(to io.Writer, replies func(yield func(journey.SurveyReply, error) bool)) error {
	w := journey.NewSheetWriter(to)
	if err := w.Write("answered_at", "customer", "score", "choice", "comment", "journey", "version", "locale"); err != nil {
		return err
	}
	for a, err := range replies {
		if err != nil {
			return err
		}
		score := ""
		if a.Score != nil {
			score = strconv.Itoa(*a.Score)
		}
		if err := w.Write(a.At.UTC().Format(time.RFC3339), a.Customer, score, a.Choice, a.Comment, a.Journey, strconv.Itoa(a.Version), a.Locale); err != nil {
			return err
		}
	}
	return w.Flush()
}

// keptSurveys are the surveys that a journey asks and only the server knows, by key. One that nobody keeps is left out.
func (c *Control) keptSurveys(ctx context.Context, def *journey.Definition) (kept map[string]journey.SurveyForm, err error) {
	kept = map[string]journey.SurveyForm{}
	for _, key := range def.References().Surveys {
		i, err := c.Store.Survey(ctx, key)
		switch {
		case journey.CodeOf(err) == journey.CodeNotFound:
		case err != nil:
			return nil, err
		default:
			kept[key] = journey.SurveyForm{Key: key, Kind: i.Kind, Question: i.Question, Options: i.Options, FollowUp: i.FollowUp, Thanks: i.Thanks, Locales: i.Locales}
		}
	}
	return kept, nil
}
