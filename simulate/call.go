package simulate

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"perennial/journey"
)

// Reply is what an endpoint answers when a journey calls it.
type Reply struct {
	Status int    `yaml:"status"` // HTTP; 0 is 200, unless it fails
	Body   any    `yaml:"body"`
	Fails  string `yaml:"fails"` // why there is no reply: timeout, unreachable, blocked …; "" there is one
}

// failures are what can keep a reply from coming.
func failures() []string {
	return []string{journey.ReasonTimeout, journey.ReasonUnreachable, journey.ReasonBlocked, journey.ReasonRedirect,
		journey.ReasonLongReply, journey.ReasonNoEndpoint, journey.ReasonNoSecret}
}

// replies checks what a scenario lets endpoints answer, and brings the bodies to what comes out of JSON.
func replies(written map[string]Reply) (map[string]Reply, error) {
	out := make(map[string]Reply, len(written))
	for _, key := range slices.Sorted(maps.Keys(written)) {
		r := written[key]
		switch {
		case r.Fails != "" && !slices.Contains(failures(), r.Fails):
			return nil, fmt.Errorf("replies: %s fails with %q: write one of %s", key, r.Fails, strings.Join(failures(), ", "))
		case r.Fails != "" && (r.Status != 0 || r.Body != nil):
			return nil, fmt.Errorf("replies: %s fails, and replies: write one of both", key)
		case r.Status != 0 && (r.Status < 200 || r.Status > 599):
			return nil, fmt.Errorf("replies: %s has status %d: write one from 200 to 599", key, r.Status)
		case r.Fails == "" && r.Status == 0:
			r.Status = http.StatusOK
		}
		r.Body = plain(r.Body)
		out[key] = r
	}
	return out, nil
}

// calls answers at once: what a call costs in time is up to the endpoint, and no decision hangs on it.
func (w *world) calls(e *enrollment, calls []journey.Call) {
	for _, c := range calls {
		r, stated := w.opts.Replies[c.To]
		if !stated {
			r = Reply{Status: http.StatusOK}
		}
		e.call = &journey.CallFact{ID: c.ID, State: journey.CallAnswered, Status: r.Status, Body: r.Body}
		switch {
		case r.Fails != "":
			e.call.State, e.call.Reason = journey.CallFailed, r.Fails
		case r.Status >= http.StatusMultipleChoices:
			e.call.State, e.call.Reason = journey.CallFailed, journey.ReasonStatus
		}
		e.due = journey.CauseOutcome
	}
}
