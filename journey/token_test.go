package journey_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestTokenOpensWhatItNames(t *testing.T) {
	t.Parallel()
	tokens := journey.Tokens{Key: bytes.Repeat([]byte{7}, 32)}
	id := journey.NewID(journey.PrefixMessage)
	for _, kind := range []journey.TokenKind{journey.TokenUnsubscribe, journey.TokenClick, journey.TokenView,
		journey.TokenPreferences, journey.TokenSurvey, journey.TokenBack} {
		token := tokens.Sign(kind, id, 300)
		got, n, err := tokens.Open(kind, token)
		require.NoError(t, err)
		require.Equal(t, id, got)
		require.Equal(t, 300, n)
		require.NotContains(t, token, "msg")
		require.NotEmpty(t, kind.Path())
	}
}

func TestTokenRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	tokens := journey.Tokens{Key: bytes.Repeat([]byte{7}, 32)}
	id := journey.NewID(journey.PrefixMessage)
	token := tokens.Sign(journey.TokenClick, id, 2)

	refuse := func(kind journey.TokenKind, token string) {
		t.Helper()
		_, _, err := tokens.Open(kind, token)
		require.Equal(t, journey.CodeNotFound, journey.CodeOf(err), token)
	}
	for i := range token { // every single altered character
		for _, c := range "AZaz09-_" {
			if altered := token[:i] + string(c) + token[i+1:]; altered != token {
				refuse(journey.TokenClick, altered)
			}
		}
	}
	refuse(journey.TokenUnsubscribe, token) // another door
	refuse(journey.TokenClick, "")
	refuse(journey.TokenClick, token+"=")
	refuse(journey.TokenClick, token+"\n")
	refuse(journey.TokenClick, strings.Repeat("A", 44))
	_, _, err := journey.Tokens{Key: bytes.Repeat([]byte{8}, 32)}.Open(journey.TokenClick, token)
	require.Error(t, err)

	require.Empty(t, tokens.Sign(journey.TokenClick, "someone@example.com", 0))
	require.Empty(t, tokens.Sign(journey.TokenClick, id, -1))
}

func FuzzTokenOpen(f *testing.F) {
	tokens := journey.Tokens{Key: bytes.Repeat([]byte{7}, 32)}
	f.Add(tokens.Sign(journey.TokenUnsubscribe, "msg_0190b5c0-0000-7000-8000-000000000001", 0))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		id, n, err := tokens.Open(journey.TokenUnsubscribe, token)
		if err == nil && tokens.Sign(journey.TokenUnsubscribe, id, n) != token {
			t.Fatalf("%q opened, but is not how %q is signed", token, id)
		}
	})
}

func TestReturnAddressesFitAndOpen(t *testing.T) {
	t.Parallel()
	tokens := journey.Tokens{Key: []byte("0123456789abcdef0123456789abcdef")}
	id := journey.NewID(journey.PrefixMessage)
	address := tokens.ReturnAddress(id, "bounce.example.com")
	local, domain, _ := strings.Cut(address, "@")
	require.LessOrEqual(t, len(local), 64, "RFC 5321, section 4.5.3.1.1")
	require.Equal(t, "bounce.example.com", domain)
	require.NotContains(t, address, id)
	parsed, err := journey.ParseAddress(address)
	require.NoError(t, err)
	require.Equal(t, address, parsed)
	for _, spelling := range []string{address, strings.ToUpper(address), " " + address + " "} {
		got, err := tokens.OpenReturn(spelling)
		require.NoError(t, err, spelling)
		require.Equal(t, id, got)
	}
	other := journey.Tokens{Key: []byte("another key")}.ReturnAddress(id, "bounce.example.com")
	for _, wrong := range []string{"", "bounces+", "bounces+x@y", "mara@example.com", strings.TrimPrefix(address, "bounces+"), other, "0" + address} {
		_, err := tokens.OpenReturn(wrong)
		require.Equal(t, journey.CodeNotFound, journey.CodeOf(err), wrong)
	}
	require.Empty(t, tokens.ReturnAddress("no id", "x"))
}

func FuzzOpenReturn(f *testing.F) {
	tokens := journey.Tokens{Key: []byte("0123456789abcdef0123456789abcdef")}
	f.Add(tokens.ReturnAddress(journey.NewID(journey.PrefixMessage), "bounce.example.com"))
	f.Add("bounces+c9klmn0p@x")
	f.Fuzz(func(t *testing.T, address string) {
		id, err := tokens.OpenReturn(address)
		if err == nil {
			_, domain, _ := strings.Cut(address, "@")
			require.True(t, strings.EqualFold(strings.TrimSpace(address), strings.TrimSuffix(tokens.ReturnAddress(id, domain), "@")) ||
				strings.EqualFold(strings.TrimSpace(address), tokens.ReturnAddress(id, domain)))
		}
	})
}
