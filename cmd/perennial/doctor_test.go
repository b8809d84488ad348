package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/journey"
	"perennial/store"
	"perennial/testenv"
)

func TestDoctorSaysWhatKeepsMailFromBeingSent(t *testing.T) {
	t.Parallel()
	url := testenv.Database(t)
	s, err := store.Open(t.Context(), url, store.Options{Wall: wall})
	require.NoError(t, err)
	defer s.Close()
	said := func() string { return fmt.Sprint(examineDatabase(t.Context(), config{DatabaseURL: url})) }
	require.Contains(t, said(), "sending is on")

	for _, address := range []string{"https://mail.example.com", "https://staging.example.com"} {
		_, err = s.Locate(t.Context(), address)
		require.NoError(t, err)
	}
	_, err = s.Stop(t.Context(), journey.Stop{Scope: journey.StopDomain, Target: "example.net", Reason: "they asked"}, itself)
	require.NoError(t, err)
	require.Contains(t, said(), "HELD nothing is sent: PUBLIC_URL was https://mail.example.com")
	require.Contains(t, said(), "domain example.net: they asked")

	off := false
	_, err = s.SetSwitch(t.Context(), journey.Switch{Sending: &off, Release: true})
	require.NoError(t, err)
	require.Contains(t, said(), "is switched off")
	require.NotContains(t, said(), "HELD")
}
