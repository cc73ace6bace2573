// Package rawquery reads and cuts query strings without rewriting what it does
// not touch.
package rawquery

import (
	"net/url"
	"slices"
	"strings"
)

// maxParams is how many parameters a query may have. [url.ParseQuery] refuses more.
const maxParams = 10_000

// Values returns the values of name in the order in which they stand. Pairs that
// [url.ParseQuery] drops, for a semicolon or a bad escape, are not there, and of a
// query that it refuses there is nothing.
func Values(query, name string) []string {
	if strings.Count(query, "&") >= maxParams {
		return nil
	}
	var values []string
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, ok := parse(pair); ok && key == name {
			values = append(values, value)
		}
	}
	return values
}

// Without returns query without the parameters called one of names; the other
// bytes stay as they are.
func Without(query string, names ...string) string {
	pairs := strings.Split(query, "&")
	kept := slices.DeleteFunc(pairs, func(pair string) bool {
		key, _, ok := parse(pair)
		return ok && slices.Contains(names, key)
	})
	return strings.Join(kept, "&")
}

// CutRest cuts query at the parameter called name if its value begins with an
// unescaped slash: rest is the value and all that follows it, byte for byte. Who
// appends the URL of a request to a query without escaping it means that.
func CutRest(query, name string) (before, rest string, found bool) {
	at := 0
	for pair := range strings.SplitSeq(query, "&") {
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(rawKey); err == nil && key == name && strings.HasPrefix(rawValue, "/") {
			return strings.TrimSuffix(query[:at], "&"), query[at+len(rawKey)+1:], true
		}
		at += len(pair) + 1
	}
	return query, "", false
}

func parse(pair string) (key, value string, ok bool) {
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
