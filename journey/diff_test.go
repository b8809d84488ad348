package journey

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const before = `
journey: win-back
name: Win back
topic: offers
enter:
  when: { inactive: { event: Order Completed, for: 60d } }
reentry: { after: 180d }
exit:
  - { event: Order Completed, as: won-back }
  - { event: Account Closed, as: closed }
goal: { event: Order Completed, within: 45d }
steps:
  - send: we-miss-you
  - wait: 5d
  - send: comeback-offer
  - task: { title: Call her, team: support, due: 1d }
    id: call
  - branch:
      - if: { attribute: plan, eq: gold }
        then: [ { send: for-gold } ]
      - else: [ { send: for-all } ]
    id: by-plan
  - split:
      - { name: a, share: 50, then: [ { send: last-call } ] }
      - { name: b, share: 50, then: [ { exit: enough } ] }
    id: chance
  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] } ], timeout: { after: 10d, then: [ { exit: silent } ] } }
    id: listen
  - send: bye
`

const now = `
journey: win-back
name: Win them back
topic: offers
enter:
  when: { inactive: { event: Order Completed, for: 90d } }
  if: { attribute: orders_count, gte: 1 }
reentry: { after: 180d }
exit:
  - { event: Order Completed, where: { total: { gte: 20 } }, as: won-back }
  - { event: Refunded, as: refunded }
send_window: { from: "09:00", to: "20:00" }
pools: { comeback: { alphabet: ABCDEF, length: 8 } }
steps:
  - send: hello-again
  - wait: 7d
  - task: { title: Call them, team: support, due: 2d }
    id: call
  - send: comeback-offer
  - coupon: { pool: comeback, as: offer }
  - branch:
      - if: { attribute: plan, in: [ gold, platinum ] }
        then: [ { send: for-gold }, { send: bye } ]
      - else: [ { send: for-all } ]
    id: by-plan
  - split:
      - { name: a, share: 80, then: [ { send: last-call } ] }
      - { name: c, share: 20, then: [ { exit: enough } ] }
    id: chance
  - wait_for: { any: [ { event: Order Completed, then: [ { exit: bought } ] }, { event: Refunded, then: [ { exit: back } ] } ], timeout: { after: 14d, then: [ { exit: silent } ] } }
    id: listen
`

func content(t *testing.T, src string, files map[string]string) Content {
	t.Helper()
	def, problems := Parse("", []byte(src))
	require.Empty(t, problems.Errors())
	return Content{Def: def, Files: files}
}

func said(changes []Alteration) string {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(c.Words.String() + "\n")
	}
	return b.String()
}

func TestDiffInWords(t *testing.T) {
	t.Parallel()
	from := content(t, before, map[string]string{
		"we-miss-you.html":    "---\nsubject: We miss you\npreheader: It was nice\n---\n<p>Hello</p>\n",
		"comeback-offer.html": "---\nsubject: An offer\n---\n<p>Hello</p>\n",
		"bye.fr.html":         "---\nsubject: Adieu\n---\n<p>Adieu</p>\n", "bye.txt": "Bye", "old.html": "x",
	})
	to := content(t, now, map[string]string{
		"we-miss-you.html":    "---\nsubject: It has been a while\n---\n<p>Hello  \n</p>\n",
		"comeback-offer.html": "---\nsubject: An offer\n---\n<p>Hello you</p>\n",
		"bye.fr.html":         "---\nsubject: Adieu\n---\n\n<p>Adieu</p>\n", "bye.txt": "Goodbye", "new.html": "x",
	})
	golden(t, "testdata/diff.golden", []byte(said(Diff(from, to))))
	golden(t, "testdata/diff-back.golden", []byte(said(Diff(to, from))))
	assert.Empty(t, Diff(from, from))
	assert.Empty(t, Diff(to, to))
	assert.Equal(t, map[string]string{"wait-5d": "wait-7d"}, Renamed(from.Def, to.Def))
}

// Every shipped form can be compared with itself and with nothing said of it: no two steps of a version are alike.
func TestDiffOfEveryForm(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/every-form.yaml")
	require.NoError(t, err)
	all := content(t, string(src), nil)
	assert.Empty(t, Diff(all, all))
	small := content(t, before, nil)
	assert.NotContains(t, said(Diff(small, all))+said(Diff(all, small)), "  ", "no sentence has a hole")
}
