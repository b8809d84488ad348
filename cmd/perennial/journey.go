package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perennial/journey"
	"perennial/templates"
)

func journeyCommand(env map[string]string, std stdio) *cobra.Command {
	cmd := &cobra.Command{Use: "journey", Short: "Works on journeys as files: init, validate, fmt, convert, test, graph, simulate, send-test, plan, publish, pull"}
	cmd.AddCommand(initCommand(std), validateCommand(std), formatCommand(std), convertCommand(std), testCommand(std), graphCommand(std), schemaCommand(std),
		simulateCommand(env, std), sendTestCommand(env, std), planCommand(env, std), publishCommand(env, std), diffCommand(env, std), pullCommand(env, std),
		listCommand(env, std), archiveCommand(env, std), restoreCommand(env, std),
		turnCommand(env, std, "undo", "Takes the last change of a draft back", "the last change of %s is taken back; redo makes it again"),
		turnCommand(env, std, "redo", "Makes the change of a draft again that was undone last", "the change of %s is made again"))
	return cmd
}

func validateCommand(std stdio) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "validate FOLDER…",
		Short: "Checks journey.yaml and the messages beside it; prints every fault with its place and the mend",
		Long: "Checks journey.yaml and the messages beside it. What the journey only names (another journey, a pool that exists on\n" +
			"the server) is taken for granted. Exit status: 0 valid, 2 faults, 1 anything else.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			faulty, words, all := false, strings.Builder{}, []validated{}
			for _, folder := range args {
				def, problems, err := checkFolder(folder)
				if err != nil {
					return err
				}
				v := validated{Folder: folder, Valid: len(problems.Errors()) == 0, Problems: append(journey.Problems{}, problems...)}
				for _, p := range problems {
					fmt.Fprintln(&words, p)
				}
				if v.Valid {
					v.Journey = def.Key
					fmt.Fprintf(&words, "%s: %s is valid\n", folder, def.Key)
				}
				all, faulty = append(all, v), faulty || !v.Valid
			}
			raw, err := json.Marshal(all)
			if err == nil {
				err = show(std.out, output, raw, words.String())
			}
			if err == nil && faulty {
				err = errFaults
			}
			return err
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

// validated is what validate says of one folder, as JSON.
type validated struct {
	Folder   string           `json:"folder"`
	Journey  string           `json:"journey,omitempty"` // its key, when it is valid
	Valid    bool             `json:"valid"`
	Problems journey.Problems `json:"problems"` // warnings too
}

// checkFolder parses the journey of a folder and compiles its messages. Places of problems are paths as the caller wrote them.
func checkFolder(folder string) (*journey.Definition, journey.Problems, error) {
	files, err := templates.Load(os.DirFS(filepath.Dir(filepath.Clean(folder))), filepath.Base(filepath.Clean(folder)))
	if err != nil {
		return nil, nil, err
	}
	def, problems := journey.Parse(journeyFile, []byte(files[journeyFile]))
	if len(problems.Errors()) == 0 {
		_, more := templates.Compile(def, files)
		problems = append(append(problems, more...), def.Outdated(journeyFile, wall())...)
	}
	for i := range problems {
		problems[i].File = filepath.Join(folder, problems[i].File)
	}
	return def, problems, nil
}

const journeyFile = "journey.yaml"

func formatCommand(std stdio) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt FOLDER…",
		Short: "Writes journey.yaml in its canonical form, with every id written out",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			faulty := false
			for _, folder := range args {
				path := filepath.Join(folder, journeyFile)
				src, err := os.ReadFile(path) //nolint:gosec // the path is the caller's own
				if err != nil {
					return fmt.Errorf("reading the journey: %w", err)
				}
				out, problems := journey.Format(src)
				switch {
				case len(problems.Errors()) > 0:
					for _, p := range problems {
						p.File = path
						fmt.Fprintln(std.out, p)
					}
					faulty = true
				case bytes.Equal(out, src):
				case check:
					fmt.Fprintln(std.out, path)
					faulty = true
				default:
					if err := os.WriteFile(path, out, 0o644); err != nil { //nolint:gosec // a source file
						return fmt.Errorf("writing the journey: %w", err)
					}
					fmt.Fprintln(std.out, path)
				}
			}
			if faulty {
				return errFaults
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; name the files that would change, and exit with 2")
	return cmd
}

// server is a Perennial somewhere, spoken to over its API.
type server struct {
	url, key string
	http     *http.Client
}

func newServer(env map[string]string) (*server, error) {
	if env["PERENNIAL_URL"] == "" || env["PERENNIAL_KEY"] == "" {
		return nil, fmt.Errorf("PERENNIAL_URL and PERENNIAL_KEY are not both set: for example " +
			"PERENNIAL_URL=http://127.0.0.1:8080 PERENNIAL_KEY=$(jq -r .marketer .perennial/dev/keys.json)")
	}
	return &server{url: env["PERENNIAL_URL"], key: env["PERENNIAL_KEY"], http: &http.Client{Timeout: 30 * time.Second}}, nil
}

// call sends one request, with pairs of header names and values, and reads the answer; a problem+json answer becomes an error with
// all its faults.
func (s *server) call(ctx context.Context, method, path string, body, into any, headers ...string) error {
	if body == nil {
		return s.send(ctx, method, path, nil, into, headers...)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.send(ctx, method, path, bytes.NewReader(raw), into, append(headers, "Content-Type", "application/json")...)
}

// send makes one request and reads what comes back as JSON, where into is not nil.
func (s *server) send(ctx context.Context, method, path string, payload io.Reader, into any, headers ...string) error {
	res, err := s.request(ctx, method, path, payload, headers...)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err != nil || into == nil || len(raw) == 0 {
		return err
	}
	return json.Unmarshal(raw, into)
}

// download returns a body that is read as it comes. The caller closes it.
func (s *server) download(ctx context.Context, path string) (io.ReadCloser, error) {
	res, err := s.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// request makes one request, with pairs of header names and values. An answer of 4xx or 5xx is an error.
func (s *server) request(ctx context.Context, method, path string, payload io.Reader, headers ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.http.Do(req)
	var unreachable *net.OpError
	if errors.As(err, &unreachable) && unreachable.Op == "dial" {
		return nil, fmt.Errorf("%w; see that the server of PERENNIAL_URL runs", err)
	}
	if err != nil || res.StatusCode < http.StatusBadRequest {
		return res, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err != nil {
		return nil, err
	}
	return nil, answerError(res.StatusCode, raw)
}

// answered is an answer of 4xx or 5xx.
type answered struct {
	Status   int
	Title    string           `json:"title"`
	Detail   string           `json:"detail"`
	Problems journey.Problems `json:"problems"`
}

func (a *answered) Error() string {
	text := fmt.Sprintf("%d %s", a.Status, a.Title)
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	if len(a.Problems) > 0 {
		text += "\n" + a.Problems.Error()
	}
	return text
}

func answerError(status int, raw []byte) error {
	a := &answered{}
	if err := json.Unmarshal(raw, a); err != nil || a.Title == "" {
		a.Title = http.StatusText(status)
	}
	a.Status = status
	return a
}
