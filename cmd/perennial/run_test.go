package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A command that is not there is a fault at every depth, with the mend: a script that misspells one must not pass.
func TestACommandThatIsNotThere(t *testing.T) {
	t.Parallel()
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), args, nil, stdio{strings.NewReader(""), &out, &out})
		return out.String(), err
	}
	for args, said := range map[string]string{
		"frobnicate":             "perennial has no command \"frobnicate\"; `perennial --help` lists the commands",
		"journey pubish folder":  "perennial journey has no command \"pubish\"; did you mean publish?",
		"key make":               "perennial key has no command \"make\"; `perennial key --help` lists the commands",
		"doctor --dta x":         "unknown flag: --dta; `perennial doctor --help` lists the flags",
		"journey list --outputs": "unknown flag: --outputs; `perennial journey list --help` lists the flags",
	} {
		_, err := call(strings.Fields(args)...)
		require.EqualError(t, err, said)
		assert.Equal(t, 1, exitStatus(err))
	}
	for args, said := range map[string]string{
		"": "To begin with, on this machine:", "--help": "Work on a server, over its API:", "help journey": "Available Commands:", "journey": "Available Commands:",
		"journey --help": "Available Commands:", "completion bash": "bash completion", "--version": "perennial ", "__complete jour": "journey",
	} {
		got, err := call(strings.Fields(args)...)
		require.NoError(t, err, args)
		assert.Contains(t, got, said, args)
	}
}
