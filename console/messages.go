package console

import (
	"context"
	"maps"
	"slices"
	"strings"

	"perennial/journey"
)

// messagesData is every message that can be written, by the journey that sends it.
type messagesData struct {
	Query string
	List  []journeyMessages
	Any   bool // there is a message, whatever was searched for
}

// journeyMessages are those of one journey, in the order in which its steps send them; what no step sends comes last.
type journeyMessages struct {
	journey.Draft
	Messages []messageRow
}

// messageRow is one message: where it is written, and which steps send it.
type messageRow struct {
	Name, Subject string
	File          string // where it is edited
	Written       bool
	Kept          bool     // somebody who looks has text of it that is not in the draft
	Locales       []string // it is written for, beside the one for everybody
	Uses          []journey.MessageUse
}

// Channels are the endpoints that it goes out to, if it does not go by mail alone.
func (m messageRow) Channels() (out []string) {
	for _, u := range m.Uses {
		if u.Channel != "" && !slices.Contains(out, u.Channel) {
			out = append(out, u.Channel)
		}
	}
	return out
}

func messagesPage(ctx context.Context, r *request) (reply, error) {
	drafts, err := r.Read.Drafts(ctx)
	if err != nil {
		return reply{}, err
	}
	desks, err := r.Control.Desks(ctx, r.by())
	if err != nil {
		return reply{}, err
	}
	d := messagesData{Query: r.query("q")}
	for _, draft := range drafts {
		rows := messageRows(draft)
		for i := range rows {
			rows[i].Kept = slices.ContainsFunc(desks[draft.Key], func(file string) bool { return strings.HasPrefix(file, rows[i].Name+".") })
		}
		d.Any = d.Any || len(rows) > 0
		if q := strings.ToLower(strings.TrimSpace(d.Query)); q != "" && !strings.Contains(strings.ToLower(draft.Name+" "+draft.Key), q) {
			rows = slices.DeleteFunc(rows, func(m messageRow) bool { return !strings.Contains(strings.ToLower(m.Name+" "+m.Subject), q) })
		}
		if len(rows) > 0 {
			d.List = append(d.List, journeyMessages{draft, rows})
		}
	}
	return show("messages", d)
}

// messageRows lists the messages of a draft: those that its steps send, and those that are written.
func messageRows(d journey.Draft) []messageRow {
	var rows []messageRow
	row := func(name string) *messageRow {
		if i := slices.IndexFunc(rows, func(m messageRow) bool { return m.Name == name }); i >= 0 {
			return &rows[i]
		}
		text, written := d.Files[name+".html"]
		rows = append(rows, messageRow{Name: name, File: name + ".html", Written: written, Subject: journey.SubjectLine(text)})
		return &rows[len(rows)-1]
	}
	if def, _ := journey.Parse("", []byte(d.Source)); def != nil {
		for _, u := range def.MessageUses() {
			m := row(u.Message)
			m.Uses = append(m.Uses, u)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(d.Files)) {
		name, locale, kind := readFileName(file)
		if name == "layout" {
			continue
		}
		if m := row(name); locale != "" && kind == "html" {
			m.Locales = append(m.Locales, locale)
		}
	}
	return rows
}

// readFileName takes the name of a template apart: we-miss-you.fr.html is we-miss-you, fr, html.
func readFileName(file string) (name, locale, kind string) {
	parts := strings.Split(file, ".")
	if len(parts) > 2 {
		locale = parts[1]
	}
	return parts[0], locale, parts[len(parts)-1]
}
