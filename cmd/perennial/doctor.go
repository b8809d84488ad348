package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"log/slog"

	"perennial/journey"
	"perennial/mail"
	"perennial/store"
	"perennial/workflows"
)

// finding is one line of the doctor: what was looked at, what was found, and the mend when it is not well.
type finding struct {
	what, found, mend string
	sick              bool
}

func doctorCommand(env map[string]string, std stdio) *cobra.Command {
	var data, to string
	var deep deepOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Looks at everything that `perennial serve` needs, and says the mend for what is not well",
		Long: "Looks at everything that `perennial serve` needs, from the same environment. With --data it looks at a running\n" +
			"`perennial dev` or `demo` instead. Exit status: 0 well, 2 something is not.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings, err := examine(cmd.Context(), env, data)
			if err != nil {
				return err
			}
			if to != "" {
				proofs, err := sendProof(cmd.Context(), env, data, to, std.out)
				if err != nil {
					return err
				}
				findings = append(findings, proofs...)
			}
			sick := false
			for _, f := range findings {
				mark := "well "
				if f.sick {
					mark, sick = "SICK ", true
				}
				fmt.Fprintf(std.out, "%s %-12s %s\n", mark, f.what, f.found)
				if f.sick {
					fmt.Fprintf(std.out, "      %-12s %s\n", "mend:", f.mend)
				}
			}
			if deep.Deep {
				err = lookDeep(cmd.Context(), env, data, deep, std)
			}
			if err == nil && sick {
				err = errFaults
			}
			return err
		},
	}
	deep.register(cmd)
	cmd.Flags().StringVar(&to, "mail", "", "send one message to this address, with everything that marketing mail carries, and show its headers")
	cmd.Flags().StringVar(&data, "data", "", "state directory of a dev or demo that is running")
	return cmd
}

func examine(ctx context.Context, env map[string]string, data string) ([]finding, error) {
	if data != "" {
		return examineDev(ctx, env, data)
	}
	c, err := readConfig(env)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, p := range c.productionFaults(env) {
		out = append(out, finding{what: "environment", found: p.Path + " " + p.Message, mend: p.Mend, sick: true})
	}
	temporal, err := temporalOptions(env)
	if err != nil {
		return nil, err
	}
	return append(out, examineParts(ctx, c, temporal)...), nil
}

func examineDev(ctx context.Context, env map[string]string, data string) ([]finding, error) {
	c, temporal, err := locateDev(env, data)
	if errors.Is(err, os.ErrNotExist) {
		return []finding{{what: "engine", found: "nothing runs in " + data, mend: "perennial dev --data " + data, sick: true}}, nil
	}
	if err != nil {
		return nil, err
	}
	return examineParts(ctx, c, temporal), nil
}

// locateDev reads where the parts of a dev or demo are. os.ErrNotExist says that none runs there.
func locateDev(env map[string]string, data string) (c config, temporal client.Options, err error) {
	raw, err := os.ReadFile(filepath.Join(data, "engine", "engine.json")) //nolint:gosec // the path is the operator's own
	var e engineAddress
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		return c, temporal, fmt.Errorf("reading the engine's addresses: %w", err)
	}
	o := devOptions{Data: data, Host: "127.0.0.1"}
	c, err = o.config(env, e)
	return c, client.Options{HostPort: e.TemporalAddress, Namespace: e.TemporalNamespace}, err
}

func examineParts(ctx context.Context, c config, temporal client.Options) []finding {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var out []finding
	if c.DatabaseURL != "" {
		out = append(out, examineDatabase(ctx, c)...)
	}
	out = append(out, examineTemporal(ctx, temporal))
	if c.SMTPURL != "" {
		out = append(out, examineRelay(ctx, c))
	}
	if c.Identity.Issuer != "" {
		out = append(out, examineProvider(ctx, c))
	}
	return out
}

func examineDatabase(ctx context.Context, c config) []finding {
	health, err := store.Examine(ctx, c.DatabaseURL, wall)
	if err != nil {
		return []finding{{what: "Postgres", found: err.Error(), mend: "see that it runs and that DATABASE_URL names it", sick: true}}
	}
	out := []finding{{what: "Postgres", found: "version " + health.Server}}
	if health.ServerNumber < 150000 {
		out[0].sick, out[0].mend = true, "Perennial needs Postgres 15 or later"
	}
	schema := finding{what: "schema", found: "up to date"}
	if health.Pending > 0 {
		schema = finding{what: "schema", found: fmt.Sprintf("%d migrations are missing", health.Pending), mend: "perennial migrate", sick: true}
	}
	out = append(out, schema)
	if health.Pending == 0 {
		out = append(out, examineSwitches(health)...)
	}
	if skew := health.Skew.Abs(); skew > 2*time.Second {
		out = append(out, finding{what: "clock", found: fmt.Sprintf("this machine and Postgres are %s apart", skew.Round(time.Millisecond)),
			mend: "run NTP on both: several processes must agree on the time", sick: true})
	}
	return out
}

// examineSwitches says what keeps mail from being sent: whoever wonders why nobody gets any finds it here.
func examineSwitches(h store.Health) []finding {
	var out []finding
	if h.Held != "" {
		out = append(out, finding{what: "HELD", found: "nothing is sent: " + h.Held, sick: true,
			mend: `find out whether this is a copy; if it is the original, PUT /api/switch {"held": false}`})
	}
	if h.Off {
		out = append(out, finding{what: "sending", found: "is switched off: nothing is sent", mend: `PUT /api/switch {"sending": true}`, sick: true})
	}
	for _, stop := range h.Stops {
		out = append(out, finding{what: "stopped", found: stop, mend: "DELETE /api/switch/{scope}/{target}, or POST /api/approvals/{id}, when it may go again", sick: true})
	}
	if out == nil {
		return []finding{{what: "sending", found: "is on"}}
	}
	return out
}

func examineTemporal(ctx context.Context, options client.Options) finding {
	f := finding{what: "Temporal", sick: true}
	options.HostPort = cmp.Or(options.HostPort, client.DefaultHostPort)
	options.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.DialContext(ctx, options)
	if err != nil {
		f.found, f.mend = "does not answer on "+options.HostPort, "see that it runs and that TEMPORAL_ADDRESS names it"
		return f
	}
	defer c.Close()
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: options.Namespace})
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		f.found = fmt.Sprintf("has no namespace %q", options.Namespace)
		f.mend = "temporal operator namespace create -n " + options.Namespace + " --retention 72h; or set TEMPORAL_NAMESPACE"
		return f
	}
	if err != nil {
		f.found, f.mend = "does not describe its namespace: "+err.Error(), "see what the key in TEMPORAL_API_KEY may do"
		return f
	}
	listed, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: options.Namespace})
	if ours := listed.GetCustomAttributes(); err == nil && (ours[workflows.AttributeJourney] == 0 || ours[workflows.AttributeCustomer] == 0) {
		f.found = "lacks the search attributes Journey and Customer"
		f.mend = "temporal operator search-attribute create -n " + options.Namespace + " --name Journey --type Keyword --name Customer --type Keyword"
		return f
	}
	return finding{what: "Temporal", found: "namespace " + options.Namespace + " on " + options.HostPort}
}

func examineRelay(ctx context.Context, c config) finding {
	relay, err := mail.NewRelay(c.SMTPURL, mail.RelayOptions{Plain: c.SMTPTLS == "none"})
	if err != nil {
		return finding{what: "SMTP", found: err.Error(), mend: mends["SMTP_URL"], sick: true}
	}
	conn, err := relay.Dial(ctx)
	if err != nil {
		f := finding{what: "SMTP", found: err.Error(), mend: "see that the relay runs and that SMTP_URL names it", sick: true}
		var refused *mail.DialError
		if errors.As(err, &refused) && refused.Outcome().Kind == journey.OutcomeAuthFault {
			f.mend = "the relay refuses user or password in SMTP_URL"
		}
		return f
	}
	conn.Quit()
	return finding{what: "SMTP", found: "the relay lets us in"}
}
