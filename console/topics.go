package console

import (
	"context"
	"strconv"
	"strings"

	"perennial/journey"
)

// topicRow is a topic with the pause that holds it, if one does.
type topicRow struct {
	journey.TopicView
	Pause    *journey.PauseView
	Resuming []journey.Resumption
}

// Customers are those who were asked at all.
func (t topicRow) Customers() int { return t.Given + t.Confirmed + t.Withdrawn }

// Allowed are those who get its mail, as far as consent goes.
func (t topicRow) Allowed() int {
	if t.DoubleOptIn {
		return t.Confirmed
	}
	return t.Given + t.Confirmed
}

// Per is how long its cap counts, in the words of the language.
func (t topicRow) Per() string {
	if t.Cap == nil {
		return ""
	}
	return journey.ShortDuration(t.Cap.Per)
}

type topicsData struct{ List []topicRow }

func topicsPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Read.Topics(ctx)
	if err != nil {
		return reply{}, err
	}
	pauses, err := r.Read.Pauses(ctx, "", "")
	if err != nil {
		return reply{}, err
	}
	var d topicsData
	for _, t := range list {
		row := topicRow{TopicView: t}
		for _, p := range pauses {
			if p.Scope == journey.ScopeTopic && p.Target == t.Key {
				view := journey.ViewPause(p)
				row.Pause = &view
			}
		}
		if row.Pause != nil {
			if row.Resuming, err = r.resuming(ctx, journey.ScopeTopic, t.Key); err != nil {
				return reply{}, err
			}
		}
		d.List = append(d.List, row)
	}
	return show("topics", d)
}

func putTopic(ctx context.Context, r *request) (reply, error) {
	field := func(name string) string { return strings.TrimSpace(r.form.Get(name)) }
	t := journey.Topic{Key: r.newKey(), Name: field("name"), DoubleOptIn: field("double_opt_in") != "", Names: map[string]string{}}
	names := r.form["name_in"]
	for i, locale := range r.form["locale"] {
		if locale = strings.TrimSpace(locale); i < len(names) && (locale != "" || strings.TrimSpace(names[i]) != "") {
			t.Names[locale] = names[i]
		}
	}
	if field("messages") != "" || field("per") != "" {
		t.Cap = &journey.Cap{Over: journey.OverCap(field("over"))}
		t.Cap.Messages, _ = strconv.Atoi(field("messages")) // what cannot be read is 0, and refused with the other faults
		t.Cap.Per, _ = journey.ParseDuration(field("per"))
	}
	taken, err := r.Read.TopicKeys(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := r.unseen(t.Key, taken); err != nil {
		return reply{}, err
	}
	if _, err := r.Control.PutTopic(ctx, r.by(), t); err != nil {
		return reply{}, err
	}
	return r.seeOther("/topics", "topics.saved")
}

func (r *request) backToTopics(key string, values ...any) (reply, error) {
	return r.seeOther("/topics", key, values...)
}

func pauseTopic(ctx context.Context, r *request) (reply, error) {
	return r.pause(ctx, journey.ScopeTopic, r.path("key"), r.backToTopics)
}

func resumeTopic(ctx context.Context, r *request) (reply, error) {
	if _, err := r.Control.Resume(ctx, r.by(), journey.ScopeTopic, r.path("key"), r.chosen()); err != nil {
		return reply{}, err
	}
	return r.backToTopics("support.resumed")
}
