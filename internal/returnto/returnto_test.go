package returnto_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/returnto"
)

// safeTargets and unsafeTargets also seed the fuzz target.
var safeTargets = []struct{ name, target, want string }{
	{name: "the root is safe", target: "/", want: "/"},
	{name: "a path is safe", target: "/manage", want: "/manage"},
	{name: "a query is kept as it is", target: "/manage?tab=1&q=a+b%20c&next=https://evil.example/", want: "/manage?tab=1&q=a+b%20c&next=https://evil.example/"},
	{name: "a query of slashes is safe", target: "/?//evil.example", want: "/?//evil.example"},
	{name: "a backslash in a query is no slash", target: `/manage?next=\evil.example\`, want: `/manage?next=\evil.example\`},
	{name: "slashes and a backslash in a query are no host", target: `/?/\evil.example`, want: `/?/\evil.example`},
	{name: "a fragment is cut", target: "/manage?tab=1#part", want: "/manage?tab=1"},
	{name: "a fragment is cut at the first sign", target: "/a#b#c", want: "/a"},
	{name: "an empty fragment is cut", target: "/a#", want: "/a"},
	{name: "what is in a fragment does not matter", target: "/a#\\\t//evil.example", want: "/a"},
	{name: "slashes after the first segment are safe", target: "/a//evil.example", want: "/a//evil.example"},
	{name: "escaped slashes are not slashes", target: "/%2F%2fevil.example", want: "/%2F%2fevil.example"},
	{name: "an escaped backslash is no backslash", target: "/%5Cevil.example", want: "/%5Cevil.example"},
	{name: "an escaped tab is no tab", target: "/%09/evil.example", want: "/%09/evil.example"},
	{name: "an at sign behind a slash is safe", target: "/@evil.example", want: "/@evil.example"},
	{name: "a port behind a slash is safe", target: "/:443/", want: "/:443/"},
	{name: "a scheme behind a slash is safe", target: "/https://evil.example", want: "/https://evil.example"},
	{name: "dot segments stay on the host", target: "/..//evil.example", want: "/..//evil.example"},
	{name: "a dot segment before two slashes stays on the host", target: "/.//evil.example", want: "/.//evil.example"},
	{name: "a broken escape in a query is kept as it is", target: "/?%zz%", want: "/?%zz%"},
	{name: "letters beyond ASCII are kept as they are", target: "/caf\u00e9/\u2215\u2215", want: "/caf\u00e9/\u2215\u2215"},
	{name: "bytes that are no UTF-8 are kept as they are", target: "/\xff\xfe", want: "/\xff\xfe"},
}

var unsafeTargets = []struct{ name, target string }{
	{name: "nothing is refused"},
	{name: "a fragment alone is refused", target: "#/manage"},
	{name: "a query alone is refused", target: "?tab=1"},
	{name: "a relative path is refused", target: "manage"},
	{name: "a dot segment is refused", target: "./manage"},
	{name: "an absolute URL is refused", target: "https://evil.example/"},
	{name: "an absolute URL of this host is refused", target: "https://app.example.com/"},
	{name: "a scheme without slashes is refused", target: "https:evil.example"},
	{name: "a scheme with one slash is refused", target: "https:/evil.example"},
	{name: "a scheme with three slashes is refused", target: "https:///evil.example"},
	{name: "a scheme in capitals is refused", target: "HTTPS://evil.example"},
	{name: "javascript is refused", target: "javascript:alert(1)"},
	{name: "javascript behind a line break is refused", target: "\njavascript:alert(1)"},
	{name: "data is refused", target: "data:text/html,x"},
	{name: "user info is refused", target: "https://app.example.com@evil.example/"},
	{name: "a host name is refused", target: "evil.example"},
	{name: "a dot and a host name are refused", target: ".evil.example"},
	{name: "an at sign is refused", target: "@evil.example"},
	{name: "a port is refused", target: ":443/"},

	{name: "two slashes are refused", target: "//evil.example"},
	{name: "two slashes alone are refused", target: "//"},
	{name: "three slashes are refused", target: "///evil.example"},
	{name: "four slashes are refused", target: "////evil.example"},
	{name: "two slashes before a fragment are refused", target: "//#"},
	{name: "a slash and a backslash are refused", target: `/\evil.example`},
	{name: "a slash, a backslash and a slash are refused", target: `/\/evil.example`},
	{name: "a backslash and a slash are refused", target: `\/evil.example`},
	{name: "two backslashes are refused", target: `\\evil.example`},
	{name: "one backslash is refused", target: `\evil.example`},
	{name: "a backslash before a query is refused", target: `/manage\?tab=1`},
	{name: "a backslash further on is refused", target: `/manage\..\..\evil.example`},

	{name: "an escape that is none is refused", target: "/%zz/x"},
	{name: "an escape that is cut off is refused", target: "/x%2"},
	{name: "a percent sign alone is refused", target: "/%?x"},

	{name: "a tab between slashes is refused", target: "/\t/evil.example"},
	{name: "a line feed between slashes is refused", target: "/\n/evil.example"},
	{name: "a carriage return between slashes is refused", target: "/\r/evil.example"},
	{name: "a tab before a backslash is refused", target: "/\t\\evil.example"},
	{name: "a tab before slashes is refused", target: "\t//evil.example"},
	{name: "a leading tab is refused", target: "\t/manage"},
	{name: "a leading space is refused", target: " /manage"},
	{name: "a leading space before slashes is refused", target: " //evil.example"},
	{name: "a space between slashes is refused", target: "/ /evil.example"},
	{name: "a trailing space is refused", target: "/manage "},
	{name: "a header behind a line break is refused", target: "/manage\r\nSet-Cookie: a=b"},
	{name: "a line break in a query is refused", target: "/manage?a=b\nc"},
	{name: "a NUL is refused", target: "/\x00/evil.example"},
	{name: "a leading NUL is refused", target: "\x00//evil.example"},
	{name: "a vertical tab is refused", target: "/\x0b/evil.example"},
	{name: "a form feed is refused", target: "/\x0c/evil.example"},
	{name: "an escape character is refused", target: "/\x1b[2J"},
	{name: "a unit separator is refused", target: "/\x1f/evil.example"},
	{name: "a delete character is refused", target: "/\x7f/evil.example"},
	{name: "a slash of another script does not stand for a slash", target: "\u2215manage"},
	{name: "a full-width slash does not stand for a slash", target: "\uff0f\uff0fevil.example"},
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, row := range safeTargets {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, ok := returnto.Path(row.target)
			if !ok || got != row.want {
				t.Errorf("Path(%q): got %q, %t, want %q, true", row.target, got, ok, row.want)
			}
		})
	}
	for _, row := range unsafeTargets {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := returnto.Path(row.target); ok || got != "" {
				t.Errorf("Path(%q): got %q, %t, want nothing", row.target, got, ok)
			}
		})
	}
}

func TestPathRefusesEveryControlCharacter(t *testing.T) {
	t.Parallel()
	for c := range 0x80 {
		isRefused := c <= ' ' || c == 0x7f
		for _, target := range []string{"/" + string(rune(c)) + "x", "/x" + string(rune(c)), "/x?y=" + string(rune(c)) + "z"} {
			if c == '/' || c == '#' || c == '\\' || c == '%' {
				continue // these mean different things in different places
			}
			if _, ok := returnto.Path(target); ok == isRefused {
				t.Errorf("Path(%q): got %t, want %t", target, ok, !isRefused)
			}
		}
	}
}

// resolvedPaths also seed the fuzz target.
var resolvedPaths = []struct{ name, path, want string }{
	{name: "the root stays", path: "/", want: "/"},
	{name: "a path without dot segments stays", path: "/a/b", want: "/a/b"},
	{name: "a final slash stays", path: "/a/", want: "/a/"},
	{name: "empty segments stay", path: "/a//b//", want: "/a//b//"},
	{name: "a dot segment is nothing", path: "/a/./b", want: "/a/b"},
	{name: "a final dot segment leaves a slash", path: "/a/.", want: "/a/"},
	{name: "two dots go up", path: "/a/../b", want: "/b"},
	{name: "two final dots leave a slash", path: "/a/b/..", want: "/a/"},
	{name: "two dots do not go above the root", path: "/../../a", want: "/a"},
	{name: "only dots are the root", path: "/./..", want: "/"},
	{name: "two dots go up by an empty segment too", path: "/a//../b", want: "/a/b"},
	{name: "an escaped dot is a dot", path: "/a/%2e/b", want: "/a/b"},
	{name: "two escaped dots go up", path: "/a/%2e%2E/b", want: "/b"},
	{name: "a dot and an escaped one go up", path: "/a/.%2e/b", want: "/b"},
	{name: "an escaped dot and a dot go up", path: "/a/%2E./b", want: "/b"},
	{name: "three dots are a name", path: "/a/.../b", want: "/a/.../b"},
	{name: "a dot in a name is part of it", path: "/a/.b/b..", want: "/a/.b/b.."},
	{name: "an escaped slash does not separate", path: "/a/%2e%2e%2fb", want: "/a/%2e%2e%2fb"},
	{name: "twice escaped dots are a name", path: "/a/%252e%252e/b", want: "/a/%252e%252e/b"},
	{name: "dots before two slashes keep the slashes", path: "/.//b", want: "//b"},
	{name: "other escapes stay as they are", path: "/a%20b/%zz/%c3%a9", want: "/a%20b/%zz/%c3%a9"},
	{name: "nothing is the root", want: "/"},
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, row := range resolvedPaths {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := returnto.Resolve(row.path); got != row.want {
				t.Errorf("Resolve(%q): got %q, want %q", row.path, got, row.want)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, target, want string }{
		{name: "ASCII stays as it is", target: "/a%20b?c=d&e=%zz+'\"<>", want: "/a%20b?c=d&e=%zz+'\"<>"},
		{name: "letters beyond ASCII become their UTF-8 bytes", target: "/caf\u00e9?q=\u20ac", want: "/caf%C3%A9?q=%E2%82%AC"},
		{name: "bytes that are no UTF-8 are escaped too", target: "/\xff\x80", want: "/%FF%80"},
		{name: "nothing stays nothing"},
		{name: "the delete character is ASCII", target: "/\x7f", want: "/\x7f"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := returnto.Escape(row.target); got != row.want {
				t.Errorf("Escape(%q): got %q, want %q", row.target, got, row.want)
			}
		})
	}
}

func TestEscapeLeavesOnlyASCII(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for c := range 0x100 {
		all.WriteByte(byte(c))
	}
	for i, c := range []byte(returnto.Escape(all.String())) {
		if c >= 0x80 {
			t.Errorf("byte %d: got %#x, want ASCII", i, c)
		}
	}
}
