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

// Whatever is given, redeemed, answered, agreed to, merged, erased and ended by time, in whatever order, and whenever the rows of the counters are
// gathered: what they say is what a count of the coupons, the invitations, the consents and the members of segments says.
func TestCountersAreACount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	shop := &counted{world: w, rand: rand.New(rand.NewPCG(seed, 1)), by: journey.Actor{ID: "test", Name: "the test", Role: journey.RoleAdmin}} //nolint:gosec // a walk
	shop.key = w.publish(yaml("journey: asked", "name: Asked", "topic: transactional", "enter: { when: api }", "reentry: always", "steps:",
		"  - coupon: { pool: codes, as: offer, expires: 3d, when_empty: go_on }", "  - survey: { ask: nps, send: ask, wait: 7d }"))
	w.exec(`INSERT INTO pools (key) VALUES ('codes')`)
	w.exec(`INSERT INTO topics (key, name) VALUES ('offers', 'Offers'), ('news', 'News') ON CONFLICT DO NOTHING`)
	w.exec(`INSERT INTO pools (key, alphabet, length) VALUES ('made', 'ABCDEFGH23456789', 10)`)
	acts := []func(){shop.addCodes, shop.give, shop.give, shop.redeem, shop.redeem, shop.ask, shop.ask, shop.answer, shop.answer, shop.pass,
		shop.consent, shop.consent, shop.merge, shop.erase,
		shop.tend, shop.keep, shop.gather}
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

func (s *counted) consent() {
	s.identify(fmt.Sprintf("user%d", s.rand.IntN(8)), map[string]any{"topics": map[string]any{"offers": s.rand.IntN(2) == 0, "news": s.rand.IntN(2) == 0}})
}

// keep makes a segment, gives it another condition, or forgets it.
func (s *counted) keep() {
	key := []string{"some", "more"}[s.rand.IntN(2)]
	if s.rand.IntN(4) == 0 {
		_ = s.DeleteSegment(s.t.Context(), key, s.by, func(journey.Segment) error { return nil }) // it may not be there
		return
	}
	source := fmt.Sprintf(`{ any: [ { consent: offers, is: given }, { attribute: email, contains: "user%d" } ] }`, s.rand.IntN(8))
	_, cond, problems := journey.ParseSegment("segment.yaml", []byte(source))
	require.Empty(s.t, problems)
	_, err := s.PutSegment(s.t.Context(), journey.Segment{Key: key, Source: source}, cond, s.by, func(journey.Segment) error { return nil })
	require.NoError(s.t, err)
}

func (s *counted) tend() {
	for n := 1; n > 0; {
		var err error
		n, _, err = s.TendSegments(s.t.Context(), 100)
		require.NoError(s.t, err)
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
	topics, err := s.Topics(s.t.Context())
	require.NoError(s.t, err)
	for _, topic := range topics {
		count := func(state string) int {
			return one[int](s.world, `SELECT count(*) FROM consents WHERE topic = $1 AND state = $2`, topic.Key, state)
		}
		require.Equal(s.t, []int{count("given"), count("confirmed"), count("withdrawn")}, []int{topic.Given, topic.Confirmed, topic.Withdrawn}, topic.Key)
	}
	keys, err := s.TopicKeys(s.t.Context())
	require.NoError(s.t, err)
	require.Equal(s.t, one[[]string](s.world, `SELECT ARRAY(SELECT key FROM topics UNION SELECT topic FROM consents ORDER BY 1)`), append([]string{}, keys...))
	segments, err := s.Segments(s.t.Context())
	require.NoError(s.t, err)
	for _, segment := range segments {
		require.Equal(s.t, one[int](s.world, `SELECT count(*) FROM segment_members WHERE segment = $1 AND member`, segment.Key), segment.Members, segment.Key)
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
