package console

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

//go:embed phrases
var phraseFiles embed.FS

// phrasebook are the sentences that journey and control make, in another language than their own. They come here as English text, as the
// API and the command line give them out: the key of a phrase is that text with its verbs (%s, %d, %q), as gettext has it, and so no
// sentence has a code of its own that could go astray. In square brackets stands what a sentence may leave out.
type phrasebook []phrase

// phrase is one way of one sentence: the texts between its values, and which value of the whole sentence each is.
type phrase struct {
	literals []string // one more than values
	values   []int
	said     []piece
}

// piece is a part of the answer: a text, and then a value (-1: none), itself to be said where it is a phrase.
type piece struct {
	text   string
	value  int
	phrase bool
}

// readPhrases reads a book in which the phrase that says most by itself comes first; one that is not there is empty: the sentences stay
// as they are.
func readPhrases(file string) (phrasebook, error) {
	raw, err := fs.ReadFile(phraseFiles, "phrases/"+file)
	if err != nil {
		return nil, nil //nolint:nilerr // English is what they are made in
	}
	lines := map[string]string{}
	if err := yaml.Unmarshal(raw, &lines); err != nil {
		return nil, fmt.Errorf("reading the phrases in %s: %w", file, err)
	}
	var book phrasebook
	for english, said := range lines {
		ways, err := waysOf(english, said)
		if err != nil {
			return nil, fmt.Errorf("reading the phrases in %s: %q: %w", file, english, err)
		}
		book = append(book, ways...)
	}
	slices.SortFunc(book, func(a, b phrase) int {
		if by := b.certain() - a.certain(); by != 0 {
			return by
		}
		return strings.Compare(strings.Join(a.literals, "\x00"), strings.Join(b.literals, "\x00"))
	})
	return book, nil
}

func (p phrase) certain() (n int) {
	for _, text := range p.literals {
		n += len(text)
	}
	return n
}

var (
	optional = regexp.MustCompile(`\[(?:[^\[\]%]*%[sdqvt][^\[\]]*)\]`) // a bracket with a value in it may be left out; others are text
	verbs    = regexp.MustCompile(`%(?:\[(\d)\])?([sdqvt])`)
)

// waysOf lists a sentence with and without each of its parts.
func waysOf(english, said string) ([]phrase, error) {
	theirs, ours := optional.FindAllStringIndex(english, -1), optional.FindAllStringIndex(said, -1)
	if len(theirs) != len(ours) {
		return nil, fmt.Errorf("it has %d parts, and %d in the other language", len(theirs), len(ours))
	}
	var out []phrase
	for with := range 1 << len(theirs) {
		values := valuesOf(english, theirs, with)
		p := phrase{values: values}
		p.literals = literalsOf(without(english, theirs, with))
		pieces, err := piecesOf(said, ours, with, len(verbs.FindAllString(english, -1)))
		if err != nil {
			return nil, err
		}
		p.said = pieces
		out = append(out, p)
	}
	return out, nil
}

// without leaves out the parts whose bit is not set, and the brackets of the others.
func without(text string, parts [][]int, with int) string {
	var out strings.Builder
	from := 0
	for i, at := range parts {
		out.WriteString(text[from:at[0]])
		if with&(1<<i) != 0 {
			out.WriteString(text[at[0]+1 : at[1]-1])
		}
		from = at[1]
	}
	return out.String() + text[from:]
}

// valuesOf numbers the values that are left, as in the whole sentence.
func valuesOf(text string, parts [][]int, with int) (out []int) {
	for n, at := range verbs.FindAllStringIndex(text, -1) {
		i := slices.IndexFunc(parts, func(p []int) bool { return p[0] < at[0] && at[1] < p[1] })
		if i < 0 || with&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// literalsOf are the texts between the values; a value in quotes has them in the texts.
func literalsOf(text string) []string {
	var out []string
	from, before := 0, ""
	for _, at := range verbs.FindAllStringIndex(text, -1) {
		quotes := ""
		if text[at[1]-1] == 'q' {
			quotes = `"`
		}
		out = append(out, before+text[from:at[0]]+quotes)
		from, before = at[1], quotes
	}
	return append(out, before+text[from:])
}

// piecesOf reads the answer, with the parts that are left. A verb takes the next value of the whole sentence, or the one it numbers.
func piecesOf(text string, parts [][]int, with, values int) (out []piece, err error) {
	from, next := 0, 0
	for _, at := range verbs.FindAllStringSubmatchIndex(text, -1) {
		value := next
		if at[2] >= 0 {
			value = int(text[at[2]]-'0') - 1
		}
		next = value + 1
		if value < 0 || value >= values {
			return nil, fmt.Errorf("it has no value %d", value+1)
		}
		i := slices.IndexFunc(parts, func(p []int) bool { return p[0] < at[0] && at[1] < p[1] })
		if i >= 0 && with&(1<<i) == 0 {
			out = append(out, piece{unbracketed(text[from:at[0]], parts, from, with), -1, false})
			from = at[1]
			continue
		}
		kind := text[at[1]-1]
		before, after := "", ""
		if kind == 'q' {
			before, after = "« ", " »"
		}
		out = append(out, piece{unbracketed(text[from:at[0]], parts, from, with) + before, value, kind == 't'}, piece{after, -1, false})
		from = at[1]
	}
	return append(out, piece{unbracketed(text[from:], parts, from, with), -1, false}), nil
}

// unbracketed is a stretch of the text that begins at from: without the brackets of its parts, and without the parts that are left out.
func unbracketed(stretch string, parts [][]int, from, with int) string {
	var out strings.Builder
	for i, c := range stretch {
		at, inside := from+i, -1
		for n, p := range parts {
			if p[0] <= at && at < p[1] {
				inside = n
			}
		}
		switch {
		case inside < 0:
			out.WriteRune(c)
		case with&(1<<inside) != 0 && at != parts[inside][0] && at != parts[inside][1]-1:
			out.WriteRune(c)
		}
	}
	return out.String()
}

// match returns the values of a text that the phrase says.
func (p phrase) match(text string) ([]string, bool) {
	rest, ok := strings.CutPrefix(text, p.literals[0])
	if !ok {
		return nil, false
	}
	if len(p.values) == 0 {
		return nil, rest == ""
	}
	out := make([]string, len(p.values))
	for i := range p.values {
		next := p.literals[i+1]
		at := strings.Index(rest, next)
		if i == len(p.values)-1 {
			if at = len(rest) - len(next); !strings.HasSuffix(rest, next) {
				at = -1
			}
		}
		if at < 0 || at == 0 && !strings.HasPrefix(next, `"`) { // only what stands in quotes may be empty
			return nil, false
		}
		out[i], rest = rest[:at], rest[at+len(next):]
	}
	return out, true
}

// in says a sentence of the book; what is not in it stays as it is.
func (b phrasebook) in(l *language, text string) string {
	if len(b) == 0 || text == "" {
		return text
	}
	if said, known := b.known(l, text); known {
		return said
	}
	if list := strings.Split(text, "; "); len(list) > 1 {
		for i, sentence := range list {
			list[i] = b.in(l, sentence)
		}
		return strings.Join(list, " ; ")
	}
	return l.plain(text)
}

func (b phrasebook) known(l *language, text string) (string, bool) {
	for _, p := range b {
		found, ok := p.match(text)
		if !ok {
			continue
		}
		var out strings.Builder
		for _, piece := range p.said {
			out.WriteString(piece.text)
			if piece.value < 0 {
				continue
			}
			value := found[slices.Index(p.values, piece.value)]
			if piece.phrase {
				value = b.in(l, value)
			}
			out.WriteString(l.plain(value))
		}
		return out.String(), true
	}
	return "", false
}

// How sentences write moments and spans (journey.TimeWords, SpanWords).
var (
	spanWords   = regexp.MustCompile(`^(\d+) (day|hour|minute|second)s?$`)
	momentWords = []string{"Mon 2 Jan 15:04", "Mon 15:04", "2 Jan 15:04", "2 Jan 2006 15:04"}
)

// plain says a value that is a moment or a span in the language; others stay.
func (l *language) plain(text string) string {
	if m := spanWords.FindStringSubmatch(text); m != nil {
		n := 0
		if _, err := fmt.Sscan(m[1], &n); err == nil {
			return l.counted("time."+m[2]+"s", n)
		}
	}
	for _, layout := range momentWords {
		if at, err := time.Parse(layout, text); err == nil {
			return l.dated(layout, text, at)
		}
	}
	return text
}

// dated writes a moment in the order of the layout, with the names of the language. A weekday stands as it came: no year is known.
func (l *language) dated(layout, text string, at time.Time) string {
	var out []string
	words := strings.Fields(text)
	for i, element := range strings.Fields(layout) {
		switch element {
		case "Mon":
			day := slices.Index([]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, words[i])
			out = append(out, l.item("time.weekdays", day))
		case "Jan":
			out = append(out, l.item("time.months", int(at.Month())-1))
		default:
			out = append(out, words[i])
		}
	}
	return strings.Join(out, " ")
}

// fault is a fault as the reader's language says it; what the API says of it stays in err.
func (l *language) fault(f *journey.Fault) *journey.Fault {
	if f == nil || len(l.faults) == 0 {
		return f
	}
	out := *f
	out.Message = l.faults.in(l, f.Message)
	out.Problems = slices.Clone(f.Problems)
	for i, p := range out.Problems {
		out.Problems[i].Message, out.Problems[i].Mend = l.faults.in(l, p.Message), l.faults.in(l, p.Mend)
	}
	return &out
}
