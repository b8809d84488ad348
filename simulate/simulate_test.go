package simulate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func playMany(t *testing.T, name string, p simulate.Play) journey.Simulation {
	t.Helper()
	def, set := load(t, name)
	if p.Timelines == 0 {
		set = nil // what is written in the mails is another test's matter
	}
	p.Start, p.Days = monday, max(p.Days, 90)
	s, err := simulate.Simulate(t.Context(), def, set, p, simulate.Options{Profile: intake.Profile})
	require.NoError(t, err)
	return s
}

// Every way of each journey that ships is taken by somebody whom nobody has described, and the same seed is the same simulation.
func TestInventedCustomersTakeEveryWay(t *testing.T) {
	t.Parallel()
	unreachable := map[string]bool{
		"why/none":          true, // its answers are all there are
		"last-days/skipped": true, // the offer is good for 14 days
	}
	for _, name := range templates.Sequences() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := playMany(t, name, simulate.Play{Customers: 400, Days: 200, Seed: 1})
			for _, w := range s.Untaken {
				assert.True(t, unreachable[w.Step+"/"+w.Way], "%s: nobody took %s", w.Step, w.Words)
			}
			assert.Equal(t, s, playMany(t, name, simulate.Play{Customers: 400, Days: 200, Seed: 1}))
			other := playMany(t, name, simulate.Play{Customers: 400, Days: 200, Seed: 2})
			assert.NotEqual(t, s.Ends, other.Ends)
			ended := s.Inside
			for _, e := range s.Ends {
				ended += e.Count
			}
			assert.Equal(t, s.Enrollments, ended)
		})
	}
}

// The first customers are the same whether many come after them or few.
func TestACustomerDoesNotHangOnTheOthers(t *testing.T) {
	t.Parallel()
	few := playMany(t, "win-back", simulate.Play{Customers: 3, Seed: 5, Timelines: 3})
	many := playMany(t, "win-back", simulate.Play{Customers: 20, Seed: 5, Timelines: 3})
	assert.Equal(t, few.People, many.People)
}

func TestAScriptSaysWhatPeopleDo(t *testing.T) {
	t.Parallel()
	habits, err := simulate.ParseHabits("script.yaml", []byte(`
events:
  - { event: Signed Up, properties: { interest: towels } }
  - { event: Product Viewed, rate: 2/d, properties: { product: { one_of: [a, b] }, price: { from: 10, to: 20 }, n: { count: V- } } }
  - { after: 3d, identify: { plan: gold } }
answers: 100%
clicks: 0
`))
	require.NoError(t, err)
	s := playMany(t, "onboarding", simulate.Play{Customers: 30, Seed: 1, Habits: &habits, Timelines: 1})
	assert.Empty(t, s.Assumed)
	assert.Equal(t, 30, s.Entered)
	for _, step := range s.Steps {
		switch step.Step {
		case "choosing-towels":
			assert.Equal(t, 30, step.Came)
		case "choosing-linen":
			assert.Zero(t, step.Came)
		case "looks-around":
			assert.Equal(t, 30, step.Ways[0].Taken, "whoever looks twice a day has looked within four days")
		}
	}
	var said []string
	for _, l := range s.People[0].Lines {
		if l.Happened {
			said = append(said, l.Words.String())
		}
	}
	assert.Contains(t, said, "identify plan=gold")
	assert.Regexp(t, `Product Viewed \(n=V-1 price=1\d(\.\d+)? product=[ab]\)`, said[1])
}

func TestFaultsOfScripts(t *testing.T) {
	t.Parallel()
	for source, fault := range map[string]string{
		"events: [ { event: A, rate: 3 } ]":              "line 1: \"3\" is no rate: write a number per h, d or w, such as 0.02/d, at most 50 a day",
		"events: [ { event: A, rate: 3/h } ]":            "no rate",
		"events:\n  - { rate: 1/d }":                     "line 2: a rate is one of an event",
		"events: [ { event: A, rate: 1/d, after: 2d } ]": "after does not go with a rate",
		"events: [ { event: A, redeem: b } ]":            "not 2",
		"answers: 140%":                                  "\"140%\" is no share: write 40% or 0.4",
		"ansers: 40%":                                    "ansers",
	} {
		_, err := simulate.ParseHabits("s.yaml", []byte(source))
		require.Error(t, err, source)
		assert.Contains(t, err.Error(), fault)
		assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
	}
}

// What is recorded of a customer counts: her last order began the silence, and an enrollment before keeps her out.
func TestAKnownCustomer(t *testing.T) {
	t.Parallel()
	ended := monday.AddDate(0, 0, -20)
	known := journey.Recorded{
		Customer: journey.Customer{ID: "cus_1", FirstName: "Ada", Email: "ada@example.com", Attributes: map[string]any{"orders_count": 3.0},
			Consents: map[string]journey.Consent{"offers": journey.ConsentGiven}},
		Events: []journey.Event{{ID: "evt_1", Kind: journey.KindTrack, Name: "Order Completed", At: monday.AddDate(0, 0, -50), Number: 7}},
	}
	s := playMany(t, "win-back", simulate.Play{Personas: []simulate.Persona{simulate.Known(known)}, Timelines: 1})
	require.Len(t, s.People, 1)
	assert.Equal(t, 1, s.Entered)
	assert.Equal(t, 10, s.People[0].Lines[0].Day, "sixty days after her order")
	known.Past = []journey.Past{{EntryKey: "1", EndedAt: &ended}}
	s = playMany(t, "win-back", simulate.Play{Personas: []simulate.Persona{simulate.Known(known)}})
	assert.Zero(t, s.Entered)
	assert.Equal(t, []journey.SimulatedCount{{Name: journey.NoEntryReentry, Count: 1}}, s.Refused)
}

// What a journey looks at is made up so that people enter: items of lists, and values on both sides of a filter.
func TestInventedTriggersHaveItems(t *testing.T) {
	t.Parallel()
	for _, enter := range []string{
		"enter: { when: { event: Checkout Started }, if: { trigger: products, any: { price: { gt: 0 } } } }\nreentry: { per: cart_id }",
		"enter: { when: { event: Order Completed }, if: { var: line.lasts, gte: 30 }, each: { in: products, as: line, unique: sku } }\nreentry: { per: line.sku }",
		"enter: { when: { date: { attribute: customer_since, offset: 90d } } }",
	} {
		def, problems := journey.Parse("journey.yaml", []byte("journey: j\nname: J\ntopic: offers\n"+enter+"\nsteps: [ { send: hello } ]\n"))
		require.Empty(t, problems.Errors(), "%v", problems)
		s, err := simulate.Simulate(t.Context(), def, nil, simulate.Play{Customers: 60, Start: monday, Days: 90, Seed: 1}, simulate.Options{Profile: intake.Profile})
		require.NoError(t, err)
		assert.Greater(t, s.Entered, 15, enter)
	}
}
