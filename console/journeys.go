package console

import (
	"context"

	"perennial/journey"
)

type journeysData struct {
	List []journey.JourneyInfo
}

func journeysPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Journeys(ctx)
	if err != nil {
		return reply{}, err
	}
	return show("journeys", journeysData{list})
}
