package console

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"perennial/journey"
)

// reportsData is the first page of the reports: the head of each.
type reportsData struct {
	Settings journey.ReportSettings
	Heads    []reportHead
}

// reportHead is one report at a glance: its first figure in the last period that is over, and how it went.
type reportHead struct {
	Key, Value, Figure, Period string
	Charts                     []bars
}

func reportsPage(ctx context.Context, r *request) (reply, error) {
	st, err := r.Read.ReportSettings(ctx)
	if err != nil {
		return reply{}, err
	}
	d := reportsData{Settings: st}
	for _, key := range journey.Reports() {
		if slices.Contains([]string{journey.ReportJourneys, journey.ReportMessages, journey.ReportCoupons}, key) { // by journey, message and pool: there is no one figure of them
			d.Heads = append(d.Heads, reportHead{Key: key})
			continue
		}
		v, err := r.Read.ReportView(ctx, journey.ReportRequest{Report: key, By: journey.ByMonth})
		if err != nil {
			return reply{}, err
		}
		t := v.Tables[0]
		head := reportHead{Key: key, Figure: r.figureName(t, t.Figures[0])}
		if i := slices.IndexFunc(t.Rows, func(row journey.ReportRow) bool { return row.Starts != nil && !row.SoFar }); i >= 0 {
			head.Value, head.Period = r.figure(t.Figures[0], t.Rows[i]), r.period(v.By, t.Rows[i])
			if label := r.label(t, t.Rows[i]); label != "" {
				head.Figure = label + ": " + head.Figure
			}
		}
		for _, chart := range r.charts(v.By, t) {
			if chart.Name == head.Figure && head.Charts == nil { // of the figure above it
				head.Charts = []bars{chart}
			}
		}
		d.Heads = append(d.Heads, head)
	}
	return show("reports", d)
}

// reportData is one report.
type reportData struct {
	heading string
	View    journey.ReportView
	Words   string // of the definition
	Journey string // the report is of that one alone
	Tables  []reportTable
	Charts  []bars
	Funnel  *funnelData // of a journey alone
}

// reportTable is a table as the page shows it.
type reportTable struct {
	Key     string
	Heads   []figureHead
	Means   []figureHead // each definition once
	Rows    []reportLine
	Groups  bool // its rows are of journeys, or of pools
	Labels  bool // its rows have labels
	Periods bool // its rows are of periods
	Shaded  bool // its cells are shaded by their value
	Notes   bool
	Span    string // of a table whose rows are not of single periods
	CSV     string
}

type figureHead struct{ Name, Means string }

type reportLine struct {
	Period, Group, Label, Note string
	GroupLink                  string
	SoFar                      bool
	Cells                      []reportCell
}

type reportCell struct {
	Text, Link string
	Shade      int // 0 to 9
}

func (d reportData) title() string { return d.heading }

// Grains are the periods that the report can be cut into.
func (d reportData) Grains() []journey.Grain { return journey.Grains() }

func reportPage(ctx context.Context, r *request) (reply, error) {
	v, err := r.report(ctx)
	if err != nil {
		return reply{}, err
	}
	d := reportData{heading: r.text("report." + v.Report), View: v, Journey: r.query("journey"), Charts: r.charts(v.By, v.Tables[0])}
	if v.Loss != nil {
		d.Words = r.lossWords(*v.Loss)
	}
	for _, t := range v.Tables {
		if t.Key != "funnel" && t.Key != "ways" { // these are shown as one
			d.Tables = append(d.Tables, r.reportTable(v, t))
		}
	}
	if v.Report == journey.ReportJourneys && d.Journey != "" {
		if d.Funnel, err = r.funnel(v); err != nil {
			return reply{}, err
		}
	}
	return show("report", d)
}

// report reads the report that the path and the query name.
func (r *request) report(ctx context.Context) (journey.ReportView, error) {
	q := journey.ReportRequest{Report: r.path("report"), By: journey.Grain(r.query("by")), Journey: r.query("journey")}
	var err error
	for name, into := range map[string]*time.Time{"from": &q.From, "until": &q.Until} {
		if text := r.query(name); text != "" && err == nil {
			*into, err = time.Parse(time.DateOnly, text)
		}
	}
	if err != nil {
		return journey.ReportView{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_day"))
	}
	return r.Read.ReportView(ctx, q)
}

// reportSheet is one table of a report for spreadsheets.
func reportSheet(ctx context.Context, r *request) (reply, error) {
	v, err := r.report(ctx)
	if err != nil {
		return reply{}, err
	}
	t, err := v.Table(r.query("table"))
	if err != nil {
		return reply{}, err
	}
	raw, err := t.CSV()
	if err != nil {
		return reply{}, fmt.Errorf("writing a table of a report: %w", err)
	}
	r.header.Set("Content-Disposition", `attachment; filename="`+v.Report+"-"+t.Key+`.csv"`)
	return reply{raw: raw, kind: "text/csv; charset=utf-8", policy: "default-src 'none'"}, nil
}

func (r *request) reportTable(v journey.ReportView, t journey.ReportTable) reportTable {
	out := reportTable{Key: t.Key, Shaded: v.Report == journey.ReportCohorts,
		CSV: "/reports/" + v.Report + "/table.csv?" + url.Values{"by": {string(v.By)}, "table": {t.Key}, "from": {r.query("from")}, "until": {r.query("until")}, "journey": {r.query("journey")}}.Encode()}
	for _, f := range t.Figures {
		key := figureKey(t, f)
		head := figureHead{r.figureName(t, f), r.text(key+".means", "n", f.Key)}
		out.Heads = append(out.Heads, head)
		if strings.HasSuffix(key, ".month") { // all of them at once
			head = figureHead{r.text(key, "n", "n"), r.text(key+".means", "n", "n")}
		}
		if !slices.Contains(out.Means, head) {
			out.Means = append(out.Means, head)
		}
	}
	if t.From != nil {
		out.Span = r.text("reports.span", "from", r.language.day(time.Time(*t.From), time.UTC), "until", r.language.day(time.Time(*t.Until), time.UTC))
	}
	for _, row := range t.Rows {
		line := reportLine{Period: r.period(v.By, row), Group: row.Group, Label: r.label(t, row), Note: row.Note, SoFar: row.SoFar}
		if row.Group != "" && v.Report != journey.ReportCoupons {
			line.GroupLink = "/reports/" + v.Report + "?" + url.Values{"by": {string(v.By)}, "journey": {row.Group}}.Encode()
		}
		out.Groups = out.Groups || row.Group != ""
		out.Periods, out.Labels, out.Notes = out.Periods || row.Starts != nil, out.Labels || line.Label != "", out.Notes || row.Note != ""
		for _, f := range t.Figures {
			line.Cells = append(line.Cells, r.cell(v, t, f, row))
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}

// cell is one figure of a row, which opens those behind it.
func (r *request) cell(v journey.ReportView, t journey.ReportTable, f journey.Figure, row journey.ReportRow) reportCell {
	cell := reportCell{Text: r.figure(f, row)}
	value := row.Values[f.Key]
	switch {
	case value == nil:
	case f.People && *value > 0:
		cell.Link = peopleLink(v, t, f, row)
	case f.Unit == journey.UnitShare:
		cell.Shade = int(math.Round(9 * max(0, min(*value, 1))))
	}
	return cell
}

func peopleLink(v journey.ReportView, t journey.ReportTable, f journey.Figure, row journey.ReportRow) string {
	q := url.Values{"table": {t.Key}, "figure": {f.Key}, "by": {string(v.By)}}
	if row.Starts != nil {
		q.Set("starts", row.Starts.String())
	}
	if t.From != nil {
		q.Set("starts", t.From.String())
		q.Set("ends", t.Until.String())
	}
	if row.Group != "" {
		q.Set("group", row.Group)
	}
	if row.Label != "" {
		q.Set("label", row.Label)
	}
	if row.Currency != "" {
		q.Set("currency", row.Currency)
	}
	return "/reports/" + v.Report + "/people?" + q.Encode()
}

// figureKey is the key of a figure's name; .means behind it, of its definition.
func figureKey(t journey.ReportTable, f journey.Figure) string {
	if _, err := strconv.Atoi(f.Key); err == nil { // so many months later
		return "figure." + t.Key + ".month"
	}
	return "figure." + t.Key + "." + f.Key
}

func (r *request) figureName(t journey.ReportTable, f journey.Figure) string {
	return r.text(figureKey(t, f), "n", f.Key)
}

// label is what a row is of: the answer that was given, a currency, a name.
func (r *request) label(t journey.ReportTable, row journey.ReportRow) string {
	switch t.Key {
	case "reasons":
		if row.Label == "" {
			return r.text("reports.no_answer")
		}
		if key := "leaving." + row.Label; r.language.known(key) {
			return r.text(key)
		}
	case "satisfaction":
		if key := "survey.short." + row.Label; r.language.known(key) {
			return r.text(key)
		}
	case "exits":
		if key := "reason." + row.Label; r.language.known(key) {
			return r.text(key)
		}
	case "tasks":
		return cmp.Or(row.Label, r.text("reports.no_team"))
	case "money", "lifetime", "worth", "goals", "coupon_orders":
		return cmp.Or(row.Currency, r.text("reports.no_currency"))
	}
	return row.Label
}

// period names the period of a row: Sep 2026, Q3 2026, 2026.
func (r *request) period(by journey.Grain, row journey.ReportRow) string {
	if row.Starts == nil {
		return ""
	}
	at := time.Time(*row.Starts)
	year := strconv.Itoa(at.Year())
	switch by {
	case journey.ByQuarter:
		return r.text("reports.quarter", "quarter", strconv.Itoa(1+int(at.Month()-1)/3), "year", year)
	case journey.ByYear:
		return year
	}
	return r.text("reports.month", "month", r.language.item("time.months", int(at.Month())-1), "year", year)
}

// figure writes a value as people read it.
func (r *request) figure(f journey.Figure, row journey.ReportRow) string {
	v := row.Values[f.Key]
	if v == nil {
		return "–"
	}
	switch f.Unit {
	case journey.UnitShare:
		return r.text("number.percent", "n", r.language.decimal(*v*100, 1))
	case journey.UnitMoney:
		return journey.WriteMoney(*v, row.Currency, r.language.code)
	case journey.UnitScore:
		return r.language.decimal(*v, 1)
	case journey.UnitHours:
		return r.text("number.hours", "n", r.language.decimal(*v, 1))
	}
	if *v != math.Trunc(*v) {
		return r.language.decimal(*v, 2)
	}
	return r.language.number(int(*v))
}

// lossWords says the definition of a loss in a sentence.
func (r *request) lossWords(d journey.LossDefinition) string {
	return r.text("reports.words."+string(d.By), "days", strconv.Itoa(d.Days), "begins", r.named(d.Begins), "ends", r.named(d.Ends))
}

func (r *request) named(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += r.text("reports.or")
		}
		out += r.text("reports.named", "name", n)
	}
	return out
}

// behindData are the people behind one figure.
type behindData struct {
	Report, Figure, Means, Period, Group, Label string
	Words                                       string
	List                                        []journey.ReportPerson
	More                                        string
	heading                                     string
}

func (d behindData) title() string { return d.heading }

// behindPage lists the people behind a figure.
func behindPage(ctx context.Context, r *request) (reply, error) {
	q := journey.PeopleRequest{Report: r.path("report"), Table: r.query("table"), Figure: r.query("figure"), By: journey.Grain(r.query("by")),
		Group: r.query("group"), Label: r.query("label"), Currency: r.query("currency")}
	for name, into := range map[string]*time.Time{"starts": &q.Starts, "ends": &q.Ends} {
		if text := r.query(name); text != "" {
			var err error
			if *into, err = time.Parse(time.DateOnly, text); err != nil {
				return reply{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_day"))
			}
		}
	}
	found, err := r.Read.ReportPeople(ctx, q, r.page(pageSize))
	if err != nil {
		return reply{}, err
	}
	st, err := r.Read.ReportSettings(ctx)
	if err != nil {
		return reply{}, err
	}
	t, f := journey.ReportTable{Key: q.Table}, journey.Figure{Key: q.Figure}
	d := behindData{Report: q.Report, Figure: r.figureName(t, f), Means: r.text(figureKey(t, f)+".means", "n", f.Key), Group: q.Group, List: found.Data}
	switch {
	case !q.Ends.IsZero():
		d.Period = r.text("reports.span", "from", r.language.day(q.Starts, time.UTC), "until", r.language.day(q.Ends, time.UTC))
	case !q.Starts.IsZero():
		row := journey.PeriodRow(cmp.Or(q.By, journey.ByMonth), cmp.Or(q.By, journey.ByMonth).Begin(q.Starts), q.Starts)
		d.Period = r.period(cmp.Or(q.By, journey.ByMonth), row)
	}
	if row := (journey.ReportRow{Label: q.Label, Currency: q.Currency}); q.Label != "" || q.Currency != "" || q.Table == "reasons" || q.Table == "money" {
		d.Label = r.label(t, row)
	}
	if q.Report == journey.ReportLoss {
		d.Words = r.lossWords(st.Loss)
	}
	if next := more(found); next != "" {
		again := r.http.URL.Query()
		again.Set("after", next)
		d.More = r.http.URL.Path + "?" + again.Encode()
	}
	d.heading = d.Figure
	return show("report_people", d)
}
