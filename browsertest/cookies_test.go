package browsertest_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// keepCookies returns a handler whose responses keep of their Set-Cookie lines
// those that keep returns, as some load balancers and browsers do.
func keepCookies(next http.Handler, keep func([]string) []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&cookieWriter{ResponseWriter: w, keep: keep}, r)
	})
}

type cookieWriter struct {
	http.ResponseWriter
	keep  func([]string) []string
	wrote bool
}

func (c *cookieWriter) WriteHeader(status int) {
	if lines := c.Header()["Set-Cookie"]; !c.wrote && len(lines) > 0 {
		c.Header()["Set-Cookie"] = c.keep(lines)
	}
	c.wrote = true
	c.ResponseWriter.WriteHeader(status)
}

func (c *cookieWriter) Write(data []byte) (int, error) {
	if !c.wrote {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(data)
}

func noneOf([]string) []string          { return nil }
func firstOf(lines []string) []string   { return lines[:1] }
func lastOf(lines []string) []string    { return lines[len(lines)-1:] }
func noSession(lines []string) []string { return without(lines, "arToken=") }
func noChunk(lines []string) []string   { return without(lines, "arToken.1=") }

func without(lines []string, prefix string) []string {
	var kept []string
	for _, line := range lines {
		if !strings.HasPrefix(line, prefix) {
			kept = append(kept, line)
		}
	}
	return kept
}

// TestCookiesThatAreDropped checks that each login signs in or ends on a page that
// says what is wrong, after three callbacks at most.
func TestCookiesThatAreDropped(t *testing.T) {
	t.Parallel()
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)
	addUser(lr.realm, "large@example.com", map[string]any{"note": strings.Repeat("x", 6_000)})

	const notKept = "this browser did not send all of this site's cookies"
	for _, row := range []struct {
		name  string
		email string
		keep  func([]string) []string
		want  []string
	}{
		{name: "all of them", email: "ada@example.com", keep: noneOf, want: []string{"Please sign in again", "this browser did not keep the cookies"}},
		{name: "all but the first of a response", email: "ada@example.com", keep: firstOf, want: []string{"We couldn't sign you in", notKept}},
		{name: "all but the last of a response", email: "ada@example.com", keep: lastOf, want: []string{"Signed in: ada@example.com."}},
		{name: "the session", email: "ada@example.com", keep: noSession, want: []string{"We couldn't sign you in", notKept}},
		{name: "all of them, with a large token", email: "large@example.com", keep: noneOf, want: []string{"Please sign in again"}},
		{name: "all but the first of a response, with a large token", email: "large@example.com", keep: firstOf, want: []string{"We couldn't sign you in", notKept}},
		{name: "all but the last of a response, with a large token", email: "large@example.com", keep: lastOf, want: []string{"A part of your sign-in is missing", "incomplete_cookie"}},
		{name: "a part of a large token", email: "large@example.com", keep: noChunk, want: []string{"A part of your sign-in is missing", "incomplete_cookie"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var callbacks atomic.Int32
			app := startApp(t, lr, func(a *app, _ *authrocket.Config) {
				a.around = func(next http.Handler) http.Handler {
					filtered := keepCookies(next, row.keep)
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/auth/callback" {
							callbacks.Add(1)
						}
						filtered.ServeHTTP(w, r)
					})
				}
			})
			b := newBrowser(t)
			b.open(app.url + "/manage")
			b.logIn(row.email)
			b.wantText(row.want...)
			if n := callbacks.Load(); n > 3 {
				t.Errorf("the browser came back %d times, want 3 at most", n)
			}
		})
	}
}
