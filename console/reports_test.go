package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// year lets a small company live through sixteen months: subscribers come every week, a few leave, some say why; half of them order, some
// in dollars. It is the 6th of May 2030.
func (o *office) year() {
	o.t.Helper()
	why := []string{"price", "our_fault", "no_longer_needed"}
	start := o.wall.now().AddDate(-1, -4, 0)
	for i := range 70 {
		user, came := fmt.Sprintf("member%02d", i), start.AddDate(0, 0, 7*i)
		events := []journey.Event{
			{Kind: journey.KindIdentify, Properties: map[string]any{"email": user + "@example.com", "first_name": "Member", "last_name": fmt.Sprint(i)}, At: came},
			{Kind: journey.KindTrack, Name: "Subscription Started", At: came},
		}
		if left := came.AddDate(0, 0, 30+i*3%80); i%5 == 0 && left.Before(o.wall.now()) {
			events = append(events, journey.Event{Kind: journey.KindTrack, Name: "Subscription Cancelled", At: left})
			if i%10 == 0 {
				events = append(events, journey.Event{Kind: journey.KindOwn, Name: journey.EventSurveyAnswered, At: left.AddDate(0, 0, 2),
					Properties: map[string]any{"survey": "why-leaving", "kind": "choice", "invitation": user, "choice": why[i/10%3]}})
			}
		}
		for n := range i % 4 {
			if at := came.AddDate(0, 0, 20*n); at.Before(o.wall.now()) {
				events = append(events, journey.Event{Kind: journey.KindTrack, Name: "Order Completed", At: at, Properties: map[string]any{
					"order_id": fmt.Sprint(i, "-", n), "total": 20 + float64(i), "currency": []string{"EUR", "EUR", "USD"}[i%3]}})
			}
		}
		events = append(events, letters(i, came)...)
		for j := range events {
			events[j].UserID, events[j].MessageID = user, fmt.Sprint(user, j)
			if events[j].Properties == nil {
				events[j].Properties = map[string]any{}
			}
		}
		_, err := o.store.AppendEvents(o.t.Context(), events)
		require.NoError(o.t, err)
	}
	o.apply()
	o.count()
}

// letters are what a journey tells of one who came: a mail or two, a click now and then, an answer, the goal of some.
func letters(i int, came time.Time) []journey.Event {
	own := func(name string, days int, more ...any) journey.Event {
		e := journey.Event{Kind: journey.KindOwn, Name: name, At: came.AddDate(0, 0, days), Properties: map[string]any{"journey": "onboarding",
			"enrollment": fmt.Sprint("enr_", i), "step": "welcome", "message": "welcome", "message_id": fmt.Sprint("msg_", i)}}
		for j := 0; j < len(more); j += 2 {
			e.Properties[more[j].(string)] = more[j+1]
		}
		return e
	}
	out := []journey.Event{own(journey.EventJourneyEntered, 0), own(journey.EventMessageSent, 0)}
	if i%3 == 0 {
		out = append(out, own(journey.EventLinkClicked, 1, "machine", false), own(journey.EventGoalReached, 2, "value", 20.0+float64(i), "currency", "EUR"))
	}
	if i%4 == 0 {
		out = append(out, own(journey.EventMessageSent, 3, "step", "first-steps", "message", "first-steps", "message_id", fmt.Sprint("msg_f", i)), own(journey.EventJourneyExited, 4, "reason", "finished"))
	}
	return append(out, own(journey.EventSurveyAnswered, 5, "survey", "nps", "kind", "nps", "score", 4+i%7, "invitation", fmt.Sprint("inv_", i)))
}

// count brings the reports up to date.
func (o *office) count() {
	o.t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = o.store.CountReports(o.t.Context(), 500)
		require.NoError(o.t, err)
	}
}

// subscriptions has the reports count those as lost whose subscription ended.
func (o *office) subscriptions() {
	o.t.Helper()
	zone := "Europe/Vienna"
	_, err := o.ctl.SetReports(o.t.Context(), tester, &zone, &journey.LossDefinition{By: journey.LossSubscription, Survey: "why-leaving"})
	require.NoError(o.t, err)
}

// Every report, table and figure has its words in the catalogue, and in English they are those of the API.
func TestReportsHaveTheirWords(t *testing.T) {
	t.Parallel()
	english := texts(t, "en")
	for _, r := range journey.ReportOutlines() {
		for _, key := range []string{"report." + r.Report, "report." + r.Report + ".about"} {
			assert.Contains(t, english, key)
		}
		for _, table := range r.Tables {
			assert.Contains(t, english, "table."+table.Key)
			assert.Contains(t, english, "table."+table.Key+".label")
			for _, f := range table.Figures {
				key := "figure." + table.Key + "." + f.Key
				if _, err := strconv.Atoi(f.Key); err == nil {
					key = "figure." + table.Key + ".month"
				}
				assert.Contains(t, english, key)
				assert.Equal(t, f.Means, strings.ReplaceAll(english[key+".means"], "{n}", f.Key), key)
			}
		}
	}
	for _, d := range []journey.LossDefinition{{By: journey.LossOrder, Days: 90}, {By: journey.LossSubscription}, {By: journey.LossCart, Days: 7}} {
		d, problems := d.Settle()
		require.Empty(t, problems)
		quoted := func(names []string) string { return "“" + strings.Join(names, "” or “") + "”" }
		words := strings.NewReplacer("{days}", fmt.Sprint(d.Days), "{begins}", quoted(d.Begins), "{ends}", quoted(d.Ends)).Replace(english["reports.words."+string(d.By)])
		assert.Equal(t, d.Words(), words)
	}
}

func TestReportsInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleViewer)
	assert.Contains(t, v.get("/reports").body, "Everybody is about to be counted", "nobody has counted yet")
	o.year()
	o.subscriptions()
	assert.Contains(t, v.get("/reports/loss").body, "Everybody is about to be counted")
	o.count()
	page := v.get("/reports/loss?by=quarter").body
	for _, words := range []string{"A customer is lost when “Subscription Cancelled” comes in", "Q1 2030", "so far", "Zone of the periods: Europe/Vienna", "no answer", "The price"} {
		assert.Contains(t, page, words)
	}
	assert.NotContains(t, page, "/reports/settings", "a viewer changes nothing")
	french := v.get("/reports/loss?by=quarter", "Accept-Language", "fr").body
	assert.Contains(t, french, "T1 2030")
	assert.Contains(t, french, "Taux de perte")
	orders := v.get("/reports/orders").body
	assert.Contains(t, orders, "€")
	assert.Contains(t, orders, "USD")
	sheet := v.get("/reports/orders/table.csv?table=money&by=year")
	assert.Equal(t, "text/csv; charset=utf-8", sheet.header.Get("Content-Type"))
	assert.Contains(t, sheet.body, "2029-01-01,2029-12-31,false,,,EUR,")
	for report, words := range map[string][]string{
		"cohorts":      {"Who still orders", "12</th>", "What a customer has brought"},
		"satisfaction": {"NPS", "Score"},
		"journeys":     {"onboarding", "Nobody was held out", "Choose one journey above", "€"},
		"messages":     {"welcome", "Click rate"},
		"coupons":      {"Nothing to show in these periods"},
		"tasks":        {"Nothing to show in these periods"},
	} {
		page := v.get("/reports/" + report).body
		for _, w := range words {
			assert.Contains(t, page, w, report)
		}
	}
	alone := v.get("/reports/journeys?journey=other").body
	assert.Contains(t, alone, "Only other")
	assert.NotContains(t, alone, "onboarding")
	behind := v.get("/reports/journeys/people?table=funnel&figure=got&group=onboarding&label=first-steps&starts=2029-01-01&ends=2030-05-31").body
	assert.Contains(t, behind, "Went out, onboarding, first-steps")
	assert.Contains(t, behind, "Member 68")
	assert.Equal(t, http.StatusNotFound, v.get("/reports/weather").status)
	assert.Equal(t, http.StatusBadRequest, v.get("/reports/loss?from=never").status)
	assert.Equal(t, http.StatusBadRequest, v.get("/reports/loss/people?table=loss&figure=lost&starts=x").status)
	assert.Equal(t, http.StatusNotFound, v.get("/reports/loss/people?table=loss&figure=rate").status)
	empty := v.get("/reports/loss/people?table=loss&figure=lost&starts=2026-01-01").body
	assert.Contains(t, empty, "Nobody is behind this figure")
}

// Three have entered win-back: one stands at her task, the mail to another waits for her consent. The report of the journey follows them
// from step to step, and the picture does on demand; both open the people.
func TestTheFunnelInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	o.apply()
	o.count()
	v := o.as(journey.RoleViewer)
	page := v.get("/reports/journeys?journey=win-back").body
	for _, words := range []string{"Send we-miss-you", "for 2 its message went out", "1 is there now", "not done in 3 days", "<b>0%</b>", "33.3%"} {
		assert.Contains(t, page, words)
	}
	assert.NotContains(t, page, "Choose one journey above")
	french := v.get("/reports/journeys?journey=win-back", "Accept-Language", "fr").body
	for _, words := range []string{"Envoyer we-miss-you", "pour 2, son message est parti", "1 s’y trouve maintenant"} {
		assert.Contains(t, french, words)
	}
	behind := regexp.MustCompile(`href="(/reports/journeys/people[^"]*figure=stands[^"]*label=task-call-her[^"]*)"`).FindStringSubmatch(page)
	require.Len(t, behind, 2)
	assert.Contains(t, v.get(html.UnescapeString(behind[1])).body, "Ada King")

	now := v.get("/journeys/win-back").body
	assert.Contains(t, now, `aria-current="page">There now</a>`)
	assert.Contains(t, now, `hx-select="#picture svg"`)
	picture := v.get("/journeys/win-back?months=3").body
	for _, words := range []string{"3 entered in these months", "3 came here, 100% of those who entered", "1 came here, 33.3% of those who entered"} {
		assert.Contains(t, picture, words)
	}
	assert.NotContains(t, picture, `hx-select="#picture svg"`, "months do not change while one looks")
	assert.Contains(t, v.get("/journeys/win-back?months=7").body, "Click a step to see who stands there.")
}

// Both in a browser, wide and narrow, light and dark.
func TestTheFunnelInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.play()
	o.apply()
	o.count()
	w := o.browser()
	w.signIn(journey.RoleViewer)
	w.around("report-funnel", "/reports/journeys?journey=win-back")
	w.around("journey-reached", "/journeys/win-back?months=3")
	w.do(chromedp.Click(`#go-task-call-her`))
	w.eventually(`location.pathname == '/reports/journeys/people' && document.querySelectorAll('.rows > li').length == 1`)
}

func TestReportSettingsInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	bad := v.post("/reports/settings", url.Values{"by": {"no_order"}, "days": {"soon"}, "zone": {"Mars"}})
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, "Days are a number from 1 to 1000")
	assert.Contains(t, bad.body, "This is no time zone")
	assert.Contains(t, bad.body, `value="Mars"`, "what was typed stays")
	done := v.follow("/reports/settings", url.Values{"by": {"subscription_ended"}, "days": {"90"}, "zone": {"Europe/Paris"}, "begins": {"Plan Chosen\r\n\r\n"},
		"ends": {"Plan Ended\nAccount Closed"}, "survey": {"why-leaving"}})
	assert.Contains(t, done.body, "A customer is lost when “Plan Ended” or “Account Closed” comes in. She is one from “Plan Chosen” on")
	assert.Contains(t, v.get("/reports/settings").body, "Plan Ended\nAccount Closed")
	o.count()
	assert.NotContains(t, v.get("/reports").body, "being counted")
	assert.Contains(t, v.follow("/reports/count", nil).body, "Everybody is counted anew.")
}

// An owner reads last quarter's loss rate and opens the people behind it; without being told how, and without JavaScript.
func TestAnOwnerReadsLastQuartersLoss(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.year()
	o.subscriptions()
	o.count()
	w := o.browser()
	w.looks(1280, "light")
	w.signIn(journey.RoleViewer)
	w.do(chromedp.Click(`nav a[href="/reports"]`))
	w.eventually(`document.querySelector('main h2 a[href="/reports/loss"]')`)
	w.do(chromedp.Click(`main h2 a[href="/reports/loss"]`))
	w.eventually(`document.querySelector('.chips a[href="/reports/loss?by=quarter"]')`)
	w.do(chromedp.Click(`.chips a[href="/reports/loss?by=quarter"]`))
	w.eventually(`document.querySelector('.chips a[href="/reports/loss?by=quarter"][aria-current]')`)
	row := ask[[]string](w, `[...document.querySelectorAll('main tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim())).find(r => r[0] == 'Q1 2030')`)
	lost := one[int](o, `SELECT count(*) FROM events WHERE name = 'Subscription Cancelled' AND happened_at >= '2030-01-01 00:00+01' AND happened_at < '2030-04-01 00:00+02'`)
	base := one[int](o, `SELECT count(*) FROM events b WHERE name = 'Subscription Started' AND happened_at < '2030-04-01 00:00+02' AND NOT EXISTS (
		SELECT FROM events e WHERE e.customer_id = b.customer_id AND e.name = 'Subscription Cancelled' AND e.happened_at < '2030-01-01 00:00+01')`)
	require.Positive(t, lost)
	assert.Equal(t, []string{fmt.Sprintf("%.1f%%", 100*float64(lost)/float64(base)), fmt.Sprint(lost)}, row[1:3])
	w.do(chromedp.Click(`main tbody a[href*="figure=lost"][href*="starts=2030-01-01"]`))
	w.eventually(`document.querySelector('h1').innerText == 'Lost, Q1 2030'`)
	assert.Equal(t, lost, ask[int](w, `document.querySelectorAll('.rows > li').length`))
	w.do(chromedp.Click(`.rows > li a.whole`))
	w.eventually(`location.pathname.startsWith('/customers/cus_')`)
}

func TestReportsInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.year()
	o.subscriptions()
	o.count()
	w := o.browser()
	w.signIn(journey.RoleAdmin)
	w.around("reports", "/reports")
	for _, r := range journey.Reports() {
		w.around("report-"+r, "/reports/"+r+"?by=quarter")
	}
	w.around("report-people", "/reports/loss/people?table=loss&figure=lost&by=year&starts=2029-01-01")
	w.around("report-settings", "/reports/settings")
}
