package console

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"perennial/control"
)

// Names of our cookies; over https they carry the prefix by which a browser knows that only this host can have set them.
const (
	sessionCookie = "perennial_session"
	noticeCookie  = "perennial_notice"
	tripCookie    = "perennial_trip"
)

func (c *console) cookieName(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie that scripts cannot read and other sites do not send along; seconds below 0 delete it.
func (r *request) setCookie(name, value string, seconds int) {
	cookie := &http.Cookie{Name: r.cookieName(name), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: r.secure, SameSite: http.SameSiteLaxMode}
	r.header.Add("Set-Cookie", cookie.String())
}

func (r *request) setSession(token string) {
	r.setCookie(sessionCookie, token, int(control.SessionMost.Seconds()))
}

func (r *request) dropSession() { r.setCookie(sessionCookie, "", -1) }

// setNotice leaves one sentence for the next page.
func (r *request) setNotice(text string) {
	r.setCookie(noticeCookie, base64.RawURLEncoding.EncodeToString([]byte(text)), 60)
}

// takeNotice returns the sentence and forgets it.
func (r *request) takeNotice() string {
	cookie, err := r.http.Cookie(r.cookieName(noticeCookie))
	if err != nil || len(cookie.Value) > 2000 {
		return ""
	}
	r.setCookie(noticeCookie, "", -1)
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || !utf8.Valid(text) {
		return ""
	}
	return strings.TrimSpace(string(text))
}
