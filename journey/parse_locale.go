package journey

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// locales reads `locales: { fr: { … } }`: the words for those who read another language than everybody else.
func (p *parser) locales(f *fields, read func(locale string, n *yaml.Node)) {
	n := f.get("locales")
	if n == nil {
		return
	}
	var seen []string
	p.entries(n, "locales", func(at, value *yaml.Node) {
		locale := strings.ToLower(at.Value)
		switch {
		case !IsLocale(at.Value):
			p.fault(at, "there is no locale "+quote(at.Value), "write a language such as `fr`, or with its country `fr-CA`")
		case slices.Contains(seen, locale):
			p.fault(at, "the locale "+quote(at.Value)+" stands twice", "keep one of them")
		default:
			seen = append(seen, locale)
			read(locale, value)
		}
	})
}

// namesIn reads one text in other languages: `locales: { fr: { name: Offres } }`.
func (p *parser) namesIn(f *fields, word string) map[string]string {
	var names map[string]string
	p.locales(f, func(locale string, n *yaml.Node) {
		inner := p.fields(n, "the locale "+locale, word)
		if inner == nil {
			return
		}
		if v := inner.need(word, "add how it reads in that language"); v != nil {
			if names == nil {
				names = map[string]string{}
			}
			names[locale] = p.name(v, word)
		}
	})
	return names
}

// surveyLocales reads what a survey says in other languages. Values stay the same in all of them; what the survey says at all, it says
// in each.
func (p *parser) surveyLocales(f *fields, form *SurveyForm) {
	p.locales(f, func(locale string, n *yaml.Node) {
		inner := p.fields(n, "the locale "+locale, "question", "options", "follow_up", "thanks")
		if inner == nil {
			return
		}
		if form.Locales == nil {
			form.Locales = map[string]SurveyWords{}
		}
		text := func(word string, said bool) string {
			v := inner.get(word)
			if said {
				v = inner.need(word, "add how it reads in that language")
			}
			if v == nil {
				return ""
			}
			return p.text(v, word)
		}
		form.Locales[locale] = SurveyWords{Question: text("question", true), Options: p.optionWords(inner, form),
			FollowUp: text("follow_up", form.FollowUp != ""), Thanks: text("thanks", form.Thanks != "")}
	})
}

// optionWords reads how each option reads: a map from its value.
func (p *parser) optionWords(f *fields, form *SurveyForm) map[string]string {
	n := f.get("options")
	switch {
	case n == nil && len(form.Options) > 0:
		f.need("options", "add how each option reads, such as `options: { "+form.Options[0]+": … }`")
		return nil
	case n == nil:
		return nil
	case form.Kind != "choice" && form.Kind != "choices":
		p.optionless(n, form.Kind)
		return nil
	case n.Kind != yaml.MappingNode:
		p.fault(n, "options is "+kindOf(n)+", not a map", "write how each option reads, such as `{ price: Le prix }`")
		return nil
	}
	words := map[string]string{}
	var said []string // they may have faults of their own: what is there is not missing
	p.entries(n, "options", func(at, v *yaml.Node) {
		if said = append(said, at.Value); len(form.Options) > 0 && !slices.Contains(form.Options, at.Value) {
			p.fault(at, "the survey has no option "+quote(at.Value), p.suggestion(at.Value, form.Options))
			return
		}
		text := p.name(v, "the option")
		for _, other := range words {
			if other == text && text != "" {
				p.fault(v, "two options read "+quote(text), "let people tell them apart")
			}
		}
		words[at.Value] = text
	})
	for _, value := range form.Options {
		if !slices.Contains(said, value) {
			p.fault(n, f.place+" says nothing for the option "+quote(value), "add how it reads in that language")
		}
	}
	return words
}
