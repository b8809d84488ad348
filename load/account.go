package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// account compares the shop's books with what the installation says.
type account struct {
	lines  []line
	faults []string
}

// line is one figure from two sides.
type line struct {
	what        string
	books, says float64
	from        string // where the installation says it
}

func (a *account) add(what string, books, says float64, from string) {
	a.lines = append(a.lines, line{what, books, says, from})
}

// print writes the table and returns how many lines differ.
func (a *account) print(out io.Writer) (differences int) {
	fmt.Fprintf(out, "\n%-44s %12s %12s\n", "", "books", "Perennial")
	for _, l := range a.lines {
		mark := ""
		if l.books != l.says { //nolint:gocritic // sums of whole numbers are exact
			differences++
			mark = "  ≠"
		}
		fmt.Fprintf(out, "%-44s %12.6g %12.6g  %s%s\n", l.what, l.books, l.says, l.from, mark)
	}
	for i, f := range a.faults {
		if i == 20 {
			fmt.Fprintf(out, "  and %d more\n", len(a.faults)-i)
			break
		}
		fmt.Fprintln(out, "  "+f)
	}
	differences += len(a.faults)
	if differences == 0 {
		fmt.Fprintf(out, "\nAll %d figures are equal.\n", len(a.lines))
	}
	return differences
}

// books is what the shop's own pages add up to.
type books struct {
	entered, owed                                      map[string]int // by journey, by journey/message
	orders, spent                                      int
	gifts, redeemed, revenue, goals, goalValue         int
	questions, answered, scoreSum, unhappy, unanswered int
	complaints, gone                                   int
}

func (s *shop) books() books {
	b := books{entered: map[string]int{}, owed: map[string]int{}}
	for _, c := range s.people {
		b.orders, b.spent = b.orders+c.orders, b.spent+c.spent
		for name, n := range c.entered {
			b.entered[name] += n
		}
		for _, template := range c.owed {
			b.owed[template]++
		}
		if c.goal > 0 {
			b.goals, b.goalValue = b.goals+1, b.goalValue+c.goal
			b.redeemed, b.revenue = b.redeemed+1, b.revenue+c.redeemed
		}
		if c.score > 0 {
			b.answered, b.scoreSum = b.answered+1, b.scoreSum+c.score
		}
		if c.score == 1 || c.score == 2 {
			b.unhappy++
		}
		if c.complains {
			b.complaints++
		}
		if c.leaves {
			b.gone++
		}
	}
	b.gifts, b.questions = b.owed["welcome/gift"], b.owed["question/how-was-it"]
	b.unanswered = b.questions - b.answered
	return b
}

// report is what a journey's report says, in part.
type report struct {
	Entered, Active, Finished int
	Exits                     map[string]int
	Goal                      struct {
		Reached int
		Value   float64
	}
	Messages []struct {
		Message string
		Sent    int
		Waiting int
		Unknown int
		NotSent map[string]int `json:"not_sent"`
	}
	Surveys []struct {
		Asked, Answered int
		Mean            float64
	}
}

// account compares everything.
func (s *shop) account(ctx context.Context) (*account, error) {
	conn, err := pgx.Connect(ctx, s.product.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("accounting: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the session ends either way
	a, b := &account{}, s.books()
	for _, part := range []func() error{
		func() error { return s.accountFacts(ctx, conn, a, b) },
		func() error { return s.accountTables(ctx, conn, a, b) },
		func() error { return s.accountReports(ctx, a, b) },
	} {
		if err := part(); err != nil {
			return nil, fmt.Errorf("accounting: %w", err)
		}
	}
	s.accountRelay(a, b)
	return a, nil
}

// accountFacts compares what is derived of every single customer.
func (s *shop) accountFacts(ctx context.Context, conn *pgx.Conn, a *account, b books) error {
	byID := make(map[string]*customer, len(s.people))
	for _, c := range s.people {
		byID[c.id] = c
	}
	rows, err := conn.Query(ctx, `
		SELECT external_id, coalesce((attributes ->> 'orders_count')::float8, 0), coalesce((attributes ->> 'total_spent')::float8, 0)
		FROM customers WHERE external_id IS NOT NULL AND merged_into IS NULL`)
	if err != nil {
		return err
	}
	var id string
	var orders, spent, allOrders, allSpent float64
	seen := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &orders, &spent}, func() error {
		seen++
		allOrders, allSpent = allOrders+orders, allSpent+spent
		if c := byID[id]; c == nil || orders != float64(c.orders) || spent != float64(c.spent) {
			a.faults = append(a.faults, fmt.Sprintf("customer %s: orders_count %g, total_spent %g; the books have %+v", id, orders, spent, c))
		}
		return nil
	})
	a.add("customers", float64(len(s.people)), float64(seen), "customers")
	a.add("orders of all", float64(b.orders), allOrders, "attribute orders_count, each compared")
	a.add("spent by all, EUR", float64(b.spent), allSpent, "attribute total_spent, each compared")
	return err
}

// accountTables compares what has no report of its own with the rows themselves.
func (s *shop) accountTables(ctx context.Context, conn *pgx.Conn, a *account, b books) error {
	for _, q := range []struct {
		what  string
		books int
		sql   string
		from  string
	}{
		{"events accepted", int(s.events.Load()), `SELECT count(*) FROM events WHERE kind IN ('identify', 'track') AND applied_at IS NOT NULL`, "events applied"},
		{"coupons given out", b.gifts, `SELECT count(*) FROM coupons WHERE state IN ('issued', 'redeemed')`, "coupons"},
		{"coupons used", b.redeemed, `SELECT count(*) FROM coupons WHERE state = 'redeemed'`, "coupons"},
		{"revenue by coupons, EUR", b.revenue, `SELECT coalesce(sum(value), 0)::bigint FROM coupons WHERE state = 'redeemed'`, "coupons"},
		{"the unhappy", b.unhappy, `SELECT count(*) FROM tasks WHERE done_at IS NULL`, "tasks"},
		{"complaints", b.complaints, `SELECT count(*) FROM suppressions WHERE scope = 'marketing'`, "suppressions"},
		{"unsubscribed from offers", b.gone, `SELECT count(*) FROM consents WHERE topic = 'offers' AND state = 'withdrawn'`, "consents"},
	} {
		var says int64
		if err := conn.QueryRow(ctx, q.sql).Scan(&says); err != nil {
			return fmt.Errorf("%s: %w", q.what, err)
		}
		a.add(q.what, float64(q.books), float64(says), q.from)
	}
	return nil
}

// accountReports compares the reports of the journeys, as the API gives them.
func (s *shop) accountReports(ctx context.Context, a *account, b books) error {
	for _, key := range []string{"welcome", "order", "question"} {
		var r report
		if err := s.ask(ctx, http.MethodGet, "/api/journeys/"+key+"/report", nil, &r); err != nil {
			return err
		}
		from := "report of " + key
		a.add(key+": entered", float64(b.entered[key]), float64(r.Entered), from)
		active := 0
		switch key {
		case "welcome":
			a.add(key+": goal reached", float64(b.goals), float64(r.Goal.Reached), from)
			a.add(key+": value of the goal, EUR", float64(b.goalValue), r.Goal.Value, from)
			a.add(key+": left as redeemed", float64(b.redeemed), float64(r.Exits["redeemed"]), from)
		case "question":
			active = b.unanswered
			if len(r.Surveys) != 1 {
				return fmt.Errorf("the %s names %d surveys", from, len(r.Surveys))
			}
			a.add(key+": asked", float64(b.questions), float64(r.Surveys[0].Asked), from)
			a.add(key+": answered", float64(b.answered), float64(r.Surveys[0].Answered), from)
			a.add(key+": sum of scores", float64(b.scoreSum), float64(int(r.Surveys[0].Mean*float64(r.Surveys[0].Answered)+0.5)), from)
		}
		a.add(key+": still inside", float64(active), float64(r.Active), from)
		sent := map[string]int{}
		for _, m := range r.Messages {
			sent[key+"/"+m.Message] = m.Sent
			if m.Waiting+m.Unknown+len(m.NotSent) > 0 {
				a.faults = append(a.faults, fmt.Sprintf("message %s/%s: %+v", key, m.Message, m))
			}
		}
		for _, template := range slices.Sorted(maps.Keys(b.owed)) {
			if strings.HasPrefix(template, key+"/") {
				a.add("sent: "+template, float64(b.owed[template]), float64(sent[template]), from)
			}
		}
	}
	return nil
}

// accountRelay compares what was owed with what came out, by Message-ID.
func (s *shop) accountRelay(a *account, b books) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	a.faults = append(a.faults, s.relay.faults...)
	twice := 0
	for _, n := range s.relay.copies {
		twice += n - 1
	}
	owed := 0
	for _, template := range slices.Sorted(maps.Keys(b.owed)) {
		owed += b.owed[template]
		if b.owed[template] != s.relay.sent[template] {
			a.add("arrived: "+template, float64(b.owed[template]), float64(s.relay.sent[template]), "relay, by Message-ID")
		}
	}
	a.add("mails arrived", float64(owed), float64(len(s.relay.copies)), "relay, by Message-ID")
	a.add("copies", 0, float64(twice), "relay, by Message-ID")
}
