package console

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

// wordbook is what journeys say of themselves (journey.Phrase) in another language: by its form, what is said instead. Only our own words
// are looked up; what an author wrote is a value, and stays as it is.
//
// The verbs of what is said: %s is a value, %m one in the mood of the whole, %u one after "that", %l one after "within the last"; %[2]s is
// the second value. A mood other than the plain one has a line of its own where it reads otherwise: "that consent for %s is given", "not
// …", "that not …", "last %s days". What can be denied in no better way is denied by the line "not %s".
type wordbook map[string]string

// mood is how a clause stands in its sentence; it is what its lines begin with.
type mood string

const (
	plain     mood = ""
	denied    mood = "not "
	asked     mood = "that "
	notAsked  mood = "that not "
	inTheLast mood = "last "
)

const negation = "not %s"

var saidVerbs = regexp.MustCompile(`%(?:\[(\d)\])?([smul])`)

// readWords reads a book; one that is not there is empty: journeys are described in English.
func readWords(file string) (wordbook, error) {
	raw, err := fs.ReadFile(phraseFiles, "phrases/"+file)
	if err != nil {
		return nil, nil //nolint:nilerr // English is what they are made in
	}
	book := wordbook{}
	if err := yaml.Unmarshal(raw, &book); err != nil {
		return nil, fmt.Errorf("reading the words in %s: %w", file, err)
	}
	for form, said := range book { // inside a sentence: a difference says "wait 5 days"
		if small := lowered(form); small != form {
			if _, there := book[small]; !there {
				book[small] = lowered(said)
			}
		}
	}
	return book, nil
}

func lowered(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// described says a phrase in the language.
func (l *language) described(p journey.Phrase) string { return l.words.say(p, plain) }

func (b wordbook) say(p journey.Phrase, in mood) string {
	switch {
	case p.Form == "":
		return p.Written
	case len(b) == 0:
		return p.String()
	case p.Form == negation && b.denies(p.Values[0]):
		return b.say(p.Values[0], in.turned())
	}
	said, known := b.line(p.Form, in)
	if !known {
		said, _, _ = strings.Cut(p.Form, "|")
	}
	var out strings.Builder
	from, next := 0, 0
	for _, at := range saidVerbs.FindAllStringSubmatchIndex(said, -1) {
		out.WriteString(said[from:at[0]])
		from = at[1]
		if at[2] >= 0 {
			next = int(said[at[2]]-'0') - 1
		}
		if next < len(p.Values) {
			value := b.say(p.Values[next], map[byte]mood{'s': plain, 'm': in, 'u': asked, 'l': inTheLast}[said[at[4]]])
			elide(&out, value)
		}
		next++
	}
	return out.String() + said[from:]
}

// line is what is said of a form in a mood, or else in a plainer one.
func (b wordbook) line(form string, in mood) (said string, known bool) {
	moods := []mood{in, plain}
	if in == notAsked {
		moods = []mood{notAsked, denied, plain}
	}
	for _, m := range moods {
		if said, known = b[string(m)+form]; known {
			return said, true
		}
	}
	return "", false
}

// denies says whether the book can say the contrary of a phrase by itself: it has a line for it, or hands the mood on to one that has.
func (b wordbook) denies(p journey.Phrase) bool {
	if p.Form == negation {
		return true
	}
	said, known := b[string(denied)+p.Form]
	if !known {
		said = b[p.Form]
	}
	handed := 0
	for i, verb := range saidVerbs.FindAllStringSubmatch(said, -1) {
		if verb[2] == "m" {
			if handed++; i >= len(p.Values) || !b.denies(p.Values[i]) {
				return false
			}
		}
	}
	return known || handed == 1 // of two that are joined the contrary is joined otherwise
}

func (m mood) turned() mood {
	return map[mood]mood{plain: denied, denied: plain, asked: notAsked, notAsked: asked}[m]
}

// elide writes a value behind what is there, as French does before a vowel of ours: qu’elle, s’il.
func elide(out *strings.Builder, value string) {
	for _, opening := range []string{"elle ", "aucun ", "un ", "il "} {
		if !strings.HasPrefix(value, opening) {
			continue
		}
		text := out.String()
		for _, word := range []string{"que", "Que"} {
			if before, found := strings.CutSuffix(text, word+" "); found {
				out.Reset()
				out.WriteString(before + word[:2] + "’")
			}
		}
		if before, found := strings.CutSuffix(text, "si "); found && opening == "il " {
			out.Reset()
			out.WriteString(before + "s’")
		}
	}
	out.WriteString(value)
}
