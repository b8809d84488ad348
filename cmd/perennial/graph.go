package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"perennial/journey/graph"
)

func graphCommand(std stdio) *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "graph FOLDER",
		Short: "Draws the journey: a picture (SVG) that stands for itself, or a Mermaid flowchart",
		Example: "  perennial journey graph templates/win-back -o win-back.svg\n" +
			"  perennial journey graph templates/win-back --format mermaid >> README.md",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			def, problems, err := checkFolder(args[0])
			if err != nil {
				return err
			}
			if errs := problems.Errors(); len(errs) > 0 {
				for _, p := range errs {
					fmt.Fprintln(std.err, p)
				}
				return errFaults
			}
			var text string
			switch format {
			case "svg":
				text = graph.Layout(def).SVG(graph.SVG{})
			case "mermaid":
				text = graph.Mermaid(def)
			default:
				return fmt.Errorf("--format is %q: write svg or mermaid", format)
			}
			if out == "" {
				fmt.Fprint(std.out, text)
				return nil
			}
			if err := os.WriteFile(out, []byte(text), 0o644); err != nil { //nolint:gosec // a picture, for everybody to read
				return fmt.Errorf("writing the picture: %w", err)
			}
			fmt.Fprintln(std.out, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "svg", "svg or mermaid")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file to write; without it the picture goes to standard output")
	return cmd
}
