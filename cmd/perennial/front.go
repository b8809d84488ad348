package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"

	"perennial/api"
	"perennial/journey"
)

// front is the address of a process. It is open before everything behind it is there, and says so meanwhile.
type front struct {
	server  *http.Server
	ended   chan error
	handler atomic.Pointer[http.Handler]
}

// openFront listens, and answers as a process that is not ready.
func openFront(ctx context.Context, listen string, log *slog.Logger) (*front, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", listen, err)
	}
	f := &front{ended: make(chan error, 1)}
	f.show(http.HandlerFunc(notReady))
	f.server = api.HTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*f.handler.Load()).ServeHTTP(w, r) }), log)
	go func() { f.ended <- f.server.Serve(listener) }()
	return f, nil
}

// show puts another handler behind the address, between two requests.
func (f *front) show(h http.Handler) { f.handler.Store(&h) }

// serve answers until ctx ends; requests under way then get ten seconds.
func (f *front) serve(ctx context.Context) error {
	select {
	case err := <-f.ended:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := f.server.Shutdown(drain); err != nil {
		return fmt.Errorf("finishing requests: %w", err)
	}
	return nil
}

// notReady answers while the database is away: the process lives, and nothing can be had of it yet.
func notReady(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/healthz" {
		fmt.Fprintln(w, "ok: waiting for the database")
		return
	}
	w.Header().Set("Retry-After", "5")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(w, `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the database does not answer yet; this process waits for it","code":"unavailable"}`)
}

// awaitApp opens the app, and waits for the database as long as that does not answer. Anything else that is wrong ends it.
func awaitApp(ctx context.Context, c config, temporal client.Options, log *slog.Logger) (*app, error) {
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		a, err := openApp(ctx, c, temporal, log)
		if err == nil || journey.CodeOf(err) != journey.CodeUnavailable || ctx.Err() != nil {
			return a, err
		}
		log.Warn("waiting for the database", "again_in", wait, "why", err)
		select {
		case <-ctx.Done():
			return nil, nil //nolint:nilnil // told to end before there was anything to end
		case <-time.After(wait):
		}
	}
}
