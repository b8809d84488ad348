package intake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestAFileOfTooManyLinesIsToBeSplit(t *testing.T) {
	t.Parallel()
	s, err := OpenSheet(strings.NewReader("email\na@example.com\nb@example.com\nc@example.com\n"))
	require.NoError(t, err)
	s.most = 3
	for range 2 {
		_, err = s.Next()
		require.NoError(t, err)
	}
	_, err = s.Next()
	assert.Equal(t, journey.CodeTooLarge, journey.CodeOf(err))
	assert.ErrorContains(t, err, "the file has over 3 lines")
	assert.ErrorContains(t, err, "split it")
}
