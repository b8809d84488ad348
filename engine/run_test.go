package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"perennial/engine/enginetest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
)

// The tests run the engine as users do, as a process of its own: the test binary is that process when asked.
func TestMain(m *testing.M) {
	if os.Getenv("ENGINE_TEST_PROCESS") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is for machines that are busy with something else: what is promised is 5 seconds for a start, 10 for an
// end, 30 for a Postgres that died. The figures are printed.
const patience = 30 * time.Second

// process is a running engine.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	took time.Duration // until it was ready
	ready
}

func command(dir string, args ...string) *exec.Cmd {
	args = append([]string{"--data", dir, "--temporal-port", "0", "--temporal-ui-port", "0", "--smtp-port", "0",
		"--inbox-port", "0"}, args...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "ENGINE_TEST_PROCESS=1")
	return cmd
}

func launch(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	return launchCommand(t, command(dir, args...))
}

func launchCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	p.cmd.Stderr = lines(enginetest.Say(t))
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	began := time.Now()
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the engine ended without a ready line")
	p.took = time.Since(began)
	text, ok := strings.CutPrefix(line, "ready ")
	require.True(t, ok, line)
	require.NoError(t, json.Unmarshal([]byte(text), &p.ready))
	return p
}

// lines passes what a process writes to say.
type lines func(string, ...any)

func (l lines) Write(p []byte) (int, error) {
	l("%s", strings.TrimSpace(string(p)))
	return len(p), nil
}

func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
}

// end asks politely and returns how long it took.
func (p *process) end() time.Duration {
	p.t.Helper()
	began := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.cmd.Wait())
	return time.Since(began)
}

func (p *process) dial() client.Client {
	p.t.Helper()
	c, err := client.Dial(client.Options{HostPort: p.TemporalAddress, Namespace: p.TemporalNamespace, Logger: silent{}})
	require.NoError(p.t, err)
	p.t.Cleanup(c.Close)
	return c
}

func (p *process) worker(c client.Client) worker.Worker {
	p.t.Helper()
	w := worker.New(c, "tests", worker.Options{})
	w.RegisterWorkflowWithOptions(greet, workflow.RegisterOptions{Name: "greet"})
	require.NoError(p.t, w.Start())
	return w
}

// silent keeps the SDK's complaints about an engine that was killed out of the test's output.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

// greet waits for a signal, sleeps for a moment, and answers.
func greet(ctx workflow.Context, name string) (string, error) {
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
	if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
		return "", err
	}
	return "hello " + name, nil
}

var (
	journey  = temporal.NewSearchAttributeKeyKeyword("Journey")
	customer = temporal.NewSearchAttributeKeyKeyword("Customer")
)

// The whole life of an engine: first start, work, kill -9 of the engine and of Postgres, restart, shutdown.
func TestEngineKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	dir := enginetest.Dir(t)
	first := launch(t, dir)
	t.Logf("first start, with initdb and schema: %s", first.took)
	c := first.dial()
	w := first.worker(c)
	ctx := t.Context()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "enrollment/1", TaskQueue: "tests", TypedSearchAttributes: temporal.NewSearchAttributes(
			journey.ValueSet("win-back"), customer.ValueSet("cus_1")),
	}, "greet", "Ada")
	require.NoError(t, err)
	require.NoError(t, smtp.SendMail(strings.TrimPrefix(first.SMTPURL, "smtp://"), nil, "shop@example.com",
		[]string{"ada@example.com"}, []byte("Subject: kept\r\n\r\nhello\r\n")))
	assertPageAnswers(t, first.TemporalUIURL+"/namespaces/perennial/workflows")
	assertSavedAs(t, dir, first.ready)

	first.kill()
	w.Stop()

	second := launch(t, dir)
	t.Logf("start after kill -9: %s", second.took)
	assert.Less(t, second.took, patience)
	assert.Equal(t, first.DatabaseURL, second.DatabaseURL)
	assert.Equal(t, []string{"kept"}, subjects(t, second.InboxURL))
	c = second.dial()
	w = second.worker(c)
	defer w.Stop()
	require.Eventually(t, func() bool {
		found, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: `Journey = "win-back" AND Customer = "cus_1"`,
		})
		return err == nil && len(found.GetExecutions()) == 1
	}, patience, 50*time.Millisecond, "it is found by its search attributes")

	killPostgres(t, dir)
	killed := time.Now()
	require.Eventually(t, func() bool {
		return c.SignalWorkflow(ctx, run.GetID(), "", "go", nil) == nil
	}, patience, 100*time.Millisecond, "Temporal goes on when Postgres is back")
	t.Logf("Temporal takes signals again %s after the kill of Postgres", since(killed))
	var answer string
	getCtx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	require.NoError(t, c.GetWorkflow(getCtx, run.GetID(), "").Get(getCtx, &answer))
	assert.Equal(t, "hello Ada", answer)
	t.Logf("the workflow ended %s after it", since(killed))

	took := second.end()
	t.Logf("shutdown with a worker connected: %s", took)
	assert.Less(t, took, patience)
	assert.NoFileExists(t, filepath.Join(dir, readyName))
	third := launch(t, dir, "--time-skipping")
	t.Logf("start after a shutdown: %s", third.took)
	assert.Less(t, third.took, patience)
	assertSixtyDaysPassInAMoment(t, third)
	assert.Less(t, third.end(), patience)
}

func assertSixtyDaysPassInAMoment(t *testing.T, p *process) {
	t.Helper()
	skip := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker,
		opts ...grpc.CallOption) error {
		if start, ok := req.(*workflowservice.StartWorkflowExecutionRequest); ok {
			start.TimeSkippingConfig = &common.TimeSkippingConfig{Enabled: true}
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	c, err := client.Dial(client.Options{
		HostPort: p.TemporalAddress, Namespace: p.TemporalNamespace, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(skip)}},
	})
	require.NoError(t, err)
	defer c.Close()
	w := worker.New(c, "sleepers", worker.Options{})
	w.RegisterWorkflowWithOptions(sixtyDays, workflow.RegisterOptions{Name: "sixtyDays"})
	require.NoError(t, w.Start())
	defer w.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: "sleepers"}, "sixtyDays")
	require.NoError(t, err)
	require.NoError(t, run.Get(ctx, nil))
}

func sixtyDays(ctx workflow.Context) error { return workflow.Sleep(ctx, 60*24*time.Hour) }

func assertPageAnswers(t *testing.T, address string) {
	t.Helper()
	res, err := http.Get(address)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusOK, res.StatusCode, address)
}

func assertSavedAs(t *testing.T, dir string, want ready) {
	t.Helper()
	path := filepath.Join(dir, readyName)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var saved ready
	require.NoError(t, json.Unmarshal(text, &saved))
	assert.Equal(t, want, saved)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds a password")
}

func subjects(t *testing.T, inboxURL string) []string {
	t.Helper()
	res, err := http.Get(inboxURL + "/api/v1/messages")
	require.NoError(t, err)
	defer res.Body.Close()
	var list struct{ Messages []struct{ Subject string } }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&list))
	var all []string
	for _, m := range list.Messages {
		all = append(all, m.Subject)
	}
	return all
}

func killPostgres(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.Fields(string(text))[0])
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

func TestEveryPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	var args, want []string
	for _, flag := range []string{"--temporal-port", "--temporal-ui-port", "--smtp-port", "--inbox-port", "--postgres-port"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		args = append(args, flag, port)
		want = append(want, port, flag)
	}
	dir := enginetest.Dir(t)
	out, err := command(dir, args...).CombinedOutput()
	require.Error(t, err)
	for _, text := range want {
		assert.Contains(t, string(out), text)
	}
	assert.Equal(t, 5, strings.Count(string(out), "is in use: choose another with"))
	assert.NoDirExists(t, filepath.Join(dir, "postgres"), "nothing was started")
}

func TestOneEnginePerDirectory(t *testing.T) {
	t.Parallel()
	dir := enginetest.Dir(t)
	first := launch(t, dir, "--only", "inbox")
	out, err := command(dir, "--only", "inbox").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), fmt.Sprintf("another engine (process %d) works in it", first.PID))
	assert.Empty(t, first.DatabaseURL)
	assert.Empty(t, first.TemporalAddress)
	first.end()
}

func TestEngineEndsWithStandardInput(t *testing.T) {
	t.Parallel()
	cmd := command(enginetest.Dir(t), "--only", "inbox", "--exit-with-stdin")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	p := launchCommand(t, cmd)
	require.NoError(t, in.Close())
	require.NoError(t, p.cmd.Wait(), "it ends by itself, cleanly")
}

// A server of one's own: the engine makes Temporal's databases there, with the rights that it was given.
func TestDatabaseURLIsUsedInstead(t *testing.T) {
	t.Parallel()
	serverDir := enginetest.Dir(t)
	server := launch(t, serverDir, "--only", "postgres")

	// The private server's own Temporal databases belong to another role: entering them is refused, in plain words.
	dir := enginetest.Dir(t)
	cmd := command(dir)
	cmd.Env = append(cmd.Env, "DATABASE_URL="+server.DatabaseURL)
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "entering database temporal")
	ours, err := url.Parse(server.DatabaseURL)
	require.NoError(t, err)
	password, _ := ours.User.Password()
	assert.NotContains(t, string(out), password)

	// Their owner may.
	cmd = command(dir)
	cmd.Env = append(cmd.Env, "DATABASE_URL="+owner(t, serverDir, ours))
	p := launchCommand(t, cmd)
	assert.Equal(t, owner(t, serverDir, ours), p.DatabaseURL)
	assert.NoDirExists(t, filepath.Join(dir, "postgres"))
	p.end()
}

// owner is the URL of the role that owns Temporal's databases on a private server.
func owner(t *testing.T, dir string, server *url.URL) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres.json"))
	require.NoError(t, err)
	var secrets struct {
		Password string `json:"temporal_password"`
	}
	require.NoError(t, json.Unmarshal(text, &secrets))
	as := *server
	as.User, as.Path = url.UserPassword("temporal", secrets.Password), "/temporal"
	return as.String()
}

func TestMistakesOnTheCommandLineAreNamed(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--data DIR is required":      {},
		"not an IP address":           {"--data", "x", "--host", "shop.example"},
		`no part "mail"`:              {"--data", "x", "--only", "mail"},
		`unexpected argument "start"`: {"--data", "x", "start"},
	} {
		_, err := parseOptions(args, func(string) string { return "" }, lines(t.Logf))
		assert.ErrorContains(t, err, want)
	}
}
