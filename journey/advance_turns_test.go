package journey

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// catchUp is a pause of the journey that ends by itself, and lets what fell due go out over two hours.
func (s *story) catchUp(length time.Duration) *story {
	s.pause(CatchUp, length)
	s.facts.Pauses[len(s.facts.Pauses)-1].Spread = SpreadMost
	return s
}

func TestCatchUpGivesEachHerTurn(t *testing.T) {
	t.Parallel()
	s := tell(t, twoSends).advance().pass(Day).catchUp(6 * Day).advance().pass(6 * Day)
	assert.Equal(t, []string{"0d a"}, s.sent(), "she stands in line")
	assert.Equal(t, PhaseWindow, s.st.Phase)
	turn := *s.st.Due
	after := turn.Sub(monday().Add(7 * Day))
	assert.True(t, after > 0 && after < SpreadMost, "%s", after)
	for range 5 { // whoever looks meanwhile changes nothing
		s.advance()
		assert.Equal(t, turn, *s.st.Due)
	}
	s.pass(20 * Day)
	assert.Equal(t, []string{"a", "b", "c"}, []string{s.queued[0].Template, s.queued[1].Template, s.queued[2].Template})
	assert.Equal(t, turn, s.queued[1].NotBefore)
	assert.Equal(t, turn.Add(5*Day), s.queued[2].NotBefore, "what follows keeps its distance")
	assert.Contains(t, fmt.Sprint(s.words()), "waits for its turn to send b")
}

func TestTurnsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	var quarters [4]int
	for i := range 4000 {
		quarters[int(place(fmt.Sprintf("enr_%d", i), "b")*4)]++
	}
	for _, n := range quarters {
		assert.InDelta(t, 1000, n, 120)
	}
	assert.Equal(t, time.Duration(0), SpreadOf(0))
	assert.Equal(t, time.Duration(0), SpreadOf(1), "one message goes at once")
	assert.Equal(t, 20*time.Minute, SpreadOf(2))
	assert.Equal(t, 2*time.Hour, SpreadOf(7))
	assert.Equal(t, 2*time.Hour, SpreadOf(100_000))
}

func TestTurnWaitsForTheSendWindow(t *testing.T) {
	t.Parallel()
	// The pause ends at 19:50 in Vienna, the window shuts at 20:00.
	s := tell(t, head+`
send_window: { from: "09:00", to: "20:00" }
steps: [ { send: a }, { wait: 1d }, { send: b } ]
`).advance().pass(time.Hour).catchUp(32*time.Hour + 50*time.Minute).advance().pass(33 * time.Hour)
	s.pass(24 * time.Hour)
	opens := monday().Add(47 * time.Hour) // 09:00 on Wednesday
	if turn, _ := newStillness(s.facts.Pauses).turn(monday().Add(Day), "enr_1", "b"); turn.Before(monday().Add(34 * time.Hour)) {
		opens = turn
	}
	assert.Equal(t, opens, s.queued[1].NotBefore)
}

func TestReceiptsHaveNoTurn(t *testing.T) {
	t.Parallel()
	s := tell(t, `
journey: receipts
name: Receipts
topic: transactional
enter: { when: api }
steps: [ { wait: 1d }, { send: receipt } ]
`).advance().catchUp(2 * Day).advance().pass(2 * Day)
	assert.Equal(t, []string{"2d receipt"}, s.sent())
}

// words are the lines of the log as support reads them.
func (s *story) words() (out []string) {
	for _, l := range s.log {
		out = append(out, LogWords(l, time.UTC))
	}
	return out
}
