package store

// erasedID is nobody: rows that stay after an erasure, because reports count them, belong to it. Nothing that is read by id or
// listed shows them, and what names it can be neither mailed nor changed.
const erasedID = "cus_erased"

// notErasing is the condition that the event e is not of somebody whose erasure is going on.
const notErasing = `NOT EXISTS (SELECT FROM erasures x WHERE x.customer_id = e.customer_id AND x.finished_at IS NULL)`

// sealedSQL is an address (lower case) as its suppression is kept once whoever it belonged to was erased. st is the settings row.
func sealedSQL(address string) string { return `seal(` + address + `, st.ipad, st.opad)` }
