package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
)

// A key that is believed ends with its revocation, in every process; where nobody was told of it, after seconds.
func TestARevokedKeyEndsInEveryProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.open(store.Options{})
	keys := map[string][]byte{"key_a": []byte("a"), "key_b": []byte("b")}
	revoked := func(s *store.Store, id string) bool {
		k, err := s.KeyByHash(t.Context(), keys[id])
		require.NoError(t, err)
		require.Equal(t, id, k.ID)
		return k.RevokedAt != nil
	}
	for id, hash := range keys {
		k := journey.Key{ID: id, Name: id, Role: journey.RoleIngest, CreatedAt: w.wall.now()}
		require.NoError(t, w.CreateKey(t.Context(), k, hash, marketer))
		for range 2 {
			assert.False(t, revoked(w.Store, id) || revoked(other, id))
		}
	}
	require.NoError(t, w.RevokeKey(t.Context(), "key_a", marketer))
	assert.True(t, revoked(w.Store, "key_a"), "from the next request on")
	assert.Eventually(t, func() bool { return revoked(other, "key_a") }, 10*time.Second, time.Millisecond, "its time stands still: it was told")

	assert.False(t, revoked(w.Store, "key_b") || revoked(other, "key_b"))
	w.exec(`UPDATE keys SET revoked_at = $1 WHERE id = 'key_b'`, w.wall.now())
	w.wall.pass(5 * time.Second)
	assert.True(t, revoked(w.Store, "key_b") && revoked(other, "key_b"), "nobody was told, and it is over all the same")
	_, err := w.KeyByHash(t.Context(), []byte("c"))
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
}
