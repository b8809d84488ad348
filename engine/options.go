package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
)

// options are the command line and the environment.
type options struct {
	data        string
	host        string
	databaseURL string // from DATABASE_URL; empty: a private Postgres

	temporalPort, temporalUIPort, smtpPort, inboxPort, postgresPort int

	timeSkipping, exitWithStdin bool

	only []string
}

// The parts that --only chooses from.
const (
	partPostgres = "postgres"
	partTemporal = "temporal"
	partInbox    = "inbox"
)

var parts = []string{partPostgres, partTemporal, partInbox}

func (o options) has(part string) bool { return slices.Contains(o.only, part) }

// parseOptions returns flag.ErrHelp when help was asked for and given.
func parseOptions(args []string, env func(string) string, stderr io.Writer) (options, error) {
	o := options{databaseURL: env("DATABASE_URL")}
	var only string
	fs := flag.NewFlagSet("perennial-engine", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.data, "data", "", "directory for all state (required; made if it is missing)")
	fs.StringVar(&o.host, "host", "127.0.0.1", "address to listen on; Postgres always stays on loopback")
	fs.IntVar(&o.temporalPort, "temporal-port", 7233, "Temporal's gRPC port; 0: any free one, as for all ports")
	fs.IntVar(&o.temporalUIPort, "temporal-ui-port", 8233, "port of Temporal's web page")
	fs.IntVar(&o.smtpPort, "smtp-port", 1025, "SMTP port of the inbox")
	fs.IntVar(&o.inboxPort, "inbox-port", 8025, "HTTP port of the inbox, page and API")
	fs.IntVar(&o.postgresPort, "postgres-port", 0, "port of the private Postgres; 0: the last one, else any free one")
	fs.BoolVar(&o.timeSkipping, "time-skipping", false, "let workflows skip time (tests)")
	fs.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "shut down when standard input ends, as when the parent dies")
	fs.StringVar(&only, "only", strings.Join(parts, ","), "parts to start; temporal brings postgres with it")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("reading the command line: unexpected argument %q; all settings are flags, see --help", fs.Arg(0))
	}
	return o.complete(only)
}

func (o options) complete(only string) (options, error) {
	if o.data == "" {
		return o, fmt.Errorf("reading the command line: --data DIR is required")
	}
	var err error
	if o.data, err = filepath.Abs(o.data); err != nil {
		return o, fmt.Errorf("reading --data: %w", err)
	}
	if o.host == "localhost" {
		o.host = "127.0.0.1"
	}
	if net.ParseIP(o.host) == nil {
		return o, fmt.Errorf("reading --host: %q is not an IP address (127.0.0.1: this machine only; 0.0.0.0: everyone)", o.host)
	}
	for _, part := range strings.Split(only, ",") {
		if !slices.Contains(parts, part) {
			return o, fmt.Errorf("reading --only: no part %q; there are %s", part, strings.Join(parts, ", "))
		}
		o.only = append(o.only, part)
	}
	if o.has(partTemporal) && !o.has(partPostgres) {
		o.only = append(o.only, partPostgres)
	}
	return o, nil
}
