// Package postgres runs a private Postgres from installed binaries: it makes the cluster, keeps it alive, and knows
// what a crash leaves behind. It listens on loopback TCP only, with passwords that stay in the state directory.
package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perennial/engine/logfile"
)

// Options say where a cluster lives.
type Options struct {
	Dir  string                           // state directory; absolute
	Port int                              // 0: the port of the last start if it is free, else a free one
	Log  *logfile.File                    // what Postgres itself says
	Say  func(format string, args ...any) // progress, one line each
}

// Cluster is one data directory and, between Start and Stop, the Postgres that serves it.
type Cluster struct {
	opts    Options
	bin     Binaries
	account account
	home    string
	data    string
	secrets secrets

	started bool
	stop    chan struct{}
	done    chan struct{}
	exits   atomic.Int32
	mu      sync.Mutex
	process *os.Process
}

// Prepare finds the binaries and the data directory, and ends what an earlier engine, killed with -9, left running
// in it. It starts nothing, so that the caller can look at ports first.
func Prepare(ctx context.Context, opts Options) (*Cluster, error) {
	installed, err := Find()
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: opts, bin: installed[0], stop: make(chan struct{}), done: make(chan struct{})}
	if c.account, err = chooseAccount(filepath.Join(opts.Dir, "postgres")); err != nil {
		return nil, err
	}
	if c.home, err = c.account.home(opts.Dir); err != nil {
		return nil, err
	}
	c.data = filepath.Join(c.home, "postgres")
	if c.home != opts.Dir {
		opts.Say("Postgres runs as user %q, who cannot enter %s: its data is in %s", c.account.name, opts.Dir, c.data)
	}
	if c.initialised() {
		major, err := c.majorOnDisk()
		if err != nil {
			return nil, err
		}
		if c.bin, err = matching(installed, major); err != nil {
			return nil, fmt.Errorf("choosing Postgres for %s: %w", c.data, err)
		}
	}
	if err := c.settle(ctx); err != nil {
		return nil, fmt.Errorf("ending the Postgres of an earlier start: %w", err)
	}
	return c, nil
}

func (c *Cluster) initialised() bool {
	_, err := os.Lstat(c.data)
	return err == nil
}

func (c *Cluster) majorOnDisk() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if os.IsPermission(err) {
		return 0, fmt.Errorf("opening %s: it belongs to another user. Mend: run as the user who made it, or use "+
			"another --data", c.data)
	}
	if err != nil {
		return 0, fmt.Errorf("opening the data of Postgres: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// Start makes the cluster if there is none, starts it, and makes roles and databases. It returns when both roles can
// connect; from then on a Postgres that dies is started again until Stop.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.loadSecrets(); err != nil {
		return err
	}
	if !c.initialised() {
		began := time.Now()
		if err := c.initdb(); err != nil {
			return err
		}
		c.opts.Say("initialised Postgres %d in %s (%s)", c.bin.Version, c.data, since(began))
	}
	if err := c.choosePort(); err != nil {
		return err
	}
	began := time.Now()
	c.started = true
	go c.supervise()
	if err := c.waitReady(ctx); err != nil {
		_ = c.Stop()
		return err
	}
	if err := c.provision(ctx); err != nil {
		_ = c.Stop()
		return fmt.Errorf("making roles and databases: %w", err)
	}
	c.opts.Say("Postgres %d answers on 127.0.0.1:%d (%s)", c.bin.Version, c.secrets.Port, since(began))
	return nil
}

// initdb works in a directory of another name and renames it: a cluster that is there is a whole one.
func (c *Cluster) initdb() error {
	fresh := c.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("removing a half-made cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	password := filepath.Join(c.home, ".password")
	if err := os.WriteFile(password, []byte(c.secrets.Superuser+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the password for initdb: %w", err)
	}
	defer os.Remove(password)
	for _, path := range []string{fresh, password} {
		if err := c.account.own(path); err != nil {
			return fmt.Errorf("handing %s to %s: %w", path, c.account.name, err)
		}
	}
	out, err := c.runInitdb(fresh, password)
	if err != nil {
		return fmt.Errorf("running initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, c.data); err != nil {
		return fmt.Errorf("putting the new cluster in place: %w", err)
	}
	return nil
}

func (c *Cluster) runInitdb(dir, passwordFile string) ([]byte, error) {
	return c.account.command(c.bin.path("initdb"), "-D", dir, "-U", superuser, "--pwfile="+passwordFile,
		"--auth=scram-sha-256", "-E", "UTF8", "--locale="+locale).CombinedOutput()
}

// settings of a small machine that must not lose anything: a commit is on disk when it is answered.
func (c *Cluster) settings() []string {
	return []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(c.secrets.Port),
		"unix_socket_directories=",
		"password_encryption=scram-sha-256",
		"fsync=on", "full_page_writes=on", "synchronous_commit=on",
		"shared_buffers=256MB", "max_connections=200", "effective_cache_size=1GB",
		"wal_compression=on", "max_wal_size=2GB", "random_page_cost=1.1",
		"jit=off", // compiling costs more than any query of ours takes
		"timezone=UTC", "log_timezone=UTC",
		"log_min_messages=warning", "log_checkpoints=off", "log_destination=stderr", "logging_collector=off",
		// A client that vanished (kill -9, cable) must not hold locks for the two hours of the kernel's default.
		"tcp_keepalives_idle=30", "tcp_keepalives_interval=10", "tcp_keepalives_count=3",
	}
}

func (c *Cluster) serverCommand() *exec.Cmd {
	args := []string{"-D", c.data}
	for _, s := range c.settings() {
		args = append(args, "-c", s)
	}
	cmd := c.account.command(c.bin.path("postgres"), args...)
	cmd.Stdout, cmd.Stderr = c.opts.Log, c.opts.Log
	cmd.WaitDelay = 2 * time.Second // orphaned backends may hold the pipe for a moment
	cmd.SysProcAttr.Setpgid = true  // Ctrl-C goes to the engine alone, which ends things in order
	endWithParent(cmd)
	return cmd
}

// URL is how to connect as the given role.
func (c *Cluster) URL(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, c.secrets.password(role)),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.secrets.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
