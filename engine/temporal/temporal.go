// Package temporal runs a whole Temporal server inside this process, on Postgres, with its web page beside it.
package temporal

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"perennial/engine/logfile"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// Namespace is the one that the product works in.
const Namespace = "perennial"

// Options say where the server listens and what it stores in.
type Options struct {
	Host          string // address of the frontend and the web page; the other services stay on loopback
	Port          int    // of the frontend (gRPC)
	WebPort       int
	StoreURL      string // postgres://… of the database for executions
	VisibilityURL string // postgres://… of the database for lists and searches
	TimeSkipping  bool   // let workflows ask for skipped time (tests)
	Log           *logfile.File
	Say           func(format string, args ...any)

	stockIndexes bool // leave Temporal's own visibility indexes alone: for the measurement in this package's tests
}

// Server is a running Temporal with its web page.
type Server struct {
	server temporal.Server
	web    *web
	fatal  chan error
}

// stopLimit leaves Postgres its share of the ten seconds that a shutdown may take.
const stopLimit = 4 * time.Second

// shards can never be changed for a database once it is made. Four are plenty for what one machine can do.
const shards = 4

// Start brings the schema up to date, starts the server and its web page, and registers the namespace. It returns
// when the namespace takes workflows and searches.
func Start(ctx context.Context, opts Options) (*Server, error) {
	began := time.Now()
	s := &Server{fatal: make(chan error, 1)}
	logger := newLogger(opts.Log, s.fatal)
	changed, err := migrate(ctx, opts, logger)
	if err != nil {
		return nil, err
	}
	if changed {
		opts.Say("Temporal's tables are made (%s)", since(began))
		began = time.Now()
	}
	if err := s.startServer(ctx, opts, logger); err != nil {
		return nil, err
	}
	if err := register(ctx, opts); err != nil {
		s.Stop()
		return nil, fmt.Errorf("registering namespace %s: %w", Namespace, err)
	}
	opts.Say("Temporal answers on %s (%s)", opts.address(), since(began))
	if s.web, err = startWeb(ctx, opts); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// startServer runs the start on a goroutine of its own: a fatal log line of Temporal ends the goroutine that wrote it.
func (s *Server) startServer(ctx context.Context, opts Options, logger log.Logger) error {
	started := make(chan error, 1)
	go func() {
		var err error
		if s.server, err = newServer(opts, logger); err == nil {
			err = s.server.Start()
		}
		started <- err
	}()
	select {
	case err := <-started:
		if err != nil {
			return fmt.Errorf("starting Temporal: %w", err)
		}
		return nil
	case err := <-s.fatal:
		return fmt.Errorf("starting Temporal: %w", err)
	case <-ctx.Done():
		return fmt.Errorf("starting Temporal: %w", ctx.Err())
	}
}

// Fatal delivers the reason when Temporal gives up. It cannot go on after that: the process has to end.
func (s *Server) Fatal() <-chan error { return s.fatal }

// Stop ends the web page, then the server. Workflows go on where they were at the next start.
func (s *Server) Stop() {
	if s.web != nil {
		s.web.stop()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.server.Stop()
	}()
	// Everything that matters is committed: a service that hangs is not worth waiting for.
	select {
	case <-done:
	case <-time.After(stopLimit):
	}
}

func newServer(opts Options, logger log.Logger) (temporal.Server, error) {
	cfg, hosts, err := configure(opts)
	if err != nil {
		return nil, err
	}
	return temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithNamespaceLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(dynamicConfig(opts)),
	)
}

// dynamicConfig holds the settings that differ from the server's defaults, which are those of a large cluster.
func dynamicConfig(opts Options) dynamicconfig.Client {
	return dynamicconfig.StaticClient{
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():           1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():          1,
		dynamicconfig.WorkflowTimeSkippingEnabled.Key():                  opts.TimeSkipping,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 16384, // sleepers are read when they wake
		// A timer may come as much later as this; the default of a second allows for many hosts with clocks of their own.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 20 * time.Millisecond,
		dynamicconfig.EnableServerVersionCheck.Key():   false, // it would call home
		// A search attribute is usable as soon as it is registered, not when a cache has expired.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
	}
}

func configure(opts Options) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	internal, err := freePorts(3)
	if err != nil {
		return nil, nil, fmt.Errorf("choosing ports between Temporal's services: %w", err)
	}
	store, err := sqlConfig(opts.StoreURL, 16)
	if err != nil {
		return nil, nil, err
	}
	visibility, err := sqlConfig(opts.VisibilityURL, 6)
	if err != nil {
		return nil, nil, err
	}
	ports := map[primitives.ServiceName]int{
		primitives.HistoryService: internal[0], primitives.MatchingService: internal[1],
		primitives.WorkerService: internal[2],
	}
	services := map[string]config.Service{
		string(primitives.FrontendService): {RPC: config.RPC{GRPCPort: opts.Port, BindOnIP: opts.Host}},
	}
	hosts := map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(opts.address()),
	}
	for name, port := range ports {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnLocalHost: true}}
		hosts[name] = static.SingleLocalHost(loopback(port))
	}
	cfg := &config.Config{
		Global: config.Global{Membership: config.Membership{
			MaxJoinDuration: 10 * time.Second, BroadcastAddress: "127.0.0.1",
		}},
		Persistence: config.Persistence{
			DefaultStore: "store", VisibilityStore: "visibility", NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{"store": {SQL: store}, "visibility": {SQL: visibility}},
		},
		ClusterMetadata:     clusterMetadata(opts),
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		PublicClient:        config.PublicClient{HostPort: opts.address()},
	}
	disableArchival(cfg)
	return cfg, hosts, nil
}

func clusterMetadata(opts Options) *cluster.Config {
	const name = "active"
	return &cluster.Config{
		FailoverVersionIncrement: 10,
		MasterClusterName:        name,
		CurrentClusterName:       name,
		ClusterInformation: map[string]cluster.ClusterInformation{
			name: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: opts.address()},
		},
	}
}

func disableArchival(cfg *config.Config) {
	const off = "disabled"
	cfg.Archival.History.State, cfg.Archival.Visibility.State = off, off
	cfg.NamespaceDefaults.Archival.History.State = off
	cfg.NamespaceDefaults.Archival.Visibility.State = off
}

// sqlConfig translates a connection URL. conns is per service, and four services connect: 88 in all, which leaves
// the product its share of Postgres's 200.
func sqlConfig(databaseURL string, conns int) (*config.SQL, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("reading the database URL of Temporal: it must name a host")
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = "5432"
	}
	password, _ := u.User.Password()
	attributes := map[string]string{}
	for key, values := range u.Query() {
		attributes[key] = values[0]
	}
	return &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		ConnectProtocol:   "tcp",
		ConnectAddr:       net.JoinHostPort(host, port),
		User:              url.PathEscape(u.User.Username()), // the plugin escapes the password, but not the user
		Password:          password,
		DatabaseName:      u.Path[1:],
		ConnectAttributes: attributes,
		MaxConns:          conns,
		MaxIdleConns:      conns,
		MaxConnLifetime:   time.Hour,
	}, nil
}

// address is where this machine reaches the frontend, also when it listens on every interface.
func (o Options) address() string {
	host := o.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(o.Port))
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts returns n different free ports: it holds all of them until the last is found.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
