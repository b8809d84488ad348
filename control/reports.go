package control

import (
	"context"
	"time"

	"perennial/journey"
)

// Reports is where the reports are counted.
type Reports interface {
	ReportSettings(ctx context.Context) (journey.ReportSettings, error)
	SetReportSettings(ctx context.Context, to journey.ReportSettings, by journey.Actor) (journey.ReportSettings, error)
	CountAnew(ctx context.Context) error
	Record(ctx context.Context, by journey.Actor, verb, target string, detail map[string]any) error
}

// SetReports changes the zone of the reports' months, or what counts as a loss; what is nil stays. All figures are counted anew then,
// which takes some minutes for a million customers; the settings say how far it is.
func (c *Control) SetReports(ctx context.Context, by journey.Actor, zone *string, loss *journey.LossDefinition) (journey.ReportSettings, error) {
	to, err := c.Store.ReportSettings(ctx)
	if err != nil {
		return to, err
	}
	var faults journey.Problems
	if zone != nil {
		if _, err := time.LoadLocation(*zone); err != nil || *zone == "" || *zone == "Local" {
			faults = append(faults, journey.Problem{Path: "zone", Message: "is not a time zone", Mend: "e.g. Europe/Vienna"})
		}
		to.Zone = *zone
	}
	if loss != nil {
		settled, problems := loss.Settle()
		to.Loss, faults = settled, append(faults, problems...)
	}
	if zone == nil && loss == nil {
		faults = append(faults, journey.Problem{Message: "nothing to change", Mend: "send zone or loss"})
	}
	if len(faults) > 0 {
		return to, &journey.Fault{Code: journey.CodeInvalid, Message: "the reports cannot count like that", Problems: faults}
	}
	return c.Store.SetReportSettings(ctx, to, by)
}

// CountReportsAnew has all figures counted from the beginning, for when somebody doubts them.
func (c *Control) CountReportsAnew(ctx context.Context, by journey.Actor) (journey.ReportSettings, error) {
	if err := c.Store.CountAnew(ctx); err != nil {
		return journey.ReportSettings{}, err
	}
	if err := c.Store.Record(ctx, by, "reports.count", "reports", nil); err != nil {
		return journey.ReportSettings{}, err
	}
	return c.Store.ReportSettings(ctx)
}
