package testenv

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"perennial/migrations"
	"perennial/store"
)

// Database returns the URL of a fresh, migrated database that is dropped when the test ends. It is a copy of a template that
// is migrated once per content of the migrations, so it costs some 50 ms.
func Database(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := adminURL(t)
	template := "perennial_template_" + migrationsHash(t)
	ensureTemplate(ctx, t, admin, template)

	name := "perennial_test_" + rand.Text()[:12]
	exec(ctx, t, admin, "CREATE DATABASE "+ident(name)+" TEMPLATE "+ident(template))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		drop(ctx, t, admin, name)
	})
	return withDatabase(t, admin, name)
}

// Copy returns the URL of a copy of a database that nobody is connected to, as a restored backup would be. It goes with the test.
func Copy(t testing.TB, dsn string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	admin, name := adminURL(t), "perennial_test_"+rand.Text()[:12]
	exec(ctx, t, admin, "CREATE DATABASE "+ident(name)+" TEMPLATE "+ident(strings.TrimPrefix(u.Path, "/")))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		drop(ctx, t, admin, name)
	})
	return withDatabase(t, admin, name)
}

// Store opens a store on a database of its own. Zero options mean real time, UTC.
func Store(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	if o.Wall == nil {
		o.Wall = time.Now
	}
	s, err := store.Open(t.Context(), Database(t), o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func adminURL(t testing.TB) string {
	if u := os.Getenv("PERENNIAL_TEST_DATABASE_URL"); u != "" {
		return u
	}
	return TheEngine(t).DatabaseURL
}

// ensureTemplate makes the template under an advisory lock, so that packages tested side by side make it once. It is built
// under another name and renamed when it is whole: a killed test run leaves no half template.
func ensureTemplate(ctx context.Context, t testing.TB, admin, template string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, admin)
	require.NoError(t, err, "connecting to Postgres for tests")
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	_, err = conn.Exec(ctx, "SELECT pg_advisory_lock(7243001)")
	require.NoError(t, err)
	var exists bool
	require.NoError(t, conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&exists))
	if exists {
		return
	}
	building := template + "_building"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + ident(building) + " WITH (FORCE)", "CREATE DATABASE " + ident(building)} {
		_, err = conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	require.NoError(t, store.Migrate(ctx, withDatabase(t, admin, building), io.Discard))
	_, err = conn.Exec(ctx, "ALTER DATABASE "+ident(building)+" RENAME TO "+ident(template))
	require.NoError(t, err)
}

// drop drops a database that its test may have left connections to. WITH (FORCE) would stumble over an autovacuum worker, which
// belongs to a superuser; without it Postgres sends that one away itself.
func drop(ctx context.Context, t testing.TB, admin, name string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, admin)
	require.NoError(t, err, "connecting to Postgres for tests")
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	for {
		_, err = conn.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user`, name)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name))
		var used *pgconn.PgError
		if errors.As(err, &used) && used.Code == "55006" && ctx.Err() == nil {
			continue // somebody is just leaving
		}
		require.NoError(t, err)
		return
	}
}

func migrationsHash(t testing.TB) string {
	t.Helper()
	h := sha256.New()
	names, err := fs.Glob(migrations.Files, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		raw, err := migrations.Files.ReadFile(name)
		require.NoError(t, err)
		h.Write([]byte(name))
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func exec(ctx context.Context, t testing.TB, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err, "connecting to Postgres for tests")
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}

func withDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }
