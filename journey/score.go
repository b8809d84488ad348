package journey

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// The scores of recency, frequency and money: attributes of whoever has an order that stands, from 1 to 5, 5 the best.
const (
	AttributeRecency   = "rfm_recency"
	AttributeFrequency = "rfm_frequency"
	AttributeMonetary  = "rfm_monetary"
	AttributeRFM       = "rfm" // all three in this order, as a text: "543"
)

// ScoreAttributes are their names.
func ScoreAttributes() []string {
	return []string{AttributeRecency, AttributeFrequency, AttributeMonetary, AttributeRFM}
}

// scores is how many there are of each kind; there are as many bounds, less one.
const scores = 5

// ScoreBounds say where scores begin. They are the installation's: a customer's score hangs on what she did and on the time alone, and
// never changes because of what others did.
type ScoreBounds struct {
	Recency   []string  `json:"recency"`   // how long ago the last order may be for 5, 4, 3 and 2, e.g. 30d; each longer than the one before
	Frequency []float64 `json:"frequency"` // from how many orders on for 2, 3, 4 and 5
	Monetary  []float64 `json:"monetary"`  // from what total_spent on for 2, 3, 4 and 5
}

// Check returns everything that is wrong with the bounds.
func (b ScoreBounds) Check() (out Problems) {
	add := func(path, message, mend string) { out = append(out, Problem{Path: path, Message: message, Mend: mend}) }
	for path, list := range map[string][]float64{"frequency": b.Frequency, "monetary": b.Monetary} {
		if len(list) != scores-1 {
			add(path, "are not four bounds", "from what on it is 2, 3, 4 and 5, e.g. [2, 3, 5, 10]")
		}
		for i, v := range list {
			if v <= 0 || i > 0 && v <= list[i-1] {
				add(path+"["+strconv.Itoa(i)+"]", "is not above the one before, or not above 0", "write them in order")
			}
		}
	}
	if len(b.Recency) != scores-1 {
		add("recency", "are not four bounds", `how long ago at most for 5, 4, 3 and 2, e.g. ["30d", "60d", "120d", "365d"]`)
	}
	var last time.Duration
	for i, text := range b.Recency {
		d, err := ParseDuration(text)
		if err != nil || d <= last {
			add("recency["+strconv.Itoa(i)+"]", "is no duration longer than the one before", "e.g. 30d; 400d at most")
		}
		last = max(last, d)
	}
	return out
}

// Score returns the scores of a customer with those attributes at a moment, and when time alone will lower one (zero: it never will).
// None where she has no order that stands, or nobody knows since when, or what she paid.
func (b ScoreBounds) Score(attributes map[string]any, at time.Time) (out map[string]any, until time.Time) {
	count, _ := asNumber(attributes[AttributeOrdersCount])
	last, dated := asMoment(attributes[AttributeLastOrderAt])
	spent, paid := asNumber(attributes[AttributeTotalSpent])
	if count <= 0 || !dated || !paid {
		return nil, time.Time{}
	}
	recency := 1
	for i, text := range b.Recency {
		d, err := ParseDuration(text)
		if err == nil && at.Before(last.Add(d)) {
			recency, until = scores-i, last.Add(d)
			break
		}
	}
	frequency, monetary := reached(b.Frequency, count), reached(b.Monetary, spent)
	return map[string]any{AttributeRecency: float64(recency), AttributeFrequency: float64(frequency), AttributeMonetary: float64(monetary),
		AttributeRFM: strconv.Itoa(recency) + strconv.Itoa(frequency) + strconv.Itoa(monetary)}, until
}

// reached counts how many bounds a figure has reached, from 1.
func reached(bounds []float64, v float64) int {
	n := 1
	for _, bound := range bounds {
		if v >= bound {
			n++
		}
	}
	return n
}

// Apply writes the scores into attributes, which it changes, and returns the names of those that are different now.
func (b ScoreBounds) Apply(attributes map[string]any, at time.Time) (changed []string) {
	is, _ := b.Score(attributes, at)
	for _, name := range ScoreAttributes() {
		if same(attributes[name], is[name]) {
			continue
		}
		changed = append(changed, name)
		if is[name] == nil {
			delete(attributes, name)
			continue
		}
		attributes[name] = is[name]
	}
	return changed
}

// Due says whether the scores in the attributes are those of the moment.
func (b ScoreBounds) Due(attributes map[string]any, at time.Time) bool {
	is, _ := b.Score(attributes, at)
	for _, name := range ScoreAttributes() {
		if !same(attributes[name], is[name]) {
			return true
		}
	}
	return false
}

// same says whether two scores are, whatever kind of number they were stored as.
func same(a, b any) bool {
	x, isX := asNumber(a)
	y, isY := asNumber(b)
	if isX || isY {
		return isX && isY && x == y
	}
	return a == b
}

// Scoring is how customers are scored, as it is shown.
type Scoring struct {
	Bounds    ScoreBounds  `json:"bounds"`
	Filling   bool         `json:"filling"`             // not everybody has been scored by these bounds yet
	Spread    ScoreSpread  `json:"spread"`              // how many have which score by the bounds
	Suggested *ScoreBounds `json:"suggested,omitempty"` // with about a fifth of those who ordered in each score, by a sample; null: too few have
	Would     *ScoreSpread `json:"suggested_spread,omitempty"`

	Sample Buyers `json:"-"` // what the figures are counted from
}

// Buyers are what scores are counted from: of each customer who ordered, or of a sample of them, the days since the last order, the number
// of orders, and what was spent.
type Buyers struct {
	Ages, Orders, Spent []float64
	Each                float64 // how many customers each one stands for; 1: all are here
}

// fewestBuyers must have ordered before bounds are suggested.
const fewestBuyers = 50

// Suggest makes bounds of the fifths of those who ordered. False: too few have.
func (s Buyers) Suggest() (ScoreBounds, bool) {
	if len(s.Ages) < fewestBuyers {
		return ScoreBounds{}, false
	}
	b := SuggestBounds(fifths(s.Ages), fifths(s.Orders), fifths(s.Spent))
	return b, len(b.Check()) == 0
}

// fifths are the values at which the second, third, fourth and last fifth begin.
func fifths(list []float64) (out []float64) {
	sorted := slices.Sorted(slices.Values(list))
	for n := 1; n < scores; n++ {
		out = append(out, sorted[(n*len(sorted)+scores-1)/scores-1])
	}
	return out
}

// ScoreSpread says how many customers have each score: that of 1 first, that of 5 last.
type ScoreSpread struct {
	Recency   [scores]int `json:"recency"`
	Frequency [scores]int `json:"frequency"`
	Monetary  [scores]int `json:"monetary"`
	Sampled   bool        `json:"sampled"` // counted from some of them, and so about right
}

// Spread counts who would have which score by the bounds, which have no fault.
func (b ScoreBounds) Spread(s Buyers) (out ScoreSpread) {
	var days []float64
	for _, text := range b.Recency {
		d, _ := ParseDuration(text)
		days = append(days, d.Hours()/24)
	}
	for i := range s.Ages {
		out.Recency[scores-reached(days, s.Ages[i])]++
		out.Frequency[reached(b.Frequency, s.Orders[i])-1]++
		out.Monetary[reached(b.Monetary, s.Spent[i])-1]++
	}
	out.Sampled = s.Each > 1
	for _, counts := range []*[scores]int{&out.Recency, &out.Frequency, &out.Monetary} {
		for n := range counts {
			counts[n] = int(math.Round(float64(counts[n]) * max(s.Each, 1)))
		}
	}
	return out
}

// SuggestBounds makes bounds of the fifths of those who ordered: days since the last order, orders, and what was spent. Where fifths fall
// together, as they do where most have ordered once, the next bound is one more.
func SuggestBounds(ages, counts, sums []float64) (b ScoreBounds) {
	last := 0
	for _, age := range ages {
		last = max(last+1, int(age)+1)
		b.Recency = append(b.Recency, strconv.Itoa(last)+"d")
	}
	rising := func(list []float64, least float64) (out []float64) {
		for _, v := range list {
			v = max(math.Ceil(v), least)
			out, least = append(out, v), v+1
		}
		return out
	}
	b.Frequency, b.Monetary = rising(counts, 2), rising(sums, 1) // one order is 1
	return b
}
