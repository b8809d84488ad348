package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"perennial/journey"
)

// eraseCustomer answers 200 when she is gone altogether, 202 when events of hers are still being taken: unreadable she is in
// either case.
func eraseCustomer(ctx context.Context, s *server, r *request, in askIn) (any, error) {
	e, err := s.Control.Erase(ctx, r.By, r.param("id"), in.Reason)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if e.State == journey.ErasureRunning {
		status = http.StatusAccepted
	}
	return answer{status: status, body: e}, nil
}

// exportCustomer streams everything that is held about a customer, one object with a list per kind of thing.
func exportCustomer(ctx context.Context, s *server, r *request) (any, error) {
	e, err := s.Read.Export(ctx, r.param("id"), r.By)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Content-Disposition": {`attachment; filename="` + e.Customer + `.json"`}}
	return answer{status: http.StatusOK, header: header, stream: func(w io.Writer) error { return writeExport(ctx, w, e) }}, nil
}

func writeExport(ctx context.Context, w io.Writer, e journey.Export) error {
	head, err := json.Marshal(map[string]any{"exported_at": e.At, "format": journey.ExportFormat})
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
