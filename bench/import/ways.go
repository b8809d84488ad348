package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/bench/rig"
	"perennial/journey"
)

// copyFile is the floor: the same bytes into a table, without a look at them.
func copyFile(ctx context.Context, e *rig.Engine, f sheet) error {
	database, err := e.MakeDatabase(ctx, "floor")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the session ends either way
	if _, err := conn.Exec(ctx, `CREATE TABLE lines (user_id text, email text, first_name text, last_name text, plan text, points text, offers text)`); err != nil {
		return err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	tag, err := conn.PgConn().CopyFrom(ctx, file, `COPY lines FROM STDIN (FORMAT csv, HEADER)`)
	if err == nil && tag.RowsAffected() != int64(f.lines) {
		err = fmt.Errorf("%d lines of %d were copied", tag.RowsAffected(), f.lines)
	}
	return err
}

// upload sends the file, and returns the id of the import once every line was checked and is kept.
func upload(ctx context.Context, p *rig.Product, f sheet) (string, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	query := url.Values{"source": {"newsletter form"}, "wording": {"Yes, write to me about offers"}}
	var i journey.Import
	err = ask(ctx, p, http.MethodPost, "/api/imports?"+query.Encode(), file, &i)
	return i.ID, err
}

// untilDone waits until the import is applied, and holds its report against the file.
func untilDone(ctx context.Context, p *rig.Product, id string, f sheet) error {
	var i journey.Import
	for i.State != journey.ImportDone {
		rig.Wait(ctx, 50*time.Millisecond)
		if err := ask(ctx, p, http.MethodGet, "/api/imports/"+id, nil, &i); err != nil {
			return err
		}
		if i.State == journey.ImportStopped {
			return errors.New("the import was stopped")
		}
	}
	if good := int64(f.good()); i.Lines != int64(f.lines) || i.Applied != good || i.Refused != i.Lines-good {
		return fmt.Errorf("the report says %d lines, %d applied, %d refused", i.Lines, i.Applied, i.Refused)
	}
	return nil
}

func ask(ctx context.Context, p *rig.Product, method, path string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, p.URL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.Key)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	return json.Unmarshal(raw, into)
}
