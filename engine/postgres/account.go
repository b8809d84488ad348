package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating system user that Postgres runs as. Postgres refuses to run as root, so that root hands it
// to an account without rights.
type account struct {
	name     string
	uid, gid uint32
	drop     bool // we are root and must become this account
}

// chooseAccount prefers the owner of an existing cluster, so that root can go on with what a user began.
func chooseAccount(dataDir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	if info, err := os.Stat(dataDir); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return account{name: strconv.Itoa(int(owner.Uid)), uid: owner.Uid, gid: owner.Gid, drop: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{name: name, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
		}
	}
	return account{}, errors.New("choosing an account for Postgres: it does not run as root, and this system has " +
		"neither a user 'postgres' nor 'nobody'. Mend: useradd --system postgres, or run as an ordinary user")
}

// command prepares a program that runs as the account, in a directory that it can surely enter.
func (a account) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// own makes the account the owner of a path, when we are root.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// reaches tells whether the account can enter dir. It asks the system instead of reading mode bits: access lists and
// mount options count too.
func (a account) reaches(dir string) bool {
	if !a.drop {
		return true
	}
	return a.command("/bin/sh", "-c", `cd "$1"`, "sh", dir).Run() == nil
}

// noteName tells whoever looks into the state directory where the data is when it is not there.
const noteName = "POSTGRES-IS-ELSEWHERE.txt"

// home is the directory that holds the cluster for state directory dir. Usually dir itself; but when root keeps dir
// where the account cannot go (/root is 0700), a directory of the account's own under /var/lib/perennial.
func (a account) home(dir string) (string, error) {
	note := filepath.Join(dir, noteName)
	if _, err := os.Stat(note); err != nil && a.reaches(dir) {
		return dir, nil
	}
	sum := sha256.Sum256([]byte(dir))
	home := filepath.Join("/var/lib/perennial", hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(home, 0o711); err != nil {
		return "", fmt.Errorf("making a directory for Postgres: %w", err)
	}
	if !a.reaches(home) {
		return "", fmt.Errorf("user %q can enter neither %s nor %s: mend: chmod a+x the directories above %s, or use "+
			"another --data", a.name, dir, home, dir)
	}
	text := fmt.Sprintf("Postgres runs as user %q, who cannot enter this directory.\nIts data is in %s.\n"+
		"To remove this installation, remove both.\n", a.name, home)
	if err := os.WriteFile(note, []byte(text), 0o644); err != nil {
		return "", fmt.Errorf("writing the note: %w", err)
	}
	return home, nil
}
