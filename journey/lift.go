package journey

import "math"

// Verdicts on a comparison with those who were held out.
const (
	VerdictEarly   = "too_early"
	VerdictBetter  = "better"
	VerdictWorse   = "worse"
	VerdictNoSign  = "no_difference"
	VerdictNobody  = "no_holdout"
	leastCompared  = 50 // people on each side, below which nothing is said
	leastReached   = 10 // goals on both sides together
	ninetyFivePart = 1.959963984540054
)

// Lift is how much larger the share of those who reached a goal is among those whom a journey wrote to than among those whom it held
// out, with the interval in which the truth lies in 95 of 100 such comparisons.
type Lift struct {
	Difference, Low, High float64 // of shares: 0.02 is two points
	Verdict               string
}

// CompareShares compares two shares by Newcombe's interval for the difference of two proportions, which is made of Wilson's for each
// and holds with few people, and with shares near 0, too. Nobody on a side: only the verdict says something.
func CompareShares(reached, all, heldReached, held int64) Lift {
	if held == 0 || all == 0 {
		return Lift{Verdict: VerdictNobody}
	}
	p, q := float64(reached)/float64(all), float64(heldReached)/float64(held)
	pLow, pHigh := wilson(reached, all)
	qLow, qHigh := wilson(heldReached, held)
	l := Lift{
		Difference: p - q,
		Low:        p - q - math.Hypot(p-pLow, qHigh-q),
		High:       p - q + math.Hypot(pHigh-p, q-qLow),
	}
	switch {
	case min(all, held) < leastCompared, reached+heldReached < leastReached:
		l.Verdict = VerdictEarly
	case l.Low > 0:
		l.Verdict = VerdictBetter
	case l.High < 0:
		l.Verdict = VerdictWorse
	default:
		l.Verdict = VerdictNoSign
	}
	return l
}

// wilson is the score interval of one share; all is above 0.
func wilson(n, all int64) (low, high float64) {
	const z = ninetyFivePart
	p, m := float64(n)/float64(all), float64(all)
	middle := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high = (middle-half)/(1+z*z/m), (middle+half)/(1+z*z/m)
	return max(0, low), min(1, high)
}
