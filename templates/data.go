package templates

import (
	"cmp"
	"time"

	"perennial/journey"
)

// Data is what one mail is rendered from: yesterday's decision (trigger, answer, vars), today's name and links.
type Data struct {
	Customer              journey.Customer
	Account               *journey.Account
	Trigger, Answer, Vars map[string]any
	Coupons               map[string]journey.Coupon // by `as`
	JourneyKey            string
	JourneyName           string
	Brand                 journey.Brand
	Links                 journey.Links
	Survey                *SurveyBlock                  // nil: that of the survey step which sends the message
	Kept                  map[string]journey.SurveyForm // the surveys that the server keeps and the journey does not declare, by key
	Step, Variant         string                        // the send that tries several subjects, and the one that was drawn; "" the message's own
}

// SurveyBlock is the question that a message asks.
type SurveyBlock struct {
	Ask  string // nps, csat, ces or the key of a declared survey
	Form journey.SurveyForm
	Kept bool // on the server: Form only stands for it
}

// Mail is a rendered message.
type Mail struct {
	Subject, Preheader string
	From, ReplyTo      string // RFC 5322 addresses, with a name; ReplyTo may be empty
	HTML, Text         string
	Locale             string // that it is written in
}

// languageOf is what a mail is written in: as the name of its file says, or its head; else the language of the installation.
func (v *variant) languageOf(d Data, locale string) string {
	return cmp.Or(locale, v.locale, d.Brand.Language())
}

// scope puts the names of the language together. The variant is the locale of the file, "" that of everybody; the locale is what the mail is
// written in.
func (m *message) scope(d Data, variant, locale string) *journey.TextScope {
	survey := d.Survey
	if survey == nil {
		survey = m.survey
	}
	if survey != nil && survey.Kept {
		if form, known := d.Kept[survey.Ask]; known {
			survey = &SurveyBlock{Ask: survey.Ask, Form: form}
		}
	}
	names := map[string]any{
		"customer": d.Customer, "account": d.Account, "trigger": d.Trigger, "answer": d.Answer, "var": d.Vars, "coupon": d.Coupons,
		"journey": map[string]any{"key": d.JourneyKey, "name": d.JourneyName},
		"brand":   map[string]any{"name": d.Brand.Name, "address": d.Brand.Address},
		"topic": map[string]any{
			"key": m.topic.Key, "name": m.topicName(variant), "transactional": m.topic.Key == journey.TopicTransactional,
		},
		"unsubscribe_url": d.Links.Unsubscribe, "preferences_url": d.Links.Preferences, "view_url": d.Links.View,
		"survey_url": d.Links.Survey, "back_url": d.Links.Back,
		"confirm_url": d.Links.Confirm, "locale": locale, "zone": d.Brand.Zone,
	}
	if survey != nil {
		names["survey"] = survey.names(variant, locale)
	}
	return journey.NewTextScope(names)
}

// topicName is what the topic is called for those who read that variant; "" where the journey does not declare it.
func (m *message) topicName(variant string) string {
	if name := m.topic.Names[journey.PickLocale(m.topic.Names, variant)]; name != "" {
		return name
	}
	return m.topic.Name
}

// names are what a message sees of the question: in the locale of its variant. Language is that of the mail.
func (b *SurveyBlock) names(variant, language string) map[string]any {
	said := b.Form.In(journey.PickLocale(b.Form.Locales, variant))
	reads := map[string]any{}
	for value, text := range said.Options {
		reads[value] = text
	}
	return map[string]any{
		"ask": b.Ask, "kind": b.Form.Kind, "question": cmp.Or(said.Question, wordIn(language, b.Form.Kind)), "options": b.Form.Options,
		"reads": reads, "follow_up": said.FollowUp,
	}
}

// Sample is a customer for previews, with everything that a message of the four journeys reads.
func Sample() Data {
	expires := time.Date(2026, time.March, 30, 21, 59, 0, 0, time.UTC)
	return Data{
		Customer: journey.Customer{
			ID: "cus_0190f5fe-0000-7000-8000-000000000001", ExternalID: "1042", Email: "nora.lind@example.com",
			FirstName: "Nora", LastName: "Lind", Locale: "en-GB", Timezone: "Europe/Vienna",
			Attributes: map[string]any{"orders_count": 2.0, "favourite": "washed linen"},
			Consents:   map[string]journey.Consent{},
			CreatedAt:  time.Date(2025, time.November, 3, 9, 0, 0, 0, time.UTC),
		},
		Trigger: map[string]any{
			"order_id": "OL-20417", "total": 184.5, "currency": "EUR", "deliver_by": "2026-03-20T17:00:00Z", "plan": "Fresh Towels",
			"ends_at": "2026-03-31T22:00:00Z", "tracking_url": "https://track.example.com/OL-20417",
			"products": []any{
				map[string]any{"sku": "SH-WL-180", "name": "Washed linen sheet, 180 × 200", "quantity": 1.0},
				map[string]any{"sku": "TW-RB-50", "name": "Ribbed hand towel", "quantity": 4.0},
			},
		},
		Answer: map[string]any{"score": 9.0, "choice": "price", "comment": "Lovely towels."},
		Vars:   map[string]any{},
		Coupons: map[string]journey.Coupon{
			"offer": {ID: "cpn_1", As: "offer", Pool: "sample", Code: "LINEN-7KQ4", ExpiresAt: &expires},
		},
		JourneyKey: "sample", JourneyName: "Sample",
		Brand: journey.Brand{
			Name: "Oak & Linen", From: `"Mara from Oak & Linen" <mara@oakandlinen.example>`,
			ReplyTo: "hello@oakandlinen.example", Address: "Oak & Linen, Mill Lane 12, 4020 Linz, Austria",
			PublicURL: "https://oakandlinen.example", Zone: time.UTC,
		},
		Links: journey.Links{
			Unsubscribe: "https://oakandlinen.example/u/sample", Preferences: "https://oakandlinen.example/preferences/sample",
			View: "https://oakandlinen.example/view/sample", Survey: "https://oakandlinen.example/s/sample",
			Back: "https://oakandlinen.example/back/sample", Confirm: "https://oakandlinen.example/confirm/sample",
		},
	}
}
