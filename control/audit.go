package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"perennial/journey"
)

// Audits is where it is kept who did what.
type Audits interface {
	Audit(ctx context.Context, f journey.AuditFilter, r journey.PageRequest) (journey.Page[journey.AuditEntry], error)
}

// auditPage is how many entries are read at once where all of them are given out.
const auditPage = 1000

// WriteAudit writes what the filter leaves of the audit as CSV for spreadsheets, the newest first. That it was given out stands in
// the audit itself.
func (c *Control) WriteAudit(ctx context.Context, by journey.Actor, f journey.AuditFilter, to io.Writer) error {
	err := c.Store.Record(ctx, by, "audit.export", "audit", map[string]any{"actor": f.Actor, "target": f.Target, "verb": f.Verb})
	if err != nil {
		return err
	}
	w := journey.NewSheetWriter(to)
	if err := w.Write("at", "actor", "name", "role", "verb", "target", "detail"); err != nil {
		return err
	}
	for r := (journey.PageRequest{Limit: auditPage}); ; {
		found, err := c.Store.Audit(ctx, f, r)
		if err != nil {
			return err
		}
		for _, e := range found.Data {
			detail, err := json.Marshal(e.Detail)
			if err != nil {
				return fmt.Errorf("writing audit entry %d: %w", e.ID, err)
			}
			if err := w.Write(e.At.UTC().Format(time.RFC3339), e.Actor, e.Name, string(e.Role), e.Verb, e.Target, string(detail)); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil || found.Next == nil {
			return err
		}
		r.Cursor = *found.Next
	}
}
