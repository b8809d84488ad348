package journey

import "strings"

// Phrase is what we say of a journey: a sentence of ours with its values, which are phrases themselves or what the author wrote. In
// another language the sentence is said anew, by its form; the author's words are never taken for ours, whatever they read.
type Phrase struct {
	Form    string   // with %s for each value, e.g. "Wait %s"; a note behind a bar tells it from the same words elsewhere: "%s|happened"
	Values  []Phrase // one for each %s
	Written string   // instead of a form: a name, a number or a text that stays as it is
}

// say makes a phrase; a value that is text is the author's.
func say(form string, values ...any) Phrase {
	p := Phrase{Form: form}
	for _, v := range values {
		switch v := v.(type) {
		case Phrase:
			p.Values = append(p.Values, v)
		case string:
			p.Values = append(p.Values, written(v))
		}
	}
	if form == "%s" { // adds nothing to its value
		return p.Values[0]
	}
	return p
}

func written(text string) Phrase { return Phrase{Written: text} }

// Empty says whether there is nothing to be said.
func (p Phrase) Empty() bool { return p.Form == "" && p.Written == "" }

// String says the phrase in English.
func (p Phrase) String() string {
	if p.Form == "" {
		return p.Written
	}
	form, _, _ := strings.Cut(p.Form, "|")
	var b strings.Builder
	for i, text := range strings.Split(form, "%s") {
		if i > 0 {
			b.WriteString(p.Values[i-1].String())
		}
		b.WriteString(text)
	}
	return b.String()
}

// MarshalText gives a phrase out as the API does: in English.
func (p Phrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote, for callers of the API: which words were whose is not in it.
func (p *Phrase) UnmarshalText(text []byte) error {
	*p = written(string(text))
	return nil
}

// same says whether two phrases read the same.
func (p Phrase) same(other Phrase) bool { return p.String() == other.String() }

// or is another phrase where there is nothing to be said.
func (p Phrase) or(other Phrase) Phrase {
	if p.Empty() {
		return other
	}
	return p
}

// lower is the phrase inside a sentence: "wait 5 days".
func (p Phrase) lower() Phrase {
	if p.Form != "" {
		p.Form = strings.ToLower(p.Form[:1]) + p.Form[1:]
	}
	return p
}

// inRow puts phrases together with the form, which has two values, and leaves out what is empty.
func inRow(form string, phrases ...Phrase) (out Phrase) {
	for i := len(phrases) - 1; i >= 0; i-- {
		switch {
		case phrases[i].Empty():
		case out.Empty():
			out = phrases[i]
		default:
			out = say(form, phrases[i], out)
		}
	}
	return out
}

// sentences puts together what is said, one clause after the other.
func sentences(clauses ...Phrase) Phrase { return inRow("%s, %s", clauses...) }

// listed are names of the author's, with commas.
func listed(names []string) Phrase { return written(strings.Join(names, ", ")) }

// given is the form with the text, nothing where there is no text.
func given(form, text string) Phrase {
	if text == "" {
		return Phrase{}
	}
	return say(form, text)
}

// saying is the form with the phrase, nothing where that is empty.
func saying(form string, p Phrase) Phrase {
	if p.Empty() {
		return Phrase{}
	}
	return say(form, p)
}
