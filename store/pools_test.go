package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Of 200 who want one of 100 codes at once, 100 get one each and 100 hold: no code is given twice, and none is empty.
func TestAHundredCodesAndTwoHundredTakers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.publish(yaml("journey: gift", "name: Gift", "topic: offers", "enter: { when: api }", "reentry: never", "steps:",
		"  - coupon: { pool: codes, as: offer }", "  - send: gift", "  - wait: 1d"))
	w.exec(`INSERT INTO pools (key) VALUES ('codes')`)
	by := journey.Actor{ID: "test", Name: "the test", Role: journey.RoleAdmin}
	codes := make([]string, 100)
	for i := range codes {
		codes[i] = fmt.Sprintf("code-%d", i)
	}
	added, err := w.AddCodes(t.Context(), "codes", codes, by)
	require.NoError(t, err)
	require.Equal(t, 100, added)
	ids := make([]string, 200)
	var people []journey.Event
	for i := range ids {
		people = append(people, journey.Event{Kind: journey.KindIdentify, UserID: fmt.Sprint(i), MessageID: w.id(), Properties: map[string]any{
			"email": fmt.Sprintf("%d@example.com", i), "topics": map[string]any{"offers": true}}})
	}
	w.accept(people...)
	w.apply()
	for i := range ids {
		c, err := w.Customer(t.Context(), fmt.Sprintf("user:%d", i))
		require.NoError(t, err)
		in, err := w.Enroll(t.Context(), journey.EnrollRequest{JourneyKey: key, CustomerID: c.ID})
		require.NoError(t, err)
		ids[i] = in.EnrollmentID
	}
	require.Empty(t, together(len(ids), func(i int) error {
		_, err := w.Advance(t.Context(), ids[i], 1, journey.CauseStart)
		return err
	}))
	assert.Equal(t, 100, one[int](w, `SELECT count(DISTINCT enrollment_id) FROM coupons WHERE state = 'issued' AND code <> ''`), "one each")
	assert.Equal(t, 100, one[int](w, `SELECT count(DISTINCT coupons->>'offer') FROM messages WHERE coupons->>'offer' LIKE 'cpn\_%'`), "none twice")
	assert.Equal(t, 100, one[int](w, `SELECT count(*) FROM messages`), "no mail without a code")
	assert.Equal(t, 100, one[int](w, `SELECT count(*) FROM enrollments WHERE listens = '{pool:codes}'`), "the others hold")
	p, err := w.Pool(t.Context(), "codes")
	require.NoError(t, err)
	assert.Equal(t, []int{0, 100}, []int{p.Free, p.Issued})
}
