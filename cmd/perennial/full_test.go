package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// Postgres is full: nothing gets 2xx, no mail goes out, and when there is room again all goes on by itself. A file system of its own
// that runs full is not to be had on every machine, so that triggers on every table raise what Postgres raises then: disk_full, 53100,
// for each statement that writes. Reading goes on, as it does on a full disk.
func TestPostgresFullGivesNo2xxAndNoMailAndRecovers(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 0)
	p.start(p.url)
	p.withTriggers()
	p.publish("  - send: { message: hello, window: any, expires: 400d }\n  - wait: 5d\n")
	off := false
	_, err := p.app.control.Switch(t.Context(), itself, journey.Switch{Sending: &off})
	require.NoError(t, err)
	addresses := p.signUp(3)
	p.await(3, `SELECT count(*) FROM messages WHERE state = 'queued'`, "mail that is queued")

	tx, err := p.db.Begin(t.Context()) // sending is allowed in the very moment in which the disk is full
	require.NoError(t, err)
	for _, sql := range []string{`UPDATE settings SET sending = true`, `INSERT INTO disk.full VALUES (true)`} {
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit(t.Context()))
	taken := p.number(`SELECT count(*) FROM events`)
	for n := range 3 {
		status, retry := p.report(fmt.Sprintf("full-%d", n))
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.NotEmpty(t, retry)
	}
	testenv.Eventually(t, 20*time.Second, func() bool { return p.number(`SELECT last_value FROM disk.refused`) > 20 },
		"sender, relay and intake to have tried") // a sequence counts on, though what it counted is rolled back
	assert.Equal(t, taken, p.number(`SELECT count(*) FROM events`))
	assert.Zero(t, p.mails(addresses), "no mail without its dot in the ledger")

	began := time.Now()
	_, err = p.db.Exec(t.Context(), `DELETE FROM disk.full`)
	require.NoError(t, err)
	testenv.Eventually(t, 30*time.Second, func() bool { status, _ := p.report("full-0"); return status < 300 }, "the next event to be taken")
	more := p.signUp(2)
	p.await(5, waiting, "people who wait")
	p.quiet()
	addresses = append(addresses, more...)
	testenv.Eventually(t, 60*time.Second, func() bool { return p.mails(addresses) >= 5 }, "everyone's mail")
	assert.Equal(t, 5, p.mails(addresses), "none twice")
	t.Logf("all mail was out %s after there was room", time.Since(began).Round(100*time.Millisecond))
}

// withTriggers lets every statement that writes fail for as long as a row stands in disk.full.
func (p *plant) withTriggers() {
	p.t.Helper()
	for _, sql := range []string{
		`CREATE SCHEMA disk`, `CREATE TABLE disk.full (yes boolean)`, `CREATE SEQUENCE disk.refused`,
		`CREATE FUNCTION disk.write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF EXISTS (SELECT FROM disk.full) THEN
				PERFORM nextval('disk.refused');
				RAISE disk_full USING MESSAGE = 'could not extend file "base/16384/16385": No space left on device', HINT = 'Check free disk space.';
			END IF;
			RETURN NULL;
		END $$`,
	} {
		_, err := p.db.Exec(p.t.Context(), sql)
		require.NoError(p.t, err)
	}
	rows, err := p.db.Query(p.t.Context(), `SELECT quote_ident(relname) FROM pg_class
		WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition`)
	require.NoError(p.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(p.t, err)
	require.Greater(p.t, len(tables), 20)
	for _, table := range tables {
		_, err := p.db.Exec(p.t.Context(), `CREATE TRIGGER disk AFTER INSERT OR UPDATE ON `+table+` FOR EACH STATEMENT EXECUTE FUNCTION disk.write()`)
		require.NoError(p.t, err)
	}
}
