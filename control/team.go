package control

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"perennial/journey"
)

// Teams is where the people of ours are kept whom journeys tell.
type Teams interface {
	PutTeam(ctx context.Context, t journey.Team, keepURL bool, by journey.Actor) (journey.TeamView, error)
	DeleteTeam(ctx context.Context, key string, by journey.Actor) error
}

// mostAddresses of one team.
const mostAddresses = 20

// mostEscalateAfter is how much working time a team has at most before the next one is told: longer is never.
const mostEscalateAfter = 100 * time.Hour

// PutTeam makes a team or changes it; with url nil its webhook stays what it was.
func (c *Control) PutTeam(ctx context.Context, by journey.Actor, t journey.Team, url *string) (journey.TeamView, error) {
	var faults journey.Problems
	add := func(path, message, mend string) {
		faults = append(faults, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	if !journey.IsKey(t.Key) {
		add("key", "is not a key", "small letters, digits and hyphens, such as sales")
	}
	if len(t.Name) > 200 {
		add("name", "is over 200 bytes", "shorten it")
	}
	if len(t.Emails) > mostAddresses {
		add("emails", "are more than 20", "use a list of your mail server")
	}
	for i, email := range t.Emails {
		address, err := journey.ParseAddress(email)
		if err != nil {
			add("emails["+strconv.Itoa(i)+"]", "is not an address", "e.g. mara@example.com")
			continue
		}
		t.Emails[i] = address
	}
	if url != nil && *url != "" {
		if message, mend := journey.CheckURL(*url); message != "" {
			add("url", message, mend)
		}
		t.URL = *url
	}
	faults = append(faults, t.Hours.Check("hours")...)
	if t.Hours != nil && t.Hours.Holidays == nil {
		t.Hours.Holidays = []string{} // a list is never null in an answer
	}
	if t.EscalateTo == t.Key && t.Key != "" {
		add("escalate_to", "is the team itself", "name another team, or leave it out")
	}
	t.EscalateAfter = cmp.Or(t.EscalateAfter, journey.DefaultEscalateAfter)
	if d, err := journey.ParseDuration(t.EscalateAfter); err != nil || d <= 0 || d > mostEscalateAfter {
		add("escalate_after", "is no working time up to 100 hours", "hours or minutes, such as 2h or 90m")
	}
	if len(faults) > 0 {
		return journey.TeamView{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: faults}
	}
	return c.Store.PutTeam(ctx, t, url == nil, by)
}

// DeleteTeam takes a team away; what journeys would tell it is told to nobody.
func (c *Control) DeleteTeam(ctx context.Context, by journey.Actor, key string) error {
	return c.Store.DeleteTeam(ctx, key, by)
}
