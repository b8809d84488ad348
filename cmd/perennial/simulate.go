package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

// simulateVersion plays a version of a journey. Both the server and the command line come here.
func simulateVersion(brand journey.Brand) func(context.Context, journey.Version, journey.SimulationRequest) (journey.Simulation, error) {
	return func(ctx context.Context, v journey.Version, r journey.SimulationRequest) (journey.Simulation, error) {
		return simulate.Version(ctx, v, r, simulate.Options{Brand: brand, Profile: intake.Profile})
	}
}

// simulateFlags are what the command line says of a simulation.
type simulateFlags struct {
	request                                        journey.SimulationRequest
	customer, start, script, output, mails, choice string
}

func simulateCommand(env map[string]string, std stdio) *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate FOLDER|KEY",
		Short: "Plays a journey on a clock of its own, for invented customers or a known one; nothing is written, nobody gets a mail",
		Long: "Plays a journey on a clock of its own: the code that decides and renders in production. A FOLDER is played here; a KEY is\n" +
			"played by the server in PERENNIAL_URL, its draft or live version, where --customer can name a customer of hers.\n" +
			"What people do is assumed, and said, unless --script says it (docs/simulate.md). The same seed is the same simulation.",
		Example: "  perennial journey simulate templates/win-back --customers 1000\n" +
			"  perennial journey simulate templates/win-back --customer ada.yaml --script orders.yaml\n" +
			"  perennial journey simulate win-back --customer user:4711 --days 120",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output != "" && f.output != "json" {
				return fmt.Errorf("-o is %q: write json, or leave it out", f.output)
			}
			if f.script != "" && !cmd.Flags().Changed("customers") {
				f.request.Customers = 0 // the script may say who
			}
			began := wall()
			s, err := f.simulate(cmd.Context(), env, args[0])
			if err != nil {
				return printFault(std, err)
			}
			if f.mails != "" {
				if err := writeMails(f.mails, s); err != nil {
					return err
				}
			}
			if f.output == "json" {
				encoder := json.NewEncoder(std.out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(s)
			}
			printSimulation(std.out, s, wall().Sub(began))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.request.Customers, "customers", 100, "how many customers to invent")
	flags.StringVar(&f.customer, "customer", "", "one customer: a file (the customer of a scenario), or for a KEY cus_… or user:ID")
	flags.IntVar(&f.request.Days, "days", 90, "how many days to play")
	flags.Uint64Var(&f.request.Seed, "seed", 1, "another seed invents other customers")
	flags.StringVar(&f.start, "start", "", "when it begins, 2026-03-02 or RFC 3339; default: today, for a KEY the server's now")
	flags.StringVar(&f.script, "script", "", "what customers do: a script or a scenario")
	flags.IntVar(&f.request.Timelines, "timelines", 0, "of how many customers to print the timeline; one customer's is printed always")
	flags.StringVar(&f.mails, "mails", "", "a folder to write the mails of the timelines to, as .html and .txt")
	flags.StringVar(&f.choice, "version", "draft", "for a KEY: draft, live or a number")
	flags.StringVarP(&f.output, "output", "o", "", "json")
	return cmd
}

// printFault prints the faults of what was given, all of them, and leaves the exit status to run.
func printFault(std stdio, err error) error {
	var fault *journey.Fault
	if errors.As(err, &fault) && (fault.Code == journey.CodeInvalid || fault.Code == journey.CodeMalformed) {
		fmt.Fprintln(std.err, err)
		return errFaults
	}
	return err
}

func (f *simulateFlags) simulate(ctx context.Context, env map[string]string, what string) (journey.Simulation, error) {
	if f.script != "" {
		script, err := os.ReadFile(f.script)
		if err != nil {
			return journey.Simulation{}, fmt.Errorf("reading the script: %w", err)
		}
		f.request.Script = script
	}
	if f.customer != "" || f.request.Customers == 1 {
		f.request.Timelines = max(f.request.Timelines, 1)
	}
	if err := f.readStart(); err != nil {
		return journey.Simulation{}, err
	}
	if info, err := os.Stat(what); err == nil && info.IsDir() {
		return f.here(ctx, what)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return journey.Simulation{}, err
	}
	return f.there(ctx, env, what)
}

func (f *simulateFlags) readStart() error {
	if f.start == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, f.start); err == nil {
			f.request.Start = at.UTC()
			return nil
		}
	}
	return fmt.Errorf("--start is %q: write 2026-03-02 or 2026-03-02T08:00:00Z", f.start)
}

// here plays a folder.
func (f *simulateFlags) here(ctx context.Context, folder string) (journey.Simulation, error) {
	files, err := templates.Load(os.DirFS(filepath.Dir(filepath.Clean(folder))), filepath.Base(filepath.Clean(folder)))
	if err != nil {
		return journey.Simulation{}, err
	}
	v := journey.Version{Key: filepath.Base(filepath.Clean(folder)), Source: files[journeyFile]}
	delete(files, journeyFile)
	v.Files = files
	r := f.request
	if r.Start.IsZero() {
		r.Start = wall().UTC().Truncate(24 * time.Hour).Add(8 * time.Hour)
	}
	if f.customer != "" {
		source, err := os.ReadFile(f.customer)
		if err != nil {
			return journey.Simulation{}, fmt.Errorf("reading the customer: %w", err)
		}
		p, err := simulate.ParsePersona(f.customer, source, r.Start)
		if err != nil {
			return journey.Simulation{}, err
		}
		if def, _ := journey.Parse(journeyFile, []byte(v.Source)); def != nil {
			p = p.Agreed(def)
		}
		r.Known = &journey.Recorded{Customer: p.Customer, Suppressed: p.Suppressed}
	}
	return simulateVersion(journey.Brand{})(ctx, v, r)
}

// there lets the server play a journey that it has.
func (f *simulateFlags) there(ctx context.Context, env map[string]string, key string) (journey.Simulation, error) {
	server, err := newServer(env)
	if err != nil {
		return journey.Simulation{}, fmt.Errorf("there is no folder %s, and for a journey of a server: %w", key, err)
	}
	body := map[string]any{"days": f.request.Days, "seed": f.request.Seed, "timelines": f.request.Timelines, "version": f.choice}
	if f.customer != "" {
		body["customer"] = f.customer
	} else {
		body["customers"] = f.request.Customers
	}
	if f.request.Script != nil {
		body["script"] = string(f.request.Script)
	}
	if !f.request.Start.IsZero() {
		body["start"] = f.request.Start
	}
	var out journey.Simulation
	err = server.call(ctx, http.MethodPost, "/api/journeys/"+key+"/simulate", body, &out)
	return out, err
}

// writeMails writes the mails of the timelines, numbered in the order in which they went out.
func writeMails(folder string, s journey.Simulation) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // mails that nobody got
		return fmt.Errorf("writing the mails: %w", err)
	}
	for _, p := range s.People {
		for i, m := range p.Mails {
			name := fmt.Sprintf("%s-%02d-%s", strings.TrimPrefix(p.ID, journey.PrefixCustomer), i+1, m.Message)
			for suffix, text := range map[string]string{".html": m.HTML, ".txt": m.Text} {
				if err := os.WriteFile(filepath.Join(folder, name+suffix), []byte(text), 0o644); err != nil { //nolint:gosec // the same
					return fmt.Errorf("writing the mails: %w", err)
				}
			}
		}
	}
	return nil
}
