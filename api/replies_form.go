package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// Bounds of a mail as a provider hands it over, in bytes. Files that it encloses are passed over, and so do not count as kept.
const (
	mostLetter     = 40 << 20
	mostField      = 1 << 20
	mostFields     = 200
	mostFormPlain  = 4 << 20
	letterDeadline = 2 * time.Minute // wall time
)

// checkPassword checks the password in a hook's URL, which is all that some providers sign with.
func (s *server) checkPassword(r *http.Request) error {
	_, password, _ := r.BasicAuth()
	given, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(s.Hooks.Secret))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return journey.Faultf(journey.CodeUnauthorized, "the password in the hook's URL is missing or wrong")
	}
	return nil
}

// letterBody opens a body that may hold enclosed files, and gives it the time that they take.
func (s *server) letterBody(c *gin.Context, most int64) io.Reader {
	_ = http.NewResponseController(c.Writer).SetReadDeadline(s.Clock.Wall().Add(letterDeadline)) // a recorder in a test has none
	return http.MaxBytesReader(c.Writer, c.Request.Body, most)
}

func (s *server) readLetter(c *gin.Context) ([]byte, error) {
	body, err := io.ReadAll(s.letterBody(c, mostLetter))
	if err != nil {
		return nil, letterFault(err)
	}
	return body, nil
}

func letterFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return journey.Faultf(journey.CodeTooLarge, "the mail is over %d MiB with what it encloses", mostLetter>>20)
	}
	return journey.Faultf(journey.CodeMalformed, "the body cannot be read to its end: %s", err)
}

// readForm reads the fields of a posted form, and passes over the files in it.
func (s *server) readForm(c *gin.Context) (url.Values, error) {
	if !strings.HasPrefix(c.Request.Header.Get("Content-Type"), "multipart/") {
		body, err := io.ReadAll(s.letterBody(c, mostFormPlain))
		if err != nil {
			return nil, letterFault(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, journey.Faultf(journey.CodeMalformed, "the body is not a form")
		}
		return form, nil
	}
	c.Request.Body = io.NopCloser(s.letterBody(c, mostLetter))
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return nil, journey.Faultf(journey.CodeMalformed, "the body is not a form")
	}
	form := url.Values{}
	for range mostFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, letterFault(err)
		}
		if part.FileName() != "" {
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, mostField))
		if err != nil {
			return nil, letterFault(err)
		}
		form.Add(part.FormName(), string(value))
	}
	return form, nil
}

// readMailgunReply reads what a route of Mailgun's forwards, raw (field body-mime) or taken apart, signed with the account's key.
func (s *server) readMailgunReply(_ context.Context, c *gin.Context) (m journey.ReplyMail, written bool, err error) {
	form, err := s.readForm(c)
	if err != nil {
		return m, false, err
	}
	if err := s.checkMailgun(form); err != nil {
		return m, false, err
	}
	if raw := form.Get("body-mime"); raw != "" {
		m, written = s.readMail([]byte(raw))
		return m, written, nil
	}
	var head [][2]string
	_ = json.Unmarshal([]byte(form.Get("message-headers")), &head) // where it is missing, the fields of the form say the most of it
	m = journey.ReplyHead(func(name string) string {
		if name == "Delivered-To" && form.Get("recipient") != "" {
			return form.Get("recipient")
		}
		for _, h := range head {
			if strings.EqualFold(h[0], name) {
				return h[1]
			}
		}
		for field := range form {
			if strings.EqualFold(field, name) {
				return form.Get(field)
			}
		}
		return ""
	})
	text := form.Get("stripped-text")
	if text == "" {
		text = s.plainText(form.Get("body-plain"), form.Get("body-html"))
	}
	return m.Said(text), true, nil
}

func (s *server) checkMailgun(form url.Values) error {
	mac := hmac.New(sha256.New, []byte(s.Hooks.Mailgun))
	mac.Write([]byte(form.Get("timestamp") + form.Get("token")))
	given, err := hex.DecodeString(form.Get("signature"))
	seconds, timeErr := strconv.ParseInt(form.Get("timestamp"), 10, 64)
	if err != nil || timeErr != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return journey.Faultf(journey.CodeUnauthorized, "Mailgun's signature is missing or wrong")
	}
	if skew := s.Clock.Wall().Sub(time.Unix(seconds, 0)).Abs(); skew > hookSkew {
		return journey.Faultf(journey.CodeUnauthorized, "the signature is %s away from our clock", skew.Round(time.Second))
	}
	return nil
}
