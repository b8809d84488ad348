package templates

import (
	"fmt"
	"strings"

	"perennial/journey"
)

// words are what the product itself writes into mails, by language and key: the footer and the ends of scales. {topic} and {brand} stand
// for names. A further language is a further map with the same keys (a test holds them together).
func words() map[string]map[string]string {
	return map[string]map[string]string{
		"en": {
			"transactional": "This letter is about your account with us, so it comes whatever else you have chosen to read.",
			"agreed":        "You get this because you said yes to “{topic}” from {brand}.", "agreed_plain": `You get this because you said yes to "{topic}" from {brand}.`,
			"agreed_letters": "You get this because you said yes to letters from {brand}.",
			"unsubscribe":    "Unsubscribe", "choose": "Choose what you get", "browser": "Read in a browser",
			"nps_low": "Not likely", "nps_high": "Very likely", "csat_low": "Not happy", "csat_high": "Very happy", "ces_low": "Hard work", "ces_high": "Very easy",
			"nps": "How likely are you to recommend us to a friend?", "csat": "How happy are you with it?", "ces": "How easy did we make it for you?",
			"write": "Write to us", "scale": "From %d to %d, here:", "scale_ends": "From %d (%s) to %d (%s), here:",
		},
		"fr": {
			"transactional": "Cette lettre concerne votre compte chez nous : elle arrive quoi que vous ayez choisi de lire par ailleurs.",
			"agreed":        "Vous recevez ceci parce que vous avez dit oui à « {topic} » de {brand}.", "agreed_plain": "Vous recevez ceci parce que vous avez dit oui à « {topic} » de {brand}.",
			"agreed_letters": "Vous recevez ceci parce que vous avez dit oui aux lettres de {brand}.",
			"unsubscribe":    "Se désabonner", "choose": "Choisir ce que vous recevez", "browser": "Lire dans un navigateur",
			"nps_low": "Pas du tout", "nps_high": "Tout à fait", "csat_low": "Pas content", "csat_high": "Très content", "ces_low": "Très difficile", "ces_high": "Très facile",
			"nps": "Nous recommanderiez-vous à quelqu’un que vous aimez bien ?", "csat": "Êtes-vous content de ce que vous avez reçu ?", "ces": "Vous avons-nous facilité les choses ?",
			"write": "Écrivez-nous", "scale": "De %d à %d, ici :", "scale_ends": "De %d (%s) à %d (%s), ici :",
		},
	}
}

// wordOf is one of them in the language of the mail: that of the variant, not of the customer, for a mail speaks one language.
func wordOf(s *journey.TextScope, key string) string {
	locale, _ := s.Value("locale").(string)
	name := func(of string) string { text, _ := s.Value(of, "name").(string); return text }
	return strings.NewReplacer("{topic}", name("topic"), "{brand}", name("brand")).Replace(wordIn(locale, key))
}

// wordIn is one of them as it stands, in English where the language does not ship.
func wordIn(locale, key string) string {
	all := words()
	if mine, shipped := all[journey.PickLocale(all, locale)]; shipped {
		return mine[key]
	}
	return all[journey.DefaultLocale][key]
}

// say writes one of the words of the product: for layouts.
func say(s *journey.TextScope, key string) (string, error) {
	text := wordOf(s, key)
	if text == "" {
		return "", fmt.Errorf("there are no words for %q", key)
	}
	return text, nil
}
