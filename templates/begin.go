package templates

import (
	"embed"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"perennial/journey"
)

//go:embed begin
var begin embed.FS

const starterRoot = "begin/starter"

// Starter is the small journey that a new one begins with where none that ships is named: its folder, and the root of it.
func Starter() (fs.FS, string) { return begin, starterRoot }

// Begin returns the source of a new journey and its messages: a copy of one that ships, or of the starter where from is empty. What is
// its author's to say is marked (journey.Blank). CodeNotFound where no such journey ships.
func Begin(from, key, name string) (source string, messages map[string]string, err error) {
	folder, root := begin, starterRoot
	if from != "" {
		if !slices.Contains(Names(), from) {
			return "", nil, journey.Faultf(journey.CodeNotFound, "there is no journey %q in the library; it has %s", from, strings.Join(Names(), ", "))
		}
		folder, root = embedded, from
	}
	files, err := Load(folder, root)
	if err != nil {
		return "", nil, err
	}
	source = Renamed(files[JourneyFile], key, name)
	delete(files, JourneyFile)
	if from != "" {
		for file, text := range files {
			files[file] = Marked(file, text)
		}
	}
	return source, files, nil
}

// markedWords stands above the text of a message that was copied from one that ships; whoever has made the text her own takes it out.
const markedWords = "<!-- " + journey.Blank + " the words of a shop that sells linen: make them yours, and the links -->\n"

const headerLine = "---\n"

// Marked gives a message of a journey that ships the mark of what is its author's to say, below its header. Only HTML can carry it.
func Marked(file, text string) string {
	if !strings.HasSuffix(file, ".html") {
		return text
	}
	if rest, headed := strings.CutPrefix(text, headerLine); headed {
		if head, body, closed := strings.Cut(rest, "\n"+headerLine); closed {
			return headerLine + head + "\n" + headerLine + markedWords + body
		}
	}
	return markedWords + text
}

// plainName is a name that YAML takes for text without quotes.
var plainName = regexp.MustCompile(`^\p{L}[\p{L}\p{N} ]*$`)

// Renamed gives the source of a journey another key and, unless it is empty, another name, and marks what else is to be looked at.
func Renamed(source, key, name string) string {
	source = strings.ReplaceAll(source, "STARTER", key)
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		word, _, _ := strings.Cut(line, ":")
		switch {
		case word == "journey":
			lines[i] = "journey: " + key
		case word == "name" && name != "":
			lines[i] = "name: " + inSource(name)
		case (word == "name" || word == "topic" || word == "goal") && !strings.Contains(line, "#"):
			lines[i] = line + " # " + journey.Blank + " does this fit you, too?"
		}
	}
	return strings.Join(lines, "\n")
}

// inSource writes a name as YAML, in quotes where it needs them.
func inSource(name string) string {
	if plainName.MatchString(name) && !strings.HasSuffix(name, " ") {
		switch strings.ToLower(name) {
		case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		default:
			return name
		}
	}
	raw, err := json.Marshal(name)
	if err != nil {
		return `""`
	}
	return string(raw)
}

// Library describes the journeys that ship, in the order of Names.
func Library() []journey.LibraryJourney {
	var out []journey.LibraryJourney
	for i, key := range Names() {
		files, err := Load(embedded, key)
		if err != nil {
			continue // a test loads them all
		}
		def, problems := journey.Parse(JourneyFile, []byte(files[JourneyFile]))
		if len(problems.Errors()) > 0 {
			continue
		}
		out = append(out, journey.LibraryJourney{Key: key, Name: def.Name, Says: opening(files[JourneyFile]), Sequence: i < len(Sequences()),
			Letters: len(def.Templates())})
	}
	return out
}

// opening is the remark at the head of a source.
func opening(source string) string {
	var words []string
	for _, line := range strings.Split(source, "\n") {
		text, remark := strings.CutPrefix(line, "#")
		if !remark {
			break
		}
		words = append(words, strings.TrimSpace(text))
	}
	return strings.Join(words, " ")
}
