package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/mail"
)

// tests puts one test mail of a draft into the ledger for each address.
func (o *office) tests(customer string, to ...string) {
	o.t.Helper()
	r := journey.TestRun{JourneyKey: "welcome", CustomerID: customer, By: journey.Actor{ID: "key_1", Role: journey.RoleMarketer}}
	for _, address := range to {
		id := journey.NewID(journey.PrefixMessage)
		m := journey.TestMail{ID: id, Template: "hello", Address: address, Subject: "[Test] Hello", MessageID: id + "@example.com"}
		var err error
		m.Bytes, err = mail.Compose(journey.Envelope{From: "mara@example.com", To: address, Subject: m.Subject, Text: "Hello\n", HTML: "<p>Hello</p>",
			Date: o.now(), MessageID: m.MessageID, Test: "welcome/hello"})
		require.NoError(o.t, err)
		r.Mails = append(r.Mails, m)
	}
	_, err := o.store.SendTests(o.t.Context(), r)
	require.NoError(o.t, err)
}

// sent are the addresses that got something.
func (o *office) sent() (to []string) {
	for _, m := range o.relay.Messages() {
		to = append(to, m.To)
	}
	return to
}

func TestTestMailsGoThroughTheLedgerAndCountNowhere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.exec(`INSERT INTO suppressions (address, scope, reason, at) VALUES ('gone@example.org', 'all', 'bounced', $1)`, o.now())
	o.exec(`INSERT INTO switches (scope, target, reason, by, at) VALUES ('domain', 'slow.example', 'test', 'test', $1)`, o.now())
	o.tests("", "held@slow.example", "ann@example.org", "bob@example.org", "gone@example.org")
	o.run(journey.LaneTransactional, o.settled(map[string]int{"accepted": 2, "dropped suppressed": 1, "queued": 1}))
	assert.ElementsMatch(t, []string{"ann@example.org", "bob@example.org"}, o.sent(), "what is held holds nobody else")
	got := o.relay.Messages()[0]
	assert.Equal(t, "welcome/hello", got.Header(t).Get("X-Perennial-Test"))

	o.exec(`UPDATE versions SET source = $1`, "journey: welcome\nname: Welcome\ntopic: transactional\nenter: { when: api }\nsteps: [ { send: hello } ]\n")
	report, err := o.store.Report(t.Context(), "welcome")
	require.NoError(t, err)
	assert.Empty(t, report.Messages)
	var events, customers int
	require.NoError(t, o.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM customers WHERE merged_into IS NULL)`).
		Scan(&events, &customers))
	assert.Zero(t, events)
	assert.Zero(t, customers)
	_, err = o.store.Customer(t.Context(), "cus_test")
	assert.Equal(t, journey.CodeNotFound, journey.CodeOf(err))
	list, err := o.store.SentMessages(t.Context(), "", "", "", journey.PageRequest{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, list.Data)

	o.exec(`DELETE FROM switches`)
	o.run(journey.LaneTransactional, o.settled(map[string]int{"accepted": 3}))
	n, err := o.store.ForgetBytes(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 1, n, "of what never came to the dot")
}

func TestSwitchesHoldTestMails(t *testing.T) {
	t.Parallel()
	for _, scope := range [][2]string{{"journey", "welcome"}, {"template", "welcome/hello"}} {
		o := newOffice(t)
		o.exec(`INSERT INTO switches (scope, target, reason, by, at) VALUES ($1, $2, 'test', 'test', $3)`, scope[0], scope[1], o.now())
		o.tests("", "ann@example.org")
		claimed, err := o.store.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneTransactional, Limit: 10, Lease: time.Minute})
		require.NoError(t, err)
		assert.Empty(t, claimed, scope)
	}
	o := newOffice(t)
	o.exec(`UPDATE settings SET live = false, allow_list = '{@ours.example}'`)
	o.tests("", "ann@example.org", "bob@ours.example")
	o.run(journey.LaneTransactional, o.settled(map[string]int{"accepted": 1, "dropped sandbox": 1}))
	assert.Equal(t, []string{"bob@ours.example"}, o.sent())
	o.exec(`UPDATE settings SET sending = false`)
	o.tests("", "cas@ours.example")
	claimed, err := o.store.ClaimMessages(t.Context(), journey.ClaimOptions{Lane: journey.LaneTransactional, Limit: 10, Lease: time.Minute})
	require.NoError(t, err)
	assert.Empty(t, claimed)
}
