package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestCustomersAreFoundByWhatSupportHasAtHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.identify("Ada-1", map[string]any{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"})
	w.identify("bob", map[string]any{"email": "bob@example.com", "first_name": "Bob", "last_name": "Adams"})
	w.track("Ada-1", "Order Completed", map[string]any{"order_id": "A-4711"})
	find := func(query string) (ids []string) {
		got, err := w.SearchCustomers(t.Context(), query, journey.PageRequest{Limit: 10})
		require.NoError(t, err)
		for _, c := range got.Data {
			ids = append(ids, c.ExternalID)
		}
		return ids
	}
	for _, query := range []string{ada.ID, "ada-1", "user:ADA-1", " ADA@exam", "ada lov", "lovel", "A-4711"} {
		assert.Equal(t, []string{"Ada-1"}, find(query), query)
	}
	assert.ElementsMatch(t, []string{"bob", "Ada-1"}, find("ada"), "one by his last name")
	assert.ElementsMatch(t, []string{"bob", "Ada-1"}, find(""))
	assert.Empty(t, find("%"))
	assert.Empty(t, find("4711"))
}

// Two letters that begin many names find a thousand of them, page by page, and take no longer than one that begins few.
func TestTwoLettersFindAThousand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.sql.Exec(t.Context(), `INSERT INTO customers (id, email, attributes, created_at)
		SELECT 'cus_' || lpad(i::text, 6, '0'), 'person' || i || '@example.com', '{}', $1 FROM generate_series(1, 1500) i`, w.Clock().Now())
	require.NoError(t, err)
	seen, last := 0, "cus_9"
	for next := ""; ; {
		got, err := w.SearchCustomers(t.Context(), "pe", journey.PageRequest{Limit: 100, Cursor: next})
		require.NoError(t, err)
		for _, c := range got.Data {
			assert.Less(t, c.ID, last, "the newest first")
			last, seen = c.ID, seen+1
		}
		if got.Next == nil {
			break
		}
		next = *got.Next
	}
	assert.Equal(t, 1000, seen)
}
