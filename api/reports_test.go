package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// happened reports an event of a day.
func (s *shop) happened(user, event, day string, properties m) {
	s.t.Helper()
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", m{"userId": user, "event": event, "timestamp": day + "T12:00:00Z", "properties": properties})
}

// count brings the reports up to date.
func (s *shop) count() {
	s.t.Helper()
	s.apply()
	for n := 1; n > 0; {
		var err error
		n, err = s.store.CountReports(s.t.Context(), 100)
		require.NoError(s.t, err)
	}
}

// report gives the rows of one table, by its period and label.
func (s *shop) report(path, table string) map[string]m {
	s.t.Helper()
	out := map[string]m{}
	for _, t := range s.must(journey.RoleViewer, http.MethodGet, path, nil).json["tables"].([]any) {
		if t.(m)["key"] != table {
			continue
		}
		for _, r := range t.(m)["rows"].([]any) {
			row := r.(m)
			key := fmt.Sprint(row["starts"])
			for _, part := range []string{"label", "currency"} {
				if row[part] != nil {
					key += " " + row[part].(string)
				}
			}
			out[key] = row["values"].(m)
		}
	}
	return out
}

func (s *shop) behind(path string, q url.Values) []string {
	s.t.Helper()
	var out []string
	for next := ""; ; {
		q.Set("cursor", next)
		q.Set("limit", "1")
		page := s.must(journey.RoleViewer, http.MethodGet, path+"/people?"+q.Encode(), nil).json
		for _, p := range page["data"].([]any) {
			out = append(out, p.(m)["external_id"].(string))
		}
		if page["next"] == nil {
			return out
		}
		next = page["next"].(string)
	}
}

// An owner asks what share of her subscribers she lost last quarter, who they were, and why they said they left.
func TestLossOfAQuarter(t *testing.T) {
	t.Parallel()
	s := open(t) // it is the 6th of May 2030
	s.must(journey.RoleAdmin, http.MethodPut, "/api/reports/settings", m{"zone": "Europe/Vienna", "loss": m{"by": "subscription_ended", "survey": "why-leaving"}})
	for i, user := range []string{"ada", "bo", "cem", "dia"} {
		s.happened(user, "Subscription Started", fmt.Sprintf("2029-1%d-10", i%2), nil)
	}
	s.happened("eve", "Subscription Started", "2030-02-20", nil)
	s.happened("ada", "Subscription Cancelled", "2030-02-01", nil)
	s.happened("eve", "Subscription Cancelled", "2030-03-31", nil)
	s.happened("ada", "Customer Returned", "2030-04-02", nil)
	s.happened("bo", "Subscription Cancelled", "2030-04-30", nil)
	s.count()
	got := s.report("/api/reports/loss?by=quarter", "loss")
	assert.Len(t, got, 8)
	assert.Equal(t, m{"at_start": 4.0, "came": 1.0, "lost": 2.0, "rate": 0.4}, got["2030-01-01"])
	assert.Equal(t, m{"at_start": 3.0, "came": 1.0, "lost": 1.0, "rate": 0.25}, got["2030-04-01"])
	assert.Equal(t, m{"at_start": 0.0, "came": 0.0, "lost": 0.0, "rate": nil}, got["2029-07-01"])
	q := url.Values{"table": {"loss"}, "by": {"quarter"}, "starts": {"2030-01-01"}, "figure": {"lost"}}
	assert.Equal(t, []string{"eve", "ada"}, s.behind("/api/reports/loss", q), "the latest first")
	q.Set("figure", "at_start")
	assert.ElementsMatch(t, []string{"ada", "bo", "cem", "dia"}, s.behind("/api/reports/loss", q))
	q.Set("figure", "came")
	assert.Equal(t, []string{"eve"}, s.behind("/api/reports/loss", q))

	late := s.report("/api/reports/loss?by=month&from=2030-02-01&until=2030-02-28", "loss")
	assert.Equal(t, m{"at_start": 4.0, "came": 1.0, "lost": 1.0, "rate": 0.2}, late["2030-02-01"])
	s.happened("cem", "Subscription Cancelled", "2030-02-15", nil) // told late: it falls into its own month
	s.count()
	late = s.report("/api/reports/loss?by=month&from=2030-02-01&until=2030-02-28", "loss")
	assert.Equal(t, m{"at_start": 4.0, "came": 1.0, "lost": 2.0, "rate": 0.4}, late["2030-02-01"])

	sheet := s.must(journey.RoleViewer, http.MethodGet, "/api/reports/loss?by=year", nil, "Accept", "text/csv")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(sheet.body, "\ufeff"))).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"starts", "ends", "so_far", "group", "label", "currency", "rate", "lost", "at_start", "came", "note"}, lines[0])
	assert.Equal(t, []string{"2030-01-01", "2030-12-31", "true", "", "", "", "0.666667", "4", "4", "2", ""}, lines[1])
}

// Without an order for so long she is lost at the moment at which that time is over, and not a day before.
func TestLossByTimeAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.must(journey.RoleAdmin, http.MethodPut, "/api/reports/settings", m{"loss": m{"by": "no_order", "days": 30}})
	s.happened("ada", "Order Completed", "2030-04-10", m{"order_id": "1", "total": 19.99, "currency": "EUR"})
	s.count()
	lost := func() any { return s.report("/api/reports/loss", "loss")["2030-05-01"]["lost"] }
	assert.InDelta(t, 0, lost(), 0)
	s.wall.pass(5 * 24 * time.Hour)
	assert.InDelta(t, 1, lost(), 0, "nothing had to happen")
	assert.Equal(t, []string{"ada"}, s.behind("/api/reports/loss", url.Values{"table": {"loss"}, "figure": {"lost"}}))
	assert.InDelta(t, 1, s.report("/api/reports/loss", "reasons")["2030-05-01"]["lost"], 0)
	s.happened("ada", "Order Completed", "2030-05-02", m{"order_id": "2", "total": 5.0, "currency": "EUR"})
	s.count()
	assert.InDelta(t, 0, lost(), 0, "an order that is told late keeps her")
}

func TestOrdersAndTheirMoney(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := func(user, id, day string, total float64, currency string) {
		s.happened(user, "Order Completed", day, m{"order_id": id, "total": total, "currency": currency})
	}
	order("ada", "1", "2030-01-05", 20, "EUR")
	order("ada", "2", "2030-02-05", 30.5, "EUR")
	order("bo", "3", "2030-02-06", 1000, "JPY")
	order("bo", "4", "2030-02-28", 500, "JPY")
	order("cem", "5", "2030-02-07", 9.99, "EUR")
	s.happened("cem", "Order Refunded", "2030-03-07", m{"order_id": "5", "total": 4.99})
	order("dia", "6", "2030-02-08", 70, "EUR")
	s.happened("dia", "Order Cancelled", "2030-02-09", m{"order_id": "6"})
	s.count()
	assert.Equal(t, m{"buyers": 3.0, "first": 2.0, "again": 2.0, "repeat_rate": 2.0 / 3}, s.report("/api/reports/orders", "buyers")["2030-02-01"])
	assert.Equal(t, m{"buyers": 3.0, "first": 3.0, "again": 2.0, "repeat_rate": 2.0 / 3}, s.report("/api/reports/orders?by=quarter", "buyers")["2030-01-01"])
	money := s.report("/api/reports/orders", "money")
	assert.Equal(t, m{"orders": 2.0, "revenue": 3550.0, "average": 1775.0}, money["2030-02-01 EUR"], "minor units")
	assert.Equal(t, m{"orders": 2.0, "revenue": 1500.0, "average": 750.0}, money["2030-02-01 JPY"], "a yen has none")
	life := s.report("/api/reports/orders", "lifetime")
	assert.Equal(t, m{"customers": 3.0, "orders": 1.0, "value": 5550.0 / 3}, life["<nil> EUR"])
	q := url.Values{"table": {"buyers"}, "figure": {"again"}, "starts": {"2030-02-01"}}
	assert.ElementsMatch(t, []string{"ada", "bo"}, s.behind("/api/reports/orders", q))
	q.Set("figure", "first")
	assert.ElementsMatch(t, []string{"bo", "cem"}, s.behind("/api/reports/orders", q))
	assert.ElementsMatch(t, []string{"bo"}, s.behind("/api/reports/orders", url.Values{"table": {"money"}, "figure": {"orders"}, "starts": {"2030-02-01"}, "currency": {"JPY"}}))
	sheet := s.must(journey.RoleViewer, http.MethodGet, "/api/reports/orders?table=money&format=csv", nil).body
	assert.Contains(t, sheet, "2030-02-01,2030-02-28,false,,,EUR,2,35.50,17.75,")
	assert.Contains(t, sheet, ",JPY,2,1500,750,")
}

func TestReportsAreAskedWrongly(t *testing.T) {
	t.Parallel()
	s := open(t)
	for path, status := range map[string]int{
		"/api/reports/weather": 404, "/api/reports/loss?by=week": 400, "/api/reports/loss?from=2030-13-01": 400,
		"/api/reports/loss?from=2030-04-01&until=2030-01-01": 400, "/api/reports/loss?until=2031-01-01": 400, "/api/reports/loss?from=1900-01-01": 400,
		"/api/reports/loss?format=csv&table=none": 404, "/api/reports/loss/people?table=loss&figure=rate": 404,
		"/api/reports/orders/people?table=loss&figure=lost": 404, "/api/reports/loss/people?table=loss&figure=lost&cursor=x": 400,
		"/api/reports/loss/people?table=loss&figure=lost&starts=now": 400,
	} {
		assert.Equal(t, status, s.call(journey.RoleViewer, http.MethodGet, path, nil).status, path)
	}
	for body, path := range map[string]string{
		`{}`: "", `{"zone":"Mars"}`: "zone", `{"loss":{"by":"death"}}`: "loss.by", `{"loss":{"by":"no_order"}}`: "loss.days",
		`{"loss":{"by":"no_order","days":9,"begins":["x"]}}`:                              "loss.begins",
		`{"loss":{"by":"cart_abandoned","days":9,"ends":["x"]}}`:                          "loss.ends",
		`{"loss":{"by":"subscription_ended","begins":["Same"],"ends":["Same"]}}`:          "loss.ends",
		`{"loss":{"by":"subscription_ended","begins":[" "]}}`:                             "loss.begins",
		`{"loss":{"by":"subscription_ended","days":3}}`:                                   "loss.days",
		`{"loss":{"by":"no_order","days":9,"survey":"` + strings.Repeat("x", 300) + `"}}`: "loss.survey",
	} {
		got := s.call(journey.RoleAdmin, http.MethodPut, "/api/reports/settings", body)
		assert.Equal(t, 422, got.status, body)
		assert.Contains(t, got.body, `"problems"`, body)
		if path != "" {
			assert.Contains(t, got.body, `"path":"`+path+`"`, body)
		}
	}
	assert.Equal(t, "no_order", s.must(journey.RoleViewer, http.MethodGet, "/api/reports/settings", nil).json["loss"].(m)["by"])
	counting := s.must(journey.RoleAdmin, http.MethodPost, "/api/reports/count", m{}).json["counting"]
	assert.NotNil(t, counting)
	s.count()
	assert.Nil(t, s.must(journey.RoleViewer, http.MethodGet, "/api/reports/settings", nil).json["counting"])
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, "/api/reports", nil).body, `"repeat_rate"`)
}
