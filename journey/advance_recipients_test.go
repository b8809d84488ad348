package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func recipient(id, role string) Recipient {
	return Recipient{ID: id, Role: role, Email: id + "@example.com", Zone: time.UTC, Consents: map[string]Consent{"offers": ConsentGiven}}
}

const toAdmins = head + `
send_window: { from: "09:00", to: "20:00" }
cap: { messages: 1, per: 7d, over: drop }
steps: [ { send: { message: seats, to: { account: admin }, subjects: { a: A, b: B } } }, { send: { message: note, to: { account: owner }, if_unsendable: exit } } ]
`

// One message to each colleague with the role: her own address, consent, cap and clock decide.
func TestSendToARoleOfTheAccount(t *testing.T) {
	t.Parallel()
	s := tell(t, toAdmins)
	tokyo := recipient("cus_tokyo", "admin")
	tokyo.Zone = zone(t, "Asia/Tokyo") // there it is evening
	mute, none, full := recipient("cus_mute", "admin"), recipient("cus_none", "admin"), recipient("cus_full", "admin")
	mute.Consents, none.Email = nil, ""
	full.Sent = []SentFact{{Journey: "j", Topic: "offers", At: s.now.Add(-Day)}}
	sealed := recipient("cus_sealed", "admin")
	sealed.Suppressed = true
	s.facts.Recipients = []Recipient{recipient("cus_a", "admin"), recipient("cus_b", "buyer"), full, mute, none, sealed, tokyo}
	s.now = s.now.Add(4 * time.Hour) // 12:00 UTC is 21:00 in Tokyo
	s.facts.JourneyKey = "j"
	s.advance()

	var to []string
	for _, m := range s.queued {
		to = append(to, m.CustomerID)
		assert.Equal(t, "enr_1", m.EnrollmentID)
		assert.Contains(t, []string{"a", "b"}, m.Variant)
	}
	assert.Equal(t, []string{"cus_a", "cus_tokyo"}, to)
	assert.Equal(t, s.now, s.queued[0].NotBefore)
	assert.Equal(t, 9, s.queued[1].NotBefore.In(tokyo.Zone).Hour(), "when her window opens")
	var why []string
	for _, l := range s.out.Log {
		if l.What == LogNotSent {
			who, _ := l.Detail["recipient"].(string)
			why = append(why, who+" "+l.Detail["reason"].(string))
		}
	}
	assert.Equal(t, []string{"cus_full capped", "cus_mute no_consent", "cus_none no_address", "cus_sealed suppressed", " no_recipient"}, why)
	assert.Equal(t, ReasonNobody, s.st.Reason, "nobody is owner, and the step says exit")
}

func TestWhoIsHeldOutHasNobodyWrittenTo(t *testing.T) {
	t.Parallel()
	s := tell(t, toAdmins)
	s.st.Holdout = true
	s.facts.Recipients = []Recipient{recipient("cus_a", "admin"), recipient("cus_o", "owner")}
	s.advance()
	assert.Empty(t, s.queued)
	assert.Equal(t, ReasonFinished, s.st.Reason)
}
