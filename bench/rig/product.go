package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Product is one process of `perennial serve` with every role, live, on a database and a Temporal of an engine.
type Product struct {
	URL         string
	DatabaseURL string
	Key         string // of an admin

	program string
	env     []string
	log     *os.File
	cmd     *exec.Cmd
	ended   chan struct{}
}

// StartProduct migrates a new database, makes a key, and starts the program on a free port. What it logs goes to the file log. It
// returns once the program is ready.
func StartProduct(ctx context.Context, e *Engine, program, database, log string, env ...string) (_ *Product, err error) {
	p := &Product{program: program, ended: make(chan struct{})}
	if p.DatabaseURL, err = e.MakeDatabase(ctx, database); err != nil {
		return nil, fmt.Errorf("making database %s: %w", database, err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p.URL = "http://" + address
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); name != "DATABASE_URL" && !strings.HasPrefix(name, "TEMPORAL_") {
			p.env = append(p.env, pair)
		}
	}
	p.env = append(append(p.env, "DATABASE_URL="+p.DatabaseURL, "TEMPORAL_ADDRESS="+e.TemporalAddress, "TEMPORAL_NAMESPACE="+e.TemporalNamespace,
		"LISTEN="+address, "PUBLIC_URL="+p.URL), env...)
	if _, err = p.Run(ctx, "migrate"); err != nil {
		return nil, err
	}
	key, err := p.Run(ctx, "key", "create", "--role", "admin", "--name", database)
	if err != nil {
		return nil, err
	}
	p.Key = strings.TrimSpace(key)
	p.env = append(p.env, "PERENNIAL_URL="+p.URL, "PERENNIAL_KEY="+p.Key)
	if err := p.start(log); err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

func (p *Product) start(log string) (err error) {
	if p.log, err = os.Create(log); err != nil { //nolint:gosec // named by whoever runs the benchmark
		return fmt.Errorf("making the log: %w", err)
	}
	p.cmd = exec.Command(p.program, "serve") //nolint:noctx,gosec // Stop ends it cleanly; the program is the one under test
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at the terminal is ours
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting perennial serve: %w", err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	return nil
}

func (p *Product) ready(ctx context.Context) error {
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit) && ctx.Err() == nil; Wait(ctx, 50*time.Millisecond) {
		select {
		case <-p.ended:
			return fmt.Errorf("starting perennial serve: it ended; see %s", p.log.Name())
		default:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		_ = res.Body.Close() // only its status says anything
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.Join(ctx.Err(), errors.New("starting perennial serve: it was not ready within a minute"))
}

// Run runs one command of the program against this installation and returns what it printed.
func (p *Product) Run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.program, args...) //nolint:gosec // the program under test
	cmd.Env = p.env
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running perennial %s: %w\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out), nil
}

// StartAlone starts Postgres and the program's API on it, with neither Temporal nor a relay: for what is read and written without them.
// The programs are in the directory bin. The caller stops both, the program first.
func StartAlone(ctx context.Context, bin, database string) (*Engine, *Product, error) {
	e, err := StartEngine(ctx, filepath.Join(bin, "perennial-engine"), "postgres")
	if err != nil {
		return nil, nil, err
	}
	program, err := filepath.Abs(filepath.Join(bin, "perennial"))
	if err != nil {
		e.Stop()
		return nil, nil, err
	}
	p, err := StartProduct(ctx, e, program, database, os.DevNull, "ROLES=api", "TEMPORAL_ADDRESS=127.0.0.1:1", "SMTP_URL=smtp://127.0.0.1:1",
		"BRAND_NAME=Oak & Linen", "MAIL_FROM=Oak & Linen <hello@oak-and-linen.example>", "POSTAL_ADDRESS=12 Mill Lane, Bath")
	if err != nil {
		e.Stop()
		return nil, nil, err
	}
	return e, p, nil
}

// Pid is the process of the server.
func (p *Product) Pid() int { return p.cmd.Process.Pid }

// Stop asks it to end, and sees to it.
func (p *Product) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	_ = p.log.Close() // everything is written
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
