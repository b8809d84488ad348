package main

import (
	"fmt"
	"io"
	"time"
)

// report is what a run came to.
type report struct {
	seed             uint64
	rounds           int
	took             time.Duration
	unsettled        bool // it was not quiet at the end
	kills            map[string]int
	together         int
	restarts         int // of processes that nobody killed
	openAtKill       int // connections to the relay when workers were killed
	standstill       time.Duration
	standstillOf     string
	resumed          []time.Duration // from the death of a worker to the next mail of each lane, sorted
	latest           time.Duration   // of a message that was never in doubt, nor behind one that was
	customers, tries int

	events, accepted, applied           int
	enrollments, finished, excusedSteps int
	owed, excused                       int
	messages, sent, delivered, cut      int
	unknown, unknownArrived             int
	resent, extra                       int

	stopped, lost, twice, faults []string
}

func (r *report) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// connections is how many a worker has at most: eight for each of its two lanes.
const connections = 16

// clean says whether everything is accounted for. Nothing in these stories gives a reason to drop a message, and a worker that
// is killed leaves no more in doubt than it has connections.
func (r *report) clean() bool {
	return len(r.lost)+len(r.twice)+len(r.faults)+len(r.stopped) == 0 && r.unknown <= connections*r.kills[killWorker]
}

// print writes the table, and behind it what is wrong.
func (r *report) print(out io.Writer) {
	kills := 0
	for _, n := range r.kills {
		kills += n
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-20s "+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintln(out)
	row("seed", "%d", r.seed)
	row("rounds", "%d in %s", r.rounds, r.took.Round(time.Second))
	row("kills", "%d: worker %d, API %d, Temporal %d, Postgres %d; %d of them together with others",
		kills, r.kills[killWorker], r.kills[killAPI], r.kills[killTemporal], r.kills[killPostgres], r.together)
	row("gave up, restarted", "%d times: processes that nobody killed, while what they need was away", r.restarts)
	row("customers", "%d, who repeated %d requests", r.customers, r.tries)
	row("events", "%d sent, %d accepted, %d stored and applied once", r.events, r.accepted, r.applied)
	row("enrollments", "%d, %d finished, %d wait for an answer to a question in doubt", r.enrollments, r.finished, r.excusedSteps)
	row("messages", "%d owed, %d in the ledger, %d accepted, %d owed no more after a question in doubt", r.owed, r.messages, r.sent, r.excused)
	row("relay", "%d taken, %d cut before the dot", r.delivered, r.cut)
	if r.unsettled {
		row("lost", "%d, or not done yet: it came to a stand before it was quiet", len(r.lost))
	} else {
		row("lost", "%d", len(r.lost))
	}
	row("twice", "%d", len(r.twice))
	row("unknown", "%d marketing and survey mails, of which %d had arrived; %d connections were open when workers were killed",
		r.unknown, r.unknownArrived, r.openAtKill)
	row("sent once more", "%d transactional mails in doubt, of which %d had arrived", r.resent, r.extra)
	row("longest standstill", "%s (%s)", r.standstill.Round(100*time.Millisecond), r.standstillOf)
	if n := len(r.resumed); n > 0 {
		row("a worker dies", "the next mail of each lane came after %s in the middle, %s at most",
			r.resumed[n/2].Round(100*time.Millisecond), r.resumed[n-1].Round(100*time.Millisecond))
	}
	row("latest mail", "%s after its moment", r.latest.Round(100*time.Millisecond))
	for _, list := range []struct {
		name string
		what []string
	}{{"lost", r.lost}, {"twice", r.twice}, {"dropped or failed", r.stopped}, {"not as it should be", r.faults}} {
		if len(list.what) > 0 {
			fmt.Fprintf(out, "\n%s:\n", list.name)
		}
		for i, text := range list.what {
			if i == 50 {
				fmt.Fprintf(out, "  and %d more\n", len(list.what)-i)
				break
			}
			fmt.Fprintln(out, "  "+text)
		}
	}
}
