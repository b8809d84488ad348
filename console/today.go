package console

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"perennial/journey"
)

// todayData is the first page: what happened within a day, what waits, and what is wrong, with the button that mends it.
type todayData struct {
	journey.Today
	Now      time.Time
	Settings journey.Settings
	Journeys []journey.JourneyInfo
	Bars     []bars
}

// EnteredAll counts who entered any journey.
func (d todayData) EnteredAll() (n int) {
	for _, e := range d.Entered {
		n += e
	}
	return n
}

// NotSentAll counts the messages that did not go out.
func (d todayData) NotSentAll() (n int) {
	for _, e := range d.NotSent {
		n += e
	}
	return n
}

// Reasons are those for which messages did not go out, the most frequent first.
func (d todayData) Reasons() []string { return byCount(d.NotSent) }

// byCount are the keys of counts, the highest first.
func byCount(counts map[string]int) []string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b string) int { return counts[b] - counts[a] })
	return keys
}

// Well says whether nothing is wrong.
func (d todayData) Well() bool {
	return d.Settings.Live && d.Settings.Sending && d.Settings.HeldReason == "" && d.Held+d.Late+d.Refused+d.Overdue == 0 &&
		len(d.Low)+len(d.Silences)+len(d.Pauses)+len(d.Stops)+len(d.Breakers)+len(d.Asked) == 0
}

// Quiet says whether there is nothing to show yet.
func (d todayData) Quiet() bool { return len(d.Journeys) == 0 }

func todayPage(ctx context.Context, r *request) (reply, error) {
	d := todayData{Now: r.Clock.Now()}
	var err error
	if d.Today, err = r.Read.Today(ctx); err != nil {
		return reply{}, err
	}
	if d.Settings, err = r.Read.Settings(ctx); err != nil {
		return reply{}, err
	}
	if d.Journeys, err = r.Read.Journeys(ctx); err != nil {
		return reply{}, err
	}
	d.Bars = []bars{
		r.bars("today.entered", d.Days, func(c journey.DayCount) int { return c.Entered }),
		r.bars("today.sent", d.Days, func(c journey.DayCount) int { return c.Sent }),
	}
	return show("today", d)
}

// addCodes fills a pool that is running out: one code on each line.
func addCodes(ctx context.Context, r *request) (reply, error) {
	n, err := r.Control.AddCodes(ctx, r.by(), r.path("key"), strings.Fields(r.form.Get("codes")))
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/", "today.codes_added", "n", n, "pool", r.path("key"))
}

// resumeEverything lets go on what stood still everywhere.
func resumeEverything(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Resume(ctx, r.by(), journey.ScopeEverything, "", r.chosen()); err != nil {
		return reply{}, err
	}
	return r.seeOther("/", "support.resumed")
}

// turnSwitch does what the buttons beside a warning say.
func turnSwitch(ctx context.Context, r *request) (reply, error) {
	yes, no := true, false
	to, known := map[string]journey.Switch{
		"release": {Release: true}, "send": {Sending: &yes}, "stop": {Sending: &no}, "live": {Live: &yes}, "sandbox": {Live: &no},
	}[r.form.Get("do")]
	if !known {
		return reply{}, journey.Faultf(journey.CodeMalformed, "%s", r.text("fault.no_such_button"))
	}
	if _, err := r.Control.Switch(ctx, r.by(), to); err != nil {
		return reply{}, err
	}
	return r.seeOther(ours(r.form.Get("next")), "today.switched."+r.form.Get("do"))
}
