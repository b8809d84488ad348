package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mailtest"
	"perennial/testenv"
)

const asksJourney = `journey: asks
name: Asks
topic: transactional
enter: { when: { event: Signed Up } }
reentry: always
exit: [ { event: Message Replied, as: wrote-back } ]
steps:
  - send: { message: asks, window: any }
  - wait: 90d
`

// What customers write back becomes a task of the default team, with its text: out of a mailbox that is read while the program runs, and
// by a hook. It ends the journey that listens to it. The same mail again, and what a machine wrote, becomes nothing.
func TestWhatCustomersWriteBackBecomesATask(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123"
	box := mailtest.NewMailbox(t)
	p, town := newTown(t, 0)
	p.configure = func(c *config) {
		c.PublicURL, c.Mail.ReplyBoxURL, c.Mail.HookSecret = "http://"+p.address, box.URL, secret
	}
	p.start(p.url)
	p.team(town, "support", map[string]any{"default": true})
	p.takes(folderOf(t, asksJourney, map[string]string{"asks": "How is it: Tell us."}))
	ada, bea := p.at(town, "ada").arrives(nil), p.at(town, "bea").arrives(nil)
	writes := func(she *person, more, text string) string {
		m := she.got("How is it")[0]
		return "From: " + she.address + "\r\nTo: hello@oak-and-linen.example\r\nMessage-ID: <" + she.id + "@" + town + ">\r\nIn-Reply-To: <" +
			strings.Trim(m.MessageID, "<>") + ">\r\nSubject: Re: How is it\r\n" + more + "\r\n" + text + "\r\n"
	}
	for _, she := range []*person{ada, bea} {
		she.does("Signed Up", nil)
		she.gets("How is it")
	}
	for _, raw := range []string{writes(ada, "", "Please call me."), writes(ada, "Auto-Submitted: auto-replied\r\n", "I am away.")} {
		box.Put(t, []byte(raw))
	}
	hand := func(raw string) string {
		at := time.Now().Unix()
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at, raw)
		var taken journey.ReplyTaken
		require.NoError(t, p.api().send(t.Context(), http.MethodPost, "/hooks/reply/generic", strings.NewReader(raw), &taken,
			"Content-Type", "message/rfc822", "Perennial-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil)))))
		return taken.Effect
	}
	assert.Equal(t, journey.ReplyTask, hand(writes(bea, "", "It itches.")))
	assert.Equal(t, journey.ReplyAgain, hand(writes(bea, "", "It itches.")))

	var list journey.Page[journey.TaskView]
	testenv.Eventually(t, 40*time.Second, func() bool {
		require.NoError(t, p.api().call(t.Context(), http.MethodGet, "/api/tasks?team=support", nil, &list))
		return len(list.Data) == 2
	}, "both to be tasks: the mailbox is read every %s", mailboxEvery)
	texts := map[string]string{}
	for _, task := range list.Data {
		assert.Equal(t, "Answer: Re: How is it", task.Title)
		assert.NotNil(t, task.DueAt)
		texts[task.Sender] = task.Text
		assert.Contains(t, p.colleague()("/tasks/"+task.ID), task.Text)
	}
	assert.Equal(t, map[string]string{ada.address: "Please call me.", bea.address: "It itches."}, texts)
	for _, she := range []*person{ada, bea} {
		testenv.Eventually(t, 20*time.Second, func() bool { return she.stands("asks").Status == journey.StatusEnded }, "the journey to end with what she wrote")
	}
	testenv.Eventually(t, 40*time.Second, func() bool { return box.Unseen(t) == 0 }, "the mailbox to be read")
	assert.Equal(t, 2, p.number(`SELECT count(*) FROM tasks`), "what a machine wrote is none")
}
