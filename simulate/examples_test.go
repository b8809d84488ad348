package simulate_test

import (
	"io/fs"
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

// The examples are as what ships is: valid without a warning, canonical, and every step of each is come to by a scenario.
func TestExamples(t *testing.T) {
	t.Parallel()
	examples := os.DirFS("../examples")
	folders, err := fs.Glob(examples, "*/journey.yaml")
	require.NoError(t, err)
	require.Len(t, folders, 10)
	for _, file := range folders {
		name := filepath.Dir(file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := templates.Load(examples, name)
			require.NoError(t, err)
			source := []byte(files[templates.JourneyFile])
			def, problems := journey.Parse(templates.JourneyFile, source)
			require.Empty(t, problems, "%v", problems)
			set, problems := templates.Compile(def, files)
			require.Empty(t, problems, "%v", problems)
			formatted, _ := journey.Format(source)
			assert.Equal(t, string(formatted), string(source), "run: perennial journey fmt examples/%s", name)
			assert.FileExists(t, filepath.Join("../examples", name, "README.md"))

			scenarios, err := simulate.LoadScenarios(examples, name)
			require.NoError(t, err)
			var timelines []simulate.Timeline
			for _, s := range scenarios {
				timeline, err := simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
				if *update {
					write(t, filepath.Join("../examples", name, "scenarios", s.File), timeline.Lines())
					s.Expect = timeline.Lines()
					timeline, err = simulate.Check(def, set, s, simulate.Options{Profile: intake.Profile})
				}
				assert.NoError(t, err)
				timelines = append(timelines, timeline)
			}
			assert.Empty(t, simulate.NeverVisited(def, timelines), "steps that no scenario comes to")
		})
	}
}
