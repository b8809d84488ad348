package journey

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"
)

// ExportFormat is the version of the shape of an export; sections and fields are only added to it.
const ExportFormat = 1

// Export is everything that is held about a customer, in sections that are read as they are written out.
type Export struct {
	Customer string // cus_…
	At       time.Time
	Sections []ExportSection
}

// ExportSection is a list of JSON objects of one kind. Rows reads them page by page; an error is the last that it yields.
type ExportSection struct {
	Name string
	Rows func(ctx context.Context) iter.Seq2[json.RawMessage, error]
}

// Write writes it as one JSON object with a list for each section. `complete` is its last field: without it the text was cut off.
func (e Export) Write(ctx context.Context, w io.Writer) error {
	head, err := json.Marshal(map[string]any{"exported_at": e.At, "format": ExportFormat})
	if err != nil {
		return err
	}
	if _, err := w.Write(head[:len(head)-1]); err != nil {
		return err
	}
	for _, section := range e.Sections {
		if _, err := io.WriteString(w, ",\n\""+section.Name+"\":["); err != nil {
			return err
		}
		between := "\n"
		for rows, err := range section.Rows(ctx) {
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, between+string(rows)); err != nil {
				return err
			}
			between = ",\n"
		}
		if _, err := io.WriteString(w, "]"); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, ",\n\"complete\":true}\n")
	return err
}
