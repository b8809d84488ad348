package postgres

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// Binaries are the programs of one Postgres installation.
type Binaries struct {
	Dir     string
	Version int // major
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// places are where package managers put Postgres. PATH is looked at as well, but distributions such as Debian keep
// initdb and postgres out of it.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/opt/homebrew/opt/postgresql/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

const oldest = 13 // the first with btree_gin as a trusted extension, so that a role without superuser can create it

// Find returns every complete installation on this machine, newest first.
func Find() ([]Binaries, error) {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern) // the patterns are constants: they cannot be malformed
		dirs = append(dirs, found...)
	}
	var all []Binaries
	for _, dir := range dirs {
		b := Binaries{Dir: dir}
		if slices.ContainsFunc(all, func(o Binaries) bool { return o.Dir == dir }) || !b.complete() {
			continue
		}
		if b.Version = majorVersion(b.path("postgres")); b.Version >= oldest {
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil, errNotInstalled()
	}
	slices.SortStableFunc(all, func(a, b Binaries) int { return b.Version - a.Version })
	return all, nil
}

func (b Binaries) complete() bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(b.path(name)); err != nil {
			return false
		}
	}
	return true
}

var versionNumber = regexp.MustCompile(`\) (\d+)`)

func majorVersion(postgres string) int {
	out, err := exec.Command(postgres, "--version").Output()
	if err != nil {
		return 0
	}
	m := versionNumber.FindSubmatch(out)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func errNotInstalled() error {
	mend := "install PostgreSQL with your package manager (Debian, Ubuntu: apt-get install postgresql)"
	if runtime.GOOS == "darwin" {
		mend = "brew install postgresql@17"
	}
	return errors.New("looking for Postgres: no installation of version " + strconv.Itoa(oldest) +
		" or later found (initdb and postgres are needed). Mend: " + mend +
		", or set DATABASE_URL to a server that you run")
}

// matching picks the installation that can open an existing cluster: data files belong to one major version.
func matching(all []Binaries, major int) (Binaries, error) {
	for _, b := range all {
		if b.Version == major {
			return b, nil
		}
	}
	return Binaries{}, fmt.Errorf("the data was written by Postgres %d, but this machine has only %d. Mend: install "+
		"Postgres %d beside it (Debian: apt-get install postgresql-%d), or upgrade the data with pg_upgrade",
		major, all[0].Version, major, major)
}
