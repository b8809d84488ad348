package simulate_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

var update = flag.Bool("update", false, "write what the scenarios expect anew")

// load parses and compiles one of the journeys that ship.
func load(t *testing.T, name string) (*journey.Definition, *templates.Set) {
	t.Helper()
	files, err := templates.Load(templates.Embedded(), name)
	require.NoError(t, err)
	def, problems := journey.Parse(templates.JourneyFile, []byte(files[templates.JourneyFile]))
	require.Empty(t, problems.Errors(), "%v", problems)
	set, problems := templates.Compile(def, files)
	require.Empty(t, problems.Errors(), "%v", problems)
	return def, set
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, name := range templates.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			def, set := load(t, name)
			scenarios, err := simulate.LoadScenarios(templates.Embedded(), name)
			require.NoError(t, err)
			require.NotEmpty(t, scenarios)
			var timelines []simulate.Timeline
			for _, s := range scenarios {
				timeline, err := simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
				if *update {
					write(t, filepath.Join("..", "templates", name, "scenarios", s.File), timeline.Lines())
					s.Expect = timeline.Lines()
					timeline, err = simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
				}
				assert.NoError(t, err)
				t.Logf("%s: %s\n%s", s.File, s.Name, timeline)
				timelines = append(timelines, timeline)
			}
			assert.Empty(t, simulate.NeverVisited(def, timelines), "steps that no scenario comes to")
		})
	}
}

// write replaces what a scenario expects, which is the end of its file.
func write(t *testing.T, file string, lines []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(simulate.Expecting(string(content), lines)), 0o644))
}
