package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/faults"
	"perennial/testenv"
)

// Postgres is away when a process starts: it says so, is alive and not ready, and goes on by itself once Postgres is there.
func TestServeWaitsForPostgres(t *testing.T) {
	t.Parallel()
	far, url := faults.ToURL(t, testenv.Database(t))
	far.Refuse()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort()))
	said := &transcript{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--roles", "api"}, []string{"DATABASE_URL=" + url, "SMTP_URL=smtp://127.0.0.1:1", "PUBLIC_URL=http://perennial.example",
			"BRAND_NAME=Oak & Linen", "MAIL_FROM=hello@oak-and-linen.example", "POSTAL_ADDRESS=Bath", "LISTEN=" + address}, stdio{nil, said, said})
	}()
	ask := func(path string) (int, string, http.Header) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, "", nil
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(raw), res.Header
	}
	testenv.Eventually(t, 20*time.Second, func() bool { status, _, _ := ask("/healthz"); return status == http.StatusOK }, "a process that lives")
	status, body, header := ask("/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "the database does not answer yet")
	assert.Equal(t, "5", header.Get("Retry-After"))
	status, _, _ = ask("/v1/track")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	testenv.Eventually(t, 10*time.Second, func() bool { return strings.Contains(said.String(), "waiting for the database") }, "a line that says so")

	far.Heal()
	testenv.Eventually(t, 30*time.Second, func() bool { status, _, _ := ask("/readyz"); return status == http.StatusOK }, "a process that is ready")
	status, body, _ = ask("/sign-in")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "Sign in")
	cancel()
	require.NoError(t, <-ended)
}

// Told to end while it waits, it ends; and what is wrong with the database rather than away is said at once.
func TestServeEndsWhileItWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	environ := []string{"DATABASE_URL=postgres://nobody@127.0.0.1:1/none", "SMTP_URL=smtp://127.0.0.1:1", "PUBLIC_URL=http://perennial.example",
		"BRAND_NAME=Oak & Linen", "MAIL_FROM=hello@oak-and-linen.example", "POSTAL_ADDRESS=Bath", "LISTEN=" + net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort()))}
	var out bytes.Buffer
	require.NoError(t, run(ctx, []string{"serve", "--roles", "api"}, environ, stdio{nil, &out, &out}))
	assert.Contains(t, out.String(), "waiting for the database")
}
