package rawquery_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// queries also seed the fuzz target.
var queries = []struct {
	name, query string
	values      []string // of token
	without     string   // token and account
}{
	{name: "nothing"},
	{name: "one parameter", query: "token=T", values: []string{"T"}},
	{name: "a parameter among others", query: "a=1&token=T&b=2", values: []string{"T"}, without: "a=1&b=2"},
	{name: "the first parameter", query: "token=T&a=1", values: []string{"T"}, without: "a=1"},
	{name: "the last parameter", query: "a=1&token=T", values: []string{"T"}, without: "a=1"},
	{name: "the same name twice, in order", query: "token=T&token=U", values: []string{"T", "U"}},
	{name: "the same name apart", query: "token=T&a=1&token=U", values: []string{"T", "U"}, without: "a=1"},
	{name: "several names", query: "account=o&a=1&token=T", values: []string{"T"}, without: "a=1"},
	{name: "an empty value", query: "token=", values: []string{""}},
	{name: "no value", query: "token", values: []string{""}},
	{name: "a value with an equals sign", query: "token=a=b", values: []string{"a=b"}},
	{name: "an encoded name", query: "%74oken=T&a=1", values: []string{"T"}, without: "a=1"},
	{name: "a name encoded as a whole", query: "%74%6f%6B%65%6E=T", values: []string{"T"}},
	{name: "an encoded value", query: "token=a%2Bb+c", values: []string{"a+b c"}},
	{name: "names differ by case", query: "Token=T&TOKEN=U", without: "Token=T&TOKEN=U"},
	{name: "names are whole", query: "mytoken=T&token2=U&token[]=V&tokens=W", without: "mytoken=T&token2=U&token[]=V&tokens=W"},
	{name: "a name in a value", query: "a=token&b=token=T", without: "a=token&b=token=T"},
	{name: "white space belongs to the name", query: "+token=T&token+=U", without: "+token=T&token+=U"},
	{name: "a semicolon does not separate", query: "a=1;token=T&b=2", without: "a=1;token=T&b=2"},
	{name: "a parameter with a semicolon is dropped by net/url", query: "token=T;a=1", without: "token=T;a=1"},
	{name: "a broken escape in the value is dropped by net/url", query: "token=%zz&a=1", without: "token=%zz&a=1"},
	{name: "a broken escape in the name is dropped by net/url", query: "tok%en=T", without: "tok%en=T"},
	{name: "a broken escape elsewhere does not matter", query: "a=%zz&token=T", values: []string{"T"}, without: "a=%zz"},
	{name: "empty pairs stay", query: "&&a=1&&token=T&", values: []string{"T"}, without: "&&a=1&&"},
	{name: "other bytes stay as they are", query: "a=%7e+%20%c3%A9&token=T&b=\u00e9'\"<>&c=%E9", values: []string{"T"}, without: "a=%7e+%20%c3%A9&b=\u00e9'\"<>&c=%E9"},
	{name: "a question mark belongs to the name", query: "?token=T", without: "?token=T"},
	{name: "a number sign belongs to the value", query: "token=T#x", values: []string{"T#x"}},
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, row := range queries {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := rawquery.Values(row.query, "token")
			if !slices.Equal(got, row.values) {
				t.Errorf("Values(%q): got %q, want %q", row.query, got, row.values)
			}
			parsed, _ := url.ParseQuery(row.query)
			if !slices.Equal(got, parsed["token"]) {
				t.Errorf("Values(%q): got %q, net/url says %q", row.query, got, parsed["token"])
			}
		})
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	for _, row := range queries {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := rawquery.Without(row.query, "token", "account"); got != row.without {
				t.Errorf("Without(%q): got %q, want %q", row.query, got, row.without)
			}
			if got := rawquery.Without(row.query); got != row.query {
				t.Errorf("Without(%q) no names: got %q", row.query, got)
			}
		})
	}
}

// restQueries also seed the fuzz target.
var restQueries = []struct {
	name, query  string
	before, rest string
	found        bool
}{
	{name: "nothing"},
	{name: "another parameter", query: "a=/x", before: "a=/x"},
	{name: "the only parameter", query: "return_to=/x", rest: "/x", found: true},
	{name: "the last parameter", query: "a=1&return_to=/x", before: "a=1", rest: "/x", found: true},
	{name: "all that follows belongs to it", query: "a=1&return_to=/x?b=2&account=org&return_to=/y", before: "a=1", rest: "/x?b=2&account=org&return_to=/y", found: true},
	{name: "byte for byte", query: "return_to=/x?q=a+b%20c&&d=%zz;e#f", rest: "/x?q=a+b%20c&&d=%zz;e#f", found: true},
	{name: "a slash alone", query: "return_to=/", rest: "/", found: true},
	{name: "two slashes", query: "return_to=//evil.example", rest: "//evil.example", found: true},
	{name: "an escaped slash", query: "return_to=%2Fx&account=org", before: "return_to=%2Fx&account=org"},
	{name: "no slash", query: "return_to=x&a=/", before: "return_to=x&a=/"},
	{name: "no value", query: "return_to&a=1", before: "return_to&a=1"},
	{name: "an empty value", query: "return_to=&a=/1", before: "return_to=&a=/1"},
	{name: "an escaped one before it", query: "return_to=%2Fy&return_to=/x&a=1", before: "return_to=%2Fy", rest: "/x&a=1", found: true},
	{name: "an encoded name", query: "a=1&return%5Fto=/x&b=2", before: "a=1", rest: "/x&b=2", found: true},
	{name: "a name that begins like it", query: "return_to2=/x", before: "return_to2=/x"},
	{name: "a name that ends like it", query: "my_return_to=/x", before: "my_return_to=/x"},
	{name: "a broken escape in the name", query: "return_to%=/x", before: "return_to%=/x"},
	{name: "in the value of another", query: "a=return_to=/x", before: "a=return_to=/x"},
	{name: "empty pairs before it", query: "&&a=1&&return_to=/x", before: "&&a=1&", rest: "/x", found: true},
	{name: "a semicolon before it is no separator", query: "a=1;return_to=/x", before: "a=1;return_to=/x"},
}

func TestCutRest(t *testing.T) {
	t.Parallel()
	for _, row := range restQueries {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			before, rest, found := rawquery.CutRest(row.query, "return_to")
			if before != row.before || rest != row.rest || found != row.found {
				t.Errorf("CutRest(%q): got %q, %q, %t, want %q, %q, %t", row.query, before, rest, found, row.before, row.rest, row.found)
			}
		})
	}
}

// net/url gives a handler nothing of such a query either.
func TestValuesOfTooManyParameters(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		pairs int
		want  int
	}{{pairs: 9_999, want: 1}, {pairs: 10_000}} {
		query := strings.Repeat("a&", row.pairs) + "token=x"
		values, err := url.ParseQuery(query)
		if got := rawquery.Values(query, "token"); len(got) != row.want || len(values["token"]) != row.want {
			t.Errorf("%d others: got %q, and of net/url %q %v, want %d", row.pairs, got, values["token"], err, row.want)
		}
	}
}
