package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"perennial/control"
	"perennial/journey"
	"perennial/store"
)

func keyCommand(env map[string]string, std stdio) *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Makes keys of the API in the database of DATABASE_URL; further ones are made in the console, too"}
	var name, role string
	create := &cobra.Command{
		Use:   "create --role admin --name NAME",
		Short: "Makes a key in the database of DATABASE_URL and prints it, this once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withControl(cmd.Context(), env, func(ctx context.Context, c *control.Control, _ *store.Store) error {
				_, secret, err := c.CreateKey(ctx, itself, name, journey.Role(role))
				if err != nil {
					return err
				}
				fmt.Fprintln(std.out, secret)
				return nil
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "who uses it, e.g. shop")
	create.Flags().StringVar(&role, "role", "admin", "admin, marketer, support, viewer or ingest")
	cmd.AddCommand(create)
	return cmd
}
