package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"perennial/journey"
)

func diffCommand(env map[string]string, std stdio) *cobra.Command {
	var from, to, output string
	var check bool
	cmd := &cobra.Command{
		Use:   "diff FOLDER|KEY",
		Short: "Says in words what is different: a folder from the live version, or one version (--from) from another (--to)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var changes []journey.Alteration
			if _, err := os.Stat(filepath.Join(args[0], journeyFile)); err == nil && from == "" {
				f, err := readFolder(args[0], std.err)
				if err != nil {
					return err
				}
				p, err := server.plan(cmd.Context(), f, &flight{inFlight: "keep", waits: "keep"})
				if err != nil {
					return err
				}
				changes = p.Changes
			} else {
				var page journey.Page[journey.Alteration]
				query := url.Values{"from": {from}, "to": {to}}
				if err := server.call(cmd.Context(), http.MethodGet, "/api/journeys/"+args[0]+"/diff?"+query.Encode(), nil, &page); err != nil {
					return fmt.Errorf("comparing versions of %s: %w", args[0], err)
				}
				changes = page.Data
			}
			raw, err := json.Marshal(changes)
			if err != nil {
				return err
			}
			var words strings.Builder
			for _, c := range changes {
				words.WriteString(c.Words.String() + "\n")
			}
			if len(changes) == 0 {
				words.WriteString("nothing is different\n")
			}
			if err := show(std.out, output, raw, words.String()); err != nil || !check || len(changes) == 0 {
				return err
			}
			return refusal("it is different")
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "number of a version, or draft")
	cmd.Flags().StringVar(&to, "to", "draft", "number of a version, or draft")
	cmd.Flags().BoolVar(&check, "check", false, "exit with 2 where anything is different")
	outputFlag(cmd, &output)
	return cmd
}

func pullCommand(env map[string]string, std stdio) *cobra.Command {
	var version int
	var force bool
	var output string
	cmd := &cobra.Command{
		Use:   "pull KEY [FOLDER]",
		Short: "Writes the draft of a journey, or its live version, into a folder: journey.yaml and the messages beside it",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			key, dir := args[0], args[len(args)-1]
			path := "/api/journeys/" + key
			if version > 0 {
				path += "/versions/" + strconv.Itoa(version)
			}
			var got struct {
				Source string
				Files  map[string]string
			}
			if err := server.call(cmd.Context(), http.MethodGet, path, nil, &got); err != nil {
				return fmt.Errorf("pulling %s: %w", key, err)
			}
			written, err := writeFolder(dir, got.Source, got.Files, force)
			if err != nil {
				return err
			}
			raw, err := json.Marshal(written)
			if err != nil {
				return err
			}
			return show(std.out, output, raw, strings.Join(written, "\n")+"\n")
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "a published version instead of the draft")
	cmd.Flags().BoolVar(&force, "force", false, "write over a journey that is there")
	outputFlag(cmd, &output)
	return cmd
}

// writeFolder writes a journey in its canonical form, which fmt leaves alone, and its templates as they are.
func writeFolder(dir, source string, files map[string]string, force bool) (written []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, journeyFile)); err == nil && !force {
		return nil, refusal(dir + " has a journey already: name another folder, or add --force")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // source files
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	if canonical, problems := journey.Format([]byte(source)); len(problems.Errors()) == 0 {
		source = string(canonical)
	}
	all := maps.Clone(files)
	if all == nil {
		all = map[string]string{}
	}
	all[journeyFile] = source
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(path, []byte(all[name]), 0o644); err != nil { //nolint:gosec // a source file
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		written = append(written, path)
	}
	return written, nil
}

func listCommand(env map[string]string, std stdio) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists the journeys of the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var page journey.Page[journey.JourneyInfo]
			if err := server.call(cmd.Context(), http.MethodGet, "/api/journeys", nil, &page); err != nil {
				return fmt.Errorf("listing journeys: %w", err)
			}
			raw, err := json.Marshal(page.Data)
			if err != nil {
				return err
			}
			var words strings.Builder
			table := tabwriter.NewWriter(&words, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "KEY\tSTATE\tVERSION\tDRAFT\tIN FLIGHT\tNAME")
			for _, j := range page.Data {
				fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%d\t%s\n", j.Key, j.State, j.LiveVersion, map[bool]string{true: "yes", false: "-"}[j.HasDraft], j.Active, j.Name)
			}
			if err := table.Flush(); err != nil {
				return err
			}
			return show(std.out, output, raw, words.String())
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

func archiveCommand(env map[string]string, std stdio) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "archive KEY",
		Short: "Takes a journey out of service: nobody enters, those inside go on to their end",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			if err := server.call(cmd.Context(), http.MethodPost, "/api/journeys/"+args[0]+"/archive", nil, nil); err != nil {
				return fmt.Errorf("archiving %s: %w", args[0], err)
			}
			return show(std.out, output, json.RawMessage(`{"journey":`+strconv.Quote(args[0])+`,"state":"archived"}`), args[0]+" is archived\n")
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

// turnCommand is undo or redo: said is what is printed.
func turnCommand(env map[string]string, std stdio, verb, short, said string) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   verb + " KEY",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := server.call(cmd.Context(), http.MethodPost, "/api/journeys/"+args[0]+"/draft/"+verb, nil, &raw); err != nil {
				return fmt.Errorf("turning to another revision of %s (%s): %w", args[0], verb, err)
			}
			return show(std.out, output, raw, fmt.Sprintf(said+"\n", args[0]))
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

func restoreCommand(env map[string]string, std stdio) *cobra.Command {
	var output string
	var version int
	cmd := &cobra.Command{
		Use:   "restore KEY",
		Short: "Lets an archived journey take people in again; with --version, makes an old version the draft again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			var raw json.RawMessage
			if err := server.call(cmd.Context(), http.MethodPost, "/api/journeys/"+args[0]+"/restore", map[string]any{"version": version}, &raw); err != nil {
				return fmt.Errorf("restoring %s: %w", args[0], err)
			}
			words := args[0] + " takes people in again\n"
			if version > 0 {
				words = fmt.Sprintf("version %d of %s is its draft again\n", version, args[0])
			}
			return show(std.out, output, raw, words)
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "of which to make a draft")
	outputFlag(cmd, &output)
	return cmd
}
