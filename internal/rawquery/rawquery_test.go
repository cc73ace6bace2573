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
	{"nothing", "", nil, ""},
	{"one parameter", "token=T", []string{"T"}, ""},
	{"a parameter among others", "a=1&token=T&b=2", []string{"T"}, "a=1&b=2"},
	{"the first parameter", "token=T&a=1", []string{"T"}, "a=1"},
	{"the last parameter", "a=1&token=T", []string{"T"}, "a=1"},
	{"the same name twice, in order", "token=T&token=U", []string{"T", "U"}, ""},
	{"the same name apart", "token=T&a=1&token=U", []string{"T", "U"}, "a=1"},
	{"several names", "account=o&a=1&token=T", []string{"T"}, "a=1"},
	{"an empty value", "token=", []string{""}, ""},
	{"no value", "token", []string{""}, ""},
	{"a value with an equals sign", "token=a=b", []string{"a=b"}, ""},
	{"an encoded name", "%74oken=T&a=1", []string{"T"}, "a=1"},
	{"a name encoded as a whole", "%74%6f%6B%65%6E=T", []string{"T"}, ""},
	{"an encoded value", "token=a%2Bb+c", []string{"a+b c"}, ""},
	{"names differ by case", "Token=T&TOKEN=U", nil, "Token=T&TOKEN=U"},
	{"names are whole", "mytoken=T&token2=U&token[]=V&tokens=W", nil, "mytoken=T&token2=U&token[]=V&tokens=W"},
	{"a name in a value", "a=token&b=token=T", nil, "a=token&b=token=T"},
	{"white space belongs to the name", "+token=T&token+=U", nil, "+token=T&token+=U"},
	{"a semicolon does not separate", "a=1;token=T&b=2", nil, "a=1;token=T&b=2"},
	{"a parameter with a semicolon is dropped by net/url", "token=T;a=1", nil, "token=T;a=1"},
	{"a broken escape in the value is dropped by net/url", "token=%zz&a=1", nil, "token=%zz&a=1"},
	{"a broken escape in the name is dropped by net/url", "tok%en=T", nil, "tok%en=T"},
	{"a broken escape elsewhere does not matter", "a=%zz&token=T", []string{"T"}, "a=%zz"},
	{"empty pairs stay", "&&a=1&&token=T&", []string{"T"}, "&&a=1&&"},
	{"other bytes stay as they are", "a=%7e+%20%c3%A9&token=T&b=\u00e9'\"<>&c=%E9", []string{"T"}, "a=%7e+%20%c3%A9&b=\u00e9'\"<>&c=%E9"},
	{"a question mark belongs to the name", "?token=T", nil, "?token=T"},
	{"a number sign belongs to the value", "token=T#x", []string{"T#x"}, ""},
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
	{"nothing", "", "", "", false},
	{"another parameter", "a=/x", "a=/x", "", false},
	{"the only parameter", "return_to=/x", "", "/x", true},
	{"the last parameter", "a=1&return_to=/x", "a=1", "/x", true},
	{"all that follows belongs to it", "a=1&return_to=/x?b=2&account=org&return_to=/y", "a=1", "/x?b=2&account=org&return_to=/y", true},
	{"byte for byte", "return_to=/x?q=a+b%20c&&d=%zz;e#f", "", "/x?q=a+b%20c&&d=%zz;e#f", true},
	{"a slash alone", "return_to=/", "", "/", true},
	{"two slashes", "return_to=//evil.example", "", "//evil.example", true},
	{"an escaped slash", "return_to=%2Fx&account=org", "return_to=%2Fx&account=org", "", false},
	{"no slash", "return_to=x&a=/", "return_to=x&a=/", "", false},
	{"no value", "return_to&a=1", "return_to&a=1", "", false},
	{"an empty value", "return_to=&a=/1", "return_to=&a=/1", "", false},
	{"an escaped one before it", "return_to=%2Fy&return_to=/x&a=1", "return_to=%2Fy", "/x&a=1", true},
	{"an encoded name", "a=1&return%5Fto=/x&b=2", "a=1", "/x&b=2", true},
	{"a name that begins like it", "return_to2=/x", "return_to2=/x", "", false},
	{"a name that ends like it", "my_return_to=/x", "my_return_to=/x", "", false},
	{"a broken escape in the name", "return_to%=/x", "return_to%=/x", "", false},
	{"in the value of another", "a=return_to=/x", "a=return_to=/x", "", false},
	{"empty pairs before it", "&&a=1&&return_to=/x", "&&a=1&", "/x", true},
	{"a semicolon before it is no separator", "a=1;return_to=/x", "a=1;return_to=/x", "", false},
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
	}{{9_999, 1}, {10_000, 0}} {
		query := strings.Repeat("a&", row.pairs) + "token=x"
		values, err := url.ParseQuery(query)
		if got := rawquery.Values(query, "token"); len(got) != row.want || len(values["token"]) != row.want {
			t.Errorf("%d others: got %q, and of net/url %q %v, want %d", row.pairs, got, values["token"], err, row.want)
		}
	}
}
