package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// docs/commands.md is what the program says of itself: written anew with `go test ./cmd/perennial -run Reference -update`.
func TestTheReferenceNamesEveryCommandAndFlag(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Every command\n\nAs `perennial help` says it; this file is written from the program. How they go together: [the command line](cli.md).\n")
	var write func(c *cobra.Command)
	write = func(c *cobra.Command) {
		if c.Runnable() && c.HasParent() {
			fmt.Fprintf(&b, "\n## `%s`\n\n%s\n", strings.TrimSuffix(c.UseLine(), " [flags]"), described(c))
			if c.HasLocalFlags() {
				b.WriteString("\n| flag | |\n|---|---|\n")
				c.LocalFlags().VisitAll(func(f *pflag.Flag) {
					kind, usage := pflag.UnquoteUsage(f)
					fmt.Fprintf(&b, "| `%s` | %s |\n", strings.TrimSpace("--"+f.Name+" "+kind), strings.ReplaceAll(usage, "|", "\\|"))
				})
			}
		}
		for _, sub := range c.Commands() {
			write(sub)
		}
	}
	write(rootCommand(nil, stdio{}))
	golden(t, filepath.Join("..", "..", "..", "docs", "commands.md"), b.String())
}

func described(c *cobra.Command) string {
	if c.Long != "" {
		return c.Short + ".\n\n" + strings.TrimSpace(c.Long)
	}
	return c.Short + "."
}
