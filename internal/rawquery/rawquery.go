// Package rawquery reads and cuts query strings without rewriting what it does
// not touch. A visitor returns to a URL of the app, whose query may have a spelling or
// an order that the app relies on: [url.Values] would lose both.
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
		if key, value, ok := parsePair(pair); ok && key == name {
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
		key, _, ok := parsePair(pair)
		return ok && slices.Contains(names, key)
	})
	return strings.Join(kept, "&")
}

// CutRest cuts query at the parameter called name if its value begins with an
// unescaped slash: rest is the value and all that follows it, byte for byte. Who
// appends the URL of a request to a query without escaping it means that.
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

// parsePair reads a pair as [url.ParseQuery] does. Reading more, or less, than the app
// does would let a token or a return target slip past one of the two.
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
