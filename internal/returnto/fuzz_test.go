package returnto_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/returnto"
)

// FuzzPath holds that what passes leads to our own host, by net/url's reading
// and by that of browsers, as it is and escaped for a Location header.
func FuzzPath(f *testing.F) {
	for _, row := range safeTargets {
		f.Add(row.target)
	}
	for _, row := range unsafeTargets {
		f.Add(row.target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		passed, ok := returnto.Path(target)
		if !ok {
			if passed != "" {
				t.Errorf("Path(%q) refused, but returned %q", target, passed)
			}
			return
		}
		if before, _, _ := strings.Cut(target, "#"); passed != before {
			t.Errorf("Path(%q): got %q, want it without its fragment", target, passed)
		}
		for _, location := range []string{passed, returnto.Escape(passed)} {
			staysHere(t, location)
			staysHere(t, asBrowsersRead(location))
		}
	})
}

// asBrowsersRead does what the URL standard does before it parses: white space
// and control characters around a URL are dropped, tabs and line breaks
// anywhere, and a backslash is a slash.
func asBrowsersRead(location string) string {
	location = strings.TrimFunc(location, func(r rune) bool { return r <= ' ' })
	return strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(location)
}

func staysHere(t *testing.T, location string) {
	t.Helper()
	base, err := url.Parse("https://app.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	reference, err := url.Parse(location)
	if err != nil {
		t.Fatalf("%q cannot be read: %v", location, err)
	}
	resolved := base.ResolveReference(reference)
	if resolved.Scheme != "https" || resolved.Host != "app.example.com" || resolved.User != nil {
		t.Errorf("%q leads to %q", location, resolved)
	}
	// A prefix of AppURL may be put before it, or an origin.
	if joined, err := url.Parse("https://app.example.com" + location); err != nil || joined.Host != "app.example.com" {
		t.Errorf("%q behind an origin leads to %q, error %v", location, joined, err)
	}
}

// FuzzResolve compares with what the URL standard does segment by segment, from
// the left, and holds that nothing is left to resolve.
func FuzzResolve(f *testing.F) {
	for _, row := range resolvedPaths {
		f.Add(row.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		got := returnto.Resolve(path)
		if want := naiveResolve(path); got != want {
			t.Errorf("Resolve(%q): got %q, want %q", path, got, want)
		}
		if again := returnto.Resolve(got); again != got {
			t.Errorf("Resolve(%q): got %q, and of that %q", path, got, again)
		}
	})
}

var (
	oneDot  = regexp.MustCompile(`^/(\.|%2[eE])(/|$)`)
	twoDots = regexp.MustCompile(`^/(\.|%2[eE]){2}(/|$)`)
)

// naiveResolve is remove_dot_segments of RFC 3986 section 5.2.4, with escaped
// dots.
func naiveResolve(path string) string {
	done := ""
	for path != "" {
		if dots := twoDots.FindString(path); dots != "" {
			path = "/" + path[len(dots):]
			done = done[:max(strings.LastIndexByte(done, '/'), 0)]
		} else if dot := oneDot.FindString(path); dot != "" {
			path = "/" + path[len(dot):]
		} else {
			end := strings.IndexByte(path[1:], '/') + 1
			if end == 0 {
				end = len(path)
			}
			done, path = done+path[:end], path[end:]
		}
	}
	return done
}
