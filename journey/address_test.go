package journey_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com":                        "ada@example.com",
		"Ada.Lovelace+x@EXAMPLE.com":             "Ada.Lovelace+x@example.com",
		"zoë@example.com":                        "zoë@example.com",
		"x@bücher.example":                       "x@xn--bcher-kva.example",
		"o'hara@mail.example.co":                 "o'hara@mail.example.co",
		strings.Repeat("a", 64) + "@example.com": strings.Repeat("a", 64) + "@example.com",
	} {
		got, err := journey.ParseAddress(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
	for in, why := range map[string]string{
		"":                                       "no domain",
		"ada":                                    "no domain",
		"ada@":                                   "no domain",
		"@example.com":                           "before the @",
		"a..b@example.com":                       "before the @",
		".a@example.com":                         "before the @",
		strings.Repeat("a", 65) + "@example.com": "before the @",
		"ada@localhost":                          "no dot",
		"ada@127.0.0.1":                          "a number",
		"ada@[127.0.0.1]":                        "not a domain",
		"ada@example..com":                       "label",
		"ada@example.com.":                       "label",
		"ada@-x-.com":                            "not a domain",
		"Ada <ada@example.com>":                  "space",
		"<ada@example.com>":                      "stand alone",
		"ada@example.com,b@x.com":                "stand alone",
		"ada@exam\nple.com":                      "CR, LF or NUL",
		"ada\r@example.com":                      "CR, LF or NUL",
		"ada\x00@example.com":                    "CR, LF or NUL",
		"ada @example.com":                       "space",
		"ad\u200ba@example.com":                  "zero-width",
		"ad\u202ea@example.com":                  "zero-width",
		"\ufeffada@example.com":                  "zero-width",
		"ada\xff@example.com":                    "UTF-8",
		strings.Repeat("a", 250) + "@x.co":       "at most 254",
		"a@" + strings.Repeat("b", 64) + ".com":  "label",
	} {
		_, err := journey.ParseAddress(in)
		require.Error(t, err, "%q", in)
		assert.Contains(t, err.Error(), why, "%q", in)
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("ada@example.com")
	f.Add("x@bücher.example")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := journey.ParseAddress(s)
		if err != nil {
			return
		}
		again, err := journey.ParseAddress(got)
		require.NoError(t, err)
		assert.Equal(t, got, again, "parsing twice changes nothing")
		assert.NotContains(t, got, "\n")
		assert.LessOrEqual(t, len(got), 254)
	})
}
