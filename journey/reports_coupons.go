package journey

import "time"

// CouponFact is one coupon that she was given.
type CouponFact struct {
	ID, Pool string
	IssuedAt time.Time
	Redeemed bool
	Worth    int64  // of the order that redeemed it, in ten-thousandths
	Currency string // of that order, upper case; "" where none was said
}

// What is counted of coupons, in the month in which they were given out.
const (
	CountIssued   = "issued"   // label: pool/
	CountRedeemed = "redeemed" // label: pool/currency; with what the orders were worth
)

func addCoupons(add func(k CountKey, n, total int64), coupons []CouponFact, zone *time.Location) {
	for _, c := range coupons {
		month := monthIn(c.IssuedAt, zone)
		add(CountKey{What: CountIssued, Grain: ByMonth, Starts: month, Label: c.Pool + "/"}, 1, 0)
		if c.Redeemed {
			add(CountKey{What: CountRedeemed, Grain: ByMonth, Starts: month, Label: c.Pool + "/" + c.Currency}, 1, c.Worth)
		}
	}
}

// Worth is what an amount in whole units counts for.
func Worth(amount float64) int64 { return tenThousandths(amount) }

func couponTables(r ReportRequest, counts Counts) []ReportTable {
	t := r.spanned("coupons",
		Figure{"issued", UnitPeople, "Coupons given out in the span.", true},
		Figure{"redeemed", UnitPeople, "Those of them that were redeemed, whenever.", true},
		Figure{"rate", UnitShare, "Redeemed, as a part of those given out.", false})
	worth := r.spanned("coupon_orders",
		Figure{"orders", UnitCount, "Orders that redeemed one of them, in one currency.", false},
		Figure{"revenue", UnitMoney, "What these orders were worth.", false})
	redeemed := map[string]int64{}
	for label, c := range r.span(counts, CountRedeemed) {
		row := groupedRow(label)
		row.Currency, row.Label = row.Label, ""
		redeemed[row.Group+"/"] += c.N
		row.Set("orders", float64(c.N))
		row.Set("revenue", MinorUnits(float64(c.Total), row.Currency))
		worth.Rows = append(worth.Rows, row)
	}
	for label, c := range r.span(counts, CountIssued) {
		row := groupedRow(label)
		row.Set("issued", float64(c.N))
		row.Set("redeemed", float64(redeemed[label]))
		row.Share("rate", float64(redeemed[label]), float64(c.N))
		t.Rows = append(t.Rows, row)
	}
	t.Rows, worth.Rows = sorted(t.Rows, "issued"), sorted(worth.Rows, "revenue")
	return []ReportTable{t, worth}
}
