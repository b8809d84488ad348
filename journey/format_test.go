package journey

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The example of the design: formatting adds the ids, and changes not a character besides.
func TestFormatKeepsTheExample(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/win-back.yaml")
	require.NoError(t, err)
	out, problems := Format(src)
	require.Empty(t, problems)
	golden(t, "testdata/win-back.formatted.yaml", out)

	d, problems := Parse("", out)
	require.Empty(t, problems)
	assert.Equal(t, parsed(t, string(src)).Hash, d.Hash)
	assert.Equal(t, meaning(parsed(t, string(src))), meaning(d))
}

func TestFormatEveryForm(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/every-form.yaml")
	require.NoError(t, err)
	out, problems := Format(src)
	require.Empty(t, problems)
	golden(t, "testdata/every-form.formatted.yaml", out)
	assert.Equal(t, meaning(parsed(t, string(src))), meaning(parsed(t, string(out))))
}

func TestFormatArranges(t *testing.T) {
	t.Parallel()
	out, problems := Format([]byte(`# about this journey

steps: # what happens
    - wait: 5d   # a while
      id: a-while

    # the second
    - {"send": "hello"}
    - survey:
        # how long
        wait: 7d
        send: ask
        ask: nps
        # what then
        answers:
        - then: [{exit: unhappy}]   # gone
          if: {lte: 6, answer: score}
    # the end
    - exit: 'it''s over'
topic: offers
name: "A \u00e9"
enter: {when: api}
journey: a
# bye
`))
	require.Empty(t, problems)
	assert.Equal(t, `# about this journey

journey: a
name: "A é"
topic: offers
enter: { when: api }

steps: # what happens
  - id: a-while
    wait: 5d     # a while

  # the second
  - { id: hello, send: "hello" }
  - id: survey-nps
    survey:
      ask: nps
      send: ask
      # how long
      wait: 7d
      # what then
      answers:
        - if: { answer: score, lte: 6 }
          then: [ { id: exit-unhappy, exit: unhappy } ] # gone
  # the end
  - id: exit-it-s-over
    exit: 'it''s over'
# bye
`, string(out))
}

func TestFormatRefusesWhatHasErrors(t *testing.T) {
	t.Parallel()
	out, problems := Format([]byte("journey: a\n"))
	assert.Nil(t, out)
	assert.NotEmpty(t, problems.Errors())
}

// Whatever comments, blank lines and omissions a file has: formatting keeps the meaning and every comment, and formatting
// again changes nothing.
func TestFormatIsStable(t *testing.T) {
	t.Parallel()
	var seeds []string
	for _, file := range []string{"testdata/win-back.yaml", "testdata/per-item.yaml", "testdata/every-form.yaml", "testdata/every-form.formatted.yaml"} {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		seeds = append(seeds, string(src))
	}
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split(strings.TrimSpace(rapid.SampledFrom(seeds).Draw(t, "seed")), "\n")
		for i := range rapid.IntRange(1, 12).Draw(t, "changes") {
			lines = changed(t, lines, i)
		}
		src := strings.Join(lines, "\n") + "\n"
		before, problems := Parse("", []byte(src))
		if len(problems.Errors()) > 0 {
			t.Skip("not a journey any more")
		}
		once, problems := Format([]byte(src))
		if len(problems.Errors()) > 0 {
			t.Fatalf("formatting: %v", problems)
		}
		again, _ := Format(once)
		if string(again) != string(once) {
			t.Fatalf("formatting twice differs:\n%s\n%s", once, again)
		}
		after, problems := Parse("", once)
		if after == nil || !assert.ObjectsAreEqual(meaning(before), meaning(after)) {
			t.Fatalf("formatting changed the meaning: %v\n%s\n%s", problems, src, once)
		}
		if want, got := marks(src), marks(string(once)); !slices.Equal(want, got) {
			t.Fatalf("comments %v became %v:\n%s\n%s", want, got, src, once)
		}
	})
}

// changed adds a comment or a blank line, or takes a line away.
func changed(t *rapid.T, lines []string, i int) []string {
	at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
	switch rapid.IntRange(0, 4).Draw(t, "change") {
	case 0:
		return slices.Insert(slices.Clone(lines), at, "")
	case 1:
		indent := strings.Repeat(" ", 2*rapid.IntRange(0, 6).Draw(t, "indent"))
		return slices.Insert(slices.Clone(lines), at, indent+fmt.Sprintf("# mark%d.", i))
	case 2:
		indent := lines[at][:len(lines[at])-len(strings.TrimLeft(lines[at], " "))]
		return slices.Insert(slices.Clone(lines), at, indent+fmt.Sprintf("# mark%d.", i))
	case 3:
		lines = slices.Clone(lines)
		lines[at] += fmt.Sprintf("  # mark%d.", i)
		return lines
	}
	if len(lines) == 1 {
		return lines
	}
	return slices.Delete(slices.Clone(lines), at, at+1)
}

// marks returns the marks that changed has put into comments, sorted.
func marks(src string) []string {
	var out []string
	for _, word := range strings.Fields(src) {
		if strings.HasPrefix(word, "mark") {
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return out
}

// golden compares with a file, or writes it anew.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *updateGolden {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}
