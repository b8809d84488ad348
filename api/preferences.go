package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"perennial/control"
	"perennial/journey"
)

// topicName is what people read of a topic.
func (r *linkRequest) topicName(ctx context.Context) (string, error) {
	states, err := r.Read.ConsentsOf(ctx, r.who.ID)
	for _, s := range states {
		if s.Topic == r.mail.Topic && s.Name != "" {
			return r.says(s.Name, s.Names).Text, err
		}
	}
	return r.mail.Topic, err
}

// topicChoice is a topic as she reads it.
type topicChoice struct {
	journey.ConsentState
	Lang string // of its name, where that is not the one of the page
}

// inWords gives topics the names that they have in her language.
func (r *linkRequest) inWords(states []journey.ConsentState) []topicChoice {
	out := make([]topicChoice, len(states))
	for i, s := range states {
		name := r.says(s.Name, s.Names)
		s.Name = name.Text
		out[i] = topicChoice{s, name.Lang}
	}
	return out
}

// address is that of another page of the same mail.
func (r *linkRequest) address(kind journey.TokenKind) string {
	return kind.Path() + r.Tokens.Sign(kind, r.mail.ID, 0)
}

// unsubscribePage is RFC 8058: the mail client posts without a person seeing anything; a person sees a button first.
func unsubscribePage(ctx context.Context, r *linkRequest) (shown, error) {
	name, err := r.topicName(ctx)
	if err != nil {
		return shown{}, err
	}
	if r.post() {
		if err := r.Control.Unsubscribe(ctx, r.who.ID, r.mail.Topic); err != nil {
			return shown{}, err
		}
	}
	return shown{http.StatusOK, "unsubscribe", struct {
		Topic, Preferences string
		Done               bool
	}{name, r.address(journey.TokenPreferences), r.post()}}, nil
}

// preferencesData is what the page of preferences shows.
type preferencesData struct {
	PausedUntil *time.Time
	Topics      []topicChoice
	Frequencies []frequency
	Why         why
	Done        bool
}

// frequency is one of those that she can choose.
type frequency struct {
	Days   int
	Label  string
	Chosen bool
}

// why is the answer to: why did I get this mail?
type why struct {
	Mail    string // which one
	Journey said   // in the words of the journey; "" where it has none
	Consent string
	Asked   string // what she was shown when she said yes; "" where that is not known
}

func preferencesPage(ctx context.Context, r *linkRequest) (shown, error) {
	if r.post() {
		p, err := r.preference()
		if err != nil {
			return shown{}, err
		}
		if err := r.Control.Prefer(ctx, r.who.ID, p); err != nil {
			return shown{}, err
		}
	}
	now, err := r.Read.Preferences(ctx, r.who.ID)
	if err != nil {
		return shown{}, err
	}
	data := preferencesData{PausedUntil: now.PausedUntil, Topics: r.inWords(now.Topics), Done: r.post()}
	for _, days := range control.Frequencies() {
		data.Frequencies = append(data.Frequencies, frequency{days, r.words.text("preferences.often_" + strconv.Itoa(days)), days == now.MailDays})
	}
	data.Why, err = r.why(ctx, data.Topics)
	return shown{http.StatusOK, "preferences", data}, err
}

// preference reads the form: what she was shown, what she ticked of it, how often, and the buttons for a pause. The proof is what the
// page said, in her language.
func (r *linkRequest) preference() (control.Preference, error) {
	p := control.Preference{Topics: map[string]bool{}, Pause: r.form.Has("pause"), EndPause: r.form.Has("resume"), Address: r.mail.Address}
	said := []string{}
	switch {
	case p.Pause:
		said = append(said, r.words.text("preferences.pause_button"))
	case p.EndPause:
		said = append(said, r.words.text("preferences.resume_button"))
	case len(r.form["shown"]) > 0:
		said = append(said, r.words.text("preferences.topics"))
	}
	for _, topic := range r.form["shown"] { // a topic that has come up since the page was shown is not withdrawn
		p.Topics[topic] = false
	}
	for _, topic := range r.form["topic"] {
		if _, on := p.Topics[topic]; on && !r.form.Has("none") {
			p.Topics[topic] = true
		}
	}
	if r.form.Has("none") {
		said = append(said, r.words.text("preferences.none"))
	} else if text := r.form.Get("days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || !slices.Contains(control.Frequencies(), days) {
			return p, journey.Faultf(journey.CodeMalformed, "days is one of those that the page offers")
		}
		p.Days = &days
		said = append(said, r.words.text("preferences.often")+" "+r.words.text("preferences.often_"+text))
	}
	p.Wording = strings.Join(said, " · ")
	return p, nil
}

// why puts together what the mail was, what its journey says of itself, and what she agreed to.
func (r *linkRequest) why(ctx context.Context, topics []topicChoice) (w why, err error) {
	sent := r.mail.QueuedAt
	if r.mail.SentAt != nil {
		sent = *r.mail.SentAt
	}
	w.Mail = r.words.text("preferences.why_mail", "subject", r.mail.Subject, "day", r.words.day(sent))
	if r.mail.Journey != "" && r.mail.Version > 0 {
		def, err := r.Control.Definition(ctx, r.mail.Journey, r.mail.Version)
		if err != nil {
			return w, err
		}
		w.Journey = r.says(def.Why, def.Whys)
	}
	if r.mail.Topic == journey.TopicTransactional {
		w.Consent = r.words.text("preferences.why_transactional")
		return w, nil
	}
	name, state := r.mail.Topic, topicChoice{}
	if at := slices.IndexFunc(topics, func(s topicChoice) bool { return s.Topic == r.mail.Topic }); at >= 0 {
		name, state = topics[at].Name, topics[at]
	}
	switch {
	case state.State.Allows() && state.ChangedAt != nil:
		w.Consent = r.words.text("preferences.why_agreed", "topic", name, "day", r.words.day(*state.ChangedAt))
		w.Asked, err = r.asked(ctx)
	case state.State == journey.ConsentWithdrawn:
		w.Consent = r.words.text("preferences.why_withdrawn", "topic", name)
	default:
		w.Consent = r.words.text("preferences.why_topic", "topic", name)
	}
	return w, err
}

// asked is what she was shown when she last said yes to the topic of the mail.
func (r *linkRequest) asked(ctx context.Context) (string, error) {
	changes, err := r.Read.ConsentChanges(ctx, r.who.ID)
	for _, c := range changes { // the latest first
		if c.Topic == r.mail.Topic && c.Is.Allows() && c.Wording != "" {
			return r.words.text("preferences.why_asked", "wording", c.Wording), err
		}
	}
	return "", err
}

// confirmPage is the second half of a double opt-in. It names the address, for that is what is being confirmed.
func confirmPage(ctx context.Context, r *linkRequest) (shown, error) {
	states, err := r.Read.ConsentsOf(ctx, r.who.ID)
	if err != nil {
		return shown{}, err
	}
	if !strings.EqualFold(r.who.Email, r.mail.Address) {
		return shown{}, control.OldAddress()
	}
	wording := r.words.text("confirm.words", "address", r.mail.Address)
	topics := control.Unconfirmed(states)
	if r.post() {
		if err := r.Control.Confirm(ctx, r.who.ID, r.mail.Address, wording); err != nil {
			return shown{}, err
		}
	}
	return shown{http.StatusOK, "confirm", struct {
		Wording, Preferences string
		Topics               []topicChoice
		Done                 bool
	}{wording, r.address(journey.TokenPreferences), r.inWords(topics), r.post()}}, nil
}
