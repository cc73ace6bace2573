// Package rawquery reads query strings and removes parameters without changing the rest.
// After a login, the browser returns to a URL of the app. The app may rely on the
// spelling and the order of its query, which [url.Values] would lose.
package rawquery

import (
	"net/url"
	"slices"
	"strings"
)

// maxParams is the largest number of parameters in a query, as in [url.ParseQuery].
const maxParams = 10_000

// Values returns the values of name in the order of the query. It ignores pairs that
// [url.ParseQuery] drops because of a semicolon or an invalid escape, and returns no
// values for a query that url.ParseQuery refuses.
func Values(query, name string) []string {
	if strings.Count(query, "&") >= maxParams {
		return nil
	}
	var values []string
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, ok := parsePair(pair); ok && key == name {
			values = append(values, value)
		}
	}
	return values
}

// Without returns query without the parameters in names. The other bytes do not change.
func Without(query string, names ...string) string {
	pairs := strings.Split(query, "&")
	kept := slices.DeleteFunc(pairs, func(pair string) bool {
		key, _, ok := parsePair(pair)
		return ok && slices.Contains(names, key)
	})
	return strings.Join(kept, "&")
}

// CutRest cuts query at the parameter called name if its value begins with an unescaped
// slash. rest is the value and everything after it, byte for byte. A query has this form
// if somebody appended the URL of a request without escaping it.
func CutRest(query, name string) (before, rest string, found bool) {
	offset := 0
	for pair := range strings.SplitSeq(query, "&") {
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(rawKey); err == nil && key == name && strings.HasPrefix(rawValue, "/") {
			return strings.TrimSuffix(query[:offset], "&"), query[offset+len(rawKey)+1:], true
		}
		offset += len(pair) + 1
	}
	return query, "", false
}

// parsePair reads a pair exactly as [url.ParseQuery] does. Otherwise, a token or a return
// target could be visible to this package but not to the app, or the other way round.
func parsePair(pair string) (key, value string, ok bool) {
	if strings.Contains(pair, ";") {
		return "", "", false
	}
	rawKey, rawValue, _ := strings.Cut(pair, "=")
	key, err := url.QueryUnescape(rawKey)
	if err != nil {
		return "", "", false
	}
	value, err = url.QueryUnescape(rawValue)
	return key, value, err == nil
}
