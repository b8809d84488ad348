package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

var marketer = journey.Actor{ID: "key_m", Role: journey.RoleMarketer}

// keep gives a segment to the server and fills it.
func (w *world) keep(key, source string) journey.Segment {
	w.t.Helper()
	_, err := w.put(key, source)
	require.NoError(w.t, err)
	w.tend()
	seg, err := w.Segment(w.t.Context(), key)
	require.NoError(w.t, err)
	require.Equal(w.t, journey.SegmentReady, seg.State)
	return seg
}

func (w *world) put(key, source string) (journey.Segment, error) {
	_, cond, problems := journey.ParseSegment("segment.yaml", []byte(source))
	require.Empty(w.t, problems)
	return w.PutSegment(w.t.Context(), journey.Segment{Key: key, Source: source}, cond, marketer, func(journey.Segment) error { return nil })
}

// tend does all that is to do for segments.
func (w *world) tend() {
	w.t.Helper()
	for {
		n, _, err := w.TendSegments(w.t.Context(), 2)
		require.NoError(w.t, err)
		if n == 0 {
			return
		}
	}
}

func (w *world) isIn(user, key string) bool {
	return one[bool](w, `SELECT EXISTS (SELECT FROM segment_members m JOIN customer_ids i USING (customer_id)
	                     WHERE i.external_id = $1 AND m.segment = $2 AND m.member)`, user, key)
}

func (w *world) entered(user, key string) int {
	return one[int](w, `SELECT count(*) FROM enrollments e JOIN customer_ids i USING (customer_id) WHERE i.external_id = $1 AND e.journey_key = $2`, user, key)
}

func byVisit(key, when string) string {
	return yaml("journey: "+key, "name: By segment", "topic: transactional", "enter: { when: "+when+" }", "steps: [ { wait: 5d } ]")
}

func TestComingIntoASegmentAndLeavingItLetIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.identify("ada", nil)
	w.track("ada", "Order Completed", nil)
	w.track("ada", "Order Completed", nil)
	for _, user := range []string{"bob", "cem", "dia", "eve"} {
		w.identify(user, nil)
	}
	w.keep("buyers", "{ event: Order Completed, count: { gte: 2 }, within: 30d }")
	w.publish(byVisit("hello-buyer", "{ segment: buyers }"))
	w.publish(byVisit("goodbye-buyer", "{ segment: buyers, leaves: true }"))

	assert.True(t, w.isIn("ada", "buyers"), "the filling found her")
	assert.Zero(t, w.entered("ada", "hello-buyer"), "and let nobody in")

	w.track("bob", "Order Completed", nil)
	assert.False(t, w.isIn("bob", "buyers"))
	w.wall.pass(10 * journey.Day)
	w.track("bob", "Order Completed", nil)
	assert.True(t, w.isIn("bob", "buyers"))
	assert.Equal(t, 1, w.entered("bob", "hello-buyer"))
	assert.Zero(t, w.entered("bob", "goodbye-buyer"))

	_, next, err := w.TendSegments(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, 20*journey.Day, next.Sub(w.wall.now()), "the moment at which the first order gets too old is known")
	w.wall.pass(20 * journey.Day)
	w.tend()
	assert.False(t, w.isIn("bob", "buyers"), "time alone took him out")
	assert.False(t, w.isIn("ada", "buyers"))
	assert.Equal(t, 1, w.entered("bob", "goodbye-buyer"))
	assert.Equal(t, 1, w.entered("ada", "goodbye-buyer"), "she was in it, and left")

	past := w.event("cem", "Order Completed", nil)
	past.Context = map[string]any{"historical": true}
	again := past
	again.MessageID = w.id()
	w.accept(past, again)
	w.apply()
	assert.True(t, w.isIn("cem", "buyers"), "history counts")
	assert.Zero(t, w.entered("cem", "hello-buyer"), "and triggers nothing")
}

func TestASegmentIsAskedAndWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("vip", "{ attribute: tier, eq: top }")
	w.keep("quiet-vip", "{ all: [ { segment: vip }, { not: { event: Order Completed } } ] }")
	w.publish(yaml("journey: care", "name: Care", "topic: transactional", "enter: { when: { event: Visited }, if: { segment: vip } }", "reentry: always",
		"steps: [ { wait_for: { any: [ { if: { not: { segment: quiet-vip } }, then: [ { exit: bought } ] } ], timeout: { after: 90d, then: [ { exit: silent } ] } } } ]"))
	w.identify("ada", nil)
	w.track("ada", "Visited", nil)
	assert.Zero(t, w.entered("ada", "care"))
	w.identify("ada", map[string]any{"tier": "top"})
	assert.True(t, w.isIn("ada", "quiet-vip"), "one segment follows the other")
	w.track("ada", "Visited", nil)
	id := w.enrollment("ada", "care")
	d := w.step(id, journey.CauseStart)
	require.Equal(t, journey.PlanWait, d.Kind)
	require.Zero(t, w.wakeups(id))
	w.track("ada", "Order Completed", nil)
	assert.False(t, w.isIn("ada", "quiet-vip"))
	require.Equal(t, 1, w.wakeups(id), "leaving it wakes the wait")
	w.step(id, journey.CauseWake)
	assert.Equal(t, "bought", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))

	err := w.DeleteSegment(t.Context(), "vip", marketer, func(journey.Segment) error { return nil })
	assert.ErrorContains(t, err, "quiet-vip names it")
	err = w.DeleteSegment(t.Context(), "quiet-vip", marketer, func(journey.Segment) error { return nil })
	assert.ErrorContains(t, err, "journey care names it")
	_, err = w.put("vip", "{ not: { segment: quiet-vip } }")
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "a circle")
	_, err = w.put("other", "{ segment: nobody-knows }")
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
}

func TestFillingGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, user := range []string{"a", "b", "c", "d", "e"} {
		w.identify(user, map[string]any{"tier": "top"})
	}
	seg, err := w.put("vip", "{ attribute: tier, eq: top }")
	require.NoError(t, err)
	assert.Equal(t, journey.SegmentBuilding, seg.State)
	_, _, err = w.TendSegments(t.Context(), 2)
	require.NoError(t, err)
	w.identify("e", map[string]any{"tier": "basic"}) // whom the filling has not come to
	other := w.open(store.Options{})
	for range 10 {
		_, _, err = other.TendSegments(t.Context(), 2)
		require.NoError(t, err)
	}
	seg, err = w.Segment(t.Context(), "vip")
	require.NoError(t, err)
	assert.Equal(t, journey.SegmentReady, seg.State)
	assert.Equal(t, 4, seg.Members)

	seg, err = w.put("vip", "{ attribute: tier, eq: basic }")
	require.NoError(t, err)
	assert.Equal(t, 2, seg.Version)
	assert.Equal(t, 4, seg.Members, "until it is filled anew it has those that it had")
	w.tend()
	assert.True(t, w.isIn("e", "vip"))
	assert.False(t, w.isIn("a", "vip"))
	assert.Equal(t, 2, one[int](w, `SELECT count(*) FROM segment_versions WHERE segment = 'vip'`))
}

func TestASegmentOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("enterprise", "{ account: plan, eq: enterprise }")
	group := func(user string, traits map[string]any) {
		w.accept(journey.Event{Kind: journey.KindGroup, UserID: user, MessageID: w.id(), Properties: map[string]any{"group_id": "oak", "traits": traits}})
		w.apply()
	}
	group("ada", nil)
	group("bob", nil)
	assert.False(t, w.isIn("ada", "enterprise"))
	group("bob", map[string]any{"plan": "enterprise"})
	assert.True(t, w.isIn("bob", "enterprise"))
	w.tend()
	assert.True(t, w.isIn("ada", "enterprise"), "her account changed, though she did nothing")
	require.NoError(t, w.MergeCustomers(t.Context(), "user:bob", "user:ada", "support"))
	w.apply()
	w.tend()
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM segment_members`))
}

// A condition that takes too long to ask of everybody is asked of some, in the time that is left.
func TestPreviewReckonsWhereCountingTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO customers (id, email, attributes, created_at) SELECT 'cus_' || lpad(i::text, 6, '0'), i || '@example.com', '{"tier": "top"}', $1
		FROM generate_series(1, 4000) i`, w.wall.now())
	w.exec(`ANALYZE customers`)
	s, err := store.Open(t.Context(), w.url, store.Options{Wall: time.Now})
	require.NoError(t, err)
	defer s.Close()
	preview := func(source string) journey.SegmentPreview {
		_, cond, problems := journey.ParseSegment("segment.yaml", []byte(source))
		require.Empty(t, problems)
		got, err := s.PreviewSegment(t.Context(), cond)
		require.NoError(t, err)
		assert.Len(t, got.Samples, 10)
		return got
	}
	w.exec(`CREATE OR REPLACE FUNCTION string(v jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN PERFORM pg_sleep(0.001); RETURN v #>> '{}'; END $$`)
	got := preview(`{ attribute: tier, starts_with: t }`)
	assert.False(t, got.Exact)
	assert.Positive(t, got.LookedAt)
	assert.Less(t, got.LookedAt, 3000, "as many as there was time for")
	assert.InDelta(t, 4000, got.Count, 80, "all of those who were looked at, so all")
	assert.Equal(t, journey.SegmentPreview{Count: 4000, Exact: true, Samples: preview(`{ attribute: tier, eq: top }`).Samples}, preview(`{ attribute: tier, eq: top }`))
}

func TestPreviewCountsAndShowsSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 12 {
		w.identify(string(rune('a'+i)), map[string]any{"tier": []string{"top", "basic"}[min(i/11, 1)]})
	}
	_, cond, problems := journey.ParseSegment("segment.yaml", []byte(`{"if": {"attribute": "tier", "eq": "top"}}`))
	require.Empty(t, problems)
	got, err := w.PreviewSegment(t.Context(), cond)
	require.NoError(t, err)
	assert.Equal(t, 11, got.Count)
	assert.True(t, got.Exact)
	assert.Len(t, got.Samples, 10)
	assert.WithinDuration(t, w.wall.now(), got.Samples[0].CreatedAt, time.Second)
}
