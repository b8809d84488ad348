package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/faults"
	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

// Nobody says that anything is wrong: packets to Postgres just vanish. Whoever asks hears `unavailable` all the same, and it resumes
// by itself.
func TestPostgresInABlackHoleIsUnavailable(t *testing.T) {
	t.Parallel()
	far, url := faults.ToURL(t, testenv.Database(t))
	s, err := store.Open(t.Context(), url, store.Options{Wall: time.Now, Silence: 500 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	far.BlackHole()
	began := time.Now()
	_, err = s.Settings(t.Context())
	assert.Equal(t, journey.CodeUnavailable, journey.CodeOf(err))
	assert.Less(t, time.Since(began), 5*time.Second)
	far.Heal()
	testenv.Eventually(t, 10*time.Second, func() bool { _, err := s.Settings(t.Context()); return err == nil }, "the settings")
}
