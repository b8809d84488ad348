package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"perennial/journey"
)

// TestMails is where test mails are put into the ledger.
type TestMails interface {
	SendTests(ctx context.Context, r journey.TestRun) (journey.PostedTests, error)
}

// TestMailsRequest asks for the messages of a journey, as tests.
type TestMailsRequest struct {
	Key      string
	Message  string // one of them; "" every one
	Version  string // draft (also ""), live, or a number
	To       []string
	Customer string // whose data they show: as in Customer; "" the sample customer's
}

// SendTests puts every message of a journey, or the one that is named, into the ledger, once for each address, which sends them as it sends every other. What is
// read of the customer is only read: no coupon of hers is taken, and nothing of it stands in her stream.
func (c *Control) SendTests(ctx context.Context, by journey.Actor, r TestMailsRequest) (journey.PostedTests, error) {
	var none journey.PostedTests
	to, err := testAddresses(r.To)
	if err != nil {
		return none, err
	}
	v, err := c.versionNamed(ctx, r.Key, r.Version)
	if err != nil {
		return none, err
	}
	run, ask := journey.TestRun{JourneyKey: r.Key, Version: v.Number, By: by}, journey.TestRequest{To: to, Message: r.Message, At: c.Clock.Now()}
	if r.Customer != "" {
		who, err := c.Store.Customer(ctx, r.Customer)
		if err != nil {
			return none, err
		}
		run.CustomerID, ask.Customer = who.ID, &who
		if who.AccountID != "" {
			account, err := c.Store.Account(ctx, who.AccountID)
			if err != nil {
				return none, err
			}
			ask.Account = &account
		}
	}
	if def, _ := journey.Parse(JourneyFile, []byte(v.Source)); def != nil {
		if ask.Kept, err = c.keptSurveys(ctx, def); err != nil {
			return none, err
		}
	}
	if run.Mails, err = c.WriteTests(v, ask); err != nil {
		return none, err
	}
	if len(run.Mails) == 0 && r.Message != "" {
		return none, journey.Faultf(journey.CodeNotFound, "journey %s has no message %q", r.Key, r.Message)
	}
	if len(run.Mails) == 0 {
		return none, invalid("key", "journey "+r.Key+" has no messages", "name a journey that sends something")
	}
	return c.Store.SendTests(ctx, run)
}

// testAddresses checks every address, and takes one that stands there twice once.
func testAddresses(given []string) (to []string, err error) {
	switch {
	case len(given) == 0:
		return nil, invalid("to", "is missing", "write up to five addresses, e.g. mara@example.com")
	case len(given) > journey.TestRecipients:
		return nil, invalid("to", fmt.Sprintf("has %d addresses", len(given)), fmt.Sprintf("write at most %d", journey.TestRecipients))
	}
	var problems journey.Problems
	for i, one := range given {
		address, err := journey.ParseAddress(one)
		if err != nil {
			problems = append(problems, journey.Problem{Path: fmt.Sprintf("to[%d]", i), Message: "is not an address: " + err.Error(), Mend: "e.g. mara@example.com"})
			continue
		}
		if !slices.ContainsFunc(to, func(t string) bool { return strings.EqualFold(t, address) }) {
			to = append(to, address)
		}
	}
	if len(problems) > 0 {
		return nil, &journey.Fault{Code: journey.CodeInvalid, Message: "the request cannot be carried out", Problems: problems}
	}
	return to, nil
}
