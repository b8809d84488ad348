package main

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every page stands in docs/README.md, by who reads it, and no link between pages leads nowhere.
func TestDocumentsAreFound(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile("../../docs/README.md")
	require.NoError(t, err)
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" {
			assert.Contains(t, string(index), "("+name+")", "docs/README.md does not name it")
		}
	}
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	seen := 0
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "." && d.Name() != ".."):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(m[1], ":") {
				seen++
				_, err := os.Stat(filepath.Join(filepath.Dir(path), m[1]))
				assert.NoError(t, err, "%s", path)
			}
		}
		return err
	})
	require.NoError(t, err)
	assert.Greater(t, seen, 100)
}

// make builds the program anew when a package changes that is part of it.
func TestMakeKnowsWhatTheProgramIsMadeOf(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(makefile), "SRC         := $(shell find ")
	require.True(t, found)
	listed := strings.Fields(rest[:strings.Index(rest, "-type")])
	p, err := build.ImportDir(".", 0)
	require.NoError(t, err)
	for _, path := range p.Imports {
		if ours, is := strings.CutPrefix(path, "perennial/"); is {
			folder, _, _ := strings.Cut(ours, "/")
			assert.Contains(t, listed, folder)
		}
	}
}
