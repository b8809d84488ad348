package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

func TestEnteringPerItemAndFurtherTriggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: cart", "name: Cart", "topic: offers",
		"enter: { when: { event: Cart Updated }, each: { in: lines, as: line, unique: sku } }",
		"reentry: { per: [cart, line.sku], meanwhile: restart }",
		"steps: [ { wait: { until: { trigger: at }, if_missing: exit } }, { branch: [ { if: { var: line.n, eq: 2 }, then: [ { exit: two } ] } ] } ]"))
	w.identify("ada", nil)
	cart := func(at string, lines ...any) {
		w.track("ada", "Cart Updated", map[string]any{"cart": "c", "at": at, "lines": lines})
	}
	line := func(sku string, n int) any { return map[string]any{"sku": sku, "n": n} }
	cart("2030-05-07T09:00:00Z", line("x", 1), line("y", 2), line("x", 1))
	keys := func() string {
		return one[string](w, `SELECT string_agg(entry_key, ' ' ORDER BY entry_key) FROM enrollments`)
	}
	assert.Equal(t, "cart=c&line.sku=x#x cart=c&line.sku=y#y", keys())
	id := one[string](w, `SELECT id FROM enrollments WHERE entry_key LIKE '%#x'`)
	d := w.step(id, journey.CauseStart)
	assert.Equal(t, "2030-05-07T09:00:00Z", d.At.UTC().Format("2006-01-02T15:04:05Z"))

	cart("2030-05-09T09:00:00Z", line("x", 2))
	assert.Equal(t, 1, w.wakeups(id))
	d = w.step(id, journey.CauseWake)
	assert.Equal(t, "2030-05-09T09:00:00Z", d.At.UTC().Format("2006-01-02T15:04:05Z"))
	w.until(id, d)
	assert.Equal(t, "two", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
	assert.Equal(t, "entered wait restarted wait branch exited", w.log(id))
	cart("2030-05-10T09:00:00Z", line("x", 3))
	assert.Equal(t, "cart=c&line.sku=x#x cart=c&line.sku=y#y", keys(), "that one is over")
}

func TestEnteringWhenAnAttributeBecomes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(yaml("journey: pro", "name: Pro", "topic: offers", "enter: { when: { attribute: plan, becomes: pro } }",
		"steps: [ { branch: [ { if: { trigger: was, eq: free }, then: [ { exit: was-free } ] } ] } ]"))
	w.publish(yaml("journey: upgrade", "name: Upgrade", "topic: offers", "enter: { when: { event: Paid } }", "reentry: always",
		"steps: [ { set: { plan: pro } } ]"))
	w.identify("ada", map[string]any{"plan": "free"})
	assert.Zero(t, one[int](w, `SELECT count(*) FROM enrollments`))
	w.identify("ada", map[string]any{"plan": "pro"})
	id := w.enrollment("ada", "pro")
	w.step(id, journey.CauseStart)
	assert.Equal(t, "was-free", one[string](w, `SELECT reason FROM enrollments WHERE id = $1`, id))
	w.identify("ada", map[string]any{"plan": "pro", "other": 1})
	assert.Equal(t, 1, one[int](w, `SELECT count(*) FROM enrollments`), "it was pro already")

	w.identify("bob", nil)
	w.track("bob", "Paid", nil)
	w.step(w.enrollment("bob", "upgrade"), journey.CauseStart)
	assert.NotEmpty(t, w.enrollment("bob", "pro"), "a step that sets it counts, too")
}
