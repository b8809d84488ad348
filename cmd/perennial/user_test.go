package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/testenv"
)

func TestUsersOfTheConsole(t *testing.T) {
	t.Parallel()
	dsn := testenv.Database(t)
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"user"}, args...), []string{"DATABASE_URL=" + dsn, "PUBLIC_URL=https://mail.oak.example"},
			stdio{strings.NewReader(""), &out, &out})
		return out.String(), err
	}
	said, err := call("create", "--email", "Noor@oak.example", "--role", "support")
	require.NoError(t, err)
	assert.Regexp(t, `^https://mail\.oak\.example/sign-in/[A-Z0-9]{26}\n$`, said)
	_, err = call("create", "--email", "noor@oak.example", "--role", "support")
	require.ErrorContains(t, err, "a user with this address already")
	_, err = call("create", "--email", "x@oak.example", "--role", "ingest")
	require.ErrorContains(t, err, "use admin, marketer, support or viewer")
	again, err := call("link", "--email", "noor@oak.example")
	require.NoError(t, err)
	assert.NotEqual(t, said, again)
	_, err = call("disable", "--email", "noor@oak.example")
	require.NoError(t, err)
	_, err = call("link", "--email", "noor@oak.example")
	require.ErrorContains(t, err, "disabled")
	_, err = call("disable", "--email", "noor@oak.example", "--enable")
	require.NoError(t, err)
	_, err = call("link", "--email", "nobody@oak.example")
	require.ErrorContains(t, err, "no such user")
}

// `perennial dev` prints a link that opens the console: by its button, once.
func TestDevOpensTheConsole(t *testing.T) {
	t.Parallel()
	dev := newPlace(t).dev(t)
	dev.await(10*time.Second, func() bool { return strings.Contains(dev.said(), "Ctrl-C") }, "the addresses")
	_, link, found := strings.Cut(dev.said(), "signs you in once")
	require.True(t, found, dev.said())
	link = strings.Fields(link)[0]
	get, err := http.Get(link) //nolint:noctx // a test
	require.NoError(t, err)
	defer get.Body.Close()
	assert.Equal(t, http.StatusOK, get.StatusCode)
	keep := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post, err := keep.Post(link, "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	defer post.Body.Close()
	assert.Equal(t, http.StatusSeeOther, post.StatusCode)
	assert.Contains(t, post.Header.Get("Set-Cookie"), "perennial_session=")
	post, err = keep.Post(link, "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	defer post.Body.Close()
	assert.Equal(t, http.StatusGone, post.StatusCode)
}
