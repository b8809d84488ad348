package journey

import (
	"context"
	"encoding/json"
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
