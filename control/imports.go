package control

import (
	"context"
	"io"
	"slices"
	"strconv"

	"perennial/journey"
)

// Imports is where files of customers are on their way in.
type Imports interface {
	StartImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error)
	StopImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error)
	RefusedLines(ctx context.Context, id string, after int64, limit int) ([]journey.ImportLine, error)
}

// StartImport applies what a dry run has checked.
func (c *Control) StartImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error) {
	return c.Store.StartImport(ctx, by, id)
}

// StopImport ends an import: what was applied stays, what was not is forgotten.
func (c *Control) StopImport(ctx context.Context, by journey.Actor, id string) (journey.Import, error) {
	return c.Store.StopImport(ctx, by, id)
}

// refusedPage is how many refused lines are in memory at a time.
const refusedPage = 500

// WriteRefused writes the lines that were refused as CSV, each with its number and why before it, so that they can be mended and sent again.
func (c *Control) WriteRefused(ctx context.Context, i journey.Import, to io.Writer) error {
	w := journey.NewSheetWriter(to)
	head := []string{"line", "reason"}
	for _, column := range i.Columns {
		head = append(head, column.Header)
	}
	if err := w.Write(head...); err != nil {
		return err
	}
	for after := int64(0); ; {
		lines, err := c.Store.RefusedLines(ctx, i.ID, after, refusedPage)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return w.Flush()
		}
		for _, l := range lines {
			if err := w.Write(slices.Concat([]string{strconv.FormatInt(l.Line, 10), l.Reason}, i.Cells(l))...); err != nil {
				return err
			}
		}
		after = lines[len(lines)-1].Line
	}
}
