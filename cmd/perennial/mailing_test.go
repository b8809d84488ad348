package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/control"
	"perennial/journey"
	smtp "perennial/mail"
	"perennial/mailtest"
	"perennial/store"
	"perennial/templates"
	"perennial/testenv"
)

// mailRoom is the sending side of an installation on a real ledger and a real relay, without Temporal.
type mailRoom struct {
	*app
	t     *testing.T
	sql   *pgxpool.Pool
	relay *mailtest.Server
}

func dkimKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "dkim.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return file
}

func newMailRoom(t *testing.T) *mailRoom {
	t.Helper()
	r := &mailRoom{t: t, relay: mailtest.NewServer(t)}
	url := testenv.Database(t)
	c, err := readConfig(map[string]string{"PUBLIC_URL": "https://mail.oakandlinen.example", "SMTP_URL": r.relay.URL(), "DATABASE_URL": url,
		"MAIL_FROM": "Mara from Oak & Linen <mara@oakandlinen.example>", "DKIM_DOMAIN": "oakandlinen.example", "DKIM_SELECTOR": "p1",
		"DKIM_KEY_FILE": dkimKey(t), "BOUNCE_DOMAIN": "bounce.oakandlinen.example", "POSTAL_ADDRESS": "Oak & Linen, 12 Mill Lane, Bath"})
	require.NoError(t, err)
	require.Empty(t, c.faults())
	s, err := store.Open(t.Context(), url, store.Options{Wall: time.Now, MailDomain: mailDomain(c.brand().From)})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	settings, err := s.Settings(t.Context())
	require.NoError(t, err)
	relay, err := smtp.NewRelay(c.SMTPURL, smtp.RelayOptions{})
	require.NoError(t, err)
	composer, err := c.composer()
	require.NoError(t, err)
	r.app = &app{config: c, log: slog.New(slog.DiscardHandler), store: s, relay: relay, composer: composer,
		tokens:  journey.Tokens{Key: settings.TokenKey},
		control: &control.Control{Store: s, Flight: s, Clock: s.Clock(), Check: checkTemplates}}
	require.NoError(t, r.publishLibrary(t.Context(), templates.Names()))
	r.sql, err = pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(r.sql.Close)
	r.exec(`UPDATE settings SET live = true`)
	return r
}

func (r *mailRoom) exec(sql string, args ...any) {
	r.t.Helper()
	_, err := r.sql.Exec(r.t.Context(), sql, args...)
	require.NoError(r.t, err, sql)
}

// queued is one message of a journey: what the step that sends it decides.
type queued struct{ template, step, topic, survey string }

func messagesOf(def *journey.Definition) []queued {
	var out []queued
	def.Walk(func(s *journey.Step) {
		switch {
		case s.Send != nil:
			out = append(out, queued{s.Send.Message, s.ID, firstWord(s.Send.Topic, def.Topic), ""})
		case s.Survey != nil:
			out = append(out, queued{s.Survey.Send, s.ID, def.Topic, s.Survey.Ask})
		}
	})
	return out
}

func firstWord(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// queue puts every message of a journey into the ledger, each for a customer of its own, with coupons and a survey where it has one.
func (r *mailRoom) queue(key string) (n int) {
	r.t.Helper()
	v, err := r.store.Version(r.t.Context(), key, 1)
	require.NoError(r.t, err)
	def, problems := journey.Parse(journeyFile, []byte(v.Source))
	require.Empty(r.t, problems.Errors())
	set, _ := templates.Compile(def, v.Files)
	sample, now := set.Sample(), r.store.Clock().Now()
	for _, m := range messagesOf(def) {
		id := strings.TrimPrefix(journey.NewID(journey.PrefixMessage), journey.PrefixMessage)
		c := sample.Customer
		r.exec(`INSERT INTO customers (id, email, first_name, last_name, locale, timezone, attributes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			"cus_"+id, m.template+"."+id+"@example.net", c.FirstName, c.LastName, c.Locale, c.Timezone, c.Attributes, now)
		r.exec(`INSERT INTO consents VALUES ($1, $2, 'confirmed', $3)`, "cus_"+id, m.topic, now)
		r.exec(`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, state, entered_at) VALUES ($1, $2, 1, $3, '', 'active', '{}', $4)`,
			"enr_"+id, key, "cus_"+id, now)
		coupons := map[string]string{}
		for as, coupon := range sample.Coupons {
			coupons[as] = journey.NewID(journey.PrefixCoupon)
			r.exec(`INSERT INTO pools (key) VALUES ('sample') ON CONFLICT DO NOTHING`)
			r.exec(`INSERT INTO coupons (id, pool, code, state, customer_id, alias, expires_at) VALUES ($1, 'sample', $2, 'issued', $3, $4, $5)`,
				coupons[as], coupon.Code+rand.Text(), "cus_"+id, as, coupon.ExpiresAt)
		}
		survey, lane := "", journey.LaneMarketing
		if m.survey != "" {
			survey = "srv_" + id
			r.exec(`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, step, visit, opened_at, expires_at) VALUES ($1, $2, '{}', $3, $4, $5, 1, $6, $7)`,
				survey, m.survey, "cus_"+id, "enr_"+id, m.step, now, now.Add(time.Hour))
		}
		if m.topic == journey.TopicTransactional {
			lane = journey.LaneTransactional
		}
		r.exec(`INSERT INTO messages (id, enrollment_id, step, visit, customer_id, channel, journey_key, version, lane, topic, template, survey_id, coupons, data, state,
				not_before_at, expires_at, queued_at, message_id) VALUES ($1, $2, $3, 1, $4, 'email', $5, 1, $6, $7, $8, $9, $10, $11, 'queued', $12, $13, $12, $14)`,
			"msg_"+id, "enr_"+id, m.step, "cus_"+id, key, lane, m.topic, m.template, survey, coupons,
			journey.MessageData{Trigger: sample.Trigger, Answer: sample.Answer, Vars: sample.Vars}, now, now.Add(time.Hour),
			strings.ReplaceAll(id, "-", "")+"@oakandlinen.example")
		n++
	}
	return n
}

// send runs the lanes until the relay has n messages.
func (r *mailRoom) send(n int) []mailtest.Message {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	sender := r.sender()
	ended := make(chan error, len(journey.Lanes()))
	for _, lane := range journey.Lanes() {
		go func() { _, err := sender.Run(ctx, lane); ended <- err }()
	}
	taken := r.relay.WaitFor(r.t, n)
	testenv.Eventually(r.t, 10*time.Second, func() bool {
		var left int
		require.NoError(r.t, r.sql.QueryRow(r.t.Context(), `SELECT count(*) FROM messages WHERE state <> 'accepted'`).Scan(&left))
		return left == 0
	}, "the replies to be stored")
	stop()
	for range journey.Lanes() {
		require.NoError(r.t, <-ended)
	}
	require.NoError(r.t, sender.Shutdown(r.t.Context()))
	return taken
}

// Every message of the journeys that ship, as it is really composed, signed and handed to a relay, keeps every convention.
func TestEveryMessageKeepsTheConventions(t *testing.T) {
	t.Parallel()
	r := newMailRoom(t)
	n := 0
	for _, key := range templates.Names() {
		n += r.queue(key)
	}
	require.GreaterOrEqual(t, n, 12, "the library has more to say")
	name, record, err := r.composer.Signer.Record()
	require.NoError(t, err)
	marketing := 0
	for _, m := range r.send(n) {
		head := m.Header(t)
		isList := head.Get("List-Unsubscribe") != ""
		if isList {
			marketing++
		}
		id, err := r.tokens.OpenReturn(m.From)
		require.NoError(t, err, "each has a return address of its own")
		var topic, customer string
		require.NoError(t, r.sql.QueryRow(t.Context(), `SELECT m.topic, c.email FROM messages m JOIN customers c ON c.id = m.customer_id WHERE m.id = $1`, id).Scan(&topic, &customer))
		require.Equal(t, customer, m.To)
		assert.Equal(t, topic != journey.TopicTransactional, isList, "%s of topic %s", m.To, topic)
		assert.Empty(t, smtp.Lint(m.Raw, smtp.Conventions{Marketing: isList, Postal: r.config.PostalAddress}), m.To)
		found, err := dkim.VerifyWithOptions(bytes.NewReader(m.Raw), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
			assert.Equal(t, name, domain)
			return []string{record}, nil
		}})
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.NoError(t, found[0].Err, m.To)
		from, err := mail.ParseAddress(head.Get("From"))
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(from.Address, "@"+found[0].Domain), "the signature aligns with From")
		signed := strings.ToLower(strings.Join(found[0].HeaderKeys, " "))
		assert.Equal(t, isList, strings.Contains(signed, "list-unsubscribe list-unsubscribe-post"))
	}
	require.NotZero(t, marketing)
	t.Logf("%d messages of %d journeys, %d of them marketing: 0 break a convention", n, len(templates.Names()), marketing)
}

// A message comes back to its own return address in a mailbox, and its reader gets no more.
func TestWhatComesBackToTheMailboxSuppresses(t *testing.T) {
	t.Parallel()
	r := newMailRoom(t)
	sent := r.send(r.queue("onboarding"))
	inbox := mailtest.NewMailbox(t)
	r.config.Mail.MailboxURL = inbox.URL
	bounce := func(m mailtest.Message) string {
		return fmt.Sprintf("From: MAILER-DAEMON@mx.example.net\r\nTo: %s\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nGone.\r\n"+
			"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\n"+
			"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--\r\n", strings.ToLower(m.From), m.To)
	}
	reply := "From: Ada <" + sent[1].To + ">\r\nTo: " + sent[1].From + "\r\nMessage-ID: <r1@example.com>\r\nSubject: Re: hello\r\n\r\nPlease call me.\r\n"
	vacation := "From: " + sent[1].To + "\r\nTo: " + sent[1].From + "\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\n550 5.1.1 user unknown\r\n"
	for _, raw := range []string{vacation, reply, bounce(sent[0]), bounce(mailtest.Message{From: "bounces+00000@bounce.oakandlinen.example", To: sent[1].To}), bounce(sent[0])} {
		inbox.Put(t, []byte(raw))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.watchMailbox(ctx, inbox.URL) }()
	suppressed := func() (list string) {
		require.NoError(t, r.sql.QueryRow(t.Context(), `SELECT coalesce(string_agg(address || ' ' || scope, ','), '') FROM suppressions`).Scan(&list))
		return list
	}
	testenv.Eventually(t, 10*time.Second, func() bool { return suppressed() != "" }, "the bounce to suppress")
	testenv.Eventually(t, 10*time.Second, func() bool { return inbox.Unseen(t) == 0 }, "all to be seen")
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, strings.ToLower(sent[0].To)+" all", suppressed(), "hers alone")
	var asked string
	require.NoError(t, r.sql.QueryRow(t.Context(), `SELECT string_agg(title || ': ' || text || ' ' || (customer_id IS NOT NULL), ', ') FROM tasks WHERE source = 'reply'`).Scan(&asked))
	require.Equal(t, "Answer: Re: hello: Please call me. true", asked, "what a person wrote is a task, what a machine wrote is none")
	var events int
	require.NoError(t, r.sql.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE name = 'Message Bounced'`).Scan(&events))
	require.Equal(t, 1, events, "the second report has no effect")
}

func TestMailSettingsAreChecked(t *testing.T) {
	t.Parallel()
	key := dkimKey(t)
	sound := map[string]string{"DKIM_DOMAIN": "example.com", "DKIM_SELECTOR": "p1", "DKIM_KEY_FILE": key, "BOUNCE_DOMAIN": "bounce.example.com",
		"MAILBOX_URL": "imaps://u:secret-word@imap.example.com", "MAIL_HOOK_SECRET": "0123456789abcdef", "MAIL_HOOK_SNS_TOPIC": "arn:aws:sns:eu-west-1:1:b",
		"MAIL_FROM": "Oak <hello@news.example.com>"}
	c, err := readConfig(sound)
	require.NoError(t, err)
	require.Empty(t, c.faults())
	require.Equal(t, "bounce.example.com", c.Mail.BounceDomain)
	for name, value := range map[string]string{
		"DKIM_SELECTOR": "", "DKIM_KEY_FILE": "/nowhere", "DKIM_DOMAIN": "example.org", "BOUNCE_DOMAIN": "a b", "MAILBOX_URL": "pop3://u:secret-word@x",
		"MAIL_HOOK_SECRET": "short", "MAIL_HOOK_SNS_TOPIC": "bounces",
	} {
		spoilt := map[string]string{name: value}
		for k, v := range sound {
			if k != name {
				spoilt[k] = v
			}
		}
		c, err := readConfig(spoilt)
		require.NoError(t, err)
		faults := c.productionFaults(spoilt)
		text := faults.Error()
		if name == "DKIM_SELECTOR" {
			name = "DKIM_DOMAIN"
		}
		require.Contains(t, text, name)
		require.NotContains(t, text, "secret-word")
	}
	require.True(t, aligned("example.co.uk", "news.example.co.uk"))
	require.False(t, aligned("one.co.uk", "two.co.uk"))
	c, err = readConfig(map[string]string{"SMTP_URL": "smtp://u:p@smtp.postmarkapp.com:587", "MAIL_FROM": "Bücher <hallo@bücher.example>"})
	require.NoError(t, err)
	composer, err := c.composer()
	require.NoError(t, err)
	require.True(t, composer.Postmark)
	require.Contains(t, c.brand().From, "<hallo@xn--bcher-kva.example>")
}

// The engine's inbox takes the proof, and the doctor reads it back.
func TestDoctorSendsAProofAndReadsItBack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(data, "engine"), 0o755))
	raw, err := json.Marshal(testenv.TheEngine(t))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(data, "engine", "engine.json"), raw, 0o600))
	env := map[string]string{"DKIM_DOMAIN": "example.com", "DKIM_SELECTOR": "p1", "DKIM_KEY_FILE": dkimKey(t), "MAIL_FROM": "Oak <hello@example.com>",
		"BOUNCE_DOMAIN": "bounce.example.com"}
	to := strings.ToLower(rand.Text()) + "@example.net"
	var out bytes.Buffer
	findings, err := sendProof(t.Context(), env, data, to, &out)
	require.NoError(t, err)
	for _, want := range []string{"from  bounces+", "to    " + to, "\nDKIM-Signature: v=1;", "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "Subject: [Test]"} {
		require.Contains(t, out.String(), want)
	}
	said := map[string]finding{}
	for _, f := range findings {
		said[f.what] = f
	}
	require.Contains(t, said["inbox"].found, "came as they were sent")
	require.False(t, said["inbox"].sick)
	require.True(t, said["DKIM"].sick, "nobody publishes a key under example.com")
	require.Contains(t, said["DKIM"].mend, "p1._domainkey.example.com: v=DKIM1; k=ed25519; p=")

	_, err = sendProof(t.Context(), env, data, "nobody", io.Discard)
	require.Error(t, err)
	_, err = sendProof(t.Context(), env, t.TempDir(), to, io.Discard)
	require.ErrorIs(t, err, os.ErrNotExist)
}
