// Package inbox is a mail server for development, tests and demos: it takes every message, keeps it, and shows it on
// a page and through the part of Mailpit's REST API that tests use.
package inbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"
)

// Options say where the inbox listens and what it keeps.
type Options struct {
	Dir   string       // made if missing
	SMTP  net.Listener // closed by Stop, as is HTTP
	HTTP  net.Listener
	Limit int // messages; 0: DefaultLimit
	Say   func(format string, args ...any)
}

// Server is a running inbox.
type Server struct {
	store *store
	smtp  *smtp.Server
	http  *http.Server
}

// Start reads what is there and begins to serve.
func Start(opts Options) (*Server, error) {
	if opts.Limit == 0 {
		opts.Limit = DefaultLimit
	}
	store, err := openStore(opts.Dir, opts.Limit, opts.Say)
	if err != nil {
		return nil, err
	}
	s := &Server{store: store, smtp: newSMTP(store), http: &http.Server{
		Handler: handler(store), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
	}}
	go func() {
		if err := s.smtp.Serve(opts.SMTP); err != nil && !errors.Is(err, net.ErrClosed) {
			opts.Say("serving SMTP: %v", err)
		}
	}()
	go func() {
		if err := s.http.Serve(opts.HTTP); !errors.Is(err, http.ErrServerClosed) {
			opts.Say("serving the inbox's page: %v", err)
		}
	}()
	return s, nil
}

// Stop hangs up, finishes what is being written, and closes the files. A client that loses its connection before the
// reply cannot know what became of its message: that is so with every mail server.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_ = s.smtp.Close()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	s.store.Close()
}
