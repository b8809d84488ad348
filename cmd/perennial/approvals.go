package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"perennial/journey"
)

func approvalsCommand(env map[string]string, std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "approvals",
		Short: "Lists audiences that wait for approval or are on their ramp, of the server in PERENNIAL_URL",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var page journey.Page[journey.Approval]
			if err := server.call(cmd.Context(), http.MethodGet, "/api/approvals", nil, &page); err != nil {
				return fmt.Errorf("listing audiences: %w", err)
			}
			if len(page.Data) == 0 {
				fmt.Fprintln(std.out, "nothing waits for approval")
			}
			for _, a := range page.Data {
				fmt.Fprintf(std.out, "%s  %-8s %-20s %s\n", a.ID, a.State, a.Journey, a.Words)
				if a.State == journey.AudienceAsked {
					fmt.Fprintf(std.out, "    perennial approve %s --count N, where N is how many people that is; or --refuse --reason WHY\n", a.ID)
				}
			}
			return nil
		},
	}
}

func approveCommand(env map[string]string, std stdio) *cobra.Command {
	var count int64
	var atOnce, refuse bool
	var pace, reason string
	cmd := &cobra.Command{
		Use:   "approve ID --count N",
		Short: "Approves an audience far above the usual, or refuses it; the number must be typed",
		Long: "Approves an audience far above the usual, on the server in PERENNIAL_URL with the key in PERENNIAL_KEY: another one than\n" +
			"that which published the journey, where there is one. It is let in by a ramp (1 %, 10 %, all) that stops by itself on bounces\n" +
			"and complaints, unless --at-once.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var a journey.Approval
			body := map[string]any{"count": count, "at_once": atOnce, "refuse": refuse, "pace": pace, "reason": reason}
			if err := server.call(cmd.Context(), http.MethodPost, "/api/approvals/"+url.PathEscape(args[0]), body, &a); err != nil {
				return fmt.Errorf("deciding about %s: %w", args[0], err)
			}
			fmt.Fprintf(std.out, "%s: %s\n", a.Journey, a.Words)
			return nil
		},
	}
	cmd.Flags().Int64Var(&count, "count", 0, "how many people are about to enter")
	cmd.Flags().BoolVar(&atOnce, "at-once", false, "everybody at once, without the ramp")
	cmd.Flags().StringVar(&pace, "pace", "", "how long each share of the ramp is looked at; 4h where it is not said")
	cmd.Flags().BoolVar(&refuse, "refuse", false, "nobody is let in")
	cmd.Flags().StringVar(&reason, "reason", "", "why it is refused")
	return cmd
}
