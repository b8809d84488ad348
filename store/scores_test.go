package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func (w *world) rfm(user string) string {
	w.t.Helper()
	c, err := w.Customer(w.t.Context(), "user:"+user)
	require.NoError(w.t, err)
	score, _ := c.Attributes[journey.AttributeRFM].(string)
	return score
}

func TestScoresFollowOrdersAndTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: slips", "name: Slips", "topic: transactional", "enter: { when: { attribute: rfm_recency, becomes: 4 } }", "reentry: always", "steps: [ { wait: 1d } ]"))
	w.identify("ada", nil)
	w.tend()
	assert.Empty(t, w.rfm("ada"), "who has not ordered has no score")
	order := func(id string, total float64) {
		w.track("ada", "Order Completed", map[string]any{"order_id": id, "total": total, "currency": "EUR"})
	}
	order("o1", 40)
	assert.Equal(t, "511", w.rfm("ada"))
	order("o2", 120)
	assert.Equal(t, "523", w.rfm("ada"))
	w.track("ada", "Order Refunded", map[string]any{"order_id": "o2"})
	assert.Equal(t, "511", w.rfm("ada"), "what is given back does not count")
	_, next, err := w.TendSegments(t.Context(), 200)
	require.NoError(t, err)
	assert.Equal(t, w.wall.now().Add(30*24*time.Hour), next.UTC(), "time lowers it, and it is known when")
	w.wall.pass(30*24*time.Hour + time.Second)
	w.tend()
	assert.Equal(t, "411", w.rfm("ada"))
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM enrollments WHERE journey_key = 'slips'`), "journeys can begin with it")

	other := journey.ScoreBounds{Recency: []string{"7d", "14d", "21d", "28d"}, Frequency: []float64{1, 2, 3, 4}, Monetary: []float64{10, 20, 30, 40}}
	require.NoError(t, w.SetBounds(t.Context(), other, eraser))
	scoring, err := w.Scoring(t.Context())
	require.NoError(t, err)
	assert.True(t, scoring.Filling)
	w.tend()
	assert.Equal(t, "125", w.rfm("ada"), "by the installation's own bounds, without an event")
	scoring, err = w.Scoring(t.Context())
	require.NoError(t, err)
	assert.Equal(t, other, scoring.Bounds)
	assert.False(t, scoring.Filling)
	assert.Nil(t, scoring.Suggested, "one customer is no sample")
}

func TestScoresAreSuggestedByFifths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO customers (id, created_at, attributes) SELECT 'cus_' || n, $1, jsonb_build_object('orders_count', 1 + n / 50, 'total_spent', n * 10,
		'last_order_at', to_char($1::timestamptz - make_interval(days => n), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) FROM generate_series(1, 100) n`, w.wall.now())
	scoring, err := w.Scoring(t.Context())
	require.NoError(t, err)
	require.NotNil(t, scoring.Suggested)
	assert.Equal(t, journey.ScoreBounds{Recency: []string{"21d", "41d", "61d", "81d"}, Frequency: []float64{2, 3, 4, 5}, Monetary: []float64{200, 400, 600, 800}}, *scoring.Suggested)
}

func TestAMergeScoresAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for user, total := range map[string]float64{"ada": 40, "lovelace": 120} {
		w.identify(user, map[string]any{"email": user + "@example.com"})
		w.track(user, "Order Completed", map[string]any{"order_id": user, "total": total})
	}
	require.NoError(t, w.MergeCustomers(t.Context(), "user:lovelace", "user:ada", "test"))
	assert.Equal(t, "523", w.rfm("ada"))
}
