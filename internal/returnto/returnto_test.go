package returnto_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/returnto"
)

// safeTargets and unsafeTargets also seed the fuzz target.
var safeTargets = []struct{ name, target, want string }{
	{"the root is safe", "/", "/"},
	{"a path is safe", "/manage", "/manage"},
	{"a query is kept as it is", "/manage?tab=1&q=a+b%20c&next=https://evil.example/", "/manage?tab=1&q=a+b%20c&next=https://evil.example/"},
	{"a query of slashes is safe", "/?//evil.example", "/?//evil.example"},
	{"a backslash in a query is no slash", `/manage?next=\evil.example\`, `/manage?next=\evil.example\`},
	{"slashes and a backslash in a query are no host", `/?/\evil.example`, `/?/\evil.example`},
	{"a fragment is cut", "/manage?tab=1#part", "/manage?tab=1"},
	{"a fragment is cut at the first sign", "/a#b#c", "/a"},
	{"an empty fragment is cut", "/a#", "/a"},
	{"what is in a fragment does not matter", "/a#\\\t//evil.example", "/a"},
	{"slashes after the first segment are safe", "/a//evil.example", "/a//evil.example"},
	{"escaped slashes are not slashes", "/%2F%2fevil.example", "/%2F%2fevil.example"},
	{"an escaped backslash is no backslash", "/%5Cevil.example", "/%5Cevil.example"},
	{"an escaped tab is no tab", "/%09/evil.example", "/%09/evil.example"},
	{"an at sign behind a slash is safe", "/@evil.example", "/@evil.example"},
	{"a port behind a slash is safe", "/:443/", "/:443/"},
	{"a scheme behind a slash is safe", "/https://evil.example", "/https://evil.example"},
	{"dot segments stay on the host", "/..//evil.example", "/..//evil.example"},
	{"a dot segment before two slashes stays on the host", "/.//evil.example", "/.//evil.example"},
	{"a broken escape in a query is kept as it is", "/?%zz%", "/?%zz%"},
	{"letters beyond ASCII are kept as they are", "/caf\u00e9/\u2215\u2215", "/caf\u00e9/\u2215\u2215"},
	{"bytes that are no UTF-8 are kept as they are", "/\xff\xfe", "/\xff\xfe"},
}

var unsafeTargets = []struct{ name, target string }{
	{"nothing is refused", ""},
	{"a fragment alone is refused", "#/manage"},
	{"a query alone is refused", "?tab=1"},
	{"a relative path is refused", "manage"},
	{"a dot segment is refused", "./manage"},
	{"an absolute URL is refused", "https://evil.example/"},
	{"an absolute URL of this host is refused", "https://app.example.com/"},
	{"a scheme without slashes is refused", "https:evil.example"},
	{"a scheme with one slash is refused", "https:/evil.example"},
	{"a scheme with three slashes is refused", "https:///evil.example"},
	{"a scheme in capitals is refused", "HTTPS://evil.example"},
	{"javascript is refused", "javascript:alert(1)"},
	{"javascript behind a line break is refused", "\njavascript:alert(1)"},
	{"data is refused", "data:text/html,x"},
	{"user info is refused", "https://app.example.com@evil.example/"},
	{"a host name is refused", "evil.example"},
	{"a dot and a host name are refused", ".evil.example"},
	{"an at sign is refused", "@evil.example"},
	{"a port is refused", ":443/"},

	{"two slashes are refused", "//evil.example"},
	{"two slashes alone are refused", "//"},
	{"three slashes are refused", "///evil.example"},
	{"four slashes are refused", "////evil.example"},
	{"two slashes before a fragment are refused", "//#"},
	{"a slash and a backslash are refused", `/\evil.example`},
	{"a slash, a backslash and a slash are refused", `/\/evil.example`},
	{"a backslash and a slash are refused", `\/evil.example`},
	{"two backslashes are refused", `\\evil.example`},
	{"one backslash is refused", `\evil.example`},
	{"a backslash before a query is refused", `/manage\?tab=1`},
	{"a backslash further on is refused", `/manage\..\..\evil.example`},

	{"an escape that is none is refused", "/%zz/x"},
	{"an escape that is cut off is refused", "/x%2"},
	{"a percent sign alone is refused", "/%?x"},

	{"a tab between slashes is refused", "/\t/evil.example"},
	{"a line feed between slashes is refused", "/\n/evil.example"},
	{"a carriage return between slashes is refused", "/\r/evil.example"},
	{"a tab before a backslash is refused", "/\t\\evil.example"},
	{"a tab before slashes is refused", "\t//evil.example"},
	{"a leading tab is refused", "\t/manage"},
	{"a leading space is refused", " /manage"},
	{"a leading space before slashes is refused", " //evil.example"},
	{"a space between slashes is refused", "/ /evil.example"},
	{"a trailing space is refused", "/manage "},
	{"a header behind a line break is refused", "/manage\r\nSet-Cookie: a=b"},
	{"a line break in a query is refused", "/manage?a=b\nc"},
	{"a NUL is refused", "/\x00/evil.example"},
	{"a leading NUL is refused", "\x00//evil.example"},
	{"a vertical tab is refused", "/\x0b/evil.example"},
	{"a form feed is refused", "/\x0c/evil.example"},
	{"an escape character is refused", "/\x1b[2J"},
	{"a unit separator is refused", "/\x1f/evil.example"},
	{"a delete character is refused", "/\x7f/evil.example"},
	{"a slash of another script does not stand for a slash", "\u2215manage"},
	{"a full-width slash does not stand for a slash", "\uff0f\uff0fevil.example"},
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
	{"the root stays", "/", "/"},
	{"a path without dot segments stays", "/a/b", "/a/b"},
	{"a final slash stays", "/a/", "/a/"},
	{"empty segments stay", "/a//b//", "/a//b//"},
	{"a dot segment is nothing", "/a/./b", "/a/b"},
	{"a final dot segment leaves a slash", "/a/.", "/a/"},
	{"two dots go up", "/a/../b", "/b"},
	{"two final dots leave a slash", "/a/b/..", "/a/"},
	{"two dots do not go above the root", "/../../a", "/a"},
	{"only dots are the root", "/./..", "/"},
	{"two dots go up by an empty segment too", "/a//../b", "/a/b"},
	{"an escaped dot is a dot", "/a/%2e/b", "/a/b"},
	{"two escaped dots go up", "/a/%2e%2E/b", "/b"},
	{"a dot and an escaped one go up", "/a/.%2e/b", "/b"},
	{"an escaped dot and a dot go up", "/a/%2E./b", "/b"},
	{"three dots are a name", "/a/.../b", "/a/.../b"},
	{"a dot in a name is part of it", "/a/.b/b..", "/a/.b/b.."},
	{"an escaped slash does not separate", "/a/%2e%2e%2fb", "/a/%2e%2e%2fb"},
	{"twice escaped dots are a name", "/a/%252e%252e/b", "/a/%252e%252e/b"},
	{"dots before two slashes keep the slashes", "/.//b", "//b"},
	{"other escapes stay as they are", "/a%20b/%zz/%c3%a9", "/a%20b/%zz/%c3%a9"},
	{"nothing is the root", "", "/"},
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
		{"ASCII stays as it is", "/a%20b?c=d&e=%zz+'\"<>", "/a%20b?c=d&e=%zz+'\"<>"},
		{"letters beyond ASCII become their UTF-8 bytes", "/caf\u00e9?q=\u20ac", "/caf%C3%A9?q=%E2%82%AC"},
		{"bytes that are no UTF-8 are escaped too", "/\xff\x80", "/%FF%80"},
		{"nothing stays nothing", "", ""},
		{"the delete character is ASCII", "/\x7f", "/\x7f"},
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
