package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perennial/journey"
)

func importCommand(env map[string]string, std stdio) *cobra.Command {
	f := importFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Takes customers from a CSV file, to the server in PERENNIAL_URL with the key in PERENNIAL_KEY",
		Long: "Takes customers from a CSV file. Columns are recognised by name; --map says what is not, TO=HEADER each:\n" +
			"  --map email=E-Mail --map points:number=Punkte --map topic:offers=Newsletter --map -=Internal\n" +
			"With --dry-run nothing is done: it says what would become of each column, how many lines can be taken, and why others cannot.\n" +
			"What broke off goes on when the same command is given again. Exit status: 0 done, 2 lines were refused, 1 anything else.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := newServer(env)
			if err != nil {
				return err
			}
			s.http = &http.Client{} // an upload takes as long as it takes
			return s.importFile(cmd.Context(), args[0], f, std)
		},
	}
	cmd.Flags().StringArrayVar(&f.columns, "map", nil, "what becomes of a column: TO=HEADER")
	cmd.Flags().StringVar(&f.source, "source", "", "where the consents in the file were given; required where a column is a topic")
	cmd.Flags().StringVar(&f.wording, "wording", "", "to what words they were given; required likewise")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "check the file and do nothing")
	cmd.Flags().BoolVar(&f.again, "again", false, "import a file once more that was imported before")
	cmd.Flags().StringVar(&f.refused, "refused", "", "write the refused lines with their reasons to this file")
	return cmd
}

type importFlags struct {
	columns                  []string
	source, wording, refused string
	dryRun, again            bool
}

func (s *server) importFile(ctx context.Context, path string, f importFlags, std stdio) error {
	file, err := os.Open(path) //nolint:gosec // the path is the caller's own
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	query := url.Values{"name": {filepath.Base(path)}, "map": f.columns, "source": {f.source}, "wording": {f.wording}, "dry_run": {strconv.FormatBool(f.dryRun)}}
	key, size, err := keyOf(file, query)
	if err != nil {
		return err
	}
	if f.again {
		key = rand.Text()
	}
	begun := wall()
	var i journey.Import
	err = s.send(ctx, http.MethodPost, "/api/imports?"+query.Encode(), &meter{from: file, size: size, out: std.err}, &i,
		"Content-Type", "text/csv", "Idempotency-Key", key)
	if err != nil {
		return fmt.Errorf("uploading %s: %w", path, err)
	}
	if i.State == journey.ImportDone {
		fmt.Fprintf(std.out, "this file was imported before, as %s on %s; --again does it once more\n", i.ID, i.CreatedAt.Format(time.DateOnly))
		return nil
	}
	if i, err = s.followImport(ctx, i, std); err != nil {
		return err
	}
	tellOfImport(i, std.out)
	if i.State == journey.ImportDone {
		took := wall().Sub(begun)
		fmt.Fprintf(std.out, "%d lines in %s, %.0f a second\n", i.Lines, took.Round(time.Millisecond), float64(i.Lines)/took.Seconds())
	}
	if i.Refused == 0 {
		return nil
	}
	return s.tellOfRefused(ctx, i, f.refused, std)
}

// keyOf tells this file, imported this way, from any other: the same command again goes on with the same import.
func keyOf(file *os.File, query url.Values) (key string, size int64, err error) {
	hash := sha256.New()
	fmt.Fprintln(hash, query.Encode())
	if size, err = io.Copy(hash, file); err != nil {
		return "", 0, fmt.Errorf("reading the file: %w", err)
	}
	_, err = file.Seek(0, io.SeekStart)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// meter says how far an upload has come, every tenth of it.
type meter struct {
	from        io.Reader
	out         io.Writer
	size, read  int64
	tenthsShown int64
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.from.Read(b)
	m.read += int64(n)
	if tenths := m.read * 10 / max(m.size, 1); tenths > m.tenthsShown && m.size > 1<<20 {
		m.tenthsShown = tenths
		fmt.Fprintf(m.out, "uploaded %d %%\n", tenths*10)
	}
	return n, err
}

// followImport waits until an import is no longer being applied.
func (s *server) followImport(ctx context.Context, i journey.Import, std stdio) (journey.Import, error) {
	shown := wall()
	for i.State == journey.ImportApplying {
		timer := time.NewTimer(200 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return i, ctx.Err()
		case <-timer.C:
		}
		if err := s.call(ctx, http.MethodGet, "/api/imports/"+i.ID, nil, &i); err != nil {
			return i, fmt.Errorf("asking how far %s is: %w", i.ID, err)
		}
		if wall().Sub(shown) > 5*time.Second {
			shown = wall()
			fmt.Fprintf(std.err, "applied %d of %d\n", i.Applied, i.Lines-i.Refused)
		}
	}
	return i, nil
}

func tellOfImport(i journey.Import, out io.Writer) {
	for _, c := range i.Columns {
		becomes := c.To
		switch {
		case becomes == "":
			becomes = "(left out)"
		case c.Kind != "":
			becomes += " (" + strings.ReplaceAll(c.Kind, "_", " or ") + ")"
		}
		fmt.Fprintf(out, "  %-24s → %s\n", c.Header, becomes)
	}
	fmt.Fprintf(out, "%s (%s): %d lines; %d can be taken, of which %d were customers before; %d refused; the addresses of %d are suppressed and stay so\n",
		i.ID, i.State, i.Lines, i.Lines-i.Refused, i.Known, i.Refused, i.Suppressed)
}

// tellOfRefused shows the first refused lines, or writes all of them to a file.
func (s *server) tellOfRefused(ctx context.Context, i journey.Import, path string, std stdio) error {
	body, err := s.download(ctx, "/api/imports/"+i.ID+"/refused.csv")
	if err != nil {
		return fmt.Errorf("asking for the refused lines: %w", err)
	}
	defer body.Close() //nolint:errcheck // it was only read
	if path != "" {
		if err := writeFile(path, body); err != nil {
			return err
		}
		fmt.Fprintln(std.out, "the refused lines stand in", path)
		return errFaults
	}
	lines := csv.NewReader(body)
	lines.FieldsPerRecord = -1
	for n := 0; n <= 10; n++ {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the refused lines: %w", err)
		}
		if n > 0 && len(cells) > 1 {
			fmt.Fprintf(std.out, "line %s: %s\n", cells[0], cells[1])
		}
	}
	if i.Refused > 10 {
		fmt.Fprintf(std.out, "… and %d more; --refused FILE writes all of them\n", i.Refused-10)
	}
	return errFaults
}

func exportCommand(env map[string]string, std stdio) *cobra.Command {
	var out, topic, segment, account string
	var attributes []string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Writes customers as CSV, from the server in PERENNIAL_URL with an admin's key in PERENNIAL_KEY",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := newServer(env)
			if err != nil {
				return err
			}
			s.http = &http.Client{}
			body, err := s.download(cmd.Context(), "/api/customers.csv?"+url.Values{"topic": {topic}, "segment": {segment}, "account": {account}, "attribute": attributes}.Encode())
			if err != nil {
				return fmt.Errorf("exporting customers: %w", err)
			}
			defer body.Close() //nolint:errcheck // it was only read
			if out != "" {
				return writeFile(out, body)
			}
			_, err = io.Copy(std.out, body)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this file instead of the terminal")
	cmd.Flags().StringVar(&topic, "topic", "", "only those who agreed to this topic")
	cmd.Flags().StringVar(&segment, "segment", "", "only the members of this segment")
	cmd.Flags().StringVar(&account, "account", "", "only those of this account, by your own id")
	cmd.Flags().StringSliceVar(&attributes, "attributes", nil, "a column for each of these, instead of one with all")
	return cmd
}

func writeFile(path string, from io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the path is the caller's own
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = io.Copy(file, from)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
