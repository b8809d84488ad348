package journey

// Needs says which facts the condition can ask for, the segments that it names and that are declared included.
func (c *Cond) Needs(declared map[string]*Cond) Needs {
	n := needs{events: set{}, history: set{}, colleagues: set{}, journeys: set{}}
	seen := set{}
	var gather func(c *Cond)
	gather = func(c *Cond) {
		n.condition(c, true)
		eachCond(c, func(c *Cond) {
			if c.Segment != "" && !seen[c.Segment] {
				seen.add(c.Segment)
				gather(declared[c.Segment])
			}
		})
	}
	gather(c)
	return Needs{Events: n.events.sorted(), History: n.history.sorted(), Journeys: n.journeys.sorted(),
		AccountHistory: n.colleagues.sorted(), Messages: n.messages, Coupons: n.coupons, Account: n.account}
}
