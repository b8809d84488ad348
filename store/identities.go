package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"perennial/journey"
)

// Kinds of the ids by which callers know a customer.
const (
	idUser      = "user"
	idAnonymous = "anonymous"
)

// callerID is an id as a caller uses it.
type callerID struct{ Kind, ID string }

func (id callerID) compare(other callerID) int {
	return cmp.Or(cmp.Compare(id.Kind, other.Kind), cmp.Compare(id.ID, other.ID))
}

// identified says whose each event of a batch is.
type identified struct {
	of    []string            // customer id per event; "" nobody's
	known map[callerID]string // → customer id
	named map[string]bool     // customers with a user id: they are never joined without being asked
	alive map[string]string   // of events that name a customer of ours: her id → the id of who she is now
	fresh map[string]bool     // customers to create
	links map[callerID]string // ids to link
	join  *join               // the first event asks for this first

	imported []string // per event: the id that an import would keep her under, see importedID
}

// join is a merge that an event asks for: an anonymous customer turns out to be a known one.
type join struct{ from, into string }

// identify finds the customers of a batch. The batch is cut before the first event that joins two customers, and where the
// customers become too many; a join that stands at the beginning is carried out, and that event then is the whole batch.
func (s *Store) identify(ctx context.Context, tx pgx.Tx, batch *[]journey.Event) (*identified, error) {
	who, err := loadIdentities(ctx, tx, *batch)
	if err != nil {
		return nil, err
	}
	n := who.assign(*batch)
	for who.join != nil && n == 0 {
		if err := s.merge(ctx, tx, who.join.from, who.join.into, "intake"); err != nil {
			return nil, err
		}
		*batch = (*batch)[:1]
		if who, err = loadIdentities(ctx, tx, *batch); err != nil {
			return nil, err
		}
		n = who.assign(*batch)
	}
	*batch = (*batch)[:n]
	return who, nil
}

// loadIdentities reads what is known of the ids in a batch.
func loadIdentities(ctx context.Context, q querier, batch []journey.Event) (*identified, error) {
	who := &identified{
		known: map[callerID]string{}, named: map[string]bool{}, alive: map[string]string{}, links: map[callerID]string{},
		fresh: map[string]bool{}, imported: make([]string, len(batch)),
	}
	var users, anonymous, customers []string
	for i, e := range batch {
		users, anonymous, customers = append(users, e.UserID), append(anonymous, e.AnonymousID), append(customers, e.CustomerID)
		if previous := previousID(e); previous != "" {
			users, anonymous = append(users, previous), append(anonymous, previous)
		}
		if who.imported[i] = importedID(e); who.imported[i] != "" {
			anonymous = append(anonymous, who.imported[i])
		}
	}
	b := &pgx.Batch{}
	b.Queue(`
		SELECT i.kind, i.external_id, i.customer_id,
		       EXISTS (SELECT FROM customer_ids u WHERE u.customer_id = i.customer_id AND u.kind = 'user')
		FROM customer_ids i
		WHERE i.kind = 'user' AND i.external_id = ANY($1) OR i.kind = 'anonymous' AND i.external_id = ANY($2)`,
		users, anonymous).Query(func(rows pgx.Rows) error {
		var id callerID
		var customer string
		var named bool
		_, err := pgx.ForEachRow(rows, []any{&id.Kind, &id.ID, &customer, &named}, func() error {
			who.known[id], who.named[customer] = customer, named
			return nil
		})
		return err
	})
	b.Queue(`SELECT id, coalesce(merged_into, id) FROM customers WHERE id = ANY($1) AND id NOT IN ('cus_erased', 'cus_test')`, customers).Query(func(rows pgx.Rows) error {
		var id, now string
		_, err := pgx.ForEachRow(rows, []any{&id, &now}, func() error { who.alive[id] = now; return nil })
		return err
	})
	return who, q.SendBatch(ctx, b).Close()
}

func previousID(e journey.Event) string {
	if e.Kind != journey.KindAlias {
		return ""
	}
	id, _ := e.Properties["previous_id"].(string)
	return id
}

// assign goes through the batch in order and returns how many events it could assign. Whom the batch itself creates nobody else can wait
// for: only those who are there count towards the bound.
func (who *identified) assign(batch []journey.Event) int {
	locked := map[string]bool{}
	for i, e := range batch {
		id, joins := who.customer(e, who.imported[i])
		if joins != nil {
			who.join = joins
			return i
		}
		if id != "" && !who.fresh[id] {
			if !locked[id] && len(locked) == customersMax {
				return i
			}
			locked[id] = true
		}
		who.of = append(who.of, id)
	}
	return len(batch)
}

// customer says whose the event is, or which two customers it joins. Imported is its importedID.
func (who *identified) customer(e journey.Event, imported string) (string, *join) {
	user, anonymous := callerID{idUser, e.UserID}, callerID{idAnonymous, e.AnonymousID}
	switch {
	case e.CustomerID != "":
		return who.alive[e.CustomerID], nil
	case e.Kind == journey.KindAlias && previousID(e) != "" && e.UserID != "":
		return who.alias(user, previousID(e))
	case e.UserID == "" && e.AnonymousID == "":
		return "", nil
	case e.UserID == "":
		return who.findOrCreate(anonymous), nil
	case e.Kind != journey.KindIdentify:
		return who.findOrCreate(user), nil
	}
	before := callerID{idAnonymous, imported}
	if her, known := who.known[before]; known && !who.named[her] {
		if _, joins := who.introduce(user, before); joins != nil {
			return "", joins
		}
	}
	if e.AnonymousID == "" {
		return who.findOrCreate(user), nil
	}
	return who.introduce(user, anonymous)
}

// importedID is the id under which an import keeps a customer of whom it only knows the address: the first identify with that
// address and a user id takes her over.
func importedID(e journey.Event) string {
	address, _ := e.Properties["email"].(string)
	parsed, err := journey.ParseAddress(strings.TrimSpace(address))
	if e.Kind != journey.KindIdentify || err != nil {
		return ""
	}
	return "email:" + strings.ToLower(parsed)
}

// introduce is identify with both ids: the anonymous customer turns out to be this user. Someone who has a user id of her own
// is left alone: two people share that browser.
func (who *identified) introduce(user, anonymous callerID) (string, *join) {
	her, known := who.known[user]
	visitor, visited := who.known[anonymous]
	switch {
	case visited && who.named[visitor] || known && visited && her == visitor:
		return who.findOrCreate(user), nil
	case known && visited:
		return "", &join{from: visitor, into: her}
	case visited:
		who.link(user, visitor)
		return visitor, nil
	}
	her = who.findOrCreate(user)
	who.link(anonymous, her)
	return her, nil
}

// alias says that what was called previous is this user: here the caller asks for the join, and gets it.
func (who *identified) alias(user callerID, previous string) (string, *join) {
	her, known := who.known[user]
	before, found := who.known[callerID{idUser, previous}]
	if !found {
		before, found = who.known[callerID{idAnonymous, previous}]
	}
	switch {
	case known && found && her != before:
		return "", &join{from: before, into: her}
	case found:
		who.link(user, before)
		return before, nil
	}
	her = who.findOrCreate(user)
	who.link(callerID{idAnonymous, previous}, her)
	return her, nil
}

func (who *identified) findOrCreate(id callerID) string {
	if customer, ok := who.known[id]; ok {
		return customer
	}
	customer := journey.NewID(journey.PrefixCustomer)
	who.fresh[customer] = true
	who.link(id, customer)
	return customer
}

func (who *identified) link(id callerID, customer string) {
	if who.known[id] == customer {
		return
	}
	who.known[id], who.links[id] = customer, customer
	if id.Kind == idUser {
		who.named[customer] = true
	}
}

// customers lists everybody in the batch, sorted.
func (who *identified) customers() []string {
	ids := slices.Clone(who.of)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

func (who *identified) existing() []string {
	return slices.DeleteFunc(who.customers(), func(id string) bool { return who.fresh[id] })
}

// greet gives the application the new customers of the batch, and those who were known by other ids only their user id. Their rows are
// written with everything else, once.
func (who *identified) greet(a *application) {
	for _, id := range who.customers() {
		if who.fresh[id] {
			p := &person{Customer: journey.Customer{ID: id, CreatedAt: a.now.UTC().Truncate(time.Microsecond), Attributes: map[string]any{},
				Consents: map[string]journey.Consent{}}, ConsentAt: map[string]time.Time{}}
			a.people[id], a.fresh = p, append(a.fresh, p)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(who.links), callerID.compare) {
		p := a.people[who.links[id]]
		if p == nil {
			continue // of an event that the batch was cut before
		}
		a.links = append(a.links, link{id, p.ID})
		if id.Kind == idUser && p.ExternalID == "" {
			p.ExternalID = id.ID
		}
	}
}

// link is an id by which a customer is known from now on.
type link struct {
	callerID
	customer string
}

// queueLinks adds the new ids. Should somebody else have linked one of them meanwhile, all starts over.
func (a *application) queueLinks(b *pgx.Batch) {
	n := len(a.links)
	if n == 0 {
		return
	}
	kinds, ids, customers := make([]string, n), make([]string, n), make([]string, n)
	for i, l := range a.links {
		kinds[i], ids[i], customers[i] = l.Kind, l.ID, l.customer
	}
	b.Queue(`INSERT INTO customer_ids (kind, external_id, customer_id) SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
		kinds, ids, customers).Exec(func(tag pgconn.CommandTag) error {
		if int(tag.RowsAffected()) < n {
			return errAgain
		}
		return nil
	})
}
