package authrockettest

import (
	"crypto/x509"
	"reflect"
)

// SetLimit sets how many records of a kind the realm holds.
func SetLimit(r *Realm, n int) { r.limit = n }

// ViewCount returns how many views get the changes of the realm.
func ViewCount(r *Realm) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.views)
}

// Everything returns all that a realm keeps: records of each kind, settings and
// keys. What it returns can be compared by reflect.DeepEqual, and is not changed.
func Everything(r *Realm) map[string]any {
	records, unlock := r.lock()
	defer unlock()
	var keys []any
	for _, k := range r.keys {
		plain := *k
		plain.private = nil // two equal ones differ in what they have computed ahead
		keys = append(keys, plain, x509.MarshalPKCS1PrivateKey(k.private))
	}
	return map[string]any{
		"id": r.id, "settings": r.settings, "secret": r.secret, "keys": keys,
		"users": records.users.all(), "orgs": records.orgs.all(), "memberships": records.memberships.all(),
		"sessions": records.sessions.all(), "invitations": records.invitations.all(), "credentials": records.credentials.all(),
		"auth providers": records.providers.all(), "one-time tokens": records.oneTimes.all(), "events": records.events.all(),
	}
}

// TableCount returns how many kinds of records there are, and how many of them
// Everything has.
func TableCount() (tables, known int) { return reflect.TypeFor[store]().NumField(), 9 }
