package journey

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// The reports that there are.
const (
	ReportLoss         = "loss"
	ReportOrders       = "orders"
	ReportCohorts      = "cohorts"
	ReportSatisfaction = "satisfaction"
	ReportJourneys     = "journeys"
	ReportMessages     = "messages"
	ReportCoupons      = "coupons"
	ReportTasks        = "tasks"
)

// Reports lists the keys of the reports, in the order in which they are shown.
func Reports() []string {
	return []string{ReportLoss, ReportOrders, ReportCohorts, ReportSatisfaction, ReportJourneys, ReportMessages, ReportCoupons, ReportTasks}
}

// Grain is how long the periods of a report are.
type Grain string

// Periods of the calendar, in the zone of the reports.
const (
	ByMonth   Grain = "month"
	ByQuarter Grain = "quarter"
	ByYear    Grain = "year"
)

// Grains lists them, the shortest first.
func Grains() []Grain { return []Grain{ByMonth, ByQuarter, ByYear} }

// Months is how many months a period has.
func (g Grain) Months() int {
	switch g {
	case ByQuarter:
		return 3
	case ByYear:
		return 12
	}
	return 1
}

// Begin is the first day, at midnight UTC, of the period that a day lies in.
func (g Grain) Begin(day time.Time) time.Time {
	n := g.Months()
	return time.Date(day.Year(), time.Month((int(day.Month())-1)/n*n+1), 1, 0, 0, 0, 0, time.UTC)
}

// Next is the first day of the period after the one that begins on that day.
func (g Grain) Next(begin time.Time) time.Time { return begin.AddDate(0, g.Months(), 0) }

// usual is how many periods a report shows unless it is asked for others.
func (g Grain) usual() int {
	switch g {
	case ByQuarter:
		return 8
	case ByYear:
		return 5
	}
	return 12
}

// mostPeriods bounds a report.
const mostPeriods = 120

// ReportRequest asks for a report. From and Until are days in the first and the last period; zero: the last ones up to now.
type ReportRequest struct {
	Report      string
	By          Grain
	From, Until time.Time
	Journey     string // of the reports on journeys and messages: that one alone
}

// Spanned says whether the rows of the report are of the whole span that was asked for, and its counters are added up over it.
func (r ReportRequest) Spanned() bool {
	return r.Report == ReportJourneys || r.Report == ReportMessages || r.Report == ReportCoupons
}

// Settle checks a request and fills in what it leaves out; today is the day it is in the zone of the reports.
func (r ReportRequest) Settle(today time.Time) (ReportRequest, error) {
	if !slices.Contains(Reports(), r.Report) {
		return r, Faultf(CodeNotFound, "there is no report %q", r.Report)
	}
	if r.By == "" {
		r.By = ByMonth
	}
	if r.Report != ReportJourneys && r.Report != ReportMessages {
		r.Journey = ""
	}
	if !slices.Contains(Grains(), r.By) {
		return r, Faultf(CodeMalformed, "by is month, quarter or year")
	}
	if r.Until.IsZero() {
		r.Until = today
	}
	r.Until = r.By.Begin(r.Until)
	if r.From.IsZero() {
		r.From = r.Until.AddDate(0, -r.By.Months()*(r.By.usual()-1), 0)
	}
	r.From = r.By.Begin(r.From)
	switch {
	case r.From.After(r.Until):
		return r, Faultf(CodeMalformed, "from lies after until")
	case r.Until.After(today):
		return r, Faultf(CodeMalformed, "until lies in the future")
	case r.From.AddDate(0, r.By.Months()*mostPeriods, 0).Before(r.Until):
		return r, Faultf(CodeMalformed, "a report has at most %d periods", mostPeriods)
	}
	return r, nil
}

// Periods lists the first days of the periods that were asked for, the latest first.
func (r ReportRequest) Periods() []time.Time {
	var out []time.Time
	for at := r.Until; !at.Before(r.From); at = at.AddDate(0, -r.By.Months(), 0) {
		out = append(out, at)
	}
	return out
}

// ReportView is a report as it is shown: tables of figures.
type ReportView struct {
	Report   string          `json:"report"`
	By       Grain           `json:"by"`
	Zone     string          `json:"zone"` // of the months
	AsOf     time.Time       `json:"as_of"`
	Counting *Counting       `json:"counting,omitempty"` // the figures are not whole yet
	Loss     *LossDefinition `json:"loss,omitempty"`     // what the report counts as a loss
	Words    string          `json:"words,omitempty"`    // the same in a sentence
	Tables   []ReportTable   `json:"tables"`
}

// Counting says how far the first count is, or one that was asked for.
type Counting struct {
	Done int `json:"done"` // customers
	Of   int `json:"of"`
}

// ReportTable is one table of a report.
type ReportTable struct {
	Key     string      `json:"key"`
	From    *Date       `json:"from,omitempty"` // of a table whose rows are not of single periods: its first and its last day
	Until   *Date       `json:"until,omitempty"`
	Figures []Figure    `json:"figures"`
	Rows    []ReportRow `json:"rows"`
}

// Figure is one column: what is counted.
type Figure struct {
	Key    string `json:"key"`
	Unit   Unit   `json:"unit"`
	Means  string `json:"means"`  // the definition
	People bool   `json:"people"` // it opens those who are behind it
}

// Unit is what a figure is measured in.
type Unit string

// Units of figures.
const (
	UnitPeople Unit = "people"
	UnitCount  Unit = "count"
	UnitShare  Unit = "share" // of 1
	UnitMoney  Unit = "money" // minor units of the row's currency
	UnitScore  Unit = "score"
	UnitHours  Unit = "hours"
)

// ReportRow is one line of a table. A value that cannot be said, as a share of nobody, is null.
type ReportRow struct {
	Starts   *Date               `json:"starts,omitempty"` // first day of the period
	Ends     *Date               `json:"ends,omitempty"`   // last day of it
	SoFar    bool                `json:"so_far,omitempty"` // the period is not over
	Group    string              `json:"group,omitempty"`  // key of the journey, or of the pool
	Label    string              `json:"label,omitempty"`
	Currency string              `json:"currency,omitempty"`
	Words    Phrase              `json:"words,omitzero"`   // of a step or of a way out of it: what it is
	Inside   string              `json:"inside,omitempty"` // of a step in an arm: the way that leads there, as step/way; of a step in a repeat: the repeat
	Note     string              `json:"note,omitempty"`   // a verdict, by its code; NoteFormer
	Values   map[string]*float64 `json:"values"`
}

// Date is a day without a time; as JSON 2026-09-01.
type Date time.Time

// MarshalText writes 2026-09-01.
func (d Date) MarshalText() ([]byte, error) { return []byte(time.Time(d).Format(time.DateOnly)), nil }

// UnmarshalText reads it.
func (d *Date) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.DateOnly, string(text))
	*d = Date(at)
	return err
}

// String is 2026-09-01.
func (d Date) String() string { return time.Time(d).Format(time.DateOnly) }

// PeriodRow begins a row of the period that starts on that day; today is in the zone of the reports.
func PeriodRow(by Grain, starts, today time.Time) ReportRow {
	first, last := Date(starts), Date(by.Next(starts).AddDate(0, 0, -1))
	return ReportRow{Starts: &first, Ends: &last, SoFar: by.Next(starts).After(today), Values: map[string]*float64{}}
}

// Set gives the row a value.
func (r *ReportRow) Set(figure string, value float64) { r.Values[figure] = &value }

// Share gives the row n as a part of all, and nothing where all is 0.
func (r *ReportRow) Share(figure string, n, all float64) {
	r.Values[figure] = nil
	if all != 0 {
		r.Set(figure, n/all)
	}
}

// ReportWith is the report that has a table of that key; "" none.
func ReportWith(table string) string {
	for _, r := range ReportOutlines() {
		if slices.ContainsFunc(r.Tables, func(t ReportTable) bool { return t.Key == table }) {
			return r.Report
		}
	}
	return ""
}

// PeopleRequest asks for those behind one figure of one row.
type PeopleRequest struct {
	Report   string
	Table    string
	Figure   string
	By       Grain
	Starts   time.Time // first day of the row's period
	Ends     time.Time // last day of it; zero: that of the period of the calendar
	Group    string
	Label    string
	Currency string
}

// ReportPerson is somebody behind a figure.
type ReportPerson struct {
	CustomerSummary
	At      *time.Time `json:"at,omitempty"`      // when it happened
	Reason  string     `json:"reason,omitempty"`  // what she said why
	Comment string     `json:"comment,omitempty"` // in her own words
	Orders  int        `json:"orders,omitempty"`
	Score   *int       `json:"score,omitempty"` // of an answer
	Mark    string     `json:"-"`               // tells rows of one moment apart
}

// ReportOutline is one report, without its rows.
type ReportOutline struct {
	Report string        `json:"report"`
	Tables []ReportTable `json:"tables"`
}

// ReportOutlines lists all reports with their tables and figures.
func ReportOutlines() []ReportOutline {
	var out []ReportOutline
	for _, key := range Reports() {
		v := ViewReport(ReportSettings{}, ReportRequest{Report: key, By: ByMonth}, time.Time{}, Reported{})
		for i := range v.Tables {
			v.Tables[i].Rows = []ReportRow{}
		}
		out = append(out, ReportOutline{key, v.Tables})
	}
	return out
}

// Table is the table of that key, the first where it is empty. CodeNotFound where there is none.
func (v ReportView) Table(key string) (ReportTable, error) {
	for _, t := range v.Tables {
		if key == "" || t.Key == key {
			return t, nil
		}
	}
	return ReportTable{}, Faultf(CodeNotFound, "the report %q has no table %q", v.Report, key)
}

// PlainFigure writes a figure for programs: money in whole units with the decimals of its currency, "" where nothing can be said.
func PlainFigure(unit Unit, currency string, value *float64) string {
	switch {
	case value == nil:
		return ""
	case unit == UnitMoney:
		digits := minorDigits(currency)
		return strconv.FormatFloat(*value/math.Pow10(digits), 'f', digits, 64)
	}
	return strconv.FormatFloat(math.Round(*value*1e6)/1e6, 'f', -1, 64)
}
