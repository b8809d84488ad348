package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/store"
)

func TestAppendEventsKnowsDuplicatesAndConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := journey.Event{Kind: journey.KindTrack, UserID: "ada", Name: "Signed Up", MessageID: "m1", Properties: map[string]any{"a": 1.0}}
	other := first
	other.Properties = map[string]any{"a": 2.0}
	out := w.accept(first, first, other)
	assert.False(t, out[0].Duplicate || out[0].Conflict)
	assert.Equal(t, journey.Acceptance{EventID: out[0].EventID, Duplicate: true}, out[1], "in one batch")
	assert.True(t, out[2].Conflict)

	later := first
	later.At = w.wall.now().Add(time.Second) // sent again, corrected by another sentAt
	out2 := w.accept(later, other, w.event("ada", "Ping", nil))
	assert.Equal(t, journey.Acceptance{EventID: out[0].EventID, Duplicate: true}, out2[0], "in another batch")
	assert.Equal(t, journey.Acceptance{EventID: out[0].EventID, Conflict: true}, out2[1])
	assert.False(t, out2[2].Duplicate || out2[2].Conflict, "the rest is taken")
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM events`))
	assert.Equal(t, w.wall.now(), one[time.Time](w, `SELECT received_at FROM events WHERE name = 'Ping'`).UTC())
}

// Two callers that send the same ids in another order get each event once, and do not deadlock.
func TestAppendEventsSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	batch := func(reverse bool) []journey.Event {
		var out []journey.Event
		for i := range 50 {
			n := i
			if reverse {
				n = 49 - i
			}
			out = append(out, journey.Event{Kind: journey.KindTrack, UserID: "ada", Name: "Ping", MessageID: fmt.Sprint("m", n)})
		}
		return out
	}
	require.Empty(t, together(8, func(i int) error {
		_, err := w.AppendEvents(t.Context(), batch(i%2 == 0))
		return err
	}))
	assert.Equal(t, 50, one[int](w, `SELECT count(*) FROM events`))
}

// An answer without error means: committed. Another connection sees it, and a process that starts later applies it.
func TestAnAcceptedEventSurvivesTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(store.Options{})
	_, err := s.AppendEvents(t.Context(), []journey.Event{w.event("ada", "Signed Up", nil)})
	require.NoError(t, err)
	s.Close()
	require.NoError(t, drain(t.Context(), w.open(store.Options{})))
	assert.Equal(t, int64(1), one[int64](w, `SELECT number FROM events WHERE name = 'Signed Up'`))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.AppendEvents(ctx, []journey.Event{w.event("ada", "Lost", nil)})
	require.Error(t, err, "no answer without a commit")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM events WHERE name = 'Lost'`))
}

func TestEventsGetNumbersPerCustomerInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(w.event("ada", "A", nil), w.event("bo", "A", nil), w.event("ada", "B", nil), w.event("ada", "C", nil))
	w.apply()
	w.track("ada", "D", nil)
	assert.Equal(t, "A1 B2 C3 D4", one[string](w, `
		SELECT string_agg(name || number, ' ' ORDER BY number) FROM events e JOIN customers c ON c.id = e.customer_id
		WHERE external_id = 'ada'`))
	assert.Equal(t, int64(4), one[int64](w, `SELECT applied FROM customers WHERE external_id = 'ada'`))
}

func TestAnEventSaysWhatItDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("never"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	assert.Equal(t, id, one[string](w, `SELECT outcome->'entered'->>0 FROM events WHERE name = 'Signed Up'`))
	w.step(id, journey.CauseStart)
	w.track("ada", "Signed Up", nil)
	assert.Equal(t, `[{"reason": "active", "journey": "win-back"}]`,
		one[string](w, `SELECT (outcome->'ignored')::text FROM events WHERE name = 'Signed Up' AND number > 2`))
	w.track("ada", "Order Completed", nil)
	assert.Equal(t, id, one[string](w, `SELECT outcome->'woke'->>0 FROM events WHERE name = 'Order Completed'`))
	assert.Equal(t, 1, w.wakeups(id))

	old := w.event("bo", "Signed Up", nil)
	old.At = w.wall.now().AddDate(0, 0, -31)
	w.accept(old)
	w.apply()
	assert.Equal(t, "historical", one[string](w, `SELECT outcome->>'reason' FROM events WHERE historical`))
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM enrollments`))
}

// An event that breaks the program is parked; the events beside it and the customer live on.
func TestAPoisonousEventIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	profile := func(c journey.Customer, e journey.Event) journey.Change {
		if e.Name == "Poison" {
			panic("boom")
		}
		return intake.Profile(c, e)
	}
	w.accept(w.event("ada", "A", nil), w.event("ada", "Poison", nil), w.event("ada", "B", nil), w.event("bo", "C", nil))
	for {
		n, err := w.ApplyInbox(t.Context(), profile, 100)
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	assert.Equal(t, "poison", one[string](w, `SELECT outcome->>'error' FROM events WHERE name = 'Poison'`))
	assert.Equal(t, 4, one[int](w, `SELECT count(*) FROM events WHERE applied_at IS NOT NULL`))
	assert.Equal(t, "A1 B2", one[string](w, `SELECT string_agg(name || number, ' ' ORDER BY number) FROM events
		JOIN customers c ON c.id = customer_id WHERE external_id = 'ada'`))
}

// Several processes apply, advance and merge at once over the same customers: no deadlock comes through, nothing is applied
// twice, and numbers have no gap.
func TestIntakeSideBySideOverTheSameCustomers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(winBack("{ after: 1d }"))
	users := make([]string, 12)
	for i := range users {
		users[i] = fmt.Sprint("user", i)
		w.identify(users[i], nil)
	}
	another := w.open(store.Options{})
	errs := together(9, func(i int) error {
		for n := range 15 {
			switch i % 3 {
			case 0:
				var events []journey.Event
				for k := range users {
					user := users[(k*(i+1)+n)%len(users)]
					events = append(events, w.event(user, []string{"Signed Up", "Viewed", "Order Completed"}[(k+n)%3], nil))
				}
				if _, err := w.AppendEvents(t.Context(), events); err != nil {
					return err
				}
			case 1:
				if err := drain(t.Context(), another); err != nil {
					return err
				}
			case 2:
				if err := drain(t.Context(), w.Store); err != nil {
					return err
				}
				if err := advanceAll(t.Context(), w); err != nil {
					return err
				}
			}
		}
		return nil
	})
	require.Empty(t, errs)
	w.apply()
	assert.Zero(t, one[int](w, `SELECT count(*) FROM (SELECT customer_id, count(*) n, max(number) m FROM events
		WHERE number IS NOT NULL GROUP BY 1) x WHERE n <> m`), "numbers are 1, 2, 3 …")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM (SELECT customer_id, count(*) n FROM enrollments
		WHERE status = 'active' AND journey_key = $1 GROUP BY 1) x WHERE n > 1`, key), "one at a time")
	assert.Zero(t, one[int](w, `SELECT count(*) FROM events WHERE outcome ? 'error'`))
}

// advanceAll drives everything that has a wake-up.
func advanceAll(ctx context.Context, w *world) error {
	ups, err := w.LeaseWakeups(ctx, 100, time.Minute)
	if err != nil {
		return err
	}
	for _, up := range ups {
		if _, err := w.Advance(ctx, up.EnrollmentID, up.Seq+1, journey.CauseWake); err != nil {
			return err
		}
	}
	return nil
}

func TestReentryUnderRaceMakesOneEnrollment(t *testing.T) {
	t.Parallel()
	for _, reentry := range []string{"never", "{ after: 180d }", "always", "{ per: order_id }"} {
		t.Run(reentry, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.publish(winBack(reentry))
			ada := w.identify("ada", nil)
			another := w.open(store.Options{})
			w.accept(w.event("ada", "Signed Up", map[string]any{"order_id": "1"}),
				w.event("ada", "Signed Up", map[string]any{"order_id": "1"}))
			require.Empty(t, together(6, func(i int) error {
				switch i % 3 {
				case 0:
					return drain(t.Context(), w.Store)
				case 1:
					return drain(t.Context(), another)
				}
				_, err := w.Enroll(t.Context(), journey.EnrollRequest{
					JourneyKey: key, CustomerID: ada.ID, EntryKey: "k", Properties: map[string]any{"order_id": "1"},
				})
				return err
			}))
			w.apply()
			want := 1
			if reentry == "always" {
				want = 3 // two events and one key
			}
			assert.Equal(t, want, one[int](w, `SELECT count(*) FROM enrollments`))
		})
	}
}

func TestWaitsAreWokenByWhatTheyListenTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: nudge", "name: Nudge", "topic: offers", "enter: { when: { event: Signed Up } }", "reentry: never",
		"steps:", "  - wait_for:", "      any:",
		"        - { if: { attribute: tier, eq: top }, then: [ { send: hello } ] }",
		"        - { if: { consent: news, is: given }, then: [ { send: news } ] }",
		"      timeout: { after: 30d, then: [ { exit: silent } ] }", "  - send: nudge", "  - wait: 1d"))
	w.identify("ada", nil)
	w.track("ada", "Signed Up", nil)
	id := w.enrollment("ada", key)
	w.step(id, journey.CauseStart)
	w.track("ada", "Viewed", nil)
	assert.Zero(t, w.wakeups(id), "nothing that she waits for")
	w.identify("ada", map[string]any{"tier": "low"})
	assert.Equal(t, 1, w.wakeups(id), "the attribute has changed")
	w.step(id, journey.CauseWake)
	w.track("ada", "Topic Subscribed", map[string]any{"topic": "news", "source": "shop", "wording": "Yes, write to me"})
	assert.Equal(t, 1, w.wakeups(id))
	w.step(id, journey.CauseWake)
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM messages WHERE template = 'nudge'`))
	assert.Equal(t, "Yes, write to me", one[string](w, `SELECT wording FROM consent_changes WHERE topic = 'news'`))
}

// A withdrawal that was committed while an older agreement still waited in the inbox holds.
func TestAnOlderAgreementDoesNotBeatAWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.identify("ada", nil)
	w.accept(w.event("ada", "Topic Subscribed", map[string]any{"topic": "news"}))
	w.wall.pass(time.Second)
	w.exec(`INSERT INTO consents VALUES ($1, 'news', 'withdrawn', $2)`, ada.ID, w.wall.now())
	w.apply()
	c, err := w.Customer(t.Context(), ada.ID)
	require.NoError(t, err)
	assert.Equal(t, journey.ConsentWithdrawn, c.Consents["news"])
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM consent_changes WHERE topic = 'news'`), "the proof is kept")
}

// What she agrees to by identify is told of in her stream as every other consent is, once, and the later word still holds; what an import or a
// history brings is no news.
func TestConsentsByIdentifyAreToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topics := func(news bool) map[string]any { return map[string]any{"topics": map[string]any{"news": news}} }
	old := w.event("bo", "", topics(true))
	old.Kind, old.Historical = journey.KindIdentify, true
	w.accept(old)
	for _, news := range []bool{true, true, false} {
		w.wall.pass(time.Second)
		w.identify("ada", topics(news))
	}
	w.apply()
	assert.Equal(t, "Topic Subscribed news identify, Topic Unsubscribed news identify", one[string](w, `
		SELECT string_agg(concat_ws(' ', name, properties->>'topic', properties->>'source'), ', ' ORDER BY seq) FROM events WHERE name LIKE 'Topic %'`))
	c, err := w.Customer(t.Context(), "user:ada")
	require.NoError(t, err)
	assert.Equal(t, journey.ConsentWithdrawn, c.Consents["news"])
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM consent_changes WHERE customer_id = $1`, c.ID), "each change has one proof")
}

func TestGroupMakesAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(journey.Event{Kind: journey.KindGroup, UserID: "ada", MessageID: w.id(), Properties: map[string]any{
		"group_id": "acme", "traits": map[string]any{"name": "Acme", "plan": "pro"},
	}}, journey.Event{Kind: journey.KindGroup, UserID: "bo", MessageID: w.id(), Properties: map[string]any{
		"group_id": "acme", "traits": map[string]any{"seats": 5.0},
	}})
	w.apply()
	ada, err := w.Customer(t.Context(), "user:ada")
	require.NoError(t, err)
	bo, err := w.Customer(t.Context(), "user:bo")
	require.NoError(t, err)
	assert.Equal(t, ada.AccountID, bo.AccountID)
	a, err := w.Account(t.Context(), ada.AccountID)
	require.NoError(t, err)
	assert.Equal(t, "Acme", a.Name)
	assert.Equal(t, map[string]any{"name": "Acme", "plan": "pro", "seats": 5.0}, a.Attributes)
}
