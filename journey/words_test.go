package journey_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestWords(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	at := time.Date(2026, 5, 7, 7, 0, 0, 0, time.UTC)
	log := func(what string, detail map[string]any) string {
		return journey.LogWords(journey.LogEntry{At: at, Step: "s", What: what, Detail: detail}, vienna)
	}
	until := at.Add(5 * journey.Day).Format(time.RFC3339)
	for want, got := range map[string]string{
		"waits 5 days, until Tue 12 May 09:00":               log(journey.LogWait, map[string]any{"until": until}),
		"not sent (hello): no consent for its topic":         log(journey.LogNotSent, map[string]any{"message": "hello", "reason": "no_consent"}),
		"not sent (hello): the pool is odd":                  log(journey.LogNotSent, map[string]any{"message": "hello", "reason": "the_pool_is_odd"}),
		"waits for Order Completed or a coupon":              log(journey.LogWaitFor, map[string]any{"for": []any{"Order Completed", "a coupon"}}),
		"took vip, because orders_count 4, tier top":         log(journey.LogBranch, map[string]any{"arm": "vip", "values": map[string]any{"tier": "top", "orders_count": 4.0}}),
		"answered 9, so took happy":                          log(journey.LogAnswered, map[string]any{"score": 9, "arm": "happy"}),
		"stands still, paused by Eva: on holiday":            log(journey.LogPaused, map[string]any{"by": "Eva", "reason": "on holiday"}),
		"finished the journey":                               log(journey.LogExited, map[string]any{"reason": "finished"}),
		"left the journey: won-back":                         log(journey.LogExited, map[string]any{"reason": "won-back"}),
		"something new":                                      log("something_new", nil),
		"sent “We miss you” (message we-miss-you)":           journey.MessageWords(journey.MessageSummary{State: journey.MessageAccepted, Subject: "We miss you", Template: "we-miss-you"}),
		"not sent: no consent for offers (message hello)":    journey.MessageWords(journey.MessageSummary{State: journey.MessageDropped, Reason: "no_consent", Topic: "offers", Template: "hello"}),
		"Order Completed, order_id o-17, total 49.5":         journey.EventWords(journey.KindTrack, "Order Completed", map[string]any{"order_id": "o-17", "total": 49.5}, vienna),
		"answered the survey nps: 9, “Lovely”":               journey.EventWords(journey.KindOwn, journey.EventSurveyAnswered, map[string]any{"survey": "nps", "score": 9.0, "comment": "Lovely"}, vienna),
		"unsubscribed from offers, by unsubscribe link":      journey.EventWords(journey.KindOwn, journey.EventTopicUnsubscribed, map[string]any{"topic": "offers", "source": "unsubscribe link"}, vienna),
		"told us about herself: email a@b.example, tier top": journey.EventWords(journey.KindIdentify, "", map[string]any{"email": "a@b.example", "tier": "top"}, vienna),
	} {
		assert.Equal(t, want, got)
	}
}
