package templates_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/templates"
)

var update = flag.Bool("update", false, "write the golden files anew")

// compile parses and compiles one of the journeys that ship.
func compile(t *testing.T, name string) (*journey.Definition, *templates.Set) {
	t.Helper()
	files, err := templates.Load(templates.Embedded(), name)
	require.NoError(t, err)
	def, problems := journey.Parse(templates.JourneyFile, []byte(files[templates.JourneyFile]))
	require.Empty(t, problems.Errors(), "%v", problems)
	set, problems := templates.Compile(def, files)
	require.Empty(t, problems, "%v", problems)
	return def, set
}

func TestJourneysRenderAsTheyShould(t *testing.T) {
	t.Parallel()
	for _, name := range templates.Names() {
		_, set := compile(t, name)
		for _, message := range set.Messages() {
			t.Run(name+"/"+message, func(t *testing.T) {
				t.Parallel()
				d := set.Sample()
				d.Vars["seen"] = map[string]any{"name": "washed linen duvet cover"}
				mail, err := set.Render(message, d)
				require.NoError(t, err)
				head := "From: " + mail.From + "\nReply-To: " + mail.ReplyTo + "\nSubject: " + mail.Subject + "\nPreheader: " + mail.Preheader + "\n\n"
				golden(t, filepath.Join("testdata", "golden", name, message+".txt"), head+mail.Text)
				golden(t, filepath.Join("testdata", "golden", name, message+".html"), mail.HTML)
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "write it with go test ./templates -update")
	assert.Equal(t, string(want), got)
}
