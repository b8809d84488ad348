package journey

import (
	"regexp"
	"strings"
)

// EscapeCell keeps spreadsheets from running a text as a formula: one that begins as a formula gets an apostrophe before it.
// Numbers are left as they are.
func EscapeCell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) || aDecimal.MatchString(text) {
		return text
	}
	return "'" + text
}

var aDecimal = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,15})?$`)
