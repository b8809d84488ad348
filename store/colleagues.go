package store

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// tellColleagues puts a word of each event of this batch into the streams of those colleagues who wait for it (`by: account`):
// there it gets a number, and so its place among what they did themselves. An enrollment that has not been decided on yet does
// not say what it waits for, and is told to be sure. It runs after the batch is written, and locks nobody.
func (a *application) tellColleagues(ctx context.Context) error {
	byAccount, names := map[string][]journey.Event{}, map[string]bool{}
	for id, events := range a.recent {
		account := a.people[id].AccountID
		for _, e := range events {
			if account != "" && e.Kind == journey.KindTrack && !e.Historical {
				byAccount[account] = append(byAccount[account], e)
				names[journey.ListenColleague+e.Name] = true
			}
		}
	}
	if len(byAccount) == 0 {
		return nil
	}
	rows, err := a.tx.Query(ctx, `
		SELECT DISTINCT c.account_id, c.id, CASE WHEN e.seq = 0 THEN ARRAY['*'] ELSE e.listens END
		FROM customers c JOIN enrollments e ON e.customer_id = c.id
		WHERE c.account_id = ANY($1) AND e.status = 'active' AND (e.seq = 0 OR e.listens && $2)`,
		slices.Sorted(maps.Keys(byAccount)), slices.Sorted(maps.Keys(names)))
	if err != nil {
		return err
	}
	type word struct{ customer, event string }
	told := map[word]journey.Event{}
	var account, customer string
	var listens []string
	_, err = pgx.ForEachRow(rows, []any{&account, &customer, &listens}, func() error {
		for _, e := range byAccount[account] {
			waits := slices.Contains(listens, "*") || slices.Contains(listens, journey.ListenColleague+e.Name)
			if waits && e.CustomerID != customer {
				told[word{customer, e.ID}] = journey.Event{
					Kind: journey.KindColleague, CustomerID: customer, Name: e.Name, At: e.At, Context: map[string]any{"event": e.ID},
				}
			}
		}
		return nil
	})
	if err != nil || len(told) == 0 {
		return err
	}
	events := slices.SortedFunc(maps.Values(told), func(a, b journey.Event) int { return a.At.Compare(b.At) })
	if err := a.s.insertEvents(ctx, a.tx, events); err != nil {
		return err
	}
	return notify(ctx, a.tx, channelEvents)
}

// wakeAccounts wakes everybody who waits on what is said of her account.
func (s *Store) wakeAccounts(ctx context.Context, tx pgx.Tx, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT e.id FROM customers c JOIN enrollments e ON e.customer_id = c.id
		WHERE c.account_id = ANY($1) AND e.status = 'active' AND e.listens @> ARRAY[$2::text] ORDER BY e.id`,
		accounts, journey.ListenAccount)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return s.wake(ctx, tx, ids)
}
