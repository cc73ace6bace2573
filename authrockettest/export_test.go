package authrockettest

// SetLimit sets how many records of a kind the realm holds.
func SetLimit(r *Realm, n int) { r.limit = n }
