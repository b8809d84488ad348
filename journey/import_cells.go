package journey

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// What a column of an import becomes that is no attribute.
const (
	ImportEmail      = "email"
	ImportUser       = "user_id"
	ImportAttributes = "attributes" // a JSON object, as an export writes it
	ImportTopic      = "topic:"     // and its key
)

// Cells are the cells of a refused line: as they stood, or, of one that was refused only when it was to be applied, what was read of them.
func (i Import) Cells(line ImportLine) []string {
	if len(line.Fields) > 0 || len(line.Traits) == 0 && line.UserID == "" {
		return line.Fields
	}
	topics, _ := line.Traits["topics"].(map[string]any)
	rest := maps.Clone(line.Traits)
	for _, c := range i.Columns {
		delete(rest, c.To)
	}
	delete(rest, "topics")
	delete(rest, "topics_wording")
	cells := make([]string, len(i.Columns))
	for i, c := range i.Columns {
		topic, isTopic := strings.CutPrefix(c.To, ImportTopic)
		switch {
		case isTopic:
			cells[i] = cellOf(topics[topic])
		case c.To == ImportUser:
			cells[i] = line.UserID
		case c.To == ImportAttributes:
			cells[i] = cellOf(rest)
		default:
			cells[i] = cellOf(line.Traits[c.To])
		}
	}
	return cells
}

func cellOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any:
		if raw, err := json.Marshal(v); err == nil && len(v) > 0 {
			return string(raw)
		}
	}
	return ""
}
