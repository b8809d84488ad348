package intake

import (
	"maps"
	"slices"
	"strings"

	"perennial/journey"
)

// CheckTraits says which traits of an identify a profile could not take, so that the caller hears of it before the event is
// accepted: an address that is none, a zone or a locale that nobody knows.
func CheckTraits(traits map[string]any) journey.Problems {
	var problems journey.Problems
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		text, isText := traits[name].(string)
		if fields[name] == "" || !isText || strings.TrimSpace(text) == "" {
			continue
		}
		if _, ok := valid(fields[name], strings.TrimSpace(text)); !ok {
			problems = append(problems, journey.Problem{Path: "traits." + name, Message: "is no " + fields[name] + " that can be used", Mend: mends[fields[name]]})
		}
	}
	return problems
}

// mends say how a field is written.
var mends = map[string]string{
	"email":      "send the address alone, e.g. mara@example.com",
	"timezone":   "send an IANA zone, e.g. Europe/Vienna",
	"locale":     "send a BCP 47 tag, e.g. en-GB",
	"first_name": "at most 200 bytes",
	"last_name":  "at most 200 bytes",
}
