package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConvertingLiquid(t *testing.T) {
	t.Parallel()
	converting := func(in string, args ...string) (string, string, error) {
		var out, said bytes.Buffer
		err := run(t.Context(), append([]string{"journey", "convert"}, args...), nil, stdio{strings.NewReader(in), &out, &said})
		return out.String(), said.String(), err
	}
	out, said, err := converting("{% if customer.a %}{{ customer.b | default: 'c' }}{% endif %}", "-")
	require.NoError(t, err)
	assert.Equal(t, `{{ if customer.a }}{{ customer.b | default "c" }}{{ end }}`, out)
	assert.Empty(t, said)

	file := filepath.Join(t.TempDir(), "welcome.html")
	was := "---\nsubject: {{ customer.first_name | default: \"Hello\" }}\n---\n<p>{{ customer.a | plus: 1 }}</p>"
	require.NoError(t, os.WriteFile(file, []byte(was), 0o600))
	_, said, err = converting("", "--check", file)
	require.ErrorIs(t, err, errFaults)
	assert.Contains(t, said, file+":4:4: filter plus has no counterpart")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, was, string(raw))
	out, _, err = converting("", file)
	require.ErrorIs(t, err, errFaults)
	assert.Equal(t, file+"\n", out)
	raw, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `subject: {{ customer.first_name | default "Hello" }}`)
	_, _, err = converting("", file+".gone")
	assert.ErrorContains(t, err, "reading the message")
}
