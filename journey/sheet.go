package journey

import (
	"bytes"
	"strconv"
)

// CSV writes the table as spreadsheets take it; money in whole units with its decimals, empty where nothing can be said.
func (t ReportTable) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := NewSheetWriter(&b)
	head := []string{"starts", "ends", "so_far", "group", "label", "currency"}
	if t.ofSteps() {
		head = append(head, "inside", "words")
	}
	for _, f := range t.Figures {
		head = append(head, f.Key)
	}
	if err := w.Write(append(head, "note")...); err != nil {
		return nil, err
	}
	for _, row := range t.Rows {
		cells := []string{"", "", strconv.FormatBool(row.SoFar), row.Group, row.Label, row.Currency}
		if t.From != nil {
			cells[0], cells[1] = t.From.String(), t.Until.String()
		}
		if row.Starts != nil {
			cells[0], cells[1] = row.Starts.String(), row.Ends.String()
		}
		if t.ofSteps() {
			cells = append(cells, row.Inside, row.Words.String())
		}
		for _, f := range t.Figures {
			cells = append(cells, PlainFigure(f.Unit, row.Currency, row.Values[f.Key]))
		}
		if err := w.Write(append(cells, row.Note)...); err != nil {
			return nil, err
		}
	}
	err := w.Flush()
	return b.Bytes(), err
}
