package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestTheSameMailAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("win-back", winBack, winBackFiles)
	customer, enrollment := s.enter("ada")
	s.deliver()
	s.wait(enrollment)
	offer := one[string](s, `SELECT id FROM messages WHERE template = 'comeback-offer'`)
	again := func(reason string, headers ...string) reply {
		return s.call(journey.RoleSupport, http.MethodPost, "/api/messages/"+offer+"/resend", m{"reason": reason}, headers...)
	}
	early := again("she asked")
	assert.Equal(t, 409, early.status)
	assert.Equal(t, "not_sent", early.json["reason"])
	s.deliver()
	s.must(journey.RoleSupport, http.MethodPost, "/api/enrollments/"+enrollment+"/exit", m{"reason": "done"})
	s.step(enrollment, journey.CauseWake)

	posted := again("she deleted it", "Idempotency-Key", "r1")
	require.Equal(t, 202, posted.status, posted.body)
	assert.Equal(t, "queued", posted.json["state"])
	assert.Equal(t, posted.json["message"], again("she deleted it", "Idempotency-Key", "r1").json["message"])
	claimed := s.claim()
	require.Len(t, claimed, 1, "once, and though the journey has ended")
	assert.Equal(t, posted.json["message"], claimed[0].Message.ID)
	assert.Equal(t, "comeback-offer", claimed[0].Message.Template)
	assert.Equal(t, one[string](s, `SELECT code FROM coupons WHERE customer_id = $1`, customer), claimed[0].Coupons["offer"].Code, "the same code")
	assert.Equal(t, one[string](s, `SELECT step FROM messages WHERE id = $1`, offer), claimed[0].Message.FirstStep(), "so the same subject, where the step tries several")
	assert.NotEqual(t, s.messageID(offer), claimed[0].Message.MessageID)
	assert.Contains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "she deleted it")

	assert.Equal(t, 422, again(" ").status)
	assert.Equal(t, 404, s.call(journey.RoleSupport, http.MethodPost, "/api/messages/msg_none/resend", m{"reason": "x"}).status)
	s.must(journey.RoleSupport, http.MethodPost, "/api/customers/"+customer+"/topics", m{"topics": m{"offers": false}, "reason": "asked by phone"})
	assert.Equal(t, "no_consent", again("she asked").json["reason"])
	s.must(journey.RoleAdmin, http.MethodPut, "/api/suppressions/ada@example.com", m{"reason": "she asked us", "scope": "marketing"})
	assert.Equal(t, "suppressed", again("she asked").json["reason"])
	assert.Equal(t, 2, one[int](s, `SELECT count(*) FROM messages WHERE template = 'comeback-offer'`))
}
