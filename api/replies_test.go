package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

const mailgunKey = "key-of-mailgun"

// answered is a shop whose mail is answered, and the Message-ID of a mail that Ada got.
func answered(t *testing.T) (s *shop, sent string) {
	t.Helper()
	s = open(t, func(d *api.Deps) {
		d.Hooks = api.Hooks{Secret: hookSecret, Mailgun: mailgunKey, ReadReply: func(mail []byte) (journey.ReplyMail, bool) {
			return journey.ReplyMail{From: "raw@example.com", Text: string(mail)}, true
		}}
	})
	s.publish("win-back", winBack, winBackFiles)
	s.enter("ada")
	return s, s.messageID(s.deliver()[0])
}

// hand posts what a provider would.
func (s *shop) hand(path, kind, body string, headers ...string) reply {
	s.t.Helper()
	return s.call("", http.MethodPost, path, body, append(headers, "Content-Type", kind)...)
}

func (s *shop) replied() (title, sender, text, customer string) {
	s.t.Helper()
	page := s.must(journey.RoleSupport, http.MethodGet, "/api/tasks", nil).json["data"].([]any)
	require.Len(s.t, page, 1)
	task := page[0].(m)
	assert.Equal(s.t, "reply", task["source"])
	customer, _ = task["customer"].(string)
	return task["title"].(string), task["sender"].(string), task["text"].(string), customer
}

func TestRepliesByEveryHook(t *testing.T) {
	t.Parallel()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("perennial:"+hookSecret))
	multi := func(fields map[string]string) (kind, body string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, value := range fields {
			require.NoError(t, w.WriteField(name, value))
		}
		file, err := w.CreateFormFile("attachment1", "photo.jpg")
		require.NoError(t, err)
		_, err = file.Write(bytes.Repeat([]byte("x"), 2<<20))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return w.FormDataContentType(), b.String()
	}
	stamp := func(s *shop) url.Values {
		at := strconv.FormatInt(s.wall.now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(mailgunKey))
		mac.Write([]byte(at + "token"))
		return url.Values{"timestamp": {at}, "token": {"token"}, "signature": {hex.EncodeToString(mac.Sum(nil))}}
	}
	for name, hand := range map[string]func(s *shop, sent string) reply{
		"generic": func(s *shop, sent string) reply {
			body := fmt.Sprintf(`{"from":"Ada <ada@home.example>","subject":"Re: us","text":"Call me","message_id":"r1@home.example","in_reply_to":"%s"}`, sent)
			return s.hand("/hooks/reply/generic", "application/json", body, "Perennial-Signature", s.sign(s.wall.now(), body))
		},
		"postmark": func(s *shop, sent string) reply {
			body := fmt.Sprintf(`{"From":"ada@home.example","Subject":"Re: us","TextBody":"Call me\n> quoted","StrippedTextReply":"Call me","MessageID":"of Postmark",
				"Headers":[{"Name":"Message-ID","Value":"<r1@home.example>"},{"Name":"In-Reply-To","Value":"<%s>"}],"Attachments":[{"Content":"%s"}]}`, sent, strings.Repeat("A", 2<<20))
			return s.hand("/hooks/reply/postmark", "application/json", body, "Authorization", basic)
		},
		"sendgrid": func(s *shop, sent string) reply {
			kind, body := multi(map[string]string{"from": "Ada <ada@home.example>", "subject": "Re: us", "text": "Call me", "envelope": `{"to":["hello@shop.example"],"from":"ada@home.example"}`,
				"headers": "Message-ID: <r1@home.example>\nReferences: <" + sent + ">\n"})
			return s.hand("/hooks/reply/sendgrid", kind, body, "Authorization", basic)
		},
		"mailgun": func(s *shop, sent string) reply {
			form := stamp(s)
			for name, value := range map[string]string{"from": "Ada <ada@home.example>", "subject": "Re: us", "stripped-text": "Call me", "body-plain": "Call me\n> quoted",
				"message-headers": `[["Message-Id","<r1@home.example>"],["In-Reply-To","<` + sent + `>"]]`} {
				form.Set(name, value)
			}
			return s.hand("/hooks/reply/mailgun", "application/x-www-form-urlencoded", form.Encode())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, sent := answered(t)
			got := hand(s, sent)
			require.Equal(t, 200, got.status, got.body)
			assert.Equal(t, "task", got.json["effect"])
			title, sender, text, customer := s.replied()
			assert.Equal(t, []string{"Answer: Re: us", "ada@home.example", "Call me"}, []string{title, sender, text})
			assert.NotEmpty(t, customer, "it is Ada's, by the mail that it answers")
			assert.Equal(t, "again", hand(s, sent).json["effect"], "providers hand over twice")
		})
	}
}

func TestRepliesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s, sent := answered(t)
	body := `{"from":"ada@example.com","text":"away","automatic":true,"in_reply_to":"` + sent + `"}`
	assert.Equal(t, 401, s.hand("/hooks/reply/generic", "application/json", body).status)
	assert.Equal(t, 401, s.hand("/hooks/reply/generic", "application/json", body, "Perennial-Signature", s.sign(s.wall.now().Add(-time.Hour), body)).status)
	assert.Equal(t, "automatic", s.hand("/hooks/reply/generic", "application/json", body, "Perennial-Signature", s.sign(s.wall.now(), body)).json["effect"])
	nobody := `{"from":"nobody","text":"hello"}`
	refused := s.hand("/hooks/reply/generic", "application/json", nobody, "Perennial-Signature", s.sign(s.wall.now(), nobody))
	assert.Equal(t, 422, refused.status)
	assert.Contains(t, refused.body, "from")
	assert.Equal(t, 401, s.hand("/hooks/reply/postmark", "application/json", "{}").status)
	assert.Equal(t, 401, s.hand("/hooks/reply/sendgrid", "application/json", "{}").status)
	assert.Equal(t, 401, s.hand("/hooks/reply/mailgun", "application/x-www-form-urlencoded", "timestamp=1&token=2&signature=33").status)
	assert.Empty(t, s.must(journey.RoleSupport, http.MethodGet, "/api/tasks", nil).json["data"])
	raw := "From: somebody"
	assert.Equal(t, "task", s.hand("/hooks/reply/generic", "message/rfc822", raw, "Perennial-Signature", s.sign(s.wall.now(), raw)).json["effect"], "a mail as it came")
	off := open(t)
	for _, path := range []string{"generic", "postmark", "sendgrid", "mailgun"} {
		assert.Equal(t, 404, off.hand("/hooks/reply/"+path, "application/json", "{}").status, path)
	}
}
