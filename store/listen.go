package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channels that Listen knows. Writers notify in their transaction, so that listeners look once it has committed.
const (
	channelEvents   = "events"   // the inbox has grown
	channelWakeups  = "wakeups"  // an enrollment is to be started or woken
	channelParcels  = "parcels"  // something is to be handed over beside the ledger
	channelMessages = "messages" // a message was queued, or the switches have changed

	channelMigrations = "migrations" // a migration was made
	channelKeys       = "keys"       // a key was revoked
)

// Listen returns a channel that yields after something was written for the given channel of notifications: "events",
// "wakeups", "messages", "parcels" or "migrations". Notifications are coalesced, and one comes after every reconnection, since some may have been
// missed; they are hints, and whoever listens also looks by itself from time to time. It is closed when ctx or the store ends.
func (s *Store) Listen(ctx context.Context, channel string) <-chan struct{} {
	return s.listeners.add(ctx, channel)
}

// listeners share one connection, which listens to every channel.
type listeners struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	closed bool
	to     map[string]map[chan struct{}]bool
}

// listen begins to listen on a connection of its own.
func listen(config *pgx.ConnConfig) *listeners {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listeners{cancel: cancel, done: make(chan struct{}), to: map[string]map[chan struct{}]bool{}}
	delete(config.RuntimeParams, "idle_in_transaction_session_timeout")
	go l.run(ctx, config)
	return l
}

func (l *listeners) add(ctx context.Context, channel string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan struct{}, 1)
	if l.closed {
		close(c)
		return c
	}
	if l.to[channel] == nil {
		l.to[channel] = map[chan struct{}]bool{}
	}
	l.to[channel][c] = true
	context.AfterFunc(ctx, func() { l.remove(channel, c) })
	return c
}

func (l *listeners) remove(channel string, c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to[channel][c] {
		delete(l.to[channel], c)
		close(c)
	}
}

// tell wakes the listeners of a channel, all of them for "". One that has not looked since the last time is left as it is.
func (l *listeners) tell(channel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, cs := range l.to {
		if channel != "" && name != channel {
			continue
		}
		for c := range cs {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

func (l *listeners) close() {
	l.cancel()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, cs := range l.to {
		for c := range cs {
			close(c)
		}
	}
	l.to = map[string]map[chan struct{}]bool{}
}

// run reconnects until it is cancelled, with a pause that grows from 100 ms to 5 s while the database is away.
func (l *listeners) run(ctx context.Context, config *pgx.ConnConfig) {
	defer close(l.done)
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		if l.hear(ctx, config) {
			pause = 100 * time.Millisecond
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		pause = min(2*pause, 5*time.Second)
	}
}

// hear listens on one connection until it breaks, and says whether it ever stood.
func (l *listeners) hear(ctx context.Context, config *pgx.ConnConfig) bool {
	connecting, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return false
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it may have broken already
	}()
	for _, channel := range []string{channelEvents, channelWakeups, channelMessages, channelMigrations, channelKeys} {
		if _, err := conn.Exec(connecting, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return false
		}
	}
	l.tell("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		l.tell(n.Channel)
	}
}
