package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

//go:embed journeys
var journeys embed.FS

// installation is a real one: the engine, a process for the API, and one for worker and sender, each of which can be killed by itself.
type installation struct {
	data        string
	url         string
	databaseURL string
	key         string // of an admin
	env         []string
	options     options
	keep        bool // the state directory stays

	engine, api, worker *part
	stopWork, stopAll   context.CancelFunc
	work, base          *errgroup.Group

	random *random
	mu     sync.Mutex // of options.log
}

// install starts everything, migrates, publishes the journeys of this folder, and goes live: the relay is our own.
func install(ctx context.Context, o options, smtpURL string) (_ *installation, err error) {
	in := &installation{options: o, random: newRandom(o.seed, "restarts")}
	if in.data, err = stateDirectory(o.data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			in.keep = true
			in.end()
			err = fmt.Errorf("installing in %s: %w", in.data, err)
		}
	}()
	if err := in.startEngine(ctx); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	in.url = "http://" + net.JoinHostPort("127.0.0.1", port)
	in.env = append(in.env, "DATABASE_URL="+in.databaseURL, "SMTP_URL="+smtpURL, "SMTP_TLS=none", "PUBLIC_URL="+in.url,
		"LISTEN=127.0.0.1:"+port, "BRAND_NAME=Oak & Linen", "MAIL_FROM=Oak & Linen <hello@oak-and-linen.example>",
		"POSTAL_ADDRESS=Oak & Linen, 12 Mill Lane, Bath BA1 1AA, United Kingdom", "LOG_LEVEL=info")
	if _, err := in.perennial(ctx, "migrate"); err != nil {
		return nil, err
	}
	key, err := in.perennial(ctx, "key", "create", "--role", "admin", "--name", "crash")
	if err != nil {
		return nil, err
	}
	in.key = strings.TrimSpace(key)
	in.startProduct(ctx)
	return in, in.prepare(ctx)
}

func stateDirectory(asked string) (dir string, err error) {
	if asked != "" {
		dir, err = filepath.Abs(asked)
		if err == nil {
			err = os.MkdirAll(dir, 0o711) //nolint:gosec // Postgres may have to pass through as another user
		}
	} else if dir, err = os.MkdirTemp("", "perennial-crash-"); err == nil {
		err = os.Chmod(dir, 0o711) //nolint:gosec // the same
	}
	if err != nil {
		return "", fmt.Errorf("making the state directory: %w", err)
	}
	return dir, nil
}

func (in *installation) startEngine(ctx context.Context) error {
	var ports [3]string
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	program, err := filepath.Abs(filepath.Join(in.options.bin, "perennial-engine"))
	if err != nil {
		return err
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name != "DATABASE_URL" && !strings.HasPrefix(name, "TEMPORAL_") {
			in.env = append(in.env, pair)
		}
	}
	in.engine = in.part("engine", append([]string(nil), in.env...), program, "--data", filepath.Join(in.data, "engine"), "--exit-with-stdin",
		"--only", "temporal", "--temporal-port", ports[0], "--temporal-ui-port", ports[1], "--postgres-port", ports[2])
	in.base, in.stopAll = supervised(ctx, in.engine)
	var address struct {
		DatabaseURL       string `json:"database_url"`
		TemporalAddress   string `json:"temporal_address"`
		TemporalNamespace string `json:"temporal_namespace"`
	}
	err = until(ctx, 2*time.Minute, "the engine answers", func() bool {
		raw, err := os.ReadFile(filepath.Join(in.data, "engine", "engine.json"))
		return err == nil && json.Unmarshal(raw, &address) == nil
	})
	in.databaseURL = address.DatabaseURL
	in.env = append(in.env, "TEMPORAL_ADDRESS="+address.TemporalAddress, "TEMPORAL_NAMESPACE="+address.TemporalNamespace)
	return err
}

func (in *installation) startProduct(ctx context.Context) {
	in.api = in.part("api", in.env, in.options.program, "serve", "--roles", "api")
	in.worker = in.part("worker", in.env, in.options.program, "serve", "--roles", "worker,sender")
	in.work, in.stopWork = supervised(ctx, in.api, in.worker)
}

func (in *installation) part(name string, env []string, args ...string) *part {
	return &part{name: name, args: args, env: env, log: filepath.Join(in.data, name+".log"), pause: func() time.Duration {
		return in.random.between(0, 2*time.Second)
	}}
}

// supervised starts the supervisors of some parts, which outlive ctx until they are stopped.
func supervised(ctx context.Context, parts ...*part) (*errgroup.Group, context.CancelFunc) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range parts {
		group.Go(func() error { return p.supervise(ctx) })
	}
	return group, stop
}

// prepare waits for the API, publishes, and goes live.
func (in *installation) prepare(ctx context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	err := until(ctx, time.Minute, "the API answers", func() bool {
		return request(ctx, client, http.MethodGet, in.url+"/readyz", "", nil) == nil
	})
	if err != nil {
		return err
	}
	folders := filepath.Join(in.data, "journeys")
	unpacked, err := fs.Sub(journeys, "journeys")
	if err != nil {
		return err
	}
	if err := os.CopyFS(folders, unpacked); err != nil {
		return fmt.Errorf("writing the journeys: %w", err)
	}
	in.env = append(in.env, "PERENNIAL_URL="+in.url, "PERENNIAL_KEY="+in.key)
	args := []string{"journey", "publish"}
	for _, name := range []string{"welcome", "order", "question"} {
		args = append(args, filepath.Join(folders, name))
	}
	if _, err := in.perennial(ctx, args...); err != nil {
		return err
	}
	return request(ctx, client, http.MethodPut, in.url+"/api/switch", in.key, map[string]any{"live": true, "audience_floor": 0})
}

// perennial runs a command of the program and returns what it printed.
func (in *installation) perennial(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, in.options.program, args...) //nolint:gosec // the program under test
	cmd.Env = in.env
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running perennial %s: %w\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out), nil
}

// killPostgres is kill -9 of the postmaster; the engine starts the next one. False: there is none just now.
func (in *installation) killPostgres() bool {
	raw, err := os.ReadFile(filepath.Join(in.data, "engine", "postgres", "postmaster.pid"))
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	return err == nil && pid > 1 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// restarts counts the ends of processes that nobody killed: they gave up because what they need was away.
func (in *installation) restarts() int {
	return in.engine.ownEnds() + in.api.ownEnds() + in.worker.ownEnds()
}

// end stops everything, the product before what it stands on.
func (in *installation) end() {
	if in.stopWork != nil {
		in.stopWork()
		_ = in.work.Wait() // its end was asked for
	}
	if in.stopAll != nil {
		in.stopAll()
		_ = in.base.Wait()
	}
	if !in.keep {
		_ = os.RemoveAll(in.data) // what is left is in a temporary directory
	}
}

func (in *installation) say(format string, args ...any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	fmt.Fprintf(in.options.log, format+"\n", args...)
}

// freePort stays below the ports that the kernel gives to outgoing connections: one that is free now is free when its owner was
// killed and starts again.
func freePort() (string, error) {
	for range 200 {
		port := strconv.Itoa(12000 + rand.IntN(18000))
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return "", fmt.Errorf("finding a free port: 200 were in use")
}

// until waits for a condition.
func until(ctx context.Context, limit time.Duration, what string, condition func() bool) error {
	for end := time.Now().Add(limit); !condition(); {
		if time.Now().After(end) {
			return fmt.Errorf("waiting until %s: %s have passed", what, limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
