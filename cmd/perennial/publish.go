package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/templates"
)

// flight is what becomes of those who are in a journey, as flags say it.
type flight struct {
	inFlight, waits, output string
	moves                   map[string]string
}

func (f *flight) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.inFlight, "in-flight", "keep", "what becomes of those who are in the journey: keep, migrate or exit")
	cmd.Flags().StringToStringVar(&f.moves, "map", nil, "with migrate: old step=new step, where ids differ; can be given again")
	cmd.Flags().StringVar(&f.waits, "waits", "keep", "with migrate: keep or recompute")
	outputFlag(cmd, &f.output)
}

func outputFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVarP(into, "output", "o", "text", "text or json")
}

func (f *flight) body() map[string]any {
	return map[string]any{"in_flight": f.inFlight, "map": f.moves, "waits": f.waits}
}

// folder is a journey as files, without fault.
type folder struct {
	key, source string
	files       map[string]string
}

// readFolder checks a folder and reads it; faults are printed.
func readFolder(path string, out io.Writer) (folder, error) {
	def, problems, err := checkFolder(path)
	if err != nil {
		return folder{}, err
	}
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	if len(problems.Errors()) > 0 {
		return folder{}, errFaults
	}
	files, err := templates.Load(os.DirFS(filepath.Dir(filepath.Clean(path))), filepath.Base(filepath.Clean(path)))
	if err != nil {
		return folder{}, err
	}
	source := files[journeyFile]
	delete(files, journeyFile)
	return folder{key: def.Key, source: source, files: files}, nil
}

// planned is a plan as the server answers it.
type planned struct {
	journey.PublishPlan
	Words string `json:"words"`

	raw json.RawMessage
}

// asks says why somebody must say yes before it is published; empty: nobody needs to.
func (p *planned) asks() (why []string) {
	say := func(n int, what string) {
		if n > 0 {
			why = append(why, fmt.Sprintf("%d %s", n, what))
		}
	}
	if p.InFlight != journey.InFlightKeep {
		say(p.Leaving(), "in flight would leave")
	}
	count := func(list []journey.PlanFinding) (n int) {
		for _, f := range list {
			n += f.People
		}
		return n
	}
	say(count(p.Twice), "would get a message twice")
	say(count(p.Skips), "would skip a message")
	say(count(p.AtOnce), "would leave at once")
	if p.Audience.Unusual {
		why = append(why, "the audience is far above the usual")
	}
	return why
}

func (s *server) plan(ctx context.Context, f folder, in *flight) (p planned, err error) {
	body := in.body()
	body["journey"], body["files"] = f.source, f.files
	if err = s.call(ctx, http.MethodPost, "/api/journeys/"+f.key+"/plan", body, &p.raw); err != nil {
		return p, fmt.Errorf("planning %s: %w", f.key, err)
	}
	return p, json.Unmarshal(p.raw, &p)
}

func planCommand(env map[string]string, std stdio) *cobra.Command {
	var in flight
	cmd := &cobra.Command{
		Use:   "plan FOLDER",
		Short: "Says what publishing the folder would do: what is different, who moves or leaves, who enters; changes nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			f, err := readFolder(args[0], std.err)
			if err != nil {
				return err
			}
			p, err := server.plan(cmd.Context(), f, &in)
			if err != nil {
				return err
			}
			return show(std.out, in.output, p.raw, p.Words)
		},
	}
	in.flags(cmd)
	return cmd
}

func publishCommand(env map[string]string, std stdio) *cobra.Command {
	var in flight
	var yes bool
	cmd := &cobra.Command{
		Use:   "publish FOLDER…",
		Short: "Shows the plan, uploads the folder as a draft and publishes it, to the server in PERENNIAL_URL with the key in PERENNIAL_KEY",
		Long: "Shows the plan, uploads the folder as a draft and publishes it. Where people would leave, get a message twice or skip one, or the\n" +
			"audience is far above the usual, it refuses (exit status 2) unless --yes is given. Exit status 3: somebody else published meanwhile.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := newServer(env)
			if err != nil {
				return err
			}
			for _, path := range args {
				f, err := readFolder(path, std.err)
				if err != nil {
					return err
				}
				if err := server.publish(cmd.Context(), f, &in, yes, std); err != nil {
					return err
				}
			}
			return nil
		},
	}
	in.flags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "publish whatever the plan says")
	return cmd
}

func (s *server) publish(ctx context.Context, f folder, in *flight, yes bool, std stdio) error {
	p, err := s.plan(ctx, f, in)
	if err != nil {
		return err
	}
	if in.output != "json" {
		fmt.Fprintln(std.out, p.Words)
	}
	if why := p.asks(); len(why) > 0 && !yes {
		for _, w := range why {
			fmt.Fprintln(std.err, f.key+": "+w)
		}
		return refusal(f.key + " is not published: look at the plan, then add --yes")
	}
	if err := s.call(ctx, http.MethodPut, "/api/journeys/"+f.key, map[string]any{"journey": f.source, "files": f.files}, nil); err != nil {
		return fmt.Errorf("uploading %s: %w", f.key, err)
	}
	var raw json.RawMessage
	if err := s.call(ctx, http.MethodPost, "/api/journeys/"+f.key+"/publish", in.body(), &raw, "If-Match", `"`+p.ETag+`"`); err != nil {
		return fmt.Errorf("publishing %s: %w", f.key, err)
	}
	var published struct {
		Version   journey.Version    `json:"version"`
		Migration *journey.Migration `json:"migration"`
	}
	if err := json.Unmarshal(raw, &published); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	words := fmt.Sprintf("%s: version %d is live\n", f.key, published.Version.Number)
	if m := published.Migration; m != nil {
		words += fmt.Sprintf("%s: %d in flight: %s, under way; GET /api/journeys/%s says how far\n", f.key, m.Total, m.InFlight, f.key)
	}
	return show(std.out, in.output, raw, words)
}

// show prints an answer as it came, or in words.
func show(out io.Writer, format string, raw json.RawMessage, words string) error {
	switch format {
	case "json":
		fmt.Fprintln(out, string(raw))
	case "text":
		fmt.Fprint(out, words)
	default:
		return refusal("there is no output " + format + ": use text or json")
	}
	return nil
}
