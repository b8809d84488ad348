package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

// tested is what the scenarios of one folder came to.
type tested struct {
	Folder       string                 `json:"folder"`
	Journey      string                 `json:"journey"`
	Scenarios    []testedScenario       `json:"scenarios"`
	Steps        int                    `json:"steps"`
	NeverVisited []string               `json:"never_visited"` // steps that no scenario comes to
	Untaken      []journey.SimulatedWay `json:"untaken"`       // ways out of steps that none takes
}

type testedScenario struct {
	File  string `json:"file"`
	Name  string `json:"name"`
	Fault string `json:"fault,omitempty"`
}

func testCommand(std stdio) *cobra.Command {
	var output string
	var update bool
	cmd := &cobra.Command{
		Use:   "test FOLDER…",
		Short: "Runs the scenarios of journeys, and says which steps none of them comes to",
		Long: "Plays every scenario in scenarios/*.yaml (docs/scenarios.md) and compares the timeline with the one that it expects. Exit\n" +
			"status: 0 all as expected and every step come to, 2 not so, 1 anything else.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []tested
			faulty := false
			for _, folder := range args {
				one, err := testFolder(folder, update)
				if errors.Is(err, errFaults) {
					return fmt.Errorf("%s is not valid: perennial journey validate %s says why: %w", folder, folder, err)
				}
				if err != nil {
					return err
				}
				all = append(all, one)
				faulty = faulty || one.faulty()
			}
			if err := printTested(std.out, output, all); err != nil {
				return err
			}
			if faulty {
				return errFaults
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json or junit")
	cmd.Flags().BoolVar(&update, "update", false, "write what the scenarios now come to into their files; read the difference")
	return cmd
}

func (t tested) faulty() bool {
	for _, s := range t.Scenarios {
		if s.Fault != "" {
			return true
		}
	}
	return len(t.NeverVisited) > 0
}

func testFolder(folder string, update bool) (tested, error) {
	files, err := templates.LoadDir(folder)
	if err != nil {
		return tested{}, err
	}
	def, problems := journey.Parse(journeyFile, []byte(files[journeyFile]))
	if len(problems.Errors()) > 0 {
		return tested{}, errFaults
	}
	set, problems := templates.Compile(def, files)
	if len(problems.Errors()) > 0 {
		return tested{}, errFaults
	}
	clean := filepath.Clean(folder)
	scenarios, err := simulate.LoadScenarios(os.DirFS(filepath.Dir(clean)), filepath.Base(clean))
	if err != nil {
		return tested{}, err
	}
	out := tested{Folder: folder, Journey: def.Key, Scenarios: []testedScenario{}, NeverVisited: []string{}}
	var timelines []simulate.Timeline
	for _, s := range scenarios {
		timeline, err := simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
		one := testedScenario{File: filepath.Join(folder, "scenarios", s.File), Name: s.Name}
		if err != nil && update {
			s.Expect = timeline.Lines()
			if err := rewrite(one.File, s.Expect); err != nil {
				return tested{}, err
			}
			timeline, err = simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
		}
		if err != nil {
			one.Fault = err.Error()
		}
		out.Scenarios, timelines = append(out.Scenarios, one), append(timelines, timeline)
	}
	def.Walk(func(*journey.Step) { out.Steps++ })
	out.NeverVisited = append(out.NeverVisited, simulate.NeverVisited(def, timelines)...)
	out.Untaken = simulate.Untaken(def, timelines)
	return out, nil
}

func rewrite(file string, expect []string) error {
	source, err := os.ReadFile(file) //nolint:gosec // the path is the caller's own
	if err != nil {
		return fmt.Errorf("reading the scenario: %w", err)
	}
	if err := os.WriteFile(file, []byte(simulate.Expecting(string(source), expect)), 0o644); err != nil { //nolint:gosec // a source file
		return fmt.Errorf("writing the scenario: %w", err)
	}
	return nil
}

func printTested(out io.Writer, form string, all []tested) error {
	switch form {
	case "":
		for _, t := range all {
			t.print(out)
		}
		return nil
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	case "junit":
		return printJUnit(out, all)
	}
	return fmt.Errorf("-o is %q: write json or junit, or leave it out", form)
}

func (t tested) print(out io.Writer) {
	fmt.Fprintf(out, "%s\n", t.Folder)
	for _, s := range t.Scenarios {
		sign := "ok  "
		if s.Fault != "" {
			sign = "NOT "
		}
		fmt.Fprintf(out, "  %s %s (%s)\n", sign, s.Name, filepath.Base(s.File))
		if s.Fault != "" {
			fmt.Fprintln(out, "         "+strings.ReplaceAll(s.Fault, "\n", "\n         "))
		}
	}
	fmt.Fprintf(out, "  %d of %d steps are come to\n", t.Steps-len(t.NeverVisited), t.Steps)
	for _, step := range t.NeverVisited {
		fmt.Fprintf(out, "  NOT  no scenario comes to %s\n", step)
	}
	for _, w := range t.Untaken {
		fmt.Fprintf(out, "       none takes %s: %s\n", w.Step, w.Words)
	}
}

// The shape that CI servers read.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func printJUnit(out io.Writer, all []tested) error {
	var suites junitSuites
	for _, t := range all {
		suite := junitSuite{Name: t.Journey}
		add := func(c junitCase, fault string) {
			suite.Tests++
			if fault != "" {
				suite.Failures++
				message, _, _ := strings.Cut(fault, "\n")
				c.Failure = &junitFailure{Message: message, Text: fault}
			}
			suite.Cases = append(suite.Cases, c)
		}
		for _, s := range t.Scenarios {
			add(junitCase{Class: t.Journey, Name: s.Name, File: s.File}, s.Fault)
		}
		fault := ""
		if len(t.NeverVisited) > 0 {
			fault = "no scenario comes to " + strings.Join(t.NeverVisited, ", ")
		}
		add(junitCase{Class: t.Journey, Name: "every step is come to"}, fault)
		suites.Suites = append(suites.Suites, suite)
	}
	fmt.Fprint(out, xml.Header)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suites); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}
