package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/journey/liquid"
)

func convertCommand(std stdio) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "convert FILE…",
		Short: "Turns the Liquid of messages into our language, in place, and reports what it could not convert",
		Long: "Turns the variables, filters, conditions, loops and cases of Liquid, as Customer.io, Braze, Klaviyo, Shopify and others write\n" +
			"them, into our template language, in place; - reads standard input and writes standard output. What has no counterpart stays\n" +
			"as it is and is reported with its place; publishing refuses it. Exit status: 0 all is converted, 2 not all, 1 anything else.",
		Example: "  perennial journey convert win-back/*.html\n  perennial journey convert --check welcome.html\n  perennial journey convert - < old.liquid > welcome.html",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			whole := true
			for _, file := range args {
				problems, err := convertFile(std, file, check)
				if err != nil {
					return err
				}
				for _, p := range problems {
					fmt.Fprintln(std.err, p)
				}
				whole = whole && len(problems.Errors()) == 0
			}
			if !whole {
				return errFaults
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; report what could not be converted")
	return cmd
}

// convertFile converts one file, and says so where it changed it.
func convertFile(std stdio, file string, check bool) (journey.Problems, error) {
	if file == "-" {
		raw, err := io.ReadAll(std.in)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		text, problems := liquid.Convert("", string(raw))
		if !check {
			fmt.Fprint(std.out, text)
		}
		return problems, nil
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the path is the caller's own
	if err != nil {
		return nil, fmt.Errorf("reading the message: %w", err)
	}
	text, problems := liquid.Convert(file, string(raw))
	if check || text == string(raw) {
		return problems, nil
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // a source file
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	fmt.Fprintln(std.out, file)
	return problems, nil
}
