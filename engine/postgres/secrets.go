package postgres

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Roles. The superuser is used by this package alone.
const (
	superuser     = "postgres"
	RoleTemporal  = "temporal"
	RolePerennial = "perennial"
)

// secrets is what a cluster must find again: its port and its passwords. In DIR/postgres.json, mode 0600.
type secrets struct {
	Port      int    `json:"port"`
	Superuser string `json:"superuser_password"`
	Temporal  string `json:"temporal_password"`
	Perennial string `json:"perennial_password"`
}

func (s secrets) password(role string) string {
	switch role {
	case RoleTemporal:
		return s.Temporal
	case RolePerennial:
		return s.Perennial
	}
	return s.Superuser
}

func (c *Cluster) secretsPath() string { return filepath.Join(c.opts.Dir, "postgres.json") }

func (c *Cluster) loadSecrets() error {
	text, err := os.ReadFile(c.secretsPath())
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &c.secrets); err != nil || c.secrets.Superuser == "" {
			return fmt.Errorf("reading %s: it is not what this engine wrote there", c.secretsPath())
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading the passwords of Postgres: %w", err)
	case c.initialised():
		return fmt.Errorf("%s is missing, and the passwords of the data in %s with it. Mend: put it back from a "+
			"backup, or use another --data", c.secretsPath(), c.data)
	}
	c.secrets = secrets{Superuser: rand.Text(), Temporal: rand.Text(), Perennial: rand.Text()}
	return c.saveSecrets()
}

// saveSecrets replaces the file whole: half a file would lock us out of the data.
func (c *Cluster) saveSecrets() error {
	text, err := json.MarshalIndent(c.secrets, "", "  ")
	if err != nil {
		return err
	}
	fresh := c.secretsPath() + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the passwords of Postgres: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(fresh, c.secretsPath())
	}
	if err != nil {
		return fmt.Errorf("writing the passwords of Postgres: %w", err)
	}
	return nil
}

// choosePort takes the port that was asked for, else the one of the last start, so that connection strings in other
// windows stay true, else any free one.
func (c *Cluster) choosePort() error {
	want := c.opts.Port
	if want == 0 {
		want = c.secrets.Port
	}
	if want == 0 || (c.opts.Port == 0 && !free(want)) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("choosing a port for Postgres: %w", err)
		}
		want = l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
	}
	if want == c.secrets.Port {
		return nil
	}
	c.secrets.Port = want
	return c.saveSecrets()
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
