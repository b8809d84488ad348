package api

import (
	"context"
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
	return answer{status: http.StatusOK, header: header, stream: func(w io.Writer) error { return e.Write(ctx, w) }}, nil
}
