package console

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"perennial/journey"
)

type reportSettingsData struct {
	journey.ReportSettings
	Words string
	Bys   []journey.LossBy
	Zones []string
}

// Is says whether a way of losing is the one that the form held, or that is kept.
func (d reportSettingsData) Is(by journey.LossBy, typed string) bool {
	if typed != "" {
		return typed == string(by)
	}
	return d.Loss.By == by
}

// Names writes names of events one in a line, as the form takes them.
func (d reportSettingsData) Names(names []string) string { return strings.Join(names, "\n") }

func reportSettingsPage(ctx context.Context, r *request) (reply, error) {
	st, err := r.Read.ReportSettings(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("report_settings", reportSettingsData{ReportSettings: st, Words: r.lossWords(st.Loss), Bys: journey.LossBys(),
		Zones: []string{"UTC", "Europe/Vienna", "Europe/Berlin", "Europe/Paris", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo"}})
}

// saveReportSettings takes the form. Fields that do not belong to the chosen way of losing are left out: the form shows them all.
func saveReportSettings(ctx context.Context, r *request) (reply, error) {
	zone := strings.TrimSpace(r.form.Get("zone"))
	loss := journey.LossDefinition{By: journey.LossBy(r.form.Get("by")), Survey: strings.TrimSpace(r.form.Get("survey"))}
	if loss.By != journey.LossSubscription {
		days, err := strconv.Atoi(strings.TrimSpace(r.form.Get("days")))
		if err != nil {
			days = -1
		}
		loss.Days = days
	}
	switch loss.By {
	case journey.LossSubscription:
		loss.Begins, loss.Ends = namesOf(r.form.Get("begins")), namesOf(r.form.Get("ends"))
	case journey.LossCart:
		loss.Begins = namesOf(r.form.Get("cart"))
	}
	if _, err := r.Control.SetReports(ctx, r.by(), &zone, &loss); err != nil {
		return reply{}, r.translated(err)
	}
	return r.seeOther("/reports/loss", "reports.saved")
}

// translated puts the faults of a definition into the reader's language, where the catalogue has them.
func (r *request) translated(err error) error {
	var fault *journey.Fault
	if !errors.As(err, &fault) {
		return err
	}
	out := *fault
	out.Problems = nil
	for _, p := range fault.Problems {
		if key := "reports.fault." + p.Path; r.language.known(key) {
			p = journey.Problem{Path: "", Message: strings.TrimSuffix(r.text(key), ".")}
		}
		out.Problems = append(out.Problems, p)
	}
	return &out
}

func namesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if name := strings.TrimSpace(line); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// countAnew has everything counted from the beginning.
func countAnew(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.CountReportsAnew(ctx, r.by()); err != nil {
		return reply{}, err
	}
	return r.seeOther("/reports/settings", "reports.counting_anew")
}
