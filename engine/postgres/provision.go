package postgres

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Databases. Temporal's two are its own; the product's is perennial.
const (
	DatabaseTemporal   = "temporal"
	DatabaseVisibility = "temporal_visibility"
	DatabasePerennial  = "perennial"
)

var owners = []struct{ database, role string }{
	{DatabaseTemporal, RoleTemporal},
	{DatabaseVisibility, RoleTemporal},
	{DatabasePerennial, RolePerennial},
}

// provision makes the roles and databases that are missing; it is run at every start, so that a start that was cut
// off half-way mends itself.
func (c *Cluster) provision(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.URL(superuser, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// perennial may create databases because its tests copy a template; neither role is more than that.
	for role, rights := range map[string]string{RoleTemporal: "NOCREATEDB", RolePerennial: "CREATEDB"} {
		if err := ensureRole(ctx, conn, role, c.secrets.password(role), rights); err != nil {
			return err
		}
	}
	for _, o := range owners {
		if err := ensureDatabase(ctx, conn, o.database, o.role); err != nil {
			return err
		}
	}
	return nil
}

func ensureRole(ctx context.Context, conn *pgx.Conn, role, password, rights string) error {
	var exists bool
	err := conn.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, role).Scan(&exists)
	if err != nil {
		return fmt.Errorf("looking for role %s: %w", role, err)
	}
	verb := "create"
	if exists {
		verb = "alter"
	}
	// The password is rand.Text: letters and digits, nothing to quote.
	sql := fmt.Sprintf("%s role %s with login nosuperuser nocreaterole %s password '%s'",
		verb, pgx.Identifier{role}.Sanitize(), rights, password)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("making role %s: %w", role, err)
	}
	return nil
}

// ensureDatabase makes a database that only its owner can enter. An empty owner means the role that is connected.
func ensureDatabase(ctx context.Context, conn *pgx.Conn, name, owner string) error {
	var exists bool
	err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&exists)
	if err != nil {
		return fmt.Errorf("looking for database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	quoted := pgx.Identifier{name}.Sanitize()
	create := "create database " + quoted
	if owner != "" {
		create += " owner " + pgx.Identifier{owner}.Sanitize()
	}
	for _, sql := range []string{create, "revoke connect, temporary on database " + quoted + " from public"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("making database %s: %w", name, err)
		}
	}
	return nil
}

// Foreign makes Temporal's databases on a server that is not ours, with the rights of the role in databaseURL, and
// makes sure that it can enter them.
func Foreign(ctx context.Context, databaseURL string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connecting to DATABASE_URL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range []string{DatabaseTemporal, DatabaseVisibility} {
		if err := ensureDatabase(ctx, conn, name, ""); err != nil {
			return fmt.Errorf("%w. Mend: let an administrator run: create database %s owner %s", err, name,
				conn.Config().User)
		}
		if err := enter(ctx, databaseURL, name); err != nil {
			return err
		}
	}
	return nil
}

func enter(ctx context.Context, databaseURL, name string) error {
	there, err := WithDatabase(databaseURL, name)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, there)
	if err != nil {
		return fmt.Errorf("entering database %s: %w. Mend: make the role of DATABASE_URL its owner", name, err)
	}
	return conn.Close(ctx)
}

// WithDatabase is databaseURL with another database in it.
func WithDatabase(databaseURL, database string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		// The text of the error would hold the password.
		return "", fmt.Errorf("reading DATABASE_URL: it must look like postgres://user:password@host:5432/database")
	}
	u.Path = "/" + database
	return u.String(), nil
}
