package store

import (
	"encoding/base64"
	"strconv"
	"strings"

	"perennial/journey"
)

// page cuts what was read, one entry more than asked for, to the limit; the cursor is that of the last entry it keeps.
func page[T any](read []T, limit int, cursorOf func(T) string) journey.Page[T] {
	if len(read) <= limit || limit <= 0 {
		return journey.Page[T]{Data: nonNil(read)}
	}
	read = read[:limit]
	next := cursorOf(read[limit-1])
	return journey.Page[T]{Data: read, Next: &next}
}

// nonNil makes an empty list of none: lists are never null in an answer.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// cursor is opaque to callers: it says where the last page ended, and only the store reads it.
func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x1f")))
}

// openCursor returns the parts of a cursor, nil for an empty one. One that we did not make is a fault of CodeMalformed.
func openCursor(text string, parts int) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	got := strings.Split(string(raw), "\x1f")
	if err != nil || len(got) != parts {
		return nil, badCursor()
	}
	return got, nil
}

func badCursor() error {
	return journey.Faultf(journey.CodeMalformed, "the cursor is not one that an answer gave as `next`")
}

// numberCursor reads a cursor of one number, 0 for an empty one.
func numberCursor(text string) (int64, error) {
	parts, err := openCursor(text, 1)
	if err != nil || parts == nil {
		return 0, err
	}
	n, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || n <= 0 {
		return 0, badCursor()
	}
	return n, nil
}

// idCursor reads a cursor of one id, "" for an empty one.
func idCursor(text string) (string, error) {
	parts, err := openCursor(text, 1)
	if err != nil || parts == nil {
		return "", err
	}
	return plain(parts[0])
}

func plain(id string) (string, error) {
	for _, r := range id {
		if r < ' ' || r > '~' {
			return "", badCursor()
		}
	}
	return id, nil
}
