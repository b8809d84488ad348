package main

import (
	"time"

	"perennial/bench/rig"
	"perennial/journey"
	"perennial/mail"
	"perennial/templates"
)

// sample is the letter once rendered: what those send who have no templates, and the bytes of the limit.
func sample() (e journey.Envelope, bytes []byte, err error) {
	files, err := templates.Load(templates.Embedded(), journeyKey)
	if err != nil {
		return e, nil, err
	}
	source := files[templates.JourneyFile]
	delete(files, templates.JourneyFile)
	set, err := templates.CompileVersion(journey.Version{Key: journeyKey, Source: source, Files: files}, rig.Brand())
	if err != nil {
		return e, nil, err
	}
	public := func(kind journey.TokenKind) string {
		return rig.Brand().PublicURL + kind.Path() + journey.Tokens{}.Sign(kind, journey.NewID(journey.PrefixMessage), 0)
	}
	links := journey.Links{
		Unsubscribe: public(journey.TokenUnsubscribe), Preferences: public(journey.TokenPreferences), View: public(journey.TokenView),
		Back: public(journey.TokenBack), Click: func(string) string { return public(journey.TokenClick) },
	}
	r, err := set.Render(journey.Claimed{
		Message:  journey.Message{Template: template},
		Customer: journey.Customer{Email: "customer@example.com", FirstName: "Ann", Locale: "en", Timezone: "Europe/Berlin"},
	}, links)
	if err != nil {
		return e, nil, err
	}
	e = journey.Envelope{
		From: rig.Brand().From, To: "customer@example.com", Subject: r.Subject, HTML: r.HTML, Text: r.Text,
		Date: time.Now(), MessageID: "sample@bench.example", ListID: topic + ".example.com", FeedbackID: "we-miss-you:win-back:offers:bench",
		Unsubscribe: links.Unsubscribe, Mailto: "bench@example.com",
	}
	bytes, err = mail.Compose(e)
	return e, bytes, err
}
