package intake

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"perennial/journey"
)

// Targets of a column that are no attribute.
const (
	toEmail      = journey.ImportEmail
	toUser       = journey.ImportUser
	toAttributes = journey.ImportAttributes
	toTopic      = journey.ImportTopic
)

// spellings are how files name what we know, letters and digits only.
var spellings = map[string][]string{
	toEmail:      {"email", "mail", "emailaddress", "mailaddress", "emailadresse", "mailadresse", "courriel", "correo"},
	toUser:       {"userid", "id", "externalid", "customerid", "customernumber", "kundennummer", "kundennr"},
	"first_name": {"firstname", "first", "givenname", "vorname", "prenom", "prénom"},
	"last_name":  {"lastname", "last", "surname", "familyname", "nachname", "nom"},
	"name":       {"name", "fullname"},
	"locale":     {"locale", "language", "sprache", "langue"},
	"timezone":   {"timezone", "zeitzone"},
	toAttributes: {"attributes"},
	"":           {"customer", "createdat", "account"}, // what an export says and an import does not
}

// neverNumbers are names of attributes that hold digits and are no numbers.
var neverNumbers = regexp.MustCompile(`(?i)(phone|mobile|tel|fax|zip|post|plz|code|number|nummer|_id$|^id$)`)

var topicKey = regexp.MustCompile(`^topic:[a-z0-9][a-z0-9-]*$`)

// Columns says what becomes of each column of a header. Asked are the caller's wishes, TO=HEADER each, where TO is a field of the
// customer, user_id, topic:KEY, an attribute, an attribute with its kind (points:number), or - for nothing; the rest is guessed by
// name. All faults are returned at once.
func Columns(header, asked []string) ([]journey.ImportColumn, journey.Problems) {
	columns := make([]journey.ImportColumn, len(header))
	wished := make([]bool, len(header))
	var problems journey.Problems
	add := func(path, message, mend string) {
		problems = append(problems, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	for _, wish := range asked {
		to, name, ok := strings.Cut(wish, "=")
		at := slices.Index(header, strings.TrimSpace(name))
		switch {
		case !ok:
			add("map", strconv.Quote(wish)+" does not say what of which column", "write TO=HEADER, e.g. email=E-Mail")
		case at < 0:
			add("map", fmt.Sprintf("there is no column %q", name), "columns are "+strings.Join(header, ", "))
		default:
			columns[at], wished[at] = wishedColumn(strings.TrimSpace(to)), true
		}
	}
	for i, name := range header {
		if !wished[i] {
			columns[i] = guessed(name)
		}
		columns[i].Header = name
	}
	seen := map[string]string{}
	for i, c := range columns {
		if first, twice := seen[c.To]; twice && c.To != "" {
			if !wished[i] && fields[c.To] == "" { // two headers that only look alike
				columns[i].To = c.To + "_" + strconv.Itoa(i+1)
				continue
			}
			add("map", fmt.Sprintf("%s and %s both are %s", first, c.Header, c.To), "leave one out with -="+c.Header)
		}
		seen[c.To] = c.Header
		if strings.HasPrefix(c.To, toTopic) && !topicKey.MatchString(c.To) {
			add("map", c.To+" is no topic", "write topic:KEY=HEADER, e.g. topic:offers=Newsletter")
		}
		if !slices.Contains([]string{"", journey.ImportText, journey.ImportNumber, journey.ImportYesNo}, c.Kind) {
			add("map", strconv.Quote(c.Kind)+" is no kind of value", "use text, number or yes_no")
		}
	}
	if seen[toEmail] == "" && seen[toUser] == "" {
		add("map", "no column says who a customer is", "name the column with her address: email=HEADER, or the one with your own id: user_id=HEADER")
	}
	return columns, problems
}

func wishedColumn(to string) journey.ImportColumn {
	if to == "-" {
		return journey.ImportColumn{}
	}
	if strings.HasPrefix(to, toTopic) {
		return journey.ImportColumn{To: to}
	}
	to, kind, _ := strings.Cut(to, ":")
	return journey.ImportColumn{To: to, Kind: kind}
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)

func guessed(name string) journey.ImportColumn {
	if topicKey.MatchString(name) {
		return journey.ImportColumn{To: name}
	}
	lower := strings.ToLower(name)
	plain := notWord.ReplaceAllString(lower, "")
	for to, ways := range spellings {
		if slices.Contains(ways, plain) {
			return journey.ImportColumn{To: to}
		}
	}
	return journey.ImportColumn{To: strings.Trim(notWord.ReplaceAllString(lower, "_"), "_")}
}

// GuessKinds says which attributes are numbers, or yes and no, by what stands in the first lines. What looks like both stays text,
// and so do zero-led digits, telephone numbers and postal codes.
func GuessKinds(columns []journey.ImportColumn, sample []Row) {
	for i := range columns {
		c := &columns[i]
		if c.Kind != "" || !isAttribute(c.To) {
			continue
		}
		numbers, yesNo, some := !neverNumbers.MatchString(c.To), true, false
		for _, row := range sample {
			if row.Reason != "" || row.Fields[i] == "" {
				continue
			}
			some = true
			text := row.Fields[i]
			_, isNumber := numberOf(text)
			_, isYesNo := yesNoOf(text)
			numbers = numbers && isNumber && (text == "0" || !strings.HasPrefix(text, "0") || strings.HasPrefix(text, "0."))
			yesNo = yesNo && isYesNo && text != "0" && text != "1"
		}
		c.Kind = journey.ImportText
		switch {
		case some && numbers:
			c.Kind = journey.ImportNumber
		case some && yesNo:
			c.Kind = journey.ImportYesNo
		}
	}
}

func isAttribute(to string) bool {
	return to != "" && to != toEmail && to != toUser && to != toAttributes && to != "name" && fields[to] == "" && !strings.HasPrefix(to, toTopic)
}

// ReadLine turns a row into what it says of a customer, or why it cannot be taken. An empty cell says nothing.
func ReadLine(columns []journey.ImportColumn, row Row, wording string) journey.ImportLine {
	line := journey.ImportLine{Line: row.Line, Traits: map[string]any{}, Fields: row.Fields, Reason: row.Reason}
	topics := map[string]any{}
	for i, c := range columns {
		if i >= len(row.Fields) {
			break
		}
		text := journey.UnescapeCell(strings.TrimSpace(row.Fields[i]))
		if text == "" || c.To == "" {
			continue
		}
		if reason := takeCell(&line, c, text, topics); reason != "" && line.Reason == "" {
			line.Reason = reason
		}
	}
	if len(topics) > 0 {
		line.Traits["topics"], line.Traits["topics_wording"] = topics, wording
	}
	switch problems := CheckTraits(line.Traits); {
	case line.Reason != "":
	case line.Address == "" && line.UserID == "":
		line.Reason = "it says neither an address nor an id"
	case len(line.UserID) > 256:
		line.Reason = "the id is over 256 bytes"
	case len(problems) > 0:
		line.Reason = strings.TrimPrefix(problems[0].Path, "traits.") + " " + problems[0].Message
	}
	if line.Reason != "" {
		line.Traits = map[string]any{}
	} else {
		line.Fields = []string{}
	}
	return line
}

// takeCell notes one cell, and says why it cannot.
func takeCell(line *journey.ImportLine, c journey.ImportColumn, text string, topics map[string]any) string {
	topic, isTopic := strings.CutPrefix(c.To, toTopic)
	switch {
	case isTopic:
		agreed, ok := yesNoOf(text)
		if !ok {
			return c.Header + " is neither yes nor no"
		}
		topics[topic] = agreed
	case c.To == toEmail:
		line.Traits[toEmail], line.Address = text, strings.ToLower(text)
		if address, err := journey.ParseAddress(text); err == nil {
			line.Address = strings.ToLower(address)
		}
	case c.To == toUser:
		line.UserID = text
	case c.To == toAttributes:
		var all map[string]any
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return c.Header + " is no JSON object"
		}
		for name, value := range all {
			if _, said := line.Traits[name]; !said && fields[name] == "" {
				line.Traits[name] = value
			}
		}
	case c.Kind == journey.ImportNumber:
		n, ok := numberOf(text)
		if !ok {
			return c.Header + " is no number"
		}
		line.Traits[c.To] = n
	case c.Kind == journey.ImportYesNo:
		is, ok := yesNoOf(text)
		if !ok {
			return c.Header + " is neither yes nor no"
		}
		line.Traits[c.To] = is
	default:
		line.Traits[c.To] = text
	}
	return ""
}

var decimal = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,15})?$`)

func numberOf(text string) (float64, bool) {
	if !decimal.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func yesNoOf(text string) (is, ok bool) {
	switch strings.ToLower(text) {
	case "yes", "y", "true", "1", "given", "confirmed", "ja", "oui", "subscribed":
		return true, true
	case "no", "n", "false", "0", "withdrawn", "nein", "non", "unsubscribed":
		return false, true
	}
	return false, false
}
