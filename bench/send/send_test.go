package main

import (
	"bufio"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"perennial/bench/rig"
	"perennial/journey"
	"perennial/mail"
	"perennial/templates"
)

// inProcess is a sink without a process of its own.
func inProcess(t *testing.T) *relay {
	t.Helper()
	asksIn, asksOut := io.Pipe()
	answersIn, answersOut := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveSink(t.Context(), asksIn, answersOut) }()
	r := &relay{ask: asksOut, answers: bufio.NewScanner(answersIn)}
	t.Cleanup(func() {
		require.NoError(t, asksOut.Close())
		require.NoError(t, <-ended)
	})
	require.True(t, r.answers.Scan())
	r.address = r.answers.Text()
	return r
}

func TestTheSinkHasWhatWasSent(t *testing.T) {
	t.Parallel()
	sink := inProcess(t)
	letter, message, err := sample()
	require.NoError(t, err)
	limit, err := newRaw(sink.address, 3, message)
	require.NoError(t, err)
	for _, send := range []way{{send: limit.send}, {send: (&byGoMail{address: sink.address, letter: letter}).send}} {
		ids, err := newIDs(t.Context(), 50)
		require.NoError(t, err)
		require.NoError(t, send.send(t.Context(), ids))
		arrived, err := sink.taken()
		require.NoError(t, err)
		require.Len(t, arrived, 50)
		lost, twice, strange := audit(ids, arrived)
		require.Zero(t, lost+twice+strange)
	}
}

func TestAuditTellsLostTwiceAndStrange(t *testing.T) {
	t.Parallel()
	lost, twice, strange := audit([]string{"c", "a", "b", "d"}, []string{"a", "a", "a", "b", "x"})
	require.Equal(t, []int{2, 2, 1}, []int{lost, twice, strange})
}

// writeLetter renders and composes one letter, as the sender does.
func writeLetter(tb testing.TB) func() {
	tb.Helper()
	files, err := templates.Load(templates.Embedded(), journeyKey)
	require.NoError(tb, err)
	source := files[templates.JourneyFile]
	delete(files, templates.JourneyFile)
	set, err := templates.CompileVersion(journey.Version{Key: journeyKey, Source: source, Files: files}, rig.Brand())
	require.NoError(tb, err)
	e, _, err := sample()
	require.NoError(tb, err)
	claimed := journey.Claimed{
		Message:  journey.Message{Template: template},
		Customer: journey.Customer{Email: "customer@example.com", FirstName: "Ann", Locale: "en", Timezone: "Europe/Berlin"},
	}
	links := journey.Links{Unsubscribe: e.Unsubscribe, Click: func(string) string { return "https://example.com/c/token" }}
	return func() {
		r, err := set.Render(claimed, links)
		require.NoError(tb, err)
		e.Subject, e.HTML, e.Text = r.Subject, r.HTML, r.Text
		_, err = mail.Compose(e)
		require.NoError(tb, err)
	}
}

// What a letter costs in memory does not drift with the machine. The bound is generous: it is there to notice a template that is
// compiled for each message, or a message that is copied a few times more.
func TestAllocationsOfALetter(t *testing.T) { //nolint:paralleltest // AllocsPerRun wants to be alone
	allocations := testing.AllocsPerRun(100, writeLetter(t))
	t.Logf("%.0f allocations", allocations)
	require.Less(t, allocations, 3000.0)
}

func BenchmarkLetter(b *testing.B) {
	write := writeLetter(b)
	b.ReportAllocs()
	for b.Loop() {
		write()
	}
}
