package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// These tests run the built programs, as people do. Each has an installation of its own: a state directory, ports, and an engine.

func TestMain(m *testing.M) {
	m.Run()
	if path, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// built is the program under test, built once per run and only when a test asks for it.
var built = sync.OnceValues(func() (string, error) {
	if !wanted.Load() {
		return "", errors.New("no test asked for it")
	}
	dir, err := os.MkdirTemp("", "perennial-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "perennial")
	if said, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building perennial: %w\n%s", err, said)
	}
	return path, nil
})

var wanted atomic.Bool

func program(t *testing.T) string {
	t.Helper()
	wanted.Store(true)
	path, err := built()
	require.NoError(t, err)
	return path
}

// place is where an installation lives: its state directory and its ports, which stay the same from one start to the next.
type place struct {
	Data                              string
	http, temporal, page, smtp, inbox int
}

func newPlace(t *testing.T) *place {
	t.Helper()
	data := t.TempDir()
	for _, dir := range []string{filepath.Dir(data), data} { // Postgres passes through as another user when we are root
		require.NoError(t, os.Chmod(dir, 0o711))
	}
	return &place{Data: data, http: freePort(), temporal: freePort(), page: freePort(), smtp: freePort(), inbox: freePort()}
}

// nextPort counts through ports below those that the kernel gives to outgoing connections: one that is free now is still free
// when its owner was killed and starts again.
var nextPort = func() *atomic.Int32 {
	var n atomic.Int32
	n.Store(12000 + rand.Int32N(18000))
	return &n
}()

func freePort() int {
	for {
		port := int(nextPort.Add(1))
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			_ = l.Close()
			return port
		}
	}
}

func (p *place) flags() []string {
	flag := func(name string, port int) string { return "--" + name + "=" + strconv.Itoa(port) }
	return []string{"--data=" + p.Data, flag("http-port", p.http), flag("temporal-port", p.temporal),
		flag("temporal-ui-port", p.page), flag("smtp-port", p.smtp), flag("inbox-port", p.inbox)}
}

func (p *place) url() string      { return fmt.Sprintf("http://127.0.0.1:%d", p.http) }
func (p *place) inboxURL() string { return fmt.Sprintf("http://127.0.0.1:%d", p.inbox) }

// start starts `perennial COMMAND` on the place; it is ended with the test, if it has not ended by then.
func (p *place) start(t *testing.T, command string, more ...string) *process {
	t.Helper()
	t.Cleanup(func() { p.vacate(t) })
	return start(t, append(append([]string{command}, p.flags()...), more...)...)
}

// dev starts `perennial dev` and waits until it is ready.
func (p *place) dev(t *testing.T, more ...string) *process {
	t.Helper()
	dev := p.start(t, "dev", more...)
	dev.awaitReady()
	return dev
}

// vacate waits until the engine of the place has ended, whatever ended the program above it.
func (p *place) vacate(t *testing.T) {
	t.Helper()
	pid := p.enginePID()
	lock := filepath.Join(p.Data, "engine", "engine.lock")
	for end := time.Now().Add(20 * time.Second); ; {
		if _, err := os.Stat(lock); err != nil {
			return
		}
		if release, err := lockFile(lock); err == nil {
			release()
			return
		}
		if time.Now().After(end) {
			t.Errorf("the engine of %s does not end by itself", p.Data)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (p *place) engine(t *testing.T) engineAddress {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.Data, "engine", "engine.json"))
	require.NoError(t, err)
	var e engineAddress
	require.NoError(t, json.Unmarshal(raw, &e))
	return e
}

func (p *place) enginePID() int {
	var e engineAddress
	if raw, err := os.ReadFile(filepath.Join(p.Data, "engine", "engine.json")); err != nil || json.Unmarshal(raw, &e) != nil {
		return 0
	}
	return e.PID
}

// postmaster is the process id of the private Postgres.
func (p *place) postmaster(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.Data, "engine", "postgres", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	require.NoError(t, err)
	return pid
}

// keys reads keys.json.
func (p *place) keys(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.Data, "keys.json"))
	require.NoError(t, err)
	keys := map[string]string{}
	require.NoError(t, json.Unmarshal(raw, &keys))
	return keys
}

// as speaks to the API of the place with the key of a role.
func (p *place) as(t *testing.T, role journey.Role) *caller {
	t.Helper()
	return &caller{t: t, server: &server{url: p.url(), key: p.keys(t)[string(role)], http: &http.Client{Timeout: 10 * time.Second}}}
}

// caller is somebody at the API whose requests must succeed.
type caller struct {
	t      *testing.T
	server *server
}

func (c *caller) get(path string, into any) {
	c.t.Helper()
	require.NoError(c.t, c.server.call(c.t.Context(), http.MethodGet, path, nil, into), path)
}

func (c *caller) post(path string, body, into any) {
	c.t.Helper()
	require.NoError(c.t, c.server.call(c.t.Context(), http.MethodPost, path, body, into), path)
}

// messages lists the whole ledger, or that of one query such as customer=cus_….
func (c *caller) messages(query string) []journey.MessageSummary {
	c.t.Helper()
	var all []journey.MessageSummary
	for cursor := ""; ; {
		var page journey.Page[journey.MessageSummary]
		c.get("/api/messages?limit=200&cursor="+cursor+"&"+query, &page)
		all = append(all, page.Data...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// process is a program that runs. What it prints goes into files, so that its end is its own and not that of a child which
// still holds a pipe.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err string // files
	ended    chan struct{}
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startOf(t, program(t), nil, args...)
}

// startOf starts a program that was built in another way, with more in its environment.
func startOf(t *testing.T, program string, env []string, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, cmd: exec.Command(program, args...), out: filepath.Join(dir, "out"), err: filepath.Join(dir, "err"), ended: make(chan struct{})}
	out, err := os.Create(p.out)
	require.NoError(t, err)
	defer out.Close()
	errs, err := os.Create(p.err)
	require.NoError(t, err)
	defer errs.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	p.cmd.Env = append(surroundings(t), env...)
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		if p.running() {
			p.signal(syscall.SIGTERM)
			p.endsWithin(30 * time.Second)
		}
		if t.Failed() {
			t.Logf("perennial %s said:\n%s\n%s", strings.Join(args, " "), tail(p.said()), tail(p.complained()))
		}
	})
	return p
}

// surroundings is the environment of a program: ours, with the engine that make build made, and without a database of the
// developer's own.
func surroundings(t *testing.T) []string {
	t.Helper()
	engine, err := filepath.Abs("../../bin/perennial-engine")
	require.NoError(t, err)
	_, err = os.Stat(engine)
	require.NoError(t, err, "there is no engine: run make build")
	env := []string{}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); name != "DATABASE_URL" && name != "SMTP_URL" && name != "PUBLIC_URL" {
			env = append(env, pair)
		}
	}
	return append(env, "PERENNIAL_ENGINE_PROGRAM="+engine)
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) { require.NoError(p.t, p.cmd.Process.Signal(s)) }

// endsWithin waits for the end and returns the status; -1 when a signal ended it.
func (p *process) endsWithin(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		_ = p.cmd.Process.Kill()
		require.Fail(p.t, fmt.Sprintf("perennial did not end within %s", limit))
	}
	return p.cmd.ProcessState.ExitCode()
}

// kill is kill -9.
func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	p.endsWithin(5 * time.Second)
}

func (p *process) said() string       { return readAll(p.t, p.out) }
func (p *process) complained() string { return readAll(p.t, p.err) }

func readAll(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func tail(text string) string { return text[max(0, len(text)-6000):] }

// awaitReady waits for the line that says that everything answers.
func (p *process) awaitReady() {
	p.t.Helper()
	p.await(time.Minute, func() bool { return strings.HasPrefix(p.said(), "ready ") || strings.Contains(p.said(), "\nready ") }, "the ready line")
}

// await waits for a condition of a program that must not end meanwhile.
func (p *process) await(limit time.Duration, condition func() bool, what string, args ...any) {
	p.t.Helper()
	testenv.Eventually(p.t, limit, func() bool { return condition() || !p.running() }, what, args...)
	require.True(p.t, condition(), "perennial ended while we waited for "+what, args)
}

// command runs the program in process, as main does, and returns its exit status and what it printed.
func command(t *testing.T, env []string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), args, env, stdio{in: strings.NewReader(""), out: &stdout, err: &stderr})
	if err != nil {
		fmt.Fprintln(&stderr, "perennial: "+err.Error())
		status = exitStatus(err)
	}
	return status, stdout.String(), stderr.String()
}

// fetch reads a page of the inbox or of anything else that answers GET.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", url, raw)
	return raw
}

// delivered is every mail in the inbox.
func (p *place) delivered(t *testing.T) []testenv.Mail {
	t.Helper()
	var all []testenv.Mail
	for {
		var list struct {
			Messages []testenv.Mail `json:"messages"`
		}
		require.NoError(t, json.Unmarshal(fetch(t, fmt.Sprintf("%s/api/v1/messages?limit=200&start=%d", p.inboxURL(), len(all))), &list))
		all = append(all, list.Messages...)
		if len(list.Messages) < 200 {
			return all
		}
	}
}
