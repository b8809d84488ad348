package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"perennial/control"
	"perennial/journey"
	"perennial/store"
)

func userCommand(env map[string]string, std stdio) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Makes users of the console, in the database of DATABASE_URL"}
	var email, name, role string
	create := &cobra.Command{
		Use:   "create --email ADDRESS --role admin",
		Short: "Makes a user and prints a link by which she chooses her password: it works once, for a day",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withControl(cmd.Context(), env, func(ctx context.Context, c *control.Control, _ *store.Store) error {
				u, err := c.CreateUser(ctx, itself, email, name, journey.Role(role))
				if err != nil {
					return err
				}
				return printLink(ctx, c, env, std, u, journey.LinkPassword)
			})
		},
	}
	create.Flags().StringVar(&email, "email", "", "her address, by which she signs in")
	create.Flags().StringVar(&name, "name", "", "what others see of her; her address, where it is missing")
	create.Flags().StringVar(&role, "role", "", "admin, marketer, support or viewer")

	link := &cobra.Command{
		Use:   "link --email ADDRESS",
		Short: "Prints a new link for a user who has forgotten her password",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withUser(cmd.Context(), env, email, func(ctx context.Context, c *control.Control, u journey.User) error {
				return printLink(ctx, c, env, std, u, journey.LinkPassword)
			})
		},
	}
	link.Flags().StringVar(&email, "email", "", "her address")

	var enable bool
	disable := &cobra.Command{
		Use:   "disable --email ADDRESS",
		Short: "Signs a user out everywhere and lets her in no more; --enable lets her in again",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withUser(cmd.Context(), env, email, func(ctx context.Context, c *control.Control, u journey.User) error {
				return c.DisableUser(ctx, itself, u.ID, enable)
			})
		},
	}
	disable.Flags().StringVar(&email, "email", "", "her address")
	disable.Flags().BoolVar(&enable, "enable", false, "let her in again")
	cmd.AddCommand(create, link, disable)
	return cmd
}

// withControl opens the database of DATABASE_URL for one command.
func withControl(ctx context.Context, env map[string]string, do func(context.Context, *control.Control, *store.Store) error) error {
	if env["DATABASE_URL"] == "" {
		return journey.Problems{{Path: "DATABASE_URL", Message: "is not set", Mend: mends["DATABASE_URL"]}}
	}
	s, err := store.Open(ctx, env["DATABASE_URL"], store.Options{MaxConns: 2, Wall: wall})
	if err != nil {
		return err
	}
	defer s.Close()
	return do(ctx, &control.Control{Store: s, Flight: s, Clock: s.Clock(), Check: checkTemplates}, s)
}

func withUser(ctx context.Context, env map[string]string, email string,
	do func(context.Context, *control.Control, journey.User) error) error {
	return withControl(ctx, env, func(ctx context.Context, c *control.Control, s *store.Store) error {
		u, _, err := s.UserByEmail(ctx, email)
		if err != nil {
			return err
		}
		return do(ctx, c, u)
	})
}

// printLink makes a link and prints it: under PUBLIC_URL, or as the path alone where that is not set.
func printLink(ctx context.Context, c *control.Control, env map[string]string, std stdio, u journey.User, purpose journey.LinkPurpose) error {
	token, err := c.NewLink(ctx, itself, u.ID, purpose)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.out, cmp.Or(env["PUBLIC_URL"], "PUBLIC_URL")+"/sign-in/"+token)
	return nil
}

// devAdmin is the first user of an installation on this machine.
const devAdmin = "admin@perennial.example"

// devLink makes a link that signs the first user of this machine in, and makes her where she is missing.
func (a *app) devLink(ctx context.Context) (string, error) {
	u, _, err := a.store.UserByEmail(ctx, devAdmin)
	if journey.CodeOf(err) == journey.CodeNotFound {
		u, err = a.control.CreateUser(ctx, itself, devAdmin, "Admin", journey.RoleAdmin)
	}
	if err != nil {
		return "", err
	}
	token, err := a.control.NewLink(ctx, itself, u.ID, journey.LinkSignIn)
	return a.config.brand().PublicURL + "/sign-in/" + token, err
}
