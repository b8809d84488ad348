package journey

import "time"

// HistoricalAfter is the age at which an event is history: it is stored and counted, and triggers nothing.
const HistoricalAfter = 30 * 24 * time.Hour

// IsHistorical says whether the event is history: marked so, by its context (`historical: true`, as imports do) or by its age
// when it was accepted. What we did ourselves never is.
func (e Event) IsHistorical() bool {
	if e.Kind == KindOwn {
		return false
	}
	marked, _ := e.Context["historical"].(bool)
	return e.Historical || marked || e.ReceivedAt.Sub(e.At) > HistoricalAfter
}
