package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

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
	if err := unknownCommand(root, args); err != nil {
		return err
	}
	return root.ExecuteContext(ctx)
}

// nearEnough is how many letters may differ in a command that somebody may have meant.
const nearEnough = 2

// unknownCommand is the fault of naming a command that is not there, at whatever depth, with what may have been meant. Cobra says it of
// the first word alone, and takes the others for a cry for help.
func unknownCommand(root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	cmd, rest, _ := root.Find(args)
	if cmd.Runnable() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") || strings.HasPrefix(rest[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	mend := "`" + cmd.CommandPath() + " --help` lists the commands"
	cmd.SuggestionsMinimumDistance = nearEnough
	if meant := cmd.SuggestionsFor(rest[0]); len(meant) > 0 {
		mend = "did you mean " + strings.Join(meant, " or ") + "?"
	}
	return fmt.Errorf("%s has no command %q; %s", cmd.CommandPath(), rest[0], mend)
}

// version is what was built: the version of the module, or the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version + " " + info.GoVersion
}

// Groups of commands, in the order of the help.
const (
	groupBegin = "begin"
	groupRun   = "run"
	groupUse   = "use"
)

func inGroup(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}

// rootCommand is the program with all its verbs.
func rootCommand(env map[string]string, std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "perennial",
		Short:         "Keeps a company's customers: onboarding, post-purchase, win-back, graceful exit",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.DisplayName}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; `%s --help` lists the flags", err, cmd.CommandPath())
	})
	root.AddGroup(&cobra.Group{ID: groupBegin, Title: "To begin with, on this machine:"},
		&cobra.Group{ID: groupRun, Title: "An installation, from its environment:"}, &cobra.Group{ID: groupUse, Title: "Work on a server, over its API:"})
	root.AddCommand(inGroup(groupBegin, demoCommand(env, std), devCommand(env, std))...)
	root.AddCommand(inGroup(groupRun, serveCommand(env, std), migrateCommand(env, std), doctorCommand(env, std), rebuildCommand(env, std),
		keyCommand(env, std), userCommand(env, std))...)
	root.AddCommand(inGroup(groupUse, journeyCommand(env, std), importCommand(env, std), exportCommand(env, std),
		approvalsCommand(env, std), approveCommand(env, std))...)
	return root
}
