package control

import (
	"context"
	"strings"

	"perennial/journey"
)

// ChangeAddress gives a customer another address, at her wish. Consents do not come along, for they are ones for an address, unless
// c.Keep says that she stated them for the new one, and c.Wording how: by phone, by letter.
func (c *Control) ChangeAddress(ctx context.Context, by journey.Actor, customer string, change journey.AddressChange) (journey.AddressChanged, error) {
	change.Reason, change.Wording = strings.TrimSpace(change.Reason), strings.TrimSpace(change.Wording)
	address, err := journey.ParseAddress(change.Email)
	var faults journey.Problems
	if err != nil {
		faults = append(faults, journey.Problem{Path: "email", Message: err.Error(), Mend: "send the address alone"})
	}
	if change.Reason == "" || len(change.Reason) > 500 {
		faults = append(faults, journey.Problem{Path: "reason", Message: "is missing or over 500 bytes", Mend: "say who asked for it, and how"})
	}
	if change.Keep && change.Wording == "" || len(change.Wording) > 1000 {
		faults = append(faults, journey.Problem{Path: "wording", Message: "is missing or over 1,000 bytes: consents for another address need their proof", Mend: "say what she agreed to for the new address, and how; or leave keep_consents out"})
	}
	if len(faults) > 0 {
		return journey.AddressChanged{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the address cannot be changed", Problems: faults}
	}
	change.Email = address
	return c.Store.ChangeAddress(ctx, customer, change, by)
}
