package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

func serveCommand(env map[string]string, std stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Runs Perennial on a Postgres, a Temporal and a relay of your own, from the environment",
		Long: "Runs Perennial on a Postgres, a Temporal and a relay of your own. From the environment: DATABASE_URL, SMTP_URL,\n" +
			"PUBLIC_URL, BRAND_NAME, MAIL_FROM, POSTAL_ADDRESS, the standard TEMPORAL_* names; see docs/operate.md for the rest.\n" +
			"perennial doctor checks each of them.",
		Args: cobra.NoArgs,
	}
	roles := cmd.Flags().StringSlice("roles", nil, "what this process does: api, worker, sender; all by default")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := readConfig(env)
		if err != nil {
			return err
		}
		if len(*roles) > 0 {
			c.Roles = *roles
		}
		if faults := c.productionFaults(env); len(faults) > 0 {
			return faults
		}
		temporal, err := temporalOptions(env)
		if err != nil {
			return err
		}
		return serve(cmd.Context(), c, temporal, c.logger(std))
	}
	return cmd
}

// serve runs one process until ctx ends. Its address is open from the start; it waits for the database where that is away.
func serve(ctx context.Context, c config, temporal client.Options, log *slog.Logger) (err error) {
	var f *front
	if c.has("api") {
		if f, err = openFront(ctx, c.Listen, log); err != nil {
			return err
		}
		defer f.server.Close() //nolint:errcheck // a server that was shut down is closed already
	}
	a, err := awaitApp(ctx, c, temporal, log)
	if err != nil || a == nil {
		return err
	}
	defer a.close()
	a.front = f
	return a.run(ctx)
}

// temporalOptions reads the standard TEMPORAL_* names. The namespace is ours unless another is named.
func temporalOptions(env map[string]string) (client.Options, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup(env)})
	if err != nil {
		return client.Options{}, fmt.Errorf("reading TEMPORAL_*: %w", err)
	}
	if options.Namespace == "" || (options.Namespace == "default" && env["TEMPORAL_NAMESPACE"] == "") {
		options.Namespace = "perennial"
	}
	return options, nil
}

// lookup hands the environment that run was given to envconfig.
type lookup map[string]string

// Environ lists it as "NAME=value".
func (l lookup) Environ() []string { return pairs(l) }

// LookupEnv finds one name.
func (l lookup) LookupEnv(name string) (string, bool) {
	value, ok := l[name]
	return value, ok
}
