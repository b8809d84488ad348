package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const missedJourney = `journey: missed
name: Who let a coupon expire
topic: transactional
enter: { when: { event: Coupon Expired } }
reentry: always
steps:
  - send: { message: missed, window: any, expires: 400d }
`

// The present of the library's birthday: who forgets it is reminded five days before it ends, and at its end her stream says so, and a journey
// that listens begins; who has used it hears nothing more. A day takes two fifths of a second here.
func TestAPresentIsForgottenOrUsed(t *testing.T) {
	t.Parallel()
	p, town := newTown(t, dayOf(400*time.Millisecond))
	p.start(p.url)
	p.takes(patient(t, "../../templates/birthday", "happy-birthday", "still-yours"))
	p.takes(folderOf(t, missedJourney, map[string]string{"missed": "It has expired: A pity."}))
	code := regexp.MustCompile(`\b[A-Z2-9]{8}\b`)
	var people []*person
	for _, name := range []string{"forgetful", "quick"} {
		she := p.at(town, name).arrives(map[string]any{"first_name": name, "timezone": "UTC", "topics": map[string]any{"offers": true}})
		she.does("Order Completed", map[string]any{"order_id": "before-" + name, "total": 40})
		she.enters("birthday")
		people = append(people, she)
	}
	ada, bea := people[0], people[1]
	present, still := "Happy birthday, ", "Your birthday present is still here"
	hers := code.FindString(bea.gets(present + "quick"))
	require.NotEmpty(t, hers)
	require.NoError(t, p.post("/api/coupons/redeem", map[string]any{"code": hers, "order_id": "o-1", "customer": "user:quick"}))
	forgotten := code.FindString(ada.gets(present + "forgetful"))
	ada.gets(still)
	ada.gets("It has expired")
	p.quiet()
	assert.Equal(t, []string{present + "forgetful", still, "It has expired"}, ada.subjects())
	assert.Equal(t, []string{present + "quick"}, bea.subjects(), "who has used it is not reminded")
	assert.Equal(t, 1, p.number(`SELECT count(*) FROM events WHERE name = 'Coupon Expired'`))
	assert.Equal(t, 1, p.number(`SELECT count(*) FROM events e JOIN coupons c ON c.expires_at = e.happened_at WHERE e.name = 'Coupon Expired' AND c.state = 'expired'`),
		"at its moment")
	refused := p.post("/api/coupons/redeem", map[string]any{"code": forgotten, "order_id": "o-2", "customer": "user:forgetful"})
	require.ErrorContains(t, refused, "expired")
	assert.Contains(t, p.colleague()("/coupons/pools/birthday"), "birthday")
}

// patient is a journey of the library whose letters may come late: two days, after which they expire, are no time at all where days fly.
func patient(t *testing.T, folder string, messages ...string) string {
	t.Helper()
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(folder)))
	path := filepath.Join(copied, "journey.yaml")
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(source)
	for _, m := range messages {
		require.Contains(t, text, "send: "+m+"\n")
		text = strings.Replace(text, "send: "+m+"\n", "send: { message: "+m+", expires: 400d }\n", 1)
	}
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return copied
}
