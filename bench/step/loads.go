package main

import (
	"context"
	"fmt"

	"perennial/bench/rig"
)

// openLoads returns every load, the floor first, and what closes them.
func openLoads(ctx context.Context, e *rig.Engine, o options) (_ []load, closeAll func(), err error) {
	c, err := dial(e)
	if err != nil {
		return nil, nil, fmt.Errorf("dialling Temporal: %w", err)
	}
	closing := []func(){c.Close}
	closeAll = func() {
		for i := len(closing) - 1; i >= 0; i-- {
			closing[i]()
		}
	}
	loads, w := plainLoads(c, o)
	if err := w.Start(); err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("starting the plain worker: %w", err)
	}
	closing = append(closing, w.Stop)
	for _, kind := range []struct {
		name, database string
		sends          bool
	}{{"Perennial, before SMTP", "bench_ledger", false}, {"Perennial, with everything", "bench_mail", true}} {
		u, err := openOurs(ctx, e, c, o, kind.database, kind.sends)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("opening %s: %w", kind.name, err)
		}
		closing = append(closing, u.close)
		loads = append(loads, u.load(kind.name, o))
	}
	return loads, closeAll, nil
}
