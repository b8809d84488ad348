package simulate

import (
	"time"

	"perennial/journey"
)

// foreseen is how far ahead the calendar is looked at where a script does not say when it ends: to a first anniversary.
const foreseen = 367 * journey.Day

// occasion is the next moment at which the calendar lets her in.
func (w *world) occasion(s Script) (time.Time, bool) {
	if !w.def.Enter.ByCalendar() {
		return time.Time{}, false
	}
	end := s.Start.Add(foreseen)
	if s.Until > 0 {
		end = s.Start.Add(s.Until)
	}
	for from := w.looked; from.Before(end); from = from.Add(30 * journey.Day) {
		to := from.Add(30 * journey.Day)
		if to.After(end) {
			to = end
		}
		if all := w.def.Enter.Occasions(&w.persona.Customer, w.zone(), from, to); len(all) > 0 {
			return all[0].At, true
		}
	}
	return time.Time{}, false
}

// fallDue is the scan of the calendar.
func (w *world) fallDue() {
	if !w.def.Enter.ByCalendar() {
		return
	}
	for _, o := range w.def.Enter.Occasions(&w.persona.Customer, w.zone(), w.looked, w.now) {
		w.admit(journey.Entry{Via: journey.ViaCalendar, Occasion: &o})
	}
	w.looked = w.now
}
