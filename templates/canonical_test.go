package templates

import (
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// The journeys that ship are as `perennial journey fmt` leaves them, with every id written out: an id is what stays when a
// version changes.
func TestShippedJourneysAreCanonical(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		files, err := Load(Embedded(), name)
		require.NoError(t, err)
		formatted, problems := journey.Format([]byte(files[JourneyFile]))
		require.Empty(t, problems, name)
		require.Equal(t, string(formatted), files[JourneyFile], "run: perennial journey fmt templates/%s", name)
	}
}
