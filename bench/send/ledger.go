package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/activities"
	"perennial/bench/rig"
	"perennial/journey"
	"perennial/mail"
	"perennial/store"
	"perennial/templates"
)

// journeyKey and template name the letter that goes out: one that ships, with the layout, five links and a text part made from HTML.
const (
	journeyKey = "win-back"
	template   = "we-miss-you"
	topic      = "offers"
)

// ledger is Perennial: a database of its own, and the sender that empties it.
type ledger struct {
	url    string
	store  *store.Store
	conn   *pgx.Conn // for seeding and looking on
	dial   func(ctx context.Context) (activities.Wire, error)
	tokens journey.Tokens
	slots  int
	signer *mail.Signer // nil: the relay signs
	number int          // of customers so far
}

func openLedger(ctx context.Context, e *rig.Engine, relayAddress string, slots int) (_ *ledger, err error) {
	l := &ledger{slots: slots}
	if l.url, err = e.MakeDatabase(ctx, "bench_send"); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, l.url, io.Discard); err != nil {
		return nil, err
	}
	if l.store, err = store.Open(ctx, l.url, store.Options{Wall: time.Now}); err != nil {
		return nil, err
	}
	if l.conn, err = pgx.Connect(ctx, l.url); err != nil {
		return nil, err
	}
	settings, err := l.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	l.tokens = journey.Tokens{Key: settings.TokenKey}
	to, err := mail.NewRelay("smtp://"+relayAddress, mail.RelayOptions{})
	if err != nil {
		return nil, err
	}
	l.dial = func(ctx context.Context) (activities.Wire, error) {
		conn, err := to.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}
	return l, l.publish(ctx)
}

func (l *ledger) close(ctx context.Context) {
	_ = l.conn.Close(ctx)
	l.store.Close()
}

func (l *ledger) publish(ctx context.Context) error {
	files, err := templates.Load(templates.Embedded(), journeyKey)
	if err != nil {
		return err
	}
	source := files[templates.JourneyFile]
	delete(files, templates.JourneyFile)
	by := journey.Actor{ID: "bench", Name: "bench", Role: journey.RoleAdmin}
	draft, err := l.store.EditDraft(ctx, journeyKey, by, func(d journey.Draft) (journey.Draft, error) {
		d.Name, d.Source, d.Files = "Win back", source, files
		return d, nil
	})
	if err != nil {
		return err
	}
	_, _, err = l.store.Publish(ctx, journey.Publication{Key: journeyKey, Name: "Win back", ETag: draft.ETag, By: by})
	return err
}

// seed writes so many customers who agreed to offers, each with an enrollment and one message that is due, and returns the
// Message-IDs. It is not measured.
func (l *ledger) seed(ctx context.Context, customers int) (ids []string, err error) {
	now := l.store.Clock().Now()
	tables := map[string]struct {
		columns []string
		row     func(n int, customer, enrollment, message string) []any
	}{
		"customers": {[]string{"id", "external_id", "email", "first_name", "locale", "timezone", "attributes", "created_at"},
			func(n int, customer, _, _ string) []any {
				user := fmt.Sprintf("customer-%d", n)
				return []any{customer, user, user + "@example.net", "Ann", "en", "Europe/Berlin", map[string]any{"orders_count": 3}, now}
			}},
		"consents": {[]string{"customer_id", "topic", "state", "changed_at"},
			func(_ int, customer, _, _ string) []any { return []any{customer, topic, "given", now} }},
		"enrollments": {[]string{"id", "journey_key", "version", "customer_id", "entry_key", "status", "state", "entered_at"},
			func(_ int, customer, enrollment, _ string) []any {
				return []any{enrollment, journeyKey, 1, customer, "", "active", map[string]any{}, now}
			}},
		"messages": {[]string{"id", "enrollment_id", "step", "visit", "customer_id", "channel", "journey_key", "version", "lane", "topic",
			"template", "state", "not_before_at", "expires_at", "queued_at", "message_id"},
			func(_ int, customer, enrollment, message string) []any {
				ids = append(ids, message+"@bench.example")
				return []any{message, enrollment, template, 1, customer, journey.ChannelEmail, journeyKey, 1, journey.LaneMarketing, topic,
					template, "queued", now, now.Add(48 * time.Hour), now, message + "@bench.example"}
			}},
	}
	keys := make([][3]string, customers)
	for i := range keys {
		keys[i] = [3]string{journey.NewID(journey.PrefixCustomer), journey.NewID(journey.PrefixEnrollment), journey.NewID(journey.PrefixMessage)}
	}
	for _, name := range []string{"customers", "consents", "enrollments", "messages"} {
		t := tables[name]
		_, err := l.conn.CopyFrom(ctx, pgx.Identifier{name}, t.columns, pgx.CopyFromSlice(customers, func(i int) ([]any, error) {
			return t.row(l.number+i, keys[i][0], keys[i][1], keys[i][2]), nil
		}))
		if err != nil {
			return nil, fmt.Errorf("seeding %s: %w", name, err)
		}
	}
	l.number += customers
	_, err = l.conn.Exec(ctx, "VACUUM ANALYZE")
	return ids, err
}

// lookEvery is how often the end is looked for; each look is a commit.
const lookEvery = 250 * time.Millisecond

// send runs the sender until the ledger has the reply to every message.
func (l *ledger) send(ctx context.Context, ids []string) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	sender := l.sender()
	ended := make(chan error, 1)
	go func() {
		_, err := sender.Run(working, journey.LaneMarketing)
		ended <- err
	}()
	for open := true; open; {
		select {
		case err := <-ended:
			return errors.Join(errors.New("the sender has ended"), err)
		default:
		}
		rig.Wait(ctx, lookEvery)
		err := l.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM messages WHERE lane = $1 AND state IN ('queued', 'deferred'))
			OR EXISTS (SELECT FROM messages WHERE lane = $1 AND state IN ('claimed', 'at_dot'))`, journey.LaneMarketing).Scan(&open)
		if err != nil {
			return err
		}
	}
	stop()
	if err := errors.Join(<-ended, sender.Shutdown(ctx)); err != nil {
		return err
	}
	var accepted int
	err := l.conn.QueryRow(ctx, `SELECT count(*) FROM messages WHERE state = 'accepted' AND message_id = ANY($1)`, ids).Scan(&accepted)
	if err == nil && accepted != len(ids) {
		err = fmt.Errorf("%d of %d messages are accepted", accepted, len(ids))
	}
	return err
}

func (l *ledger) sender() *activities.Sender {
	brand := rig.Brand()
	return &activities.Sender{
		Ledger: l.store, Clock: l.store.Clock(), Compile: func(v journey.Version) (activities.Templates, error) { return templates.CompileVersion(v, brand) }, Compose: mail.Composer{Signer: l.signer}.Compose,
		Dial: l.dial, Brand: brand, Tokens: l.tokens, Sandbox: true, Log: slog.New(slog.DiscardHandler), Slots: l.slots,
	}
}

// newSigner signs for example.com with the key.
func newSigner(key *rsa.PrivateKey) (*mail.Signer, error) {
	raw := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return mail.NewSigner("example.com", "bench", raw)
}
