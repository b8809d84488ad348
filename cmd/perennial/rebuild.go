package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/workflows"
)

// rebuildOptions are the flags of rebuild.
type rebuildOptions struct {
	Data      string
	Reason    string
	Release   bool
	Expect    int
	PerSecond int
}

func rebuildCommand(env map[string]string, std stdio) *cobra.Command {
	var o rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Takes up the work again after Temporal or a backup was lost: everyone is held, and goes on when you say so",
		Long: "For when Temporal's namespace is lost, or an older backup was restored. Makes everyone in a journey stand still, and the\n" +
			"namespace with its search attributes where it is missing. Postgres knows where everybody stands and how long each wait\n" +
			"still is. Once you have looked, --release --expect N lets all N of them go on, so many a second; what fell due meanwhile\n" +
			"follows the rules of its journey. One alone: POST /api/enrollments/{id}/release.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openSides(cmd.Context(), env, o.Data)
			if err != nil {
				return err
			}
			defer s.close()
			if o.Release {
				return releaseAll(cmd.Context(), s, o, std)
			}
			return rebuild(cmd.Context(), s, o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", "", "state directory of a dev or demo that is running")
	f.StringVar(&o.Reason, "reason", workflows.HeldLost, "why everyone is held; support sees it")
	f.BoolVar(&o.Release, "release", false, "let everyone who is held go on")
	f.IntVar(&o.Expect, "expect", -1, "with --release: how many you expect them to be; nobody is released if it is another number")
	f.IntVar(&o.PerSecond, "per-second", 50, "with --release: how many a second")
	return cmd
}

// rebuild holds everyone first: when the namespace is there, a relay that runs starts whoever has a wake-up.
func rebuild(ctx context.Context, s *sides, o rebuildOptions, std stdio) error {
	held, err := s.store.HoldEnrollments(ctx, o.Reason, itself.Name)
	if err != nil {
		return err
	}
	if err := s.store.Record(ctx, itself, "installation.rebuild", "installation", map[string]any{"reason": o.Reason, "held": held}); err != nil {
		return err
	}
	made, err := workflows.MakeNamespace(ctx, s.temporal, s.namespace)
	if err != nil {
		return fmt.Errorf("%d enrollments are held; run this again once that is mended: %w", held, err)
	}
	if made {
		fmt.Fprintf(std.out, "made the namespace %s with its search attributes\n", s.namespace)
	}
	if _, err := workflows.Recognize(ctx, s.temporal, s.namespace, s.store); err != nil {
		return err
	}
	all, err := s.store.Releasable(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%d enrollments are held, %d of them just now. Nobody moves. When you have looked:\n", all, held)
	fmt.Fprintf(std.out, "  perennial rebuild --release --expect %d\n", all)
	return nil
}

func releaseAll(ctx context.Context, s *sides, o rebuildOptions, std stdio) error {
	all, err := s.store.Releasable(ctx)
	if err != nil {
		return err
	}
	if o.Expect != all {
		return journey.Faultf(journey.CodeConflict, "%d enrollments are held, and --expect says %d: look again, then run perennial rebuild --release --expect %d",
			all, o.Expect, all)
	}
	if o.PerSecond <= 0 {
		return journey.Faultf(journey.CodeInvalid, "--per-second %d: give a number above 0", o.PerSecond)
	}
	if err := s.store.Record(ctx, itself, "installation.release", "installation", map[string]any{"enrollments": all}); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for released := 0; ; {
		n, err := s.store.ReleaseSome(ctx, o.PerSecond, itself.Name)
		if err != nil {
			return fmt.Errorf("%d of %d are released; run this again with --expect %d: %w", released, all, all-released, err)
		}
		released += n
		if n == 0 {
			fmt.Fprintf(std.out, "%d enrollments are released\n", released)
			return tellOfHold(ctx, s, std)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d are released; run this again with --expect %d: %w", released, all, all-released, ctx.Err())
		case <-tick.C:
		}
	}
}

// tellOfHold says what still keeps mail back: that is released apart, because it is about what was sent, not about who stands where.
func tellOfHold(ctx context.Context, s *sides, std stdio) error {
	settings, err := s.store.Settings(ctx)
	if err == nil && settings.HeldReason != "" {
		fmt.Fprintf(std.out, "mail is still held: %s. Release it with PUT /api/switch {\"held\": false}\n", settings.HeldReason)
	}
	return err
}
