package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"perennial/control"
	"perennial/journey"
	"perennial/store"
)

func keyCommand(env map[string]string, std stdio) *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Makes the first key of an installation; further ones are made over the API"}
	var name, role string
	create := &cobra.Command{
		Use:   "create --role admin --name NAME",
		Short: "Makes a key in the database of DATABASE_URL and prints it, this once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if env["DATABASE_URL"] == "" {
				return journey.Problems{{Path: "DATABASE_URL", Message: "is not set", Mend: mends["DATABASE_URL"]}}
			}
			s, err := store.Open(cmd.Context(), env["DATABASE_URL"], store.Options{MaxConns: 2, Wall: wall})
			if err != nil {
				return err
			}
			defer s.Close()
			c := control.Control{Store: s, Flight: s, Clock: s.Clock(), Check: checkTemplates}
			_, secret, err := c.CreateKey(cmd.Context(), itself, name, journey.Role(role))
			if err != nil {
				return err
			}
			fmt.Fprintln(std.out, secret)
			return nil
		},
	}
	create.Flags().StringVar(&name, "name", "", "who uses it, e.g. shop")
	create.Flags().StringVar(&role, "role", "admin", "admin, marketer, support, viewer or ingest")
	cmd.AddCommand(create)
	return cmd
}
