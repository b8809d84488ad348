package main

import (
	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/store"
)

func migrateCommand(env map[string]string, std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Brings the schema in DATABASE_URL up to date; safe to run twice, and by two at once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if env["DATABASE_URL"] == "" {
				return journey.Problems{{Path: "DATABASE_URL", Message: "is not set", Mend: mends["DATABASE_URL"]}}
			}
			return store.Migrate(cmd.Context(), env["DATABASE_URL"], std.err)
		},
	}
}
