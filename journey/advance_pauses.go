package journey

import (
	"slices"
	"time"
)

// stillness is every pause that covers one enrollment, by its beginning. Where pauses overlap keep beats catch-up beats skip,
// instant by instant. Everything here is a function of the list alone: it does not matter when anybody looked.
type stillness []Pause

func newStillness(pauses []Pause) stillness {
	if len(pauses) == 0 {
		return nil
	}
	s := make(stillness, 0, len(pauses))
	for _, p := range pauses {
		if end, known := p.Ends(); !known || end.After(p.Since) {
			s = append(s, p)
		}
	}
	slices.SortStableFunc(s, func(a, b Pause) int { return a.Since.Compare(b.Since) })
	return s
}

// span is [from, to); open: its end is not known.
type span struct {
	from, to time.Time
	open     bool
}

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && (s.open || t.Before(s.to)) }

func (s span) ended(by time.Time) bool { return !s.open && !s.to.After(by) }

// stretches returns the union of the pauses, or of those alone that keep.
func (s stillness) stretches(keepOnly bool) []span {
	var out []span
	for _, p := range s {
		if keepOnly && p.policy() != Keep {
			continue
		}
		end, known := p.Ends()
		if n := len(out) - 1; n >= 0 && (out[n].open || !p.Since.After(out[n].to)) {
			out[n].open = out[n].open || !known
			if known && end.After(out[n].to) {
				out[n].to = end
			}
			continue
		}
		out = append(out, span{from: p.Since, to: end, open: !known})
	}
	return out
}

func (p Pause) policy() OnResume {
	if p.OnResume == CatchUp || p.OnResume == Skip {
		return p.OnResume
	}
	return Keep
}

// at returns the pause that rules at that moment, nil when none holds.
func (s stillness) at(t time.Time) *Pause {
	var ruling *Pause
	for i := range s {
		p := &s[i]
		if p.Holds(t) && (ruling == nil || strength(p.policy()) > strength(ruling.policy())) {
			ruling = p
		}
	}
	return ruling
}

func strength(o OnResume) int {
	switch o {
	case Keep:
		return 2
	case CatchUp:
		return 1
	default:
		return 0
	}
}

// skips says whether what falls due at that moment is dropped.
func (s stillness) skips(t time.Time) bool {
	p := s.at(t)
	return p != nil && p.policy() == Skip
}

// turn is the moment at which the message of a step has its turn, where what calls for it happened at t and t lies in a pause
// (or at its end) that catches up: those whom it held do not all go out in the moment in which it ends.
func (s stillness) turn(t time.Time, enrollment, step string) (time.Time, bool) {
	for _, still := range s.stretches(false) {
		if still.open || t.Before(still.from) || t.After(still.to) {
			continue
		}
		p := s.at(still.to.Add(-time.Nanosecond))
		if p == nil || p.policy() != CatchUp {
			return time.Time{}, false
		}
		// To the microsecond, as Postgres keeps it: a turn that is a fraction later than what was stored would never be reached by its timer.
		turn := time.Duration(place(enrollment, step) * float64(p.Spread)).Truncate(time.Microsecond)
		return still.to.Add(turn), p.Spread > 0
	}
	return time.Time{}, false
}

// effectiveDue is the moment at which a wait that began at since and was to end at due really ends: each pause that keeps
// moves it by its length. It is false while that is open.
func (s stillness) effectiveDue(since, due time.Time) (time.Time, bool) {
	if due.Before(since) {
		due = since
	}
	left, from := due.Sub(since), since
	for _, still := range s.stretches(true) {
		if !still.open && !still.to.After(from) {
			continue
		}
		if still.from.After(from) {
			run := still.from.Sub(from)
			if left < run {
				break
			}
			left -= run
		}
		if still.open {
			return time.Time{}, false
		}
		from = still.to
	}
	return from.Add(left), true
}

// elapsed is the part of [from, to) in which the clock ran.
func (s stillness) elapsed(from, to time.Time) time.Duration { return to.Sub(from) - s.kept(from, to) }

// kept is the part of [from, to) in which the clock stood.
func (s stillness) kept(from, to time.Time) time.Duration {
	var sum time.Duration
	for _, still := range s.stretches(true) {
		a, b := still.from, still.to
		if a.Before(from) {
			a = from
		}
		if still.open || b.After(to) {
			b = to
		}
		if b.After(a) {
			sum += b.Sub(a)
		}
	}
	return sum
}

// resume returns t, or the end of the pauses that hold then; false while that is open. KeepOnly looks at those that keep.
func (s stillness) resume(t time.Time, keepOnly bool) (time.Time, bool) {
	for _, still := range s.stretches(keepOnly) {
		if still.holds(t) {
			return still.to, !still.open
		}
	}
	return t, true
}

// accountPauses logs pauses and their ends, each once, and shifts what is queued by the time that stood still.
func (d *decision) accountPauses() {
	from := later(d.st.Accounted, d.st.EnteredAt)
	d.st.Accounted = d.now
	for _, still := range d.pauses.stretches(false) {
		switch {
		case still.ended(from) || still.from.After(d.now):
		case still.ended(d.now):
			d.notePaused(still.from)
			d.noteResumed(still, d.pauses.kept(later(from, still.from), still.to))
		default: // it holds: accounted for when it ends
			d.st.Accounted = later(from, still.from)
			d.notePaused(still.from)
		}
	}
}

func (d *decision) notePaused(from time.Time) {
	if d.st.Paused {
		return
	}
	d.st.Paused = true
	about := detail{}
	if p := d.pauses.at(from); p != nil {
		about["reason"], about["by"] = p.Reason, p.By
		if end, known := p.Ends(); known {
			about["until"] = stamp(end)
		}
	}
	d.logAt(later(from, d.st.EnteredAt), LogPaused, about)
}

func (d *decision) noteResumed(still span, shift time.Duration) {
	d.st.Paused = false
	d.out.Effects.Shift += shift
	about := detail{"on_resume": string(d.pauses.lastPolicy(still))}
	if shift > 0 {
		about["shifted"] = durationWords(shift)
	}
	d.logAt(still.to, LogResumed, about)
}

// lastPolicy is what rules when the stretch ends.
func (s stillness) lastPolicy(still span) OnResume {
	if p := s.at(still.to.Add(-time.Nanosecond)); p != nil {
		return p.policy()
	}
	return Keep
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
