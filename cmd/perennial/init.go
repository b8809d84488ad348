package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"perennial/templates"
)

var journeyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)

func initCommand(std stdio) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Writes a folder with a new journey: a small one to begin with, or one of those that ship",
		Long: "Writes the folder NAME: journey.yaml, its messages and scenarios. It is valid as it is; what is for you to decide is marked with ←.\n" +
			"Those that ship: " + strings.Join(templates.Names(), ", ") + ".",
		Example: "  perennial journey init spring-sale\n  perennial journey init come-back --from win-back",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			folder := filepath.Clean(args[0])
			name := filepath.Base(folder)
			if !journeyName.MatchString(name) {
				return fmt.Errorf("%q cannot be the name of a journey: write a-z, 0-9 and -, e.g. spring-sale", name)
			}
			source, root := templates.Starter()
			if from != "" {
				if _, err := templates.Load(templates.Embedded(), from); err != nil {
					return fmt.Errorf("--from %s: there is no such journey; those that ship are %s", from, strings.Join(templates.Names(), ", "))
				}
				source, root = templates.Embedded(), from
			}
			return copyJourney(source, root, folder, name, std)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "one of the journeys that ship, to start from: "+strings.Join(templates.Names(), ", "))
	return cmd
}

// copyJourney copies a journey under another name. A folder that is there stays as it is.
func copyJourney(source fs.FS, root, folder, name string, std stdio) error {
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) { //nolint:gosec // source files, for colleagues to read
		return fmt.Errorf("%s exists already; nothing was written", folder)
	} else if err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	err := fs.WalkDir(source, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(file, root)))
		switch {
		case file == root || path.Base(file) == "README.md":
			return nil
		case entry.IsDir():
			return os.Mkdir(to, 0o755) //nolint:gosec // the same
		}
		content, err := fs.ReadFile(source, file)
		if err != nil {
			return err
		}
		if path.Base(file) == journeyFile {
			content = []byte(templates.Renamed(string(content), name, ""))
		} else if source == templates.Embedded() {
			content = []byte(templates.Marked(file, string(content)))
		}
		fmt.Fprintln(std.out, to)
		return os.WriteFile(to, content, 0o644) //nolint:gosec // the same
	})
	if err != nil {
		return fmt.Errorf("writing the journey: %w", err)
	}
	fmt.Fprintf(std.out, "\nnext: perennial journey validate %s && perennial journey test %s\n", folder, folder)
	return nil
}
