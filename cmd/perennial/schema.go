package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"perennial/journey"
)

func schemaCommand(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Prints the JSON Schema of the journey language, for editors",
		Example: "  perennial journey schema > journey.schema.json\n  # then, as the first line of journey.yaml:  # yaml-language-server: $schema=../journey.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := std.out.Write(journey.Schema()); err != nil {
				return fmt.Errorf("printing the schema: %w", err)
			}
			return nil
		},
	}
}
