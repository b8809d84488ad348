package journey

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// CSV writes the table as spreadsheets take it: with a byte order mark, for they take it for another encoding otherwise; money in whole
// units with its decimals, empty where nothing can be said.
func (t ReportTable) CSV() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	head := []string{"starts", "ends", "so_far", "group", "label", "currency"}
	for _, f := range t.Figures {
		head = append(head, f.Key)
	}
	lines := [][]string{append(head, "note")}
	for _, row := range t.Rows {
		cells := []string{"", "", strconv.FormatBool(row.SoFar), EscapeCell(row.Group), EscapeCell(row.Label), row.Currency}
		if t.From != nil {
			cells[0], cells[1] = t.From.String(), t.Until.String()
		}
		if row.Starts != nil {
			cells[0], cells[1] = row.Starts.String(), row.Ends.String()
		}
		for _, f := range t.Figures {
			cells = append(cells, PlainFigure(f.Unit, row.Currency, row.Values[f.Key]))
		}
		lines = append(lines, append(cells, row.Note))
	}
	err := w.WriteAll(lines)
	return b.Bytes(), err
}
