package journey

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// What follows are facts of CLDR, by hand for the languages that we write in; others read as English does.

// textLanguage is the first part of a locale: "fr" of fr-CA.
func textLanguage(locale string) string {
	lang, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	return lang
}

func dateLayout(format, locale string) string {
	american := strings.EqualFold(locale, "en-US")
	german := textLanguage(locale) == "de"
	switch {
	case format == "short" && american:
		return "Jan 2"
	case format == "short" && german:
		return "2. Jan"
	case format == "short":
		return "2 Jan"
	case format == "long" && american:
		return "January 2, 2006"
	case format == "long" && german:
		return "2. January 2006"
	case format == "long":
		return "2 January 2006"
	case format == "weekday" && american:
		return "Monday, January 2"
	case format == "weekday" && german:
		return "Monday, 2. January"
	case format == "weekday":
		return "Monday 2 January"
	case format == "time" && american:
		return "3:04 PM"
	case format == "time":
		return "15:04"
	}
	return format
}

func formatDate(t time.Time, format, locale string) string {
	text := t.Format(dateLayout(format, locale))
	names := dateNames(textLanguage(locale))
	if names == "" {
		return text
	}
	words := strings.Fields(names)
	var pairs []string
	for m := time.January; m <= time.December; m++ {
		pairs = append(pairs, m.String(), words[m-1])
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		pairs = append(pairs, d.String(), words[12+d])
	}
	for m := time.January; m <= time.December; m++ {
		pairs = append(pairs, m.String()[:3], words[19+m-1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// dateNames lists twelve months, seven days from Sunday on, and twelve short months.
func dateNames(lang string) string {
	switch lang {
	case "de":
		return "Januar Februar März April Mai Juni Juli August September Oktober November Dezember " +
			"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag " +
			"Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."
	case "fr":
		return "janvier février mars avril mai juin juillet août septembre octobre novembre décembre " +
			"dimanche lundi mardi mercredi jeudi vendredi samedi " +
			"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
	case "es":
		return "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre " +
			"domingo lunes martes miércoles jueves viernes sábado " +
			"ene feb mar abr may jun jul ago sept oct nov dic"
	case "it":
		return "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre " +
			"domenica lunedì martedì mercoledì giovedì venerdì sabato " +
			"gen feb mar apr mag giu lug ago set ott nov dic"
	case "nl":
		return "januari februari maart april mei juni juli augustus september oktober november december " +
			"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag " +
			"jan feb mrt apr mei jun jul aug sep okt nov dec"
	}
	return ""
}

// minorDigits is how many digits a currency has after the point.
func minorDigits(currency string) int {
	switch currency {
	case "JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "XPF", "PYG", "RWF":
		return 0
	case "KWD", "BHD", "OMR", "JOD", "TND", "LYD", "IQD":
		return 3
	}
	return 2
}

// currencySymbol is how people of a locale write a currency: US$ in London, $US in Paris, $ in New York and Berlin.
func currencySymbol(currency, locale string) string {
	lang := textLanguage(locale)
	switch key := lang + " " + currency; {
	case currency == "EUR":
		return "€"
	case strings.EqualFold(locale, "en-GB") && currency == "USD", key == "nl USD", key == "es USD":
		return "US$"
	case strings.EqualFold(locale, "en-GB") && currency == "JPY", key == "nl JPY":
		return "JP¥"
	case key == "en USD", key == "de USD":
		return "$"
	case key == "en JPY", key == "de JPY":
		return "¥"
	case key == "fr USD":
		return "$US"
	case key == "fr GBP":
		return "£GB"
	case currency == "GBP" && lang != "es":
		return "£"
	}
	return currency
}

// Spaces of CLDR: amounts must not break over two lines.
const (
	noBreak       = "\u00a0"
	noBreakNarrow = "\u202f"
)

// WriteMoney writes an amount of minor units as people of that locale do; a currency of "" is left out.
func WriteMoney(minor float64, currency, locale string) string {
	return formatMoney(minor/math.Pow10(minorDigits(currency)), currency, locale)
}

// WriteAmount writes an amount of major units, as callers send the worth of an order, as people of that locale do.
func WriteAmount(amount float64, currency, locale string) string {
	return formatMoney(amount, currency, locale)
}

// formatMoney writes an amount of major units as people of that locale do: €1,234.50, 1.234,50 €, € 1.234,50.
func formatMoney(amount float64, currency, locale string) string {
	lang := textLanguage(locale)
	group, point := ",", "."
	switch lang {
	case "de", "it", "nl", "es":
		group, point = ".", ","
	case "fr":
		group, point = noBreakNarrow, ","
	}
	unit := math.Pow10(minorDigits(currency))
	digits := strconv.FormatFloat(math.Round(math.Abs(amount)*unit)/unit, 'f', minorDigits(currency), 64)
	whole, part, _ := strings.Cut(digits, ".")
	least := 4
	if lang == "es" || lang == "it" {
		least = 5 // 1234,50 but 12.345,50
	}
	number := grouped(whole, group, least)
	if part != "" {
		number += point + part
	}
	minus := ""
	if amount < 0 && strings.Trim(digits, "0.") != "" {
		minus = "-"
	}
	symbol := currencySymbol(currency, locale)
	switch {
	case symbol == "":
		return minus + number
	case lang == "de" || lang == "it" || lang == "es" || lang == "fr":
		return minus + number + noBreak + symbol
	case lang == "nl":
		return symbol + noBreak + minus + number
	case symbol == currency:
		return minus + symbol + noBreak + number
	}
	return minus + symbol + number
}

func grouped(whole, separator string, least int) string {
	if len(whole) < least {
		return whole
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + separator + whole[i:]
	}
	return whole
}
