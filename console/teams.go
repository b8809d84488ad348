package console

import (
	"context"
	"slices"
	"strings"

	"perennial/journey"
)

type teamsData struct {
	List  []journey.TeamView
	Typed *journey.TeamView // what a form held that was refused
}

// teamFields is what the form of a team shows: of one that there is, or what was typed of a new one.
type teamFields struct {
	journey.TeamView
	Zone   string // of the working hours, or of the times shown
	Others []journey.TeamView
}

// Open are the working hours, a span on each line: mon tue wed 09:00-17:00.
func (f teamFields) Open() string {
	if f.Hours == nil {
		return ""
	}
	var lines []string
	for _, o := range f.Hours.Open {
		lines = append(lines, strings.Join(o.Days, " ")+" "+o.From+"-"+o.To)
	}
	return strings.Join(lines, "\n")
}

// Holidays are the days on which nobody works, one on each line.
func (f teamFields) Holidays() string {
	if f.Hours == nil {
		return ""
	}
	return strings.Join(f.Hours.Holidays, "\n")
}

// Fields are those of the form of a team that there is.
func (d teamsData) Fields(t journey.TeamView, zone string) teamFields {
	if d.Typed != nil && d.Typed.Key == t.Key {
		d.Typed.Webhook, t = t.Webhook, *d.Typed
	}
	f := teamFields{TeamView: t, Zone: zone}
	if t.Hours != nil {
		f.Zone = t.Hours.Zone
	}
	for _, other := range d.List {
		if other.Key != t.Key {
			f.Others = append(f.Others, other)
		}
	}
	return f
}

// New are those of a team that is yet to be made.
func (d teamsData) New(zone string) teamFields {
	if d.Typed != nil && !slices.ContainsFunc(d.List, func(t journey.TeamView) bool { return t.Key == d.Typed.Key }) {
		return d.Fields(*d.Typed, zone)
	}
	return d.Fields(journey.TeamView{}, zone)
}

func teamsPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Teams(ctx)
	d := teamsData{List: list}
	if r.form != nil {
		t := r.team()
		d.Typed = &journey.TeamView{Key: t.Key, Name: t.Name, Emails: t.Emails, Hours: t.Hours, EscalateTo: t.EscalateTo, EscalateAfter: t.EscalateAfter, Default: t.Default}
	}
	return reply{page: "teams", data: d}, err
}

// team is the one that the form describes, without its chat.
func (r *request) team() journey.Team {
	return journey.Team{Key: r.newKey(), Name: strings.TrimSpace(r.form.Get("name")), Emails: strings.Fields(r.form.Get("emails")),
		Hours: r.hours(), EscalateTo: r.form.Get("escalate_to"), EscalateAfter: strings.TrimSpace(r.form.Get("escalate_after")), Default: r.form.Get("default") != ""}
}

// putTeam makes a team, or changes one. Where its chat is told nobody: the field is empty, and empty it stays what it was.
func putTeam(ctx context.Context, r *request) (reply, error) {
	var chat *string
	if text := strings.TrimSpace(r.form.Get("url")); text != "" || r.form.Get("no_url") != "" {
		chat = &text
	}
	list, err := r.Read.Teams(ctx)
	if err != nil {
		return reply{}, err
	}
	var taken []string
	for _, t := range list {
		taken = append(taken, t.Key)
	}
	if err := r.unseen(r.team().Key, taken); err != nil {
		return reply{}, err
	}
	if _, err := r.Control.PutTeam(ctx, r.by(), r.team(), chat); err != nil {
		return reply{}, err
	}
	return r.seeOther("/teams", "teams.saved")
}

// hours reads the working hours of a form; nil where no line holds any. A line that is no span of hours is left to its check.
func (r *request) hours() *journey.Hours {
	h := &journey.Hours{Zone: strings.TrimSpace(r.form.Get("zone")), Open: []journey.Opening{}, Holidays: strings.Fields(r.form.Get("holidays"))}
	for line := range strings.Lines(r.form.Get("open")) {
		words := strings.Fields(strings.ReplaceAll(line, ",", " "))
		if len(words) == 0 {
			continue
		}
		from, to, _ := strings.Cut(words[len(words)-1], "-")
		h.Open = append(h.Open, journey.Opening{Days: words[:len(words)-1], From: from, To: to})
	}
	if len(h.Open) == 0 {
		return nil
	}
	return h
}

func deleteTeam(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.DeleteTeam(ctx, r.by(), r.path("key")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/teams", "teams.deleted")
}
