package mail_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/mail"
)

func TestWhatTheDNSSaysOfASender(t *testing.T) {
	t.Parallel()
	s := signer(t, "ed25519")
	name, text, err := s.Record()
	require.NoError(t, err)
	well := map[string][]string{name: {"other", text}, "bounce.example.com": {"google-site-verification=x", "v=spf1 include:relay.example -all"},
		"_dmarc.example.com": {"v=DMARC1; p=reject"}}
	for what, tc := range map[string]struct {
		change map[string][]string // nil: the name cannot be found
		sick   string
		found  string
	}{
		"all well":             {nil, "", "_dmarc.example.com says v=DMARC1; p=reject"},
		"another key":          {map[string][]string{name: {"v=DKIM1; k=ed25519; p=AAAA"}}, "DKIM", "holds another key"},
		"no key":               {map[string][]string{name: nil}, "DKIM", "cannot be found"},
		"no SPF":               {map[string][]string{"bounce.example.com": {"v=spf10"}}, "SPF", "has no record"},
		"two of SPF":           {map[string][]string{"bounce.example.com": {"v=spf1 -all", "v=spf1 ~all"}}, "SPF", "several records"},
		"SPF lets all in":      {map[string][]string{"bounce.example.com": {"v=spf1 a +all"}}, "SPF", "lets everybody send"},
		"no DMARC":             {map[string][]string{"_dmarc.example.com": nil}, "DMARC", "has no record"},
		"two of DMARC":         {map[string][]string{"_dmarc.example.com": {"v=DMARC1; p=none", "v=DMARC1; p=reject"}}, "DMARC", "several records"},
		"DMARC in other cases": {map[string][]string{"_dmarc.example.com": {"V=dmarc1;p=none"}}, "", "p=none"},
	} {
		lookUp := func(_ context.Context, n string) ([]string, error) {
			records, changed := tc.change[n]
			if !changed {
				records = well[n]
			}
			if records == nil {
				return nil, errors.New("no such host")
			}
			return records, nil
		}
		findings := mail.ExamineDomain(t.Context(), mail.Sender{From: "example.com", Return: "bounce.example.com", Signer: s}, lookUp)
		require.Len(t, findings, 3)
		said := ""
		for _, f := range findings {
			assert.Equal(t, f.What == tc.sick, f.Sick, "%s: %s", what, f.Found)
			assert.Equal(t, f.Sick, f.Mend != "", what)
			said += f.Found + "\n"
		}
		assert.Contains(t, said, tc.found, what)
	}
	above := mail.ExamineDomain(t.Context(), mail.Sender{From: "news.example.co.uk"}, func(_ context.Context, n string) ([]string, error) {
		return map[string][]string{"_dmarc.example.co.uk": {"v=DMARC1; p=none"}, "news.example.co.uk": {"v=spf1 mx -all"}}[n], nil
	})
	assert.Contains(t, above[0].Found, "no key of ours signs")
	assert.Contains(t, above[1].Found, "v=spf1 mx -all")
	assert.Contains(t, above[2].Found, "_dmarc.example.co.uk", "the registered domain speaks for those below it")
}
