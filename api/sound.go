package api

// deepest is how far JSON may be nested, as for encoding/json.
const deepest = 10_000

// isJSON says whether a text is one JSON value, as json.Valid does. It takes a third of the time, which is much of what an event of a batch
// costs this side of the database.
func isJSON(text string) bool {
	end := soundValue(text, space(text, 0), 1)
	return end > 0 && space(text, end) == len(text)
}

// soundValue is the place behind the value that begins at i; 0: there is no sound one. A list or an object is nested so deep.
func soundValue(text string, i, depth int) int {
	if i == len(text) {
		return 0
	}
	switch text[i] {
	case '"':
		return soundString(text, i)
	case '{', '[':
		return soundList(text, i, depth)
	case 't':
		return soundWord(text, i, "true")
	case 'f':
		return soundWord(text, i, "false")
	case 'n':
		return soundWord(text, i, "null")
	}
	return soundNumber(text, i)
}

// soundList takes an object as a list with names.
func soundList(text string, i, depth int) int {
	named, closing := text[i] == '{', text[i]+2 // ] and } stand two behind [ and {
	if depth > deepest {
		return 0
	}
	i = space(text, i+1)
	if i < len(text) && text[i] == closing {
		return i + 1
	}
	for {
		if named {
			if i = soundName(text, i); i == 0 {
				return 0
			}
		}
		if i = soundValue(text, i, depth+1); i == 0 {
			return 0
		}
		switch i = space(text, i); {
		case i == len(text):
			return 0
		case text[i] == closing:
			return i + 1
		case text[i] != ',':
			return 0
		}
		i = space(text, i+1)
	}
}

// soundName is the place of what a name at i is the name of.
func soundName(text string, i int) int {
	if i == len(text) || text[i] != '"' {
		return 0
	}
	if i = soundString(text, i); i == 0 {
		return 0
	}
	if i = space(text, i); i == len(text) || text[i] != ':' {
		return 0
	}
	return space(text, i+1)
}

func soundString(text string, i int) int {
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return 0
		case c == '\\':
			if i = escapeEnd(text, i); i == 0 {
				return 0
			}
		}
	}
	return 0
}

// escapeEnd is the place of the last byte of an escape.
func escapeEnd(text string, i int) int {
	if i++; i == len(text) {
		return 0
	}
	switch text[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i
	case 'u':
		if i+4 >= len(text) {
			return 0
		}
		for _, c := range []byte(text[i+1 : i+5]) {
			if lower := c | ' '; (c < '0' || c > '9') && (lower < 'a' || lower > 'f') {
				return 0
			}
		}
		return i + 4
	}
	return 0
}

func soundWord(text string, i int, word string) int {
	if end := i + len(word); end <= len(text) && text[i:end] == word {
		return end
	}
	return 0
}

func soundNumber(text string, i int) int {
	if text[i] == '-' {
		i++
	}
	whole := digits(text, i)
	if whole == i || text[i] == '0' && whole > i+1 {
		return 0
	}
	if i = whole; i < len(text) && text[i] == '.' {
		part := digits(text, i+1)
		if part == i+1 {
			return 0
		}
		i = part
	}
	if i == len(text) || text[i]|' ' != 'e' {
		return i
	}
	if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	if end := digits(text, i); end > i {
		return end
	}
	return 0
}

// digits is the place behind the digits that begin at i.
func digits(text string, i int) int {
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return i
}
