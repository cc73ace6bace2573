package rawquery_test

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// maxParams is where net/url gives a query up as a whole.
const maxParams = 10_000

// FuzzQuery holds that Values agrees with net/url, and that Without removes
// what it is told to and not a byte more.
func FuzzQuery(f *testing.F) {
	for _, row := range queries {
		f.Add(row.query, "token", "account")
	}
	f.Add("a=1&b=2", "", "")
	f.Add("=1&&", "a", "b")
	f.Fuzz(func(t *testing.T, query, first, second string) {
		// net/url drops empty pairs, which would be of an empty name; no
		// parameter of ours has one.
		if first == "" || second == "" || strings.Count(query, "&") >= maxParams {
			return
		}
		parsed, _ := url.ParseQuery(query)
		for _, name := range slices.Concat([]string{first, second}, slices.Collect(maps.Keys(parsed))) {
			if name == "" {
				continue
			}
			if got := rawquery.Values(query, name); !slices.Equal(got, parsed[name]) {
				t.Errorf("Values(%q, %q): got %q, want %q", query, name, got, parsed[name])
			}
		}

		rest := rawquery.Without(query, first, second)
		remaining, _ := url.ParseQuery(rest)
		delete(parsed, first)
		delete(parsed, second)
		if !reflect.DeepEqual(remaining, parsed) {
			t.Errorf("Without(%q, %q, %q): got %q, which is %q, want %q", query, first, second, rest, remaining, parsed)
		}
		if !isLeftOf(query, rest, first, second) {
			t.Errorf("Without(%q, %q, %q): got %q, which changes more", query, first, second, rest)
		}
	})
}

// FuzzCutRest holds that CutRest cuts at the first parameter of the name whose
// value begins with a slash, and returns all that it is made of.
func FuzzCutRest(f *testing.F) {
	for _, row := range restQueries {
		f.Add(row.query, "return_to")
	}
	f.Add("=/x", "")
	f.Fuzz(func(t *testing.T, query, name string) {
		before, rest, found := rawquery.CutRest(query, name)
		hasRest := func(pair string) bool {
			rawKey, rawValue, _ := strings.Cut(pair, "=")
			key, err := url.QueryUnescape(rawKey)
			return err == nil && key == name && strings.HasPrefix(rawValue, "/")
		}
		if slices.ContainsFunc(strings.Split(before, "&"), hasRest) {
			t.Errorf("CutRest(%q, %q): got %q before it, where it is", query, name, before)
		}
		if !found {
			if before != query || rest != "" {
				t.Errorf("CutRest(%q, %q): got %q, %q, want the query", query, name, before, rest)
			}
			return
		}
		cut, hasBefore := strings.CutPrefix(query, before)
		cut, hasAfter := strings.CutSuffix(cut, rest)
		if !hasBefore || !hasAfter || !strings.HasPrefix(rest, "/") || !hasRest(strings.TrimPrefix(cut, "&")+"/") {
			t.Errorf("CutRest(%q, %q): got %q, %q, which are cut at %q", query, name, before, rest, cut)
		}
	})
}

// isLeftOf reports whether rest is query without some pairs, each of which
// net/url reads as one of the names.
func isLeftOf(query, rest string, names ...string) bool {
	kept := strings.Split(rest, "&")
	removed := 0
	for pair := range strings.SplitSeq(query, "&") {
		if len(kept) > 0 && pair == kept[0] && !isNamed(pair, names) {
			kept = kept[1:]
			continue
		}
		if !isNamed(pair, names) {
			return false
		}
		removed++
	}
	// Without pairs, the text is empty, which splits into one empty pair.
	return len(kept) == 0 || removed > 0 && rest == ""
}

func isNamed(pair string, names []string) bool {
	parsed, _ := url.ParseQuery(pair)
	return slices.ContainsFunc(names, func(name string) bool { return parsed.Has(name) })
}
