package control

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// What was found in a journey with its messages is found again without compiling them, as long as nothing in them changes.
func TestWhatWasCheckedIsKept(t *testing.T) {
	t.Parallel()
	compiled := 0
	c := &Control{Check: func(def *journey.Definition, files map[string]string) journey.Problems {
		compiled++
		return journey.Problems{{File: "hello.html", Message: fmt.Sprintf("%s has %d files", def.Key, len(files))}}
	}}
	look := func(source string, files map[string]string) string {
		found := c.check(&journey.Definition{Key: "a"}, source, files)
		require.Len(t, found, 1)
		said := found[0].Message
		found[0].Message = "changed by whoever got it"
		return said
	}
	for range 3 {
		assert.Equal(t, "a has 1 files", look("journey: a", map[string]string{"hello.html": "Hello"}))
	}
	assert.Equal(t, 1, compiled)
	look("journey: a ", map[string]string{"hello.html": "Hello"})
	look("journey: a", map[string]string{"hello.html": "Hello!"})
	look("journey: a", map[string]string{"hello.htm": "lHello"})
	assert.Equal(t, 4, compiled, "another text is another journey, wherever it differs")
	for i := range 3 * checkedMost {
		look(fmt.Sprint(i), nil)
		assert.LessOrEqual(t, len(c.checked.kept), checkedMost)
	}
}
