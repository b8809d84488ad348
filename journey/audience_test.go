package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhatStopsARamp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		seen Reception
		want string
	}{
		{Reception{}, ""},
		{Reception{Answered: 49, Bounced: 49}, ""}, // too few to tell
		{Reception{Answered: 100, Bounced: 5}, ""},
		{Reception{Answered: 100, Bounced: 6}, "6 of 100 messages bounced, more than 5 %"},
		{Reception{Answered: 100, Complained: 1}, ""}, // one person
		{Reception{Answered: 100, Complained: 2}, "2 complaints about 100 messages, more than 0.1 %"},
		{Reception{Answered: 5000, Complained: 5}, ""},
		{Reception{Answered: 5000, Complained: 6}, "6 complaints about 5000 messages, more than 0.1 %"},
	} {
		assert.Equal(t, tc.want, tc.seen.Trouble(), "%+v", tc.seen)
	}
	assert.Equal(t, []int{1, 10, 100}, []int{NextShare(0), NextShare(1), NextShare(10)})
}

func TestRampLooksBeforeItGoesOn(t *testing.T) {
	t.Parallel()
	since := monday()
	assert.False(t, Reception{Answered: 1000}.RampGoesOn(since, time.Hour, since.Add(59*time.Minute)))
	assert.True(t, Reception{Answered: RampSeen}.RampGoesOn(since, time.Hour, since.Add(time.Hour)))
	assert.False(t, Reception{Answered: 3}.RampGoesOn(since, time.Hour, since.Add(5*time.Hour)), "it waits for answers")
	assert.True(t, Reception{}.RampGoesOn(since, time.Hour, since.Add(6*time.Hour)), "but not for ever")
}
