package api_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

const (
	hookSecret = "a-long-secret-of-the-hook"
	hookTopic  = "arn:aws:sns:eu-west-1:123456789012:bounces"
)

// hooked is a shop that hears of bounces, and a message of it that a relay took.
func hooked(t *testing.T, fetch func(context.Context, string) ([]byte, error)) (s *shop, sent string) {
	t.Helper()
	s = open(t, func(d *api.Deps) {
		d.Hooks = api.Hooks{Secret: hookSecret, Topic: hookTopic, Fetch: fetch, Read: func(mail []byte) (journey.Feedback, bool) {
			id, is := strings.CutPrefix(string(mail), "bounce of ")
			return journey.Feedback{Kind: journey.FeedbackHard, MessageID: id}, is
		}}
	})
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	return s, s.deliver()[0]
}

func (s *shop) messageID(id string) string {
	return one[string](s, `SELECT message_id FROM messages WHERE id = $1`, id)
}

func (s *shop) suppressed() string {
	return one[string](s, `SELECT coalesce(string_agg(address || ' ' || scope || ' ' || reason, ', '), '') FROM suppressions`)
}

func (s *shop) sign(at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func TestTheGenericHook(t *testing.T) {
	t.Parallel()
	s, sent := hooked(t, nil)
	const path = "/hooks/mail/generic"
	body := fmt.Sprintf(`{"kind":"hard","message_id":"<%s>","code":550,"status":"5.1.1","text":"no such user"}`, s.messageID(sent))
	now := s.wall.now()
	for name, signature := range map[string]string{
		"none": "", "no signature": "t=1", "of another body": s.sign(now, "{}"), "forged": fmt.Sprintf("t=%d,v1=%064d", now.Unix(), 0),
		"too old": s.sign(now.Add(-6*time.Minute), body), "too new": s.sign(now.Add(6*time.Minute), body),
		"another time": strings.Replace(s.sign(now, body), "t=", "t=1", 1),
	} {
		assert.Equal(t, 401, s.call("", http.MethodPost, path, body, "Perennial-Signature", signature).status, name)
	}
	assert.Empty(t, s.suppressed())

	got := s.call("", http.MethodPost, path, body, "Perennial-Signature", s.sign(now.Add(-4*time.Minute), body))
	assert.Equal(t, 200, got.status, got.body)
	assert.Contains(t, got.body, `"effect":"taken"`)
	assert.Equal(t, "ada@example.com all bounced", s.suppressed(), "before the answer, that is within 60 s")
	replay := s.call("", http.MethodPost, path, body, "Perennial-Signature", s.sign(now.Add(-4*time.Minute), body))
	assert.Contains(t, replay.body, `"effect":"again"`)
	assert.Equal(t, 1, one[int](s, `SELECT count(*) FROM events WHERE name = 'Message Bounced'`))
	s.apply()
	assert.Contains(t, strings.Join(s.timeline(one[string](s, `SELECT customer_id FROM messages WHERE id = $1`, sent)), "\n"), "the mail came back: 550 (message we-miss-you)")

	for body, want := range map[string]int{
		`{"kind":"hard","message_id":"unknown@example.com"}`: 200, `{"kind":"late","message_id":"x"}`: 422, `{"kind":"hard"}`: 422,
		`{"kind":"hard","message_id":"x","extra":1}`: 400, `{`: 400, "{\"kind\":\"hard\",\"message_id\":\"\\u0000\"}": 400,
	} {
		got := s.call("", http.MethodPost, path, body, "Perennial-Signature", s.sign(now, body))
		assert.Equal(t, want, got.status, "%s: %s", body, got.body)
		if want == 200 {
			assert.Contains(t, got.body, "unknown")
		}
	}
}

func TestTheGenericHookTakesMails(t *testing.T) {
	t.Parallel()
	s, sent := hooked(t, nil)
	post := func(body string) reply {
		return s.call("", http.MethodPost, "/hooks/mail/generic", body, "Perennial-Signature", s.sign(s.wall.now(), body), "Content-Type", "message/rfc822; charset=utf-8")
	}
	assert.Contains(t, post("a note that she is away").body, `"data":[]`)
	assert.Contains(t, post("bounce of "+s.messageID(sent)).body, "taken")
	assert.Equal(t, "ada@example.com all bounced", s.suppressed())
}

func TestReturnAddressesAreOpened(t *testing.T) {
	t.Parallel()
	s, sent := hooked(t, nil)
	address := s.tokens.ReturnAddress(sent, "bounce.example.com")
	require.LessOrEqual(t, strings.IndexByte(address, '@'), 64)
	forged := strings.Replace(address, "+", "+0", 1)
	for given, effect := range map[string]string{forged: "unknown", "bounces+x@bounce.example.com": "unknown", strings.ToUpper(address): "taken"} {
		body := fmt.Sprintf(`{"kind":"complaint","return":%q}`, given)
		assert.Contains(t, s.call("", http.MethodPost, "/hooks/mail/generic", body, "Perennial-Signature", s.sign(s.wall.now(), body)).body, effect, given)
	}
	assert.Equal(t, "ada@example.com marketing complaint", s.suppressed())
}

func TestThePostmarkHook(t *testing.T) {
	t.Parallel()
	s, sent := hooked(t, nil)
	event := func(record, kind string) string {
		return fmt.Sprintf(`{"RecordType":%q,"ID":42,"Type":%q,"TypeCode":1,"MessageID":"883953f4-6105-42a2-a16a-77a8eac79483",
			"Metadata":{"message-id":%q},"Details":"smtp;550 5.1.1 The email account that you tried to reach does not exist","Email":"ada@example.com",
			"From":"mara@example.com","BouncedAt":"2030-05-06T09:00:00Z","Inactive":true}`, record, kind, s.messageID(sent))
	}
	post := func(password, body string) reply {
		auth := http.Header{}
		(&http.Request{Header: auth}).SetBasicAuth("perennial", password)
		return s.call("", http.MethodPost, "/hooks/mail/postmark", body, "Authorization", auth.Get("Authorization"))
	}
	assert.Equal(t, 401, post("wrong", event("Bounce", "HardBounce")).status)
	assert.Equal(t, 401, s.call("", http.MethodPost, "/hooks/mail/postmark", event("Bounce", "HardBounce")).status)
	for _, harmless := range []string{"AutoResponder", "ChallengeVerification", "Blocked", "Unsubscribe", "Whatever"} {
		assert.Contains(t, post(hookSecret, event("Bounce", harmless)).body, `"data":[]`, harmless)
	}
	assert.Contains(t, post(hookSecret, event("Delivery", "")).body, `"data":[]`)
	assert.Equal(t, 400, post(hookSecret, "nonsense").status)
	assert.Empty(t, s.suppressed())
	assert.Contains(t, post(hookSecret, event("SpamComplaint", "SpamComplaint")).body, "taken")
	assert.Equal(t, "ada@example.com marketing complaint", s.suppressed())
	assert.Contains(t, post(hookSecret, event("Bounce", "HardBounce")).body, "taken")
	assert.Equal(t, "ada@example.com all bounced", s.suppressed())
}

// amazon signs as Amazon SNS does, and serves its certificate.
type amazon struct {
	key     *rsa.PrivateKey
	cert    []byte
	fetched atomic.Int64
	opened  atomic.Value
}

func newAmazon(t *testing.T) *amazon {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0),
		NotAfter: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}, &x509.Certificate{}, &key.PublicKey, key)
	require.NoError(t, err)
	return &amazon{key: key, cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

const certURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"

func (a *amazon) fetch(_ context.Context, address string) ([]byte, error) {
	if address == certURL {
		a.fetched.Add(1)
		return a.cert, nil
	}
	if strings.HasPrefix(address, "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription") {
		a.opened.Store(address)
		return []byte("<ok/>"), nil
	}
	return nil, errors.New("nothing stands there")
}

// post signs a message by version and returns what SNS would post.
func (a *amazon) post(t *testing.T, version string, fields map[string]string) map[string]string {
	t.Helper()
	m := map[string]string{"Type": "Notification", "MessageId": "22b80b92", "TopicArn": hookTopic, "Timestamp": "2030-05-06T09:00:00.000Z",
		"SignatureVersion": version, "SigningCertURL": certURL}
	for k, v := range fields {
		m[k] = v
	}
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	text := ""
	for _, name := range names {
		if m[name] != "" {
			text += name + "\n" + m[name] + "\n"
		}
	}
	var signature []byte
	var err error
	if version == "1" {
		sum := sha1.Sum([]byte(text))
		signature, err = rsa.SignPKCS1v15(nil, a.key, crypto.SHA1, sum[:])
	} else {
		sum := sha256.Sum256([]byte(text))
		signature, err = rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	}
	require.NoError(t, err)
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return m
}

func sesBounce(messageID, source, kind, status, diagnostic string) string {
	raw, _ := json.Marshal(m{"notificationType": "Bounce", "bounce": m{"bounceType": kind, "bounceSubType": "General", "feedbackId": "x",
		"bouncedRecipients": []m{{"emailAddress": "ada@example.com", "action": "failed", "status": status, "diagnosticCode": diagnostic}}},
		"mail": m{"timestamp": "2030-05-06T09:00:00.000Z", "source": source, "messageId": "0102017f-ses", "destination": []string{"ada@example.com"},
			"headers": []m{{"name": "From", "value": "mara@example.com"}, {"name": "Message-ID", "value": "<" + messageID + ">"}}}})
	return string(raw)
}

func TestTheHookOfAmazonSES(t *testing.T) {
	t.Parallel()
	a := newAmazon(t)
	s, sent := hooked(t, a.fetch)
	post := func(v any) reply {
		return s.call("", http.MethodPost, "/hooks/mail/ses", v, "Content-Type", "text/plain; charset=UTF-8")
	}
	hard := sesBounce(s.messageID(sent), "mara@example.com", "Permanent", "5.1.1", "smtp; 550 5.1.1 user unknown")
	for name, spoil := range map[string]func(map[string]string){
		"altered":         func(m map[string]string) { m["Message"] += " " },
		"another topic":   func(m map[string]string) { m["TopicArn"] += "2" },
		"no signature":    func(m map[string]string) { m["Signature"] = "" },
		"another version": func(m map[string]string) { m["SignatureVersion"] = "3" },
		"a certificate abroad": func(m map[string]string) {
			m["SigningCertURL"] = "https://evil.example/SimpleNotificationService-0123abcd.pem"
		},
		"a host like Amazon's": func(m map[string]string) {
			m["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123abcd.pem"
		},
		"a bucket of Amazon's": func(m map[string]string) {
			m["SigningCertURL"] = "https://sns.s3.amazonaws.com/SimpleNotificationService-0.pem"
		},
		"plain http":   func(m map[string]string) { m["SigningCertURL"] = strings.Replace(certURL, "https", "http", 1) },
		"with a user":  func(m map[string]string) { m["SigningCertURL"] = strings.Replace(certURL, "sns.", "evil@sns.", 1) },
		"another file": func(m map[string]string) { m["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com/other.pem" },
	} {
		msg := a.post(t, "1", map[string]string{"Message": hard})
		spoil(msg)
		assert.Contains(t, []int{401, 403}, post(msg).status, name)
	}
	assert.Zero(t, one[int](s, `SELECT count(*) FROM bounces`))

	for message, harmless := range map[string]string{
		sesBounce(s.messageID(sent), "", "Transient", "", ""):                                         "an automatic answer",
		`{"notificationType":"Delivery","mail":{}}`:                                                   "a delivery",
		`{"notificationType":"Complaint","complaint":{"complaintFeedbackType":"not-spam"},"mail":{}}`: "not spam",
		"Successfully validated SNS topic for Amazon SES event publishing.":                           "a test",
	} {
		got := post(a.post(t, "2", map[string]string{"Message": message}))
		assert.Equal(t, 200, got.status, harmless)
		assert.Contains(t, got.body, `"data":[]`, harmless)
	}
	policy := sesBounce(s.messageID(sent), "", "Permanent", "5.7.1", "smtp; 550 5.7.1 blocked")
	assert.Contains(t, post(a.post(t, "2", map[string]string{"Message": policy})).body, `"kind":"soft"`)
	assert.Empty(t, s.suppressed())
	got := post(a.post(t, "1", map[string]string{"Message": hard, "Subject": "Amazon SES"}))
	assert.Contains(t, got.body, "taken", got.body)
	assert.Equal(t, "ada@example.com all bounced", s.suppressed())
	assert.Contains(t, post(a.post(t, "1", map[string]string{"Message": hard, "Subject": "Amazon SES"})).body, "again")
	assert.Equal(t, int64(1), a.fetched.Load(), "the certificate is kept")

	complaint := fmt.Sprintf(`{"eventType":"Complaint","complaint":{"complaintFeedbackType":"abuse","complainedRecipients":[{"emailAddress":"ada@example.com"}]},
		"mail":{"source":%q}}`, s.tokens.ReturnAddress(sent, "bounce.example.com"))
	assert.Contains(t, post(a.post(t, "2", map[string]string{"Message": complaint})).body, "taken", "by the envelope sender alone")
	s.wall.pass(365 * 24 * time.Hour)
	assert.Equal(t, 401, post(a.post(t, "2", map[string]string{"Message": hard})).status, "the certificate is over")
}

func TestSubscriptionsAreConfirmedWithAmazonOnly(t *testing.T) {
	t.Parallel()
	a := newAmazon(t)
	s, _ := hooked(t, a.fetch)
	confirm := func(address string) reply {
		return s.call("", http.MethodPost, "/hooks/mail/ses", a.post(t, "2", map[string]string{"Type": "SubscriptionConfirmation", "Token": "2336412f",
			"Message": "You have chosen to subscribe", "SubscribeURL": address}))
	}
	assert.Equal(t, 401, confirm("https://evil.example/?Action=ConfirmSubscription").status)
	assert.Equal(t, 401, confirm("http://169.254.169.254/").status)
	assert.Nil(t, a.opened.Load())
	good := "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=2336412f"
	assert.Equal(t, 200, confirm(good).status)
	assert.Equal(t, good, a.opened.Load())
	assert.Equal(t, 503, confirm("https://sns.eu-west-1.amazonaws.com/away").status)
}

func TestHooksThatAreNotSetUpAreNotThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, name := range []string{"generic", "ses", "postmark"} {
		assert.Equal(t, 404, s.call("", http.MethodPost, "/hooks/mail/"+name, m{}).status, name)
	}
}
