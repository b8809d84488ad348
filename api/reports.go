package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"perennial/journey"
)

func getReportSettings(ctx context.Context, s *server, _ *request) (any, error) {
	return s.Read.ReportSettings(ctx)
}

type reportSettingsIn struct {
	Zone *string                 `json:"zone"`
	Loss *journey.LossDefinition `json:"loss"`
}

func putReportSettings(ctx context.Context, s *server, r *request, in reportSettingsIn) (any, error) {
	return s.Control.SetReports(ctx, r.By, in.Zone, in.Loss)
}

func countReports(ctx context.Context, s *server, r *request, _ struct{}) (any, error) {
	st, err := s.Control.CountReportsAnew(ctx, r.By)
	return answer{status: http.StatusAccepted, body: st}, err
}

// listReports says which reports there are, with the figures of each.
func listReports(context.Context, *server, *request) (any, error) {
	return journey.Page[journey.ReportOutline]{Data: journey.ReportOutlines()}, nil
}

// showReport answers a report as JSON, or one of its tables as CSV.
func showReport(ctx context.Context, s *server, r *request) (any, error) {
	in, err := reportRequest(r)
	if err != nil {
		return nil, err
	}
	v, err := s.Read.ReportView(ctx, in)
	if err != nil || !r.wantsCSV() {
		return v, err
	}
	t, err := v.Table(r.query("table"))
	if err != nil {
		return nil, err
	}
	raw, err := t.CSV()
	return answer{status: http.StatusOK, raw: raw, header: csvHeader(v.Report + "-" + t.Key + ".csv")}, err
}

func reportRequest(r *request) (in journey.ReportRequest, err error) {
	in = journey.ReportRequest{Report: r.param("report"), By: journey.Grain(r.query("by")), Journey: r.query("journey")}
	if in.From, err = dayOf(r, "from"); err != nil {
		return in, err
	}
	in.Until, err = dayOf(r, "until")
	return in, err
}

// dayOf reads a day of the query; zero where there is none.
func dayOf(r *request, name string) (time.Time, error) {
	text := r.query(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, journey.Faultf(journey.CodeMalformed, "%s is a day such as 2026-09-30", name)
	}
	return at, nil
}

// wantsCSV says whether the caller asked for CSV: by ?format=csv, or by Accept.
func (r *request) wantsCSV() bool {
	return r.query("format") == "csv" || r.query("format") == "" && strings.HasPrefix(strings.TrimSpace(r.header("Accept")), "text/csv")
}

// reportPeople lists those behind one figure.
func reportPeople(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	starts, err := dayOf(r, "starts")
	if err != nil {
		return nil, err
	}
	ends, err := dayOf(r, "ends")
	if err != nil {
		return nil, err
	}
	return s.Read.ReportPeople(ctx, journey.PeopleRequest{Report: r.param("report"), Table: r.query("table"), Figure: r.query("figure"),
		By: journey.Grain(r.query("by")), Starts: starts, Ends: ends, Group: r.query("group"), Label: r.query("label"), Currency: r.query("currency")}, p)
}
