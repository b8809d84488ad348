package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"perennial/intake"
	"perennial/journey"
)

var noon = time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)

func identify(traits map[string]any) journey.Event {
	return journey.Event{Kind: journey.KindIdentify, Properties: traits, At: noon, ReceivedAt: noon}
}

func TestTraitsBecomeFieldsAndAttributes(t *testing.T) {
	t.Parallel()
	got := intake.Profile(journey.Customer{ID: "cus_1"}, identify(map[string]any{
		"email": " Ada@Bücher.example ", "firstName": "Ada", "last_name": "Lovelace", "locale": "en_GB",
		"timezone": "Europe/Vienna", "plan": "pro",
	}))
	c := got.Customer
	assert.Equal(t, "Ada@xn--bcher-kva.example", c.Email)
	assert.Equal(t, "Ada", c.FirstName)
	assert.Equal(t, "Lovelace", c.LastName)
	assert.Equal(t, "en-GB", c.Locale)
	assert.Equal(t, "Europe/Vienna", c.Timezone)
	assert.Equal(t, "pro", c.Attributes["plan"])
	assert.Equal(t, "Ada", c.Attributes["first_name"], "conditions read it as an attribute")
	assert.Contains(t, got.Changed, "timezone")
	assert.Contains(t, got.Changed, "attribute:plan")

	again := intake.Profile(c, identify(map[string]any{"plan": "pro", "firstName": nil}))
	assert.Equal(t, []string{"attribute:first_name"}, again.Changed, "the same again changes nothing; null forgets")
	assert.Empty(t, again.Customer.FirstName)
}

func TestAWholeNameIsSplitWhereNoFirstNameIsKnown(t *testing.T) {
	t.Parallel()
	c := intake.Profile(journey.Customer{}, identify(map[string]any{"name": "Ada King Lovelace"})).Customer
	assert.Equal(t, "Ada", c.FirstName)
	assert.Equal(t, "King Lovelace", c.LastName)
	c = intake.Profile(c, identify(map[string]any{"name": "Someone Else"})).Customer
	assert.Equal(t, "Ada", c.FirstName)
}

func TestWhatAFieldCannotTakeLeavesItAlone(t *testing.T) {
	t.Parallel()
	c := journey.Customer{Email: "ada@example.com", Timezone: "Europe/Vienna", Locale: "de"}
	got := intake.Profile(c, identify(map[string]any{
		"email": "Ada <x@example.com>", "timezone": "Mars/Phobos", "locale": "not a locale!", "first_name": 7.0,
	})).Customer
	assert.Equal(t, "ada@example.com", got.Email)
	assert.Equal(t, "Europe/Vienna", got.Timezone)
	assert.Equal(t, "de", got.Locale)
	assert.Empty(t, got.FirstName)
}

func TestTheContextFillsInLocaleAndZone(t *testing.T) {
	t.Parallel()
	e := journey.Event{Kind: journey.KindTrack, Name: "Viewed", At: noon, Context: map[string]any{"locale": "fr-FR", "timezone": "Europe/Paris"}}
	c := intake.Profile(journey.Customer{}, e).Customer
	assert.Equal(t, "fr-FR", c.Locale)
	assert.Equal(t, "Europe/Paris", c.Timezone)
	c = intake.Profile(journey.Customer{Timezone: "Asia/Tokyo"}, e).Customer
	assert.Equal(t, "Asia/Tokyo", c.Timezone, "what she has said stays")
}

func TestOrdersAreCounted(t *testing.T) {
	t.Parallel()
	order := func(at time.Time, total any, historical bool) journey.Event {
		return journey.Event{
			Kind: journey.KindTrack, Name: "Order Completed", At: at, Historical: historical, Properties: map[string]any{"total": total},
		}
	}
	c := journey.Customer{}
	c = intake.Profile(c, order(noon, 10.5, false)).Customer
	c = intake.Profile(c, order(noon.Add(time.Hour), 4.5, false)).Customer
	c = intake.Profile(c, order(noon.AddDate(-1, 0, 0), 5.0, true)).Customer
	assert.Equal(t, map[string]any{
		"orders_count": 3.0, "total_spent": 20.0, "average_order": 6.6667, "lifecycle": "active", "first_order_at": "2029-05-06T12:00:00Z",
		"last_order_at": "2030-05-06T13:00:00Z", "last_seen_at": "2030-05-06T13:00:00Z",
	}, c.Attributes)
}

func TestConsentComesWithItsProof(t *testing.T) {
	t.Parallel()
	c := journey.Customer{ID: "cus_1", Email: "ada@example.com"}
	got := intake.Profile(c, identify(map[string]any{"topics": map[string]any{"offers": true, "news": "yes"}, "topics_wording": "Write to me"}))
	require.Len(t, got.Consents, 1, "only true and false say something")
	assert.Equal(t, journey.ConsentChange{
		CustomerID: "cus_1", Topic: "offers", Is: journey.ConsentGiven, Source: "identify", Wording: "Write to me",
		Address: "ada@example.com", At: noon,
	}, got.Consents[0])
	assert.Empty(t, intake.Profile(got.Customer, identify(map[string]any{"topics": map[string]any{"offers": true}})).Consents)

	own := journey.Event{Kind: journey.KindOwn, Name: "Topic Unsubscribed", ReceivedAt: noon,
		Properties: map[string]any{"topic": "offers", "source": "unsubscribe link"}}
	off := intake.Profile(got.Customer, own)
	assert.Equal(t, journey.ConsentWithdrawn, off.Customer.Consents["offers"])
	assert.Equal(t, "unsubscribe link", off.Consents[0].Source)
	assert.Equal(t, journey.ConsentGiven, got.Customer.Consents["offers"], "what was given is not touched")

	imported := identify(map[string]any{"topics": map[string]any{"offers": true}})
	imported.Historical = true
	assert.Empty(t, intake.Profile(off.Customer, imported).Consents, "an import never lifts a withdrawal")
	confirmed := journey.Customer{Consents: map[string]journey.Consent{"offers": journey.ConsentConfirmed}}
	assert.Empty(t, intake.Profile(confirmed, identify(map[string]any{"topics": map[string]any{"offers": true}})).Consents)
}

func TestAnImportFillsInAndTakesNothing(t *testing.T) {
	t.Parallel()
	e := identify(map[string]any{"first_name": "Old", "plan": "free", "city": "Graz"})
	e.Historical = true
	c := intake.Profile(journey.Customer{FirstName: "Ada", Attributes: map[string]any{"plan": "pro"}}, e).Customer
	assert.Equal(t, "Ada", c.FirstName)
	assert.Equal(t, "pro", c.Attributes["plan"])
	assert.Equal(t, "Graz", c.Attributes["city"])
}

// Whatever callers send, Profile does not panic, leaves what it is given alone, and says what has changed.
func TestProfileTakesAnything(t *testing.T) {
	t.Parallel()
	value := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](3.5), rapid.Just[any](map[string]any{"offers": true}),
		rapid.Just[any]([]any{1.0}), rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "text") }))
	name := rapid.OneOf(rapid.SampledFrom([]string{"email", "firstName", "name", "locale", "timezone", "topics", "topic", "total",
		"orders_count", "last_seen_at"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		bag := rapid.MapOf(name, value)
		e := journey.Event{
			Kind:       rapid.SampledFrom([]string{"track", "identify", "alias", "group", "own"}).Draw(t, "kind"),
			Name:       rapid.SampledFrom([]string{"", "Order Completed", "Topic Subscribed"}).Draw(t, "name"),
			Properties: bag.Draw(t, "properties"), Context: bag.Draw(t, "context"), At: noon, ReceivedAt: noon,
			Historical: rapid.Bool().Draw(t, "historical"),
		}
		before := journey.Customer{Attributes: bag.Draw(t, "attributes")}
		size := len(before.Attributes)
		got := intake.Profile(before, e)
		assert.Len(t, before.Attributes, size)
		again := intake.Profile(got.Customer, e)
		if e.Kind == journey.KindIdentify {
			assert.Empty(t, again.Changed, "identify twice is identify once")
			assert.Empty(t, again.Consents)
		}
	})
}
