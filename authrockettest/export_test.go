package authrockettest

// SetLimit sets how many records of a kind the realm holds.
func SetLimit(r *Realm, n int) { r.limit = n }

// ViewCount returns how many views get the changes of the realm.
func ViewCount(r *Realm) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.views)
}
