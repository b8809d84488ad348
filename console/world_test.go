package console_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/intake"
	"perennial/journey"
)

const winBack = `journey: win-back
name: Win back
topic: offers
enter: { when: { event: Signed Up } }
reentry: always
exit: [ { event: Order Completed, as: won-back } ]
goal: { event: Order Completed, value: total }
topics: { offers: { name: Offers and news } }
pools: { comeback: { alphabet: ABCDEFGHJKLMNPQRSTUVWXYZ, length: 10 } }
steps:
  - send: we-miss-you
  - wait: 5d
  - coupon: { pool: comeback, as: offer, expires: 14d }
  - send: comeback-offer
  - task: { title: Call her, team: support, due: 4h, wait: 3d }
`

// winBackFiles are its messages, with everything in them that must do nothing where they are looked at.
func winBackFiles() map[string]string {
	body := "---\nsubject: About %s\n---\n<h1>Hello {{ customer.first_name }}</h1><p><a href=\"https://example.org/shop\">Shop</a></p>"
	return map[string]string{"we-miss-you.html": fmt.Sprintf(body, "us"), "comeback-offer.html": fmt.Sprintf(body, "an offer")}
}

// play publishes win-back and lets people live through it: the first agreed to offers and has come as far as her task, the second
// has just entered, the third never agreed.
func (o *office) play() (ada, ben, cleo string) {
	o.t.Helper()
	_, _, err := o.ctl.SaveDraft(o.t.Context(), tester, control.Edit{Key: "win-back", Source: winBack, Files: winBackFiles()})
	require.NoError(o.t, err)
	_, err = o.ctl.Publish(o.t.Context(), tester, control.PublishRequest{Key: "win-back"})
	require.NoError(o.t, err)
	ada = o.signUp("ada", "Ada", "King", true)
	o.deliver()
	o.wait(ada)
	o.deliver()
	ben = o.signUp("ben", "Ben", "Moss", true)
	o.deliver()
	cleo = o.signUp("cleo", "Cleo", "<b>Ray</b>", false)
	return ada, ben, cleo
}

// signUp makes a customer who enters, and takes the first decision for her.
func (o *office) signUp(user, first, last string, agrees bool) string {
	o.t.Helper()
	traits := map[string]any{"email": user + "@example.com", "first_name": first, "last_name": last, "timezone": "America/New_York", "plan": "gold"}
	if agrees {
		traits["topics"] = map[string]any{"offers": true}
	}
	now := o.store.Clock().Now()
	_, err := o.store.AppendEvents(o.t.Context(), []journey.Event{
		{Kind: journey.KindIdentify, UserID: user, Properties: traits, At: now},
		{Kind: journey.KindTrack, UserID: user, Name: "Signed Up", Properties: map[string]any{}, At: now},
	})
	require.NoError(o.t, err)
	o.apply()
	c, err := o.store.Customer(o.t.Context(), "user:"+user)
	require.NoError(o.t, err)
	o.step(o.enrollment(c.ID), journey.CauseStart)
	return c.ID
}

func (o *office) enrollment(customer string) string {
	return one[string](o, `SELECT id FROM enrollments WHERE customer_id = $1`, customer)
}

func (o *office) apply() {
	o.t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = o.store.ApplyInbox(o.t.Context(), intake.Profile, 500)
		require.NoError(o.t, err)
	}
}

// step advances an enrollment as the driver would.
func (o *office) step(enrollment string, cause journey.Cause) {
	o.t.Helper()
	_, err := o.store.Advance(o.t.Context(), enrollment, one[int64](o, `SELECT seq FROM enrollments WHERE id = $1`, enrollment)+1, cause)
	require.NoError(o.t, err)
}

// wait lets the clock reach the moment at which she goes on by herself, and fires the timer.
func (o *office) wait(customer string) {
	o.t.Helper()
	e := o.enrollment(customer)
	due := one[time.Time](o, `SELECT due_at FROM enrollments WHERE id = $1`, e)
	o.wall.pass(due.Sub(o.wall.now()))
	o.step(e, journey.CauseTimer)
}

// deliver sends everything that is due, to a relay that takes it.
func (o *office) deliver() {
	o.t.Helper()
	for {
		claimed, err := o.store.ClaimMessages(o.t.Context(), journey.ClaimOptions{Lane: journey.LaneMarketing, Limit: 100, Lease: time.Minute, Sandbox: true})
		require.NoError(o.t, err)
		if len(claimed) == 0 {
			break
		}
		for _, c := range claimed {
			fence := journey.Fence{ID: c.Message.ID, Attempt: c.Message.Attempt}
			_, err := o.store.ReachDot(o.t.Context(), true, []journey.Dot{{Fence: fence, Address: c.Customer.Email, Subject: "About " + c.Message.Template,
				Bytes: mail(c), Links: []string{"https://example.org/shop"}}})
			require.NoError(o.t, err)
			require.NoError(o.t, o.store.RecordReplies(o.t.Context(), []journey.Reply{{Fence: fence, Outcome: journey.Outcome{Kind: journey.OutcomeAccepted, Code: 250}}}))
		}
	}
	o.apply()
}

func mail(c journey.Claimed) []byte {
	return fmt.Appendf(nil, "From: Mara <mara@example.com>\r\nTo: <%s>\r\nSubject: About %s\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello in text\r\n"+
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><base href=\"https://evil.example\"><meta http-equiv=refresh content=\"0;url=https://evil.example\">"+
		"<title>M</title></head><body><p style=\"color:green\">Hello <b>%s</b></p><a href=\"https://example.org/shop?a=1&amp;b=2\">Shop</a>"+
		"<form action=\"https://evil.example\"><input name=x></form><script>steal()</script></body></html>\r\n--b--\r\n",
		c.Customer.Email, c.Message.Template, c.Customer.FirstName)
}
