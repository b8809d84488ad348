package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// errFaults ends a command whose faults were already printed: in a journey's files, or of an installation.
var errFaults = errors.New("there are faults")

// refusal ends a command that did nothing, on purpose; it says why.
type refusal string

func (r refusal) Error() string { return string(r) }

// exitStatus is 2 for faults in what was given and for what is refused, 3 where somebody else was quicker, 1 for anything else that
// went wrong (docs/cli.md).
func exitStatus(err error) int {
	var a *answered
	var r refusal
	switch {
	case errors.Is(err, errFaults), errors.As(err, &r), errors.As(err, &a) && a.Status == http.StatusUnprocessableEntity:
		return 2
	case errors.As(err, &a) && (a.Status == http.StatusPreconditionFailed || a.Status == http.StatusConflict):
		return 3
	}
	return 1
}

// run is the whole program: it takes arguments, environment ("NAME=value") and streams, and returns when the command is done
// or ctx ends.
func run(ctx context.Context, args, environ []string, std stdio) error {
	root := rootCommand(environment(environ), std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	return root.ExecuteContext(ctx)
}

// rootCommand is the program with all its verbs.
func rootCommand(env map[string]string, std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "perennial",
		Short:         "Keeps a company's customers: onboarding, post-purchase, win-back, graceful exit",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		approvalsCommand(env, std), approveCommand(env, std),
		demoCommand(env, std), devCommand(env, std), serveCommand(env, std), migrateCommand(env, std),
		journeyCommand(env, std), keyCommand(env, std), userCommand(env, std), doctorCommand(env, std), rebuildCommand(env, std),
		importCommand(env, std), exportCommand(env, std),
	)
	return root
}
