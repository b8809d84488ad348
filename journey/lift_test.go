package journey

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The examples of Newcombe's paper (Statistics in Medicine 1998, table II, method 10), to four digits.
func TestIntervalsAreNewcombes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, m, b, n        int64
		diff, lower, high float64
	}{
		{56, 70, 48, 80, 0.2, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.6, 0.1705, 0.8090},
		{6, 7, 2, 7, 0.5714, 0.0582, 0.8062},
		{5, 56, 0, 29, 0.0893, -0.0381, 0.1926},
		{0, 10, 0, 20, 0, -0.1611, 0.2775},
		{10, 10, 0, 10, 1, 0.6075, 1},
	} {
		l := CompareShares(c.a, c.m, c.b, c.n)
		assert.InDelta(t, c.diff, l.Difference, 5e-5)
		assert.InDelta(t, c.lower, l.Low, 5e-5, "%d/%d %d/%d", c.a, c.m, c.b, c.n)
		assert.InDelta(t, c.high, l.High, 5e-5, "%d/%d %d/%d", c.a, c.m, c.b, c.n)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, m, b, n int64
		verdict    string
	}{
		{300, 1000, 10, 100, VerdictBetter}, {100, 1000, 30, 100, VerdictWorse}, {100, 1000, 9, 100, VerdictNoSign},
		{300, 1000, 4, 49, VerdictEarly}, {7, 1000, 2, 1000, VerdictEarly}, {300, 1000, 0, 0, VerdictNobody}, {0, 0, 1, 100, VerdictNobody},
	} {
		assert.Equal(t, c.verdict, CompareShares(c.a, c.m, c.b, c.n).Verdict, "%+v", c)
	}
}

// Of many comparisons in which nothing is different, about one in twenty says that something is, and not more.
func TestNothingIsSeldomTakenForSomething(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a draw that can be repeated
	draw := func(n int, p float64) (k int64) {
		for range n {
			if r.Float64() < p {
				k++
			}
		}
		return k
	}
	const rounds = 2000
	wrong := 0
	for range rounds {
		l := CompareShares(draw(900, 0.08), 900, draw(100, 0.08), 100)
		if l.Verdict == VerdictBetter || l.Verdict == VerdictWorse {
			wrong++
		}
	}
	assert.Less(t, float64(wrong)/rounds, 0.06)
	assert.Greater(t, float64(wrong)/rounds, 0.01)
}
