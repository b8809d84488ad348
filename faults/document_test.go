package faults_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/reliability.md names a test for each fault and for each bad input: each is there, in the folder that stands behind it.
func TestWhatTheDocumentNamesIsThere(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/reliability.md")
	require.NoError(t, err)
	name := regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)`")
	cited := regexp.MustCompile("((?:`Test[A-Z][A-Za-z0-9]*`(?:, )?)+) (?:in |\\()([a-z]+(?:/[a-z]+)*)")
	sources := map[string]string{}
	checked := map[string]bool{}
	for _, group := range cited.FindAllStringSubmatch(string(page), -1) {
		folder := group[2]
		if sources[folder] == "" {
			sources[folder] = testsOf(t, folder)
		}
		for _, test := range name.FindAllStringSubmatch(group[1], -1) {
			checked[test[1]] = true
			assert.Contains(t, sources[folder], "\nfunc "+test[1]+"(t *testing.T)", "in %s", folder)
		}
	}
	for _, test := range name.FindAllStringSubmatch(string(page), -1) {
		assert.True(t, checked[test[1]], "%s is named without its folder", test[1])
	}
	assert.Greater(t, len(checked), 50)
}

func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.WriteString("\n" + string(text))
	}
	return all.String()
}
