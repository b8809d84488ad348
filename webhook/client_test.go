package webhook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestGuardKnowsWhoIsOutside(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "192.0.0.8",
		"198.18.0.1", "224.0.0.1", "255.255.255.255", "203.0.113.9", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8%eth0", "::127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b:1::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2002:7f00:1::",
		"2001::1", "100::1", "3fff::1", "5f00::1",
	} {
		addr := netip.MustParseAddr(ip)
		if addr.Unmap() == netip.MustParseAddr("8.8.8.8") || strings.HasPrefix(ip, "::ffff:8.8.8.8") {
			assert.True(t, Guard{}.passes(addr, false), "%s is a public address, written otherwise", ip)
			continue
		}
		assert.False(t, Guard{}.passes(addr, false), ip)
	}
	for _, ip := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"} {
		assert.True(t, Guard{}.passes(netip.MustParseAddr(ip), false), ip)
		assert.False(t, Guard{}.passes(netip.MustParseAddr(ip), true), "%s over plain http", ip)
	}
	allow, err := ParseAllow("10.1.0.0/16, 127.0.0.1/8")
	require.NoError(t, err)
	g := Guard{Allow: allow}
	assert.True(t, g.passes(netip.MustParseAddr("10.1.9.9"), true))
	assert.True(t, g.passes(netip.MustParseAddr("::ffff:127.0.0.1"), true))
	assert.False(t, g.passes(netip.MustParseAddr("10.2.0.1"), false))
	_, err = ParseAllow("10.1.0.1")
	assert.ErrorContains(t, err, "is not a network")
}

func here(t *testing.T) *Client {
	t.Helper()
	allow, err := ParseAllow("127.0.0.0/8,::1/128")
	require.NoError(t, err)
	return NewClient(Guard{Allow: allow})
}

func post(url string) journey.Post {
	return journey.Post{ID: "cal_1", URL: url, Secret: journey.NewSecret(), Body: []byte(`{"a":1}`), At: time.Now()}
}

// A receiver that knows nothing of us verifies what we sign.
func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	p := post("")
	verifier, err := standard.NewWebhook(p.Secret)
	require.NoError(t, err)
	var verified error
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verified = verifier.Verify(body, r.Header)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.Equal(t, "cal_1", r.Header.Get("webhook-id"))
		_, _ = w.Write([]byte("thanks"))
	}))
	defer server.Close()
	p.URL = server.URL
	assert.Equal(t, journey.PostReply{Status: 200, Body: []byte("thanks")}, here(t).Post(t.Context(), p))
	require.NoError(t, verified)

	p.Secret = "whsec_short"
	assert.Equal(t, journey.PostReply{Reason: journey.ReasonNoSecret, Final: true}, here(t).Post(t.Context(), p))
}

func TestWhatRepliesMean(t *testing.T) {
	t.Parallel()
	var inner int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server would not notice that the client has gone
		switch r.URL.Path {
		case "/no":
			w.WriteHeader(http.StatusPaymentRequired)
			_, _ = w.Write([]byte(`{"error":"no"}`))
		case "/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/elsewhere":
			http.Redirect(w, r, "/inner", http.StatusTemporaryRedirect)
		case "/inner":
			inner++
		case "/long":
			_, _ = w.Write(make([]byte, journey.ReplyMax+1))
		case "/slow":
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	c := here(t)
	assert.Equal(t, journey.PostReply{Status: 402, Body: []byte(`{"error":"no"}`), Reason: journey.ReasonStatus, Final: true}, c.Post(t.Context(), post(server.URL+"/no")))
	assert.Equal(t, journey.PostReply{Status: 429, Body: []byte{}, Reason: journey.ReasonStatus, After: 7 * time.Second}, c.Post(t.Context(), post(server.URL+"/busy")))
	assert.Equal(t, journey.PostReply{Status: 502, Body: []byte{}, Reason: journey.ReasonStatus}, c.Post(t.Context(), post(server.URL+"/broken")))
	assert.Equal(t, journey.PostReply{Status: 307, Reason: journey.ReasonRedirect, Final: true}, c.Post(t.Context(), post(server.URL+"/elsewhere")))
	assert.Zero(t, inner, "a redirect is not followed")
	assert.Equal(t, journey.PostReply{Status: 200, Reason: journey.ReasonLongReply, Final: true}, c.Post(t.Context(), post(server.URL+"/long")))
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	assert.Equal(t, journey.PostReply{Reason: journey.ReasonTimeout}, c.Post(brief, post(server.URL+"/slow")))
	server.Close()
	assert.Equal(t, journey.PostReply{Reason: journey.ReasonUnreachable}, c.Post(t.Context(), post(server.URL)))
}

// The address is looked at when the connection is made: a name that leads inside is no way in.
func TestNoWayInside(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	c := NewClient(Guard{})
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"} {
		for _, scheme := range []string{"https", "http"} {
			reply := c.Post(t.Context(), post(scheme+"://"+host+":"+port))
			assert.Zero(t, reply.Status, host)
			assert.Contains(t, []string{journey.ReasonBlocked, journey.ReasonUnreachable}, reply.Reason, host)
		}
	}
	assert.Equal(t, journey.ReasonBlocked, c.Post(t.Context(), post("https://localhost:"+port)).Reason, "by name")
	assert.False(t, reached)
}
