package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func texts(t *testing.T, code string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("text/" + code + ".yaml")
	require.NoError(t, err)
	out := map[string]string{}
	require.NoError(t, yaml.Unmarshal(raw, &out))
	return out
}

var (
	slot    = regexp.MustCompile(`\{[a-z_]+\}`)
	named   = regexp.MustCompile(`(?:\bt|\bn|text\(|counted\(|seeOther\([^,]*,) ?\(?"([a-z_0-9]+(?:\.[a-z_0-9.]+)+)"`)
	state   = regexp.MustCompile(`(?m)^\{\{define "[a-z-]+-state"\}\}.*$`) // attributes of an element, which nobody reads
	action  = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	element = regexp.MustCompile(`(?s)<[^>]*>`)
	spoken  = regexp.MustCompile(`\b(?:placeholder|title|aria-label|alt)="([^"]*)"`)
)

// Each language has every text, with the same values in it; only one and other may leave {n} out.
func TestLanguagesHaveTheSameTexts(t *testing.T) {
	t.Parallel()
	english, french := texts(t, "en"), texts(t, "fr")
	for key, text := range english {
		other, there := french[key]
		if !assert.True(t, there, "fr.yaml lacks %s", key) {
			continue
		}
		values := func(s string) []string {
			found := slot.FindAllString(s, -1)
			slices.Sort(found)
			return slices.DeleteFunc(slices.Compact(found), func(v string) bool { return v == "{n}" })
		}
		assert.ElementsMatch(t, values(text), values(other), key)
		if one, counted := strings.CutSuffix(key, ".one"); counted {
			assert.Contains(t, english, one+".other", key)
		}
	}
	for key := range french {
		assert.Contains(t, english, key, "fr.yaml has what en.yaml has not")
	}
	assert.Len(t, strings.Fields(french["time.months"]), 12)
	assert.Len(t, strings.Fields(french["time.weekdays"]), 7)
}

// Pages hold no words of their own, and no name of a text that is not there.
func TestPagesHaveTheirWordsFromTheCatalogue(t *testing.T) {
	t.Parallel()
	english := texts(t, "en")
	files, err := filepath.Glob("pages/*.html")
	require.NoError(t, err)
	goFiles, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		bare := action.ReplaceAllString(state.ReplaceAllString(string(raw), ""), "")
		for _, m := range spoken.FindAllStringSubmatch(bare, -1) {
			assert.False(t, strings.ContainsFunc(m[1], unicode.IsLetter), "%s: %s", file, m[0])
		}
		words := strings.TrimSpace(element.ReplaceAllString(bare, ""))
		assert.False(t, strings.ContainsFunc(words, unicode.IsLetter), "%s holds words: %s", file, words)
	}
	for _, file := range append(files, goFiles...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			if strings.HasSuffix(m[1], ".") {
				continue // the beginning of a key
			}
			_, plain := english[m[1]]
			_, counted := english[m[1]+".other"]
			assert.True(t, plain || counted, "%s names the text %s", file, m[1])
		}
	}
}
