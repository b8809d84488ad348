package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/testenv"
)

// A file of 6,000 lines: every thousandth is too short, and the last hundred customers come twice.
const (
	fileLines   = 6000
	fileRefused = 6
	fileTwice   = 100
)

func customersFile() string {
	var file strings.Builder
	file.WriteString("email,user_id,points\n")
	for n := 1; n <= fileLines; n++ {
		who := n
		if n > fileLines-fileTwice {
			who -= fileTwice
		}
		if n%1000 == 500 {
			fmt.Fprintf(&file, "c%d@example.com\n", who)
		} else {
			fmt.Fprintf(&file, "c%d@example.com,u%d,%d\n", who, who, n)
		}
	}
	return file.String()
}

// Everything is killed in the middle of the upload, and started again and killed once more in the middle of applying. The same file goes on
// where it broke off, applying goes on by itself, and in the end every line was applied once and the report names those that were not.
func TestAnImportSurvivesKill9(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dev := p.dev(t)
	sql := p.database(t)
	file := customersFile()
	from, to := io.Pipe()
	broken := make(chan error, 1)
	go func() {
		_, err := p.upload(t, from)
		broken <- err
	}()
	_, err := io.WriteString(to, file[:len(file)/2])
	require.NoError(t, err)
	var before journey.Import
	testenv.Eventually(t, time.Minute, func() bool {
		return sql.QueryRow(t.Context(), `SELECT id, state, lines FROM imports`).Scan(&before.ID, &before.State, &before.Lines) == nil && before.Lines > 0
	}, "the first lines to be kept")
	require.Equal(t, journey.ImportUploading, before.State)
	dev.kill()
	_ = to.CloseWithError(io.ErrClosedPipe)
	require.Error(t, <-broken)
	p.vacate(t)

	dev = p.dev(t)
	i, err := p.upload(t, strings.NewReader(file))
	require.NoError(t, err)
	require.Equal(t, before.ID, i.ID, "the same file is the same import")
	require.Equal(t, int64(fileLines), i.Lines)
	progress := func() journey.Import {
		require.NoError(t, p.as(t, journey.RoleMarketer).server.call(t.Context(), http.MethodGet, "/api/imports/"+i.ID, nil, &i))
		return i
	}
	testenv.Eventually(t, 5*time.Minute, func() bool { return progress().Applied > 0 }, "the first lines to be applied")
	dev.kill()
	p.vacate(t)

	dev = p.dev(t)
	assert.Equal(t, journey.ImportApplying, progress().State, "it was killed in the middle")
	testenv.Eventually(t, 10*time.Minute, func() bool { return progress().State == journey.ImportDone }, "the end of the import")
	assert.Equal(t, []int64{fileLines, fileRefused, fileLines - fileRefused}, []int64{i.Lines, i.Refused, i.Applied})
	p.everyLineCountsOnce(t, i)
	require.True(t, dev.running())
}

// upload sends a file as the same import each time.
func (p *place) upload(t *testing.T, file io.Reader) (i journey.Import, err error) {
	s := p.as(t, journey.RoleMarketer).server
	s.http = &http.Client{}
	err = s.send(t.Context(), http.MethodPost, "/api/imports?name=customers.csv", file, &i, "Content-Type", "text/csv", "Idempotency-Key", "customers")
	return i, err
}

func (p *place) everyLineCountsOnce(t *testing.T, i journey.Import) {
	t.Helper()
	sql, err := pgx.Connect(t.Context(), p.engine(t).DatabaseURL)
	require.NoError(t, err)
	defer sql.Close(t.Context()) //nolint:errcheck // the session ends either way
	for question, want := range map[string]int{
		`SELECT count(*) FROM events WHERE kind = 'identify' AND number IS NOT NULL`:                                                        fileLines - fileRefused,
		`SELECT count(DISTINCT context->>'line') FROM events WHERE kind = 'identify'`:                                                       fileLines - fileRefused,
		`SELECT count(*) FROM customers WHERE external_id LIKE 'u%' AND email = 'c' || substr(external_id, 2) || '@example.com'`:            fileLines - fileTwice - fileRefused,
		`SELECT count(*) FROM customers WHERE external_id = 'u5900' AND attributes->'points' = '6000'`:                                      1, // the later line holds
		`SELECT count(*) FROM (SELECT FROM customer_ids WHERE kind = 'user' GROUP BY external_id HAVING count(DISTINCT customer_id) > 1) t`: 0,
		`SELECT count(*) FROM import_lines`: fileRefused,
	} {
		var n int
		require.NoError(t, sql.QueryRow(t.Context(), question).Scan(&n))
		assert.Equal(t, want, n, question)
	}
	refused, err := p.as(t, journey.RoleMarketer).server.download(t.Context(), "/api/imports/"+i.ID+"/refused.csv")
	require.NoError(t, err)
	defer refused.Close() //nolint:errcheck // read to its end
	report, err := io.ReadAll(refused)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(report)), "\n")
	require.Len(t, lines, 1+fileRefused, "%s", report)
	assert.Equal(t, `501,"it has 1 fields, and the header 3",c500@example.com`, lines[1])
}
