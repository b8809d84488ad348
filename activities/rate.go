package activities

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"perennial/journey"
)

// Rate is how many messages a second may go out, on average; 0: as many as can. It holds for one lane of one process.
type Rate float64

// ParseRate reads "20/s" or "600/min"; "" is no limit.
func ParseRate(text string) (Rate, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	count, per, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(count, 64)
	seconds := map[string]float64{"s": 1, "min": 60, "h": 3600}[per]
	if err != nil || !(n > 0) || math.IsInf(n, 0) || seconds == 0 {
		return 0, journey.Faultf(journey.CodeInvalid, "%q is not a rate such as 20/s, 600/min or 5000/h", text)
	}
	return Rate(n / seconds), nil
}

// ParseRates reads the rates of recipient domains, such as "gmail.com=20/s,outlook.com=300/min".
func ParseRates(text string) (map[string]Rate, error) {
	out := map[string]Rate{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		domain, value, found := strings.Cut(pair, "=")
		domain = strings.ToLower(strings.TrimSpace(domain))
		if !found || domain == "" || strings.ContainsAny(domain, "@ ") || strings.TrimSpace(value) == "" {
			return nil, journey.Faultf(journey.CodeInvalid, "%q is not a domain and its rate, such as gmail.com=20/s", pair)
		}
		r, err := ParseRate(value)
		if err != nil {
			return nil, err
		}
		out[domain] = r
	}
	return out, nil
}

// pace keeps the rates of one lane, by the wall clock. What is claimed at once may overdraw a rate by the free slots; the debt is
// waited for.
type pace struct {
	lane    *rate.Limiter // nil: no limit
	domains map[string]*rate.Limiter
}

func newPace(all Rate, domains map[string]Rate) *pace {
	p := &pace{domains: map[string]*rate.Limiter{}}
	if all > 0 {
		p.lane = limiter(all)
	}
	for domain, r := range domains {
		p.domains[domain] = limiter(r)
	}
	return p
}

// limiter lets a second's worth go at once, at least one.
func limiter(r Rate) *rate.Limiter { return rate.NewLimiter(rate.Limit(r), max(1, int(r))) }

// room is how many messages the lane may take up, at most most.
func (p *pace) room(wall time.Time, most int) int {
	if p.lane == nil {
		return most
	}
	return min(most, max(0, int(p.lane.TokensAt(wall))))
}

// spent lists the domains that have had what their rates let through.
func (p *pace) spent(wall time.Time) []string {
	var out []string
	for domain, l := range p.domains {
		if l.TokensAt(wall) < 1 {
			out = append(out, domain)
		}
	}
	return out
}

// take counts one message to a domain.
func (p *pace) take(wall time.Time, domain string) {
	if p.lane != nil {
		p.lane.ReserveN(wall, 1)
	}
	if l := p.domains[domain]; l != nil {
		l.ReserveN(wall, 1)
	}
}

// wait is how long until a rate that is spent lets something through again; most when none is spent.
func (p *pace) wait(wall time.Time, most time.Duration) time.Duration {
	shortest := func(l *rate.Limiter) {
		if tokens := l.TokensAt(wall); tokens < 1 {
			most = min(most, time.Duration((1-tokens)/float64(l.Limit())*float64(time.Second))+time.Millisecond)
		}
	}
	if p.lane != nil {
		shortest(p.lane)
	}
	for _, l := range p.domains {
		shortest(l)
	}
	return most
}
