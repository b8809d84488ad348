package main

import (
	"context"
	"strings"
	"sync"
	"time"
)

// The kinds of kill.
const (
	killWorker   = "worker"
	killAPI      = "API"
	killTemporal = "Temporal" // the engine's process: its Postgres shuts down with it
	killPostgres = "Postgres"
	killTogether = "together" // some of these in the same moment, often all
)

var killable = []string{killWorker, killAPI, killTemporal, killPostgres}

// killer is what goes wrong.
type killer struct {
	*installation
	relay  *relay
	random *random

	kills    map[string]int // by kind
	together int            // of these, in the same moment as others
	deaths   []time.Time    // of workers
	open     int            // connections to the relay that were open when workers were killed: the most that may be in doubt
}

// storm kills in rounds: each kind once, in an order of chance, at moments of chance.
func (k *killer) storm(ctx context.Context, o options) error {
	k.kills = map[string]int{}
	for round := 1; round <= o.rounds; round++ {
		kinds := append(append([]string(nil), killable...), killTogether)
		k.random.shuffle(kinds)
		for _, kind := range kinds {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(k.random.between(o.calm, o.storm)):
			}
			if err := k.strike(ctx, round, k.victims(kind)); err != nil {
				return err
			}
		}
	}
	return nil
}

// victims are who dies: the one, or together all (every other time) or some.
func (k *killer) victims(kind string) []string {
	if kind != killTogether {
		return []string{kind}
	}
	who := append([]string(nil), killable...)
	k.random.shuffle(who)
	if k.random.chance(0.5) {
		return who
	}
	return who[:2+k.random.below(2)]
}

// strike kills them in the same moment. One that is just being started again is waited for, so that every kill is one.
func (k *killer) strike(ctx context.Context, round int, who []string) error {
	blows := map[string]func() bool{
		killWorker: k.worker.kill, killAPI: k.api.kill, killTemporal: k.engine.kill, killPostgres: k.killPostgres,
	}
	k.say("round %d: kill -9 %s", round, strings.Join(who, ", "))
	var all sync.WaitGroup
	errs := make([]error, len(who))
	open, at := k.relay.connections(), time.Now()
	for i, kind := range who {
		all.Go(func() { errs[i] = until(ctx, 30*time.Second, kind+" runs", blows[kind]) })
	}
	all.Wait()
	for i, kind := range who {
		if errs[i] != nil {
			return errs[i]
		}
		k.kills[kind]++
		if len(who) > 1 {
			k.together++
		}
		if kind == killWorker {
			k.open += open
			k.deaths = append(k.deaths, at)
		}
	}
	return nil
}
