package console

import (
	"context"
	"strings"

	"perennial/journey"
)

// pageSize is how many entries a list shows at once.
const pageSize = 50

type customersData struct {
	Query string
	List  []journey.CustomerSummary
	More  string // cursor of what follows; "" the end
}

// customersPage is the search: whatever of a customer one has at hand.
func customersPage(ctx context.Context, r *request) (reply, error) {
	query := strings.TrimSpace(r.query("q"))
	found, err := r.Read.SearchCustomers(ctx, query, r.page(pageSize))
	if err != nil {
		return reply{}, err
	}
	return show("customers", customersData{query, found.Data, more(found)})
}

// page asks for the page whose cursor is in the query.
func (r *request) page(limit int) journey.PageRequest {
	return journey.PageRequest{Cursor: r.query("after"), Limit: limit}
}

func more[T any](p journey.Page[T]) string {
	if p.Next == nil {
		return ""
	}
	return *p.Next
}
