package mail

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func crlf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func TestReadReply(t *testing.T) {
	t.Parallel()
	r, written := ReadReply(crlf("From: =?iso-8859-1?Q?Zo=EB?= <zoe@example.com>", "To: hello@shop.example", "Subject: =?utf-8?B?UmU6IGNhZsOp?=",
		"Message-ID: <a@example.com>", "In-Reply-To: <b@shop.example>", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=m", "",
		"--m", "Content-Type: multipart/alternative; boundary=a", "",
		"--a", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "Tr=E8s bien.", "",
		"Le 6 mai 2030, Mara a =E9crit :", "> Bonjour", "--a", "Content-Type: text/html", "", "<p>Tr&egrave;s bien.</p>", "--a--",
		"--m", "Content-Type: text/plain; name=notes.txt", "Content-Disposition: attachment; filename=notes.txt", "", "a file", "--m--"))
	require.True(t, written)
	assert.Equal(t, "zoe@example.com", r.From)
	assert.Equal(t, "Re: café", r.Subject)
	assert.Equal(t, []string{"b@shop.example"}, r.Answers)
	assert.Equal(t, "Très bien.", r.Text)
	assert.False(t, r.Automatic)

	r, written = ReadReply(crlf("From: ada@example.com", "Content-Type: text/html", "", "<div>Please <b>call</b> me</div>"))
	require.True(t, written)
	assert.Equal(t, "Please call me", r.Text, "a mail in HTML alone")

	r, written = ReadReply(crlf("From: ada@example.com", "Auto-Submitted: auto-replied", "Subject: Away", "", "I am on holiday"))
	require.True(t, written)
	assert.True(t, r.Automatic)
	for _, raw := range [][]byte{nil, []byte("no mail at all"), crlf("Content-Type: multipart/mixed; boundary=x", "", "--x")} {
		_, written = ReadReply(raw)
		assert.False(t, written, "%q", raw)
	}
}
