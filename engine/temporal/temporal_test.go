package temporal

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"perennial/engine/enginetest"
	"perennial/engine/logfile"
	"perennial/engine/postgres"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// database starts a private Postgres and returns Options that point at it.
func database(t *testing.T) (Options, *postgres.Cluster) {
	t.Helper()
	dir := enginetest.Dir(t)
	log, err := logfile.Open(filepath.Join(dir, "engine.log"), 1<<20)
	require.NoError(t, err)
	c, err := postgres.Prepare(t.Context(), postgres.Options{Dir: dir, Log: log, Say: enginetest.Say(t)})
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { _ = c.Stop() })
	return Options{
		StoreURL:      c.URL(postgres.RoleTemporal, postgres.DatabaseTemporal),
		VisibilityURL: c.URL(postgres.RoleTemporal, postgres.DatabaseVisibility),
		Log:           log, Say: enginetest.Say(t),
	}, c
}

// indexNames lists the visibility indexes, and what they are partial on.
func indexNames(t *testing.T, opts Options) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := inTransaction(t.Context(), opts.VisibilityURL, func(tx pgx.Tx) error {
		indexes, err := visibilityIndexes(t.Context(), tx)
		for _, ix := range indexes {
			found[ix.Name] = afterTable.FindString(ix.Definition)
		}
		return err
	})
	require.NoError(t, err)
	return found
}

// An update of Temporal's schema may drop or rename indexes that are no longer there: they are put back for it.
func TestVisibilityIsSlimmedAndCanBeUpdated(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	opts, _ := database(t)
	logger := newLogger(opts.Log, make(chan error, 1))

	stock := opts
	stock.stockIndexes = true
	_, err := migrate(ctx, stock, logger)
	require.NoError(t, err)
	before := indexNames(t, opts)
	changed, err := migrate(ctx, opts, logger)
	require.NoError(t, err)
	assert.False(t, changed, "the schema itself was up to date")
	slimmed := indexNames(t, opts)

	t.Logf("%d indexes before, %d after", len(before), len(slimmed))
	assert.Len(t, slimmed, len(kept))
	for name, column := range kept {
		assert.Contains(t, before, name, "Temporal still has an index of this name")
		assert.Equal(t, column != "", slimmed[name] != "", name)
	}
	_, err = migrate(ctx, opts, logger)
	require.NoError(t, err)
	assert.Equal(t, slimmed, indexNames(t, opts), "doing it again changes nothing")

	require.NoError(t, unslim(ctx, opts.VisibilityURL))
	back := indexNames(t, opts)
	for name := range before {
		assert.Contains(t, back, name)
	}
	require.NoError(t, slim(ctx, opts.VisibilityURL))
	assert.Equal(t, slimmed, indexNames(t, opts))
}

func TestAServerWithoutADatabaseSaysSo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	log, err := logfile.Open(filepath.Join(t.TempDir(), "engine.log"), 1<<20)
	require.NoError(t, err)
	nowhere := fmt.Sprintf("postgres://x:y@%s/temporal", l.Addr())
	_, err = Start(t.Context(), Options{
		Host: "127.0.0.1", StoreURL: nowhere, VisibilityURL: nowhere, Log: log, Say: enginetest.Say(t),
	})
	assert.ErrorContains(t, err, "bringing postgresql/v12/temporal up to date")
}

// TestBytesPerSleepingWorkflow prints the figures of README.md: ENGINE_MEASURE=2000 go test -run Bytes ./temporal -v
func TestBytesPerSleepingWorkflow(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("ENGINE_MEASURE"), &n); err != nil {
		t.Skip("set ENGINE_MEASURE to a number of workflows")
	}
	for name, stock := range map[string]bool{"stock": true, "lean": false} {
		t.Run(name, func(t *testing.T) { measure(t, n, stock) })
	}
}

func measure(t *testing.T, n int, stock bool) {
	opts, cluster := database(t)
	ports, err := freePorts(2)
	require.NoError(t, err)
	opts.Host, opts.Port, opts.WebPort, opts.stockIndexes = "127.0.0.1", ports[0], ports[1], stock
	server, err := Start(t.Context(), opts)
	require.NoError(t, err)
	defer server.Stop()
	c, err := client.Dial(client.Options{HostPort: opts.address(), Namespace: Namespace, Logger: silent{}})
	require.NoError(t, err)
	defer c.Close()
	w := worker.New(c, "sleepers", worker.Options{MaxConcurrentWorkflowTaskPollers: 8})
	w.RegisterWorkflowWithOptions(sleeper, workflow.RegisterOptions{Name: "Enrollment"})
	require.NoError(t, w.Start())
	defer w.Stop()

	sleep(t, c, 0, 10) // what is made once is there before the count begins
	before := sizes(t, cluster)
	began := time.Now()
	sleep(t, c, 10, 10+n)
	took := time.Since(began)
	after := sizes(t, cluster)
	for _, table := range []string{postgres.DatabaseTemporal, postgres.DatabaseVisibility} {
		t.Logf("%s: %d bytes per sleeping workflow", table, (after[table]-before[table])/int64(n))
	}
	t.Logf("%.0f workflows/s started and put to sleep", float64(n)/took.Seconds())
}

func sleeper(ctx workflow.Context) error { return workflow.Sleep(ctx, 30*24*time.Hour) }

// sleep starts workflows from to until, and waits until all of them sleep and can be found.
func sleep(t *testing.T, c client.Client, from, to int) {
	t.Helper()
	ctx := t.Context()
	var wg sync.WaitGroup
	for lane := range 16 {
		wg.Go(func() {
			for i := from + lane; i < to; i += 16 {
				_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
					ID: fmt.Sprintf("enrollment/enr_%026d", i), TaskQueue: "sleepers",
					TypedSearchAttributes: temporal.NewSearchAttributes(
						temporal.NewSearchAttributeKeyKeyword("Journey").ValueSet("win-back"),
						temporal.NewSearchAttributeKeyKeyword("Customer").ValueSet(fmt.Sprintf("cus_%026d", i))),
				}, "Enrollment")
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool {
		last, err := c.DescribeWorkflowExecution(ctx, fmt.Sprintf("enrollment/enr_%026d", to-1), "")
		if err != nil || last.GetWorkflowExecutionInfo().GetHistoryLength() < 5 {
			return false
		}
		found, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{})
		return err == nil && found.GetCount() == int64(to)
	}, time.Minute, 100*time.Millisecond)
}

// sizes are those of the two databases, without dead rows' space.
func sizes(t *testing.T, cluster *postgres.Cluster) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for _, name := range []string{postgres.DatabaseTemporal, postgres.DatabaseVisibility} {
		conn, err := pgx.Connect(t.Context(), cluster.URL(postgres.RoleTemporal, name))
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "vacuum")
		require.NoError(t, err)
		var size int64
		require.NoError(t, conn.QueryRow(t.Context(), `select sum(pg_total_relation_size(c.oid))
			from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public' and relkind = 'r'`).Scan(&size))
		found[name] = size
		require.NoError(t, conn.Close(context.Background()))
	}
	return found
}

type silent struct{}

var _ sdklog.Logger = silent{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
