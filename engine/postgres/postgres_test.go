package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"perennial/engine/enginetest"
	"perennial/engine/logfile"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is for machines that are busy with something else; the figures are printed.
const patience = 30 * time.Second

func options(t *testing.T, dir string) Options {
	log, err := logfile.Open(filepath.Join(dir, "postgres.log"), 1<<20)
	require.NoError(t, err)
	t.Cleanup(func() { _ = log.Close() })
	return Options{Dir: dir, Log: log, Say: enginetest.Say(t)}
}

func start(t *testing.T, opts Options) *Cluster {
	t.Helper()
	c, err := Prepare(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

// do runs one statement as the given role, on a connection of its own.
func do(c *Cluster, role, database, sql string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL(role, database))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return fmt.Sprint(values...), err
	})
	return strings.Join(lines, "\n"), err
}

func perennial(t *testing.T, c *Cluster, sql string) string {
	t.Helper()
	answer, err := do(c, RolePerennial, DatabasePerennial, sql)
	require.NoError(t, err)
	return answer
}

func TestRolesAndSettings(t *testing.T) {
	t.Parallel()
	c := start(t, options(t, enginetest.Dir(t)))

	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "timezone": "UTC",
		"listen_addresses": "127.0.0.1", "server_encoding": "UTF8", "password_encryption": "scram-sha-256",
	} {
		assert.Equal(t, want, perennial(t, c, "show "+setting), setting)
	}
	for role, createdb := range map[string]string{RolePerennial: "true", RoleTemporal: "false"} {
		got := perennial(t, c, "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = '"+role+"'")
		assert.Equal(t, "false false "+createdb, got, role)
	}

	_, err := do(c, RolePerennial, DatabaseTemporal, "select 1")
	assert.ErrorContains(t, err, "permission denied", "the product has no business in Temporal's database")
	_, err = do(c, RoleTemporal, DatabasePerennial, "select 1")
	assert.ErrorContains(t, err, "permission denied")

	perennial(t, c, "create database tests_template")
	perennial(t, c, "create database test_1 template tests_template")

	for _, name := range []string{"postgres.json", "postgres.log"} {
		info, err := os.Stat(filepath.Join(c.opts.Dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestPostgresComesBackAfterKill9AndKeepsItsPort(t *testing.T) {
	t.Parallel()
	opts := options(t, enginetest.Dir(t))
	c := start(t, opts)
	perennial(t, c, "create table kept (n int)")
	perennial(t, c, "insert into kept values (7)")

	killed := time.Now()
	require.NoError(t, syscall.Kill(postmaster(filepath.Join(c.data, "postmaster.pid")), syscall.SIGKILL))
	require.Eventually(t, func() bool {
		answer, err := do(c, RolePerennial, DatabasePerennial, "select n from kept")
		return err == nil && answer == "7" && c.exits.Load() > 0
	}, patience, 20*time.Millisecond)
	t.Logf("back after %s", since(killed))

	url := c.URL(RolePerennial, DatabasePerennial)
	require.NoError(t, c.Stop())
	again := start(t, opts)
	assert.Equal(t, url, again.URL(RolePerennial, DatabasePerennial), "a restart keeps port and password")
	assert.Equal(t, "7", perennial(t, again, "select n from kept"))
}

// What a killed engine can leave behind: a Postgres that still runs, then a postmaster.pid whose number now belongs
// to a process that is not Postgres.
func TestStartAfterAnEngineThatWasKilled(t *testing.T) {
	t.Parallel()
	opts := options(t, enginetest.Dir(t))
	c := start(t, opts)
	perennial(t, c, "create table kept (n int)")
	require.NoError(t, c.Stop())

	orphan := c.serverCommand()
	require.NoError(t, orphan.Start())
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	require.Eventually(t, func() bool { return c.ping(t.Context()) == nil }, patience, 20*time.Millisecond)

	again := start(t, opts)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the orphan is still there")
	}
	assert.Empty(t, perennial(t, again, "select n from kept"))
	require.NoError(t, again.Stop())

	pidFile := filepath.Join(c.data, "postmaster.pid")
	require.NoError(t, os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s\n", os.Getpid(), c.data), 0o600))
	require.NoError(t, c.account.own(pidFile))
	last := start(t, opts)
	assert.Empty(t, perennial(t, last, "select n from kept"))
}

func TestPasswordsThatAreGoneAreNamed(t *testing.T) {
	t.Parallel()
	dir := enginetest.Dir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres"), 0o700))
	installed, err := Find()
	require.NoError(t, err)
	version := fmt.Appendf(nil, "%d\n", installed[0].Version)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), version, 0o600))
	c, err := Prepare(t.Context(), options(t, dir))
	require.NoError(t, err)
	assert.ErrorContains(t, c.Start(t.Context()), "postgres.json is missing")
}

func TestDataOfAnotherMajorVersionIsNamed(t *testing.T) {
	t.Parallel()
	dir := enginetest.Dir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("9\n"), 0o600))
	_, err := Prepare(t.Context(), options(t, dir))
	assert.ErrorContains(t, err, "written by Postgres 9")
}
