package console

import (
	"context"

	"perennial/journey"
)

type todayData struct {
	Settings journey.Settings
	Journeys []journey.JourneyInfo
}

func todayPage(ctx context.Context, r *request) (reply, error) {
	settings, err := r.Read.Settings(ctx)
	if err != nil {
		return reply{}, err
	}
	journeys, err := r.Read.Journeys(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("today", todayData{settings, journeys})
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
	return r.seeOther("/", "today.switched."+r.form.Get("do"))
}
