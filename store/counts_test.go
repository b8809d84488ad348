package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// Whatever is given, redeemed, answered, merged, erased and ended by time, in whatever order, and whenever the rows of the counters are
// gathered: what they say is what a count of the coupons and of the invitations says.
func TestCountersAreACount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	shop := &counted{world: w, rand: rand.New(rand.NewPCG(seed, 1)), by: journey.Actor{ID: "test", Name: "the test", Role: journey.RoleAdmin}} //nolint:gosec // a walk
	shop.key = w.publish(yaml("journey: asked", "name: Asked", "topic: transactional", "enter: { when: api }", "reentry: always", "steps:",
		"  - coupon: { pool: codes, as: offer, expires: 3d, when_empty: go_on }", "  - survey: { ask: nps, send: ask, wait: 7d }"))
	w.exec(`INSERT INTO pools (key) VALUES ('codes')`)
	w.exec(`INSERT INTO pools (key, alphabet, length) VALUES ('made', 'ABCDEFGH23456789', 10)`)
	acts := []func(){shop.addCodes, shop.give, shop.give, shop.redeem, shop.redeem, shop.ask, shop.ask, shop.answer, shop.answer, shop.pass,
		shop.merge, shop.erase, shop.gather}
	for range 90 {
		acts[shop.rand.IntN(len(acts))]()
		shop.compare()
	}
	shop.gather()
	shop.compare()
	groups := one[int](w, `SELECT count(*) FROM (SELECT DISTINCT pool, state, currency FROM coupon_counts) g`)
	assert.Equal(t, groups, one[int](w, `SELECT count(*) FROM coupon_counts`), "gathered, each group has one row")
	assert.LessOrEqual(t, one[int](w, `SELECT count(*) FROM survey_counts`), 1)
	w.exec(`DELETE FROM coupons WHERE state = 'free' OR customer_id IS NULL`)
	shop.compare()
}

// counted is a shop with a few customers, to which things happen at random.
type counted struct {
	*world
	rand *rand.Rand
	by   journey.Actor
	key  string
	n    int
}

// somebody is one of a few customers, who may be new.
func (s *counted) somebody() string {
	return s.identify(fmt.Sprintf("user%d", s.rand.IntN(8)), nil).ID
}

func (s *counted) addCodes() {
	s.n++
	_, err := s.AddCodes(s.t.Context(), "codes", []string{fmt.Sprintf("A%d", s.n), fmt.Sprintf("B%d", s.n)}, s.by)
	require.NoError(s.t, err)
}

func (s *counted) give() {
	gift := journey.CouponGift{Pool: []string{"codes", "made"}[s.rand.IntN(2)], Reason: "sorry"}
	if s.rand.IntN(2) == 0 {
		until := s.wall.now().Add(time.Duration(1+s.rand.IntN(48)) * time.Hour)
		gift.ExpiresAt = &until
	}
	if _, err := s.GiveCoupon(s.t.Context(), s.somebody(), gift, s.by); err != nil {
		require.Equal(s.t, journey.CodeConflict, journey.CodeOf(err), "%v", err)
	}
}

func (s *counted) redeem() {
	code := one[string](s.world, `SELECT coalesce((SELECT code FROM coupons WHERE customer_id IS NOT NULL ORDER BY random() LIMIT 1), 'NONE')`)
	r := journey.Redemption{Code: code, OrderID: fmt.Sprint(s.rand.IntN(5)), By: s.by}
	if s.rand.IntN(3) > 0 {
		value := float64(s.rand.IntN(10_000)) / 100
		r.Value, r.Currency = &value, []string{"EUR", "USD"}[s.rand.IntN(2)]
	}
	if _, err := s.Redeem(s.t.Context(), r); err != nil {
		require.NotEmpty(s.t, journey.CodeOf(err), "%v", err)
	}
}

func (s *counted) ask() {
	in, err := s.Enroll(s.t.Context(), journey.EnrollRequest{JourneyKey: s.key, CustomerID: s.somebody()})
	if journey.CodeOf(err) == journey.CodeConflict && err != nil {
		return // she is in it
	}
	require.NoError(s.t, err)
	_, err = s.Advance(s.t.Context(), in.EnrollmentID, 1, journey.CauseStart)
	require.NoError(s.t, err)
}

func (s *counted) answer() {
	id := one[string](s.world, `SELECT coalesce((SELECT id FROM survey_invites WHERE customer_id <> 'cus_erased' ORDER BY random() LIMIT 1), '')`)
	if id == "" {
		return
	}
	score := s.rand.IntN(11)
	if _, err := s.Answer(s.t.Context(), id, journey.SurveyAnswer{Score: &score}); err != nil {
		require.Equal(s.t, journey.CodeGone, journey.CodeOf(err), "%v", err)
	}
}

// pass lets time go by; whether the coupons that it ends are told of before somebody looks is left to chance.
func (s *counted) pass() {
	s.wall.pass(time.Duration(s.rand.IntN(30)) * time.Hour)
	if s.rand.IntN(2) == 0 {
		_, _, err := s.ExpireCoupons(s.t.Context(), 100)
		require.NoError(s.t, err)
	}
}

func (s *counted) merge() {
	require.NoError(s.t, s.MergeCustomers(s.t.Context(), s.somebody(), s.somebody(), "the test"))
	s.apply()
}

func (s *counted) erase() {
	_, err := s.Erase(s.t.Context(), s.somebody(), "a letter", s.by)
	require.NoError(s.t, err)
	for n := 1; n > 0; {
		n, err = s.EraseRest(s.t.Context())
		require.NoError(s.t, err)
	}
}

func (s *counted) gather() { require.NoError(s.t, s.GatherCounts(s.t.Context())) }

// compare holds what the pages show against a count.
func (s *counted) compare() {
	s.t.Helper()
	pools, err := s.Pools(s.t.Context())
	require.NoError(s.t, err)
	for _, p := range pools {
		count := func(what string) int {
			return one[int](s.world, `SELECT count(*) FROM coupons WHERE pool = $2 AND $3 = CASE
				WHEN state = 'issued' AND expires_at <= $1 THEN 'expired' ELSE state END`, s.wall.now(), p.Key, what)
		}
		require.Equal(s.t, []int{count("free"), count("issued"), count("redeemed"), count("expired"), count("released")},
			[]int{p.Free, p.Issued, p.Redeemed, p.Expired, p.Released}, p.Key)
		revenue := one[map[string]float64](s.world, `SELECT coalesce(jsonb_object_agg(currency, value), '{}') FROM (
			SELECT currency, sum(value) AS value FROM coupons WHERE pool = $1 AND state = 'redeemed' AND value IS NOT NULL GROUP BY 1) sums`, p.Key)
		require.Len(s.t, p.Revenue, len(revenue))
		for currency, value := range revenue {
			require.InDelta(s.t, value, p.Revenue[currency], 1e-6, currency)
		}
	}
	surveys, err := s.Surveys(s.t.Context())
	require.NoError(s.t, err)
	report, err := s.Report(s.t.Context(), s.key)
	require.NoError(s.t, err)
	count := func(where string) int { return one[int](s.world, `SELECT count(*) FROM survey_invites WHERE `+where) }
	if count("true") == 0 {
		require.Empty(s.t, surveys)
		return
	}
	require.Len(s.t, surveys, 1)
	is := surveys[0]
	require.Equal(s.t, []int{count("true"), count("answered_at IS NOT NULL"), count("score >= 9"), count("score <= 6")},
		[]int{is.Asked, is.Answered, is.Promoters, is.Detractors})
	require.Len(s.t, report.Answers, 1)
	if average := one[*float64](s.world, `SELECT avg(score)::float8 FROM survey_invites`); average != nil {
		require.InDelta(s.t, *average, *is.Average, 1e-9)
		require.InDelta(s.t, *average, *report.Answers[0].Mean, 1e-9)
	}
}
