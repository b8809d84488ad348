package temporal

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// web is Temporal's own page.
type web struct{ server *uiserver.Server }

func startWeb(ctx context.Context, opts Options) (*web, error) {
	began := time.Now()
	cfg := &uiconfig.Config{
		TemporalGRPCAddress: opts.address(),
		Host:                opts.Host,
		Port:                opts.WebPort,
		EnableUI:            true,
		DefaultNamespace:    Namespace,
		DisableNewsFetch:    true, // it would call home
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP on loopback
	}
	w := &web{server: uiserver.NewServer(uioptions.WithConfigProvider(cfg))}
	go func() { _ = w.server.Start() }()
	at := Options{Host: opts.Host, Port: opts.WebPort}.address()
	err := patiently(ctx, func(ctx context.Context) error { return get(ctx, "http://"+at+"/healthz") })
	if err != nil {
		w.stop()
		return nil, fmt.Errorf("starting Temporal's page: %w", err)
	}
	opts.Say("Temporal's page answers on http://%s (%s)", net.JoinHostPort(opts.Host, strconv.Itoa(opts.WebPort)), since(began))
	return w, nil
}

func (w *web) stop() { w.server.Stop() }

func get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", res.Status)
	}
	return nil
}
