package authrockettest

import (
	"crypto/x509"
	"reflect"
)

// SetLimit sets the maximum number of records of each kind.
func SetLimit(r *Realm, n int) { r.limit = n }

// ViewCount returns the number of views that get the changes of the realm.
func ViewCount(r *Realm) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.views)
}

// Everything returns the complete content of a realm: records of each kind, settings
// and keys. The result does not change and can be compared with reflect.DeepEqual.
func Everything(r *Realm) map[string]any {
	records, unlock := r.lock()
	defer unlock()
	var keys []any
	for _, k := range r.keys {
		plain := *k
		plain.private = nil // equal keys may differ in their precomputed values
		keys = append(keys, plain, x509.MarshalPKCS1PrivateKey(k.private))
	}
	return map[string]any{
		"id": r.id, "settings": r.settings, "secret": r.secret, "keys": keys,
		"users": records.users.all(), "orgs": records.orgs.all(), "memberships": records.memberships.all(),
		"sessions": records.sessions.all(), "invitations": records.invitations.all(), "credentials": records.credentials.all(),
		"auth providers": records.providers.all(), "one-time tokens": records.oneTimes.all(), "events": records.events.all(),
	}
}

// TableCount returns the number of kinds of records, and how many of them Everything
// returns.
func TableCount() (tables, known int) { return reflect.TypeFor[store]().NumField(), 9 }
