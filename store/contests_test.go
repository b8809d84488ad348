package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func contested(name string) string {
	return yaml("journey: trial", "name: "+name, "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"goal: { event: Order Completed }", "steps:",
		"  - split:",
		"      variants: [ { name: plain, share: 50, then: [ { wait: 1d } ] }, { name: rich, share: 50, then: [ { wait: 2d } ] } ]",
		"      winner: { by: goal, after: 14d, min: 3 }",
		"  - send: { message: hello, subjects: { short: Hi, long: Hello there }, winner: { by: clicked, after: 2d, min: 2 } }",
		"  - wait: 90d")
}

// A split and a send with subjects are decided once, by the scan, on what was counted in whichever version; then the rest go
// the winning way, and the report says so.
func TestAWinnerIsDecidedOnceAndHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(contested("Trial"))
	scan := func() {
		t.Helper()
		_, err := w.ScanInactive(t.Context(), 10)
		require.NoError(t, err)
	}
	enter := func(user string) (enrollment, variant string) {
		t.Helper()
		w.identify(user, nil)
		w.track(user, "Signed Up", nil)
		enrollment = w.enrollment(user, "trial")
		w.step(enrollment, journey.CauseStart)
		return enrollment, one[string](w, `SELECT variant FROM draws WHERE enrollment_id = $1`, enrollment)
	}
	drawn := map[string][]string{}
	of := map[string]string{}
	for i := 0; i < 12 || len(drawn["plain"]) < 4 || len(drawn["rich"]) < 4; i++ { // as many as it takes: the lot falls anew in every run
		if i == 6 {
			w.publish(contested("Trial, once more")) // the variants stay the same
		}
		user := fmt.Sprintf("user-%d", i)
		id, variant := enter(user)
		drawn[variant], of[user] = append(drawn[variant], user), id
	}
	bought := len(drawn["rich"]) - 1
	for _, user := range append(drawn["rich"][:bought:bought], drawn["plain"][0]) {
		w.track(user, "Order Completed", nil)
		w.step(of[user], journey.CauseWake)
	}
	held, _ := enter("held-out")
	w.exec(`UPDATE enrollments SET holdout = true, goal_at = $2 WHERE id = $1`, held, w.wall.now())

	w.wall.pass(13 * journey.Day)
	scan()
	assert.Zero(t, one[int](w, `SELECT count(*) FROM winners`), "too early")
	w.wall.pass(journey.Day)
	for range 2 {
		scan()
	}
	r, err := w.Report(t.Context(), "trial")
	require.NoError(t, err)
	require.Len(t, r.Contests, 2)
	split := r.Contests[0]
	assert.Equal(t, "split-plain", split.Step)
	assert.Equal(t, "rich", split.Winner)
	assert.Equal(t, w.Clock().Now(), split.DecidedAt.UTC())
	assert.Equal(t, []journey.Tally{
		{Variant: "plain", Drawn: len(drawn["plain"]), Goals: 1}, {Variant: "rich", Drawn: len(drawn["rich"]), Goals: bought},
	}, split.DecidedOn)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM audit WHERE verb = 'journey.winner' AND target = 'trial'`))

	for i := range 6 {
		_, variant := enter(fmt.Sprintf("later-%d", i))
		assert.Equal(t, "rich", variant)
	}
	w.publish(yaml("journey: trial", "name: Other", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"steps:", "  - split: [ { name: plain, share: 50, then: [ { wait: 1d } ] }, { name: red, share: 50, then: [ { wait: 2d } ] } ]"))
	variants := map[string]int{}
	for i := range 10 {
		_, variant := enter(fmt.Sprintf("anew-%d", i))
		variants[variant]++
	}
	assert.Len(t, variants, 2, "other variants are another contest")
}

func TestSubjectsAreCountedByTheMessagesThatWentOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: news", "name: News", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never", "steps:",
		"  - send: { message: hello, subjects: { short: Hi, long: Hello there }, winner: { by: clicked, after: 2d, min: 2 } }", "  - wait: 90d"))
	enter := func(user string) string {
		w.identify(user, nil)
		w.track(user, "Signed Up", nil)
		id := w.enrollment(user, "news")
		w.step(id, journey.CauseStart)
		return one[string](w, `SELECT variant FROM messages WHERE enrollment_id = $1`, id)
	}
	drawn := map[string]int{}
	for i := range 10 {
		drawn[enter(fmt.Sprintf("user-%d", i))]++
	}
	w.exec(`UPDATE messages SET state = 'accepted' WHERE variant = 'long'`)
	w.exec(`INSERT INTO observations (message_id, kind, machine, at) SELECT id, 'click', variant = 'short', queued_at FROM messages`)
	w.wall.pass(3 * journey.Day)
	_, err := w.ScanInactive(t.Context(), 10)
	require.NoError(t, err)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM winners`), "the short ones have not gone out")
	w.exec(`UPDATE messages SET state = 'accepted'`)
	_, err = w.ScanInactive(t.Context(), 10)
	require.NoError(t, err)
	r, err := w.Report(t.Context(), "news")
	require.NoError(t, err)
	assert.Equal(t, []journey.Tally{{Variant: "short", Drawn: drawn["short"]}, {Variant: "long", Drawn: drawn["long"], Clicked: drawn["long"]}},
		r.Contests[0].Variants, "a machine's click is none")
	assert.Equal(t, "long", r.Contests[0].Winner)
	for i := range 5 {
		assert.Equal(t, "long", enter(fmt.Sprintf("later-%d", i)))
	}
}

// A send to a role of the account: the ledger has a row for each colleague; hers is erased with her, and with the customer of
// whom it tells.
func TestMessagesToColleagues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: seats", "name: Seats", "topic: offers", "enter: { when: { event: Seats Used Up } }", "reentry: always",
		"steps: [ { send: { message: buy, to: { account: admin } } }, { wait: 5d } ]"))
	join := func(user, group string, traits map[string]any) journey.Customer {
		t.Helper()
		c := w.identify(user, nil)
		w.accept(journey.Event{Kind: journey.KindGroup, UserID: user, MessageID: w.id(), Properties: map[string]any{"group_id": group, "traits": traits}})
		w.apply()
		return c
	}
	admin := map[string]any{"role": "admin", "name": "Acme"}
	ada := join("ada", "acme", nil)
	bea, cleo := join("bea", "acme", admin), join("cleo", "acme", admin)
	join("dora", "acme", map[string]any{"role": "buyer"})
	join("elsewhere", "other", admin)
	mute := join("mute", "acme", admin)
	w.accept(journey.Event{Kind: journey.KindIdentify, UserID: "mute", MessageID: w.id(), Properties: map[string]any{"topics": map[string]any{"offers": false}}})
	w.apply()
	assert.Equal(t, "{}", one[string](w, `SELECT (attributes - 'name')::text FROM accounts WHERE name = 'Acme'`), "the role is hers, not the account's")

	w.track("ada", "Seats Used Up", map[string]any{"secret": "ada's"})
	w.step(w.enrollment("ada", "seats"), journey.CauseStart)
	to := func() []string {
		return one[[]string](w, `SELECT coalesce(array_agg(customer_id ORDER BY customer_id), '{}') FROM messages WHERE step = 'buy'`)
	}
	assert.Equal(t, []string{bea.ID, cleo.ID}, to())
	assert.Equal(t, mute.ID, one[string](w, `SELECT detail->>'recipient' FROM step_log WHERE what = 'not_sent' AND detail->>'reason' = 'no_consent'`))
	w.exec(`UPDATE settings SET live = true`)
	claimed, err := w.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 10, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	assert.Equal(t, "bea@example.com", claimed[0].Customer.Email, "customer is the recipient")

	require.NoError(t, w.MergeCustomers(t.Context(), "user:cleo", "user:bea", "test"))
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM messages WHERE customer_id = $1`, bea.ID))
	assert.Equal(t, "dropped merged", one[string](w, `SELECT state || ' ' || reason FROM messages WHERE step <> 'buy'`), "one mail is enough")
	join("fay", "acme", admin)
	w.track("ada", "Seats Used Up", map[string]any{"secret": "ada's"})
	_, err = w.Erase(t.Context(), ada.ID, "a letter", eraser)
	require.NoError(t, err)
	assert.Zero(t, one[int](w, `SELECT count(*) FROM messages WHERE data::text LIKE '%secret%' OR state IN ('queued', 'claimed')`))
	assert.Equal(t, "bea@example.com", one[string](w, `SELECT email FROM customers WHERE id = $1`, bea.ID))

	// The role goes with the account that it is one of.
	w.accept(journey.Event{Kind: journey.KindGroup, UserID: "bea", MessageID: w.id(), Properties: map[string]any{"group_id": "other"}})
	w.apply()
	assert.Empty(t, one[string](w, `SELECT account_role FROM customers WHERE id = $1`, bea.ID))
}
