package journey_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// What a spreadsheet would run is text in it, and comes back as it was; numbers stay numbers.
func TestNoCellIsRun(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", "-"} {
		cell := journey.EscapeCell(hostile)
		assert.Equal(t, "'"+hostile, cell)
		assert.Equal(t, hostile, journey.UnescapeCell(cell))
	}
	for _, plain := range []string{"", "-12.50", "7", "ada@example.com", "'tis", "\xff"} {
		assert.Equal(t, plain, journey.EscapeCell(plain))
		assert.Equal(t, plain, journey.UnescapeCell(plain))
	}
	var b strings.Builder
	w := journey.NewSheetWriter(&b)
	assert.Empty(t, b.String(), "nothing goes out before the first line")
	require.NoError(t, w.Write("name", "total"))
	require.NoError(t, w.Write("=A1", "-3"))
	require.NoError(t, w.Flush())
	assert.Equal(t, "\ufeffname,total\n'=A1,-3\n", b.String())
}
