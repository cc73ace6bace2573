package authrocket_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// chunksOf splits a token as the cookies have it.
func chunksOf(token string) []string {
	var chunks []string
	for ; len(token) > chunkBytes; token = token[chunkBytes:] {
		chunks = append(chunks, token[:chunkBytes])
	}
	return append(chunks, token)
}

func chunkName(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

// withChunks adds the cookies that hold the token to r.
func withChunks(r *http.Request, name, token string) *http.Request {
	for n, chunk := range chunksOf(token) {
		withCookie(r, chunkName(name, n), chunk)
	}
	return r
}

func TestLargeTokensAreSplit(t *testing.T) {
	t.Parallel()
	s := newSite(t, largeTokens)
	for _, row := range []struct{ size, chunks int }{
		{size: chunkBytes - 1, chunks: 1}, {size: chunkBytes, chunks: 1}, {size: chunkBytes + 1, chunks: 2}, {size: 2*chunkBytes - 1, chunks: 2}, {size: 2 * chunkBytes, chunks: 2}, {size: 2*chunkBytes + 1, chunks: 3},
		{size: 12 << 10, chunks: 4}, {size: 16 << 10, chunks: 5}, {size: 5*chunkBytes - 1, chunks: 5}, {size: 5 * chunkBytes, chunks: 5},
	} {
		t.Run(strconv.Itoa(row.size), func(t *testing.T) {
			token := s.tokenOf(t, s.ada, row.size)
			b, _ := start(t, s.app(), navigate("/gate/"))
			w := serve(s.app(), b.land(token))
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/gate/" {
				t.Fatalf("got %d %q, want a login", w.Code, got)
			}
			whole := cookieNamed(w, siteCookie)
			r, joined, chunks := navigate("/gate/"), "", 0
			for _, c := range slices.Backward(w.Result().Cookies()) {
				if c.Name != siteCookie && !strings.HasPrefix(c.Name, siteCookie+".") {
					break // the session's come last
				}
				if want := chunkName(siteCookie, chunks); c.Name != want {
					t.Errorf("cookie %d from the end is called %q, want %q", chunks, c.Name, want)
				}
				if len(c.Value) != chunkBytes && len(joined)+len(c.Value) != row.size {
					t.Errorf("%s has %d bytes, want %d of each but the last", c.Name, len(c.Value), chunkBytes)
				}
				if c.Path != "/" || c.Domain != "" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || !c.Expires.Equal(whole.Expires) || c.MaxAge != whole.MaxAge {
					t.Errorf("got %q, want the attributes of the first chunk", c.Raw)
				}
				withCookie(r, c.Name, c.Value)
				joined += c.Value
				chunks++
			}
			if chunks != row.chunks || joined != token {
				t.Errorf("got %d cookies with %d bytes, want %d that join to the token", chunks, len(joined), row.chunks)
			}
			if w := serve(s.app(), r); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "ada@example.com") {
				t.Errorf("with these cookies: got %d %q, want Ada", w.Code, w.Body)
			}
		})
	}
}

func TestReadingChunks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := func(n int, value string) string { return chunkName(siteCookie, n) + "=" + value }
	long := s.tokenOf(t, s.ada, 2*chunkBytes+500) // three chunks
	full := s.tokenOf(t, s.ada, 2*chunkBytes)     // two chunks, both full
	long2 := s.tokenOf(t, s.ada, 2*chunkBytes+500, setClaim("name", "later"), authrockettest.ExpiresIn(48*time.Hour))
	short := s.realm.Token(s.ada)
	unsplit := s.tokenOf(t, s.ada, chunkBytes+200)
	george := s.tokenOf(t, s.george, 2*chunkBytes+500)
	l, l2, g, f := chunksOf(long), chunksOf(long2), chunksOf(george), chunksOf(full)
	const ada, anonymous, refused = 200, 303, 401
	for _, row := range []struct {
		name    string
		cookies []string
		status  int
	}{
		{name: "all chunks in order", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, l[2])}, status: ada},
		{name: "all chunks in another order", cookies: []string{at(2, l[2]), at(0, l[0]), at(1, l[1])}, status: ada},
		{name: "full chunks only", cookies: []string{at(0, f[0]), at(1, f[1])}, status: ada},
		{name: "a gap at the front", cookies: []string{at(1, l[1]), at(2, l[2])}, status: anonymous},
		{name: "a gap inside", cookies: []string{at(0, l[0]), at(2, l[2])}, status: refused},
		{name: "a gap at the end", cookies: []string{at(0, l[0]), at(1, l[1])}, status: refused},
		{name: "an empty chunk is a gap", cookies: []string{at(0, l[0]), at(1, ""), at(2, l[2])}, status: refused},
		{name: "a stale tail after a token in one cookie", cookies: []string{at(0, short), at(1, l[1]), at(2, l[2])}, status: ada},
		{name: "a stale tail after a token in three", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, l[2]), at(3, l[2])}, status: ada},
		{name: "a stale tail behind a gap", cookies: []string{at(0, f[0]), at(1, f[1]), at(3, l[2])}, status: ada},
		{name: "a tail of another token", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, l2[2])}, status: anonymous},
		{name: "a token of the size that another middleware writes", cookies: []string{at(0, unsplit)}, status: ada},
		{name: "a token that is longer than a chunk takes no tail", cookies: []string{at(0, unsplit), at(1, l[1])}, status: ada},
		{name: "a short chunk ends the token", cookies: []string{at(0, l[0]), at(1, l[1][:chunkBytes-1]), at(2, l[1][chunkBytes-1:]+l[2])}, status: anonymous},
		{name: "the first twice, bad first", cookies: []string{at(0, "x"), at(0, l[0]), at(1, l[1]), at(2, l[2])}, status: ada},
		{name: "the first twice, full and bad first", cookies: []string{at(0, g[0]), at(0, l[0]), at(1, l[1]), at(2, l[2])}, status: ada},
		{name: "the second twice, bad first", cookies: []string{at(0, l[0]), at(1, "x"), at(1, l[1]), at(2, l[2])}, status: ada},
		{name: "the last twice, bad first", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, "x"), at(2, l[2])}, status: ada},
		{name: "the last twice, good first", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, l[2]), at(2, "x")}, status: ada},
		{name: "the last four times, good last", cookies: []string{at(0, l[0]), at(1, l[1]), at(2, "a"), at(2, "b"), at(2, "c"), at(2, l[2])}, status: ada},
		{name: "four tokens before the good one", cookies: []string{at(0, l[0]), at(1, "a"), at(1, "b"), at(1, "c"), at(1, "d"), at(1, l[1]), at(2, l[2])}, status: anonymous},
		{name: "four tokens before the good one, with another first", cookies: []string{at(0, g[0]), at(0, l[0]), at(1, "a"), at(1, "b"), at(1, "c"), at(1, l[1]), at(2, l[2])}, status: anonymous},
		{name: "two users", cookies: []string{at(0, short), at(0, g[0]), at(1, g[1]), at(2, g[2])}, status: refused},
		{name: "a chunk of another name", cookies: []string{at(0, l[0]), at(1, l[1]), siteCookie + ".02=" + l[2]}, status: refused},
		{name: "a chunk without its first", cookies: []string{at(1, short)}, status: anonymous},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate("/gate/")
			r.Header["Cookie"] = row.cookies
			if w := serve(s.app(), r); w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
	t.Run("a sixth chunk is not read", func(t *testing.T) {
		large := newSite(t, largeTokens)
		if w := serve(large.app(), withChunks(navigate("/gate/"), siteCookie, large.tokenOf(t, large.ada, 5*chunkBytes))); w.Code != 200 {
			t.Errorf("five chunks: got %d, want 200", w.Code)
		}
		if w := serve(large.app(), withChunks(navigate("/gate/"), siteCookie, large.tokenOf(t, large.ada, 5*chunkBytes+1))); w.Code != 303 {
			t.Errorf("six chunks: got %d, want anonymous signed in", w.Code)
		}
	})
}

func TestChunksAreClearedTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	long, short := s.tokenOf(t, s.ada, 4*chunkBytes), s.realm.Token(s.ada)
	b, _ := start(t, s.app(), navigate("/gate/"))
	for _, row := range []struct {
		name    string
		request *http.Request
		cookie  string // that the browser has
		cleared []int
	}{
		{name: "a logout clears all", request: request("POST", "/auth/logout"), cookie: long, cleared: []int{0, 1, 2, 3}},
		{name: "a local logout clears all", request: request("POST", "/auth/logout?local=1"), cookie: long, cleared: []int{0, 1, 2, 3}},
		{name: "a logout clears what is left behind a gap", request: withCookie(request("POST", "/auth/logout"), siteCookie+".4", "x"), cleared: []int{0, 4}},
		{name: "a gate clears all", request: request("GET", "/gate/"), cookie: s.tokenOf(t, s.ada, 4*chunkBytes, authrockettest.ExpiresIn(-time.Hour)), cleared: []int{0, 1, 2, 3}},
		{name: "a smaller token clears the tail", request: b.land(short), cookie: long, cleared: []int{1, 2, 3}},
		{name: "a smaller token of two chunks too", request: b.land(s.tokenOf(t, s.ada, chunkBytes+100)), cookie: long, cleared: []int{2, 3}},
		{name: "a token of as many chunks clears none", request: b.land(s.tokenOf(t, s.ada, 4*chunkBytes)), cookie: long},
		{name: "a cookie of another name stays", request: withCookie(request("POST", "/auth/logout"), siteCookie+".5", "x"), cookie: long, cleared: []int{0, 1, 2, 3}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.cookie != "" {
				withChunks(row.request, siteCookie, row.cookie)
			}
			w := serve(s.app(), row.request)
			var cleared []string
			for _, c := range w.Result().Cookies() {
				if c.MaxAge < 0 && (c.Name == siteCookie || strings.HasPrefix(c.Name, siteCookie+".")) {
					cleared = append(cleared, c.Name)
					if c.Value != "" || c.Path != "/" || !c.Secure || !c.HttpOnly {
						t.Errorf("got %q, want the attributes of setting", c.Raw)
					}
				}
			}
			var want []string
			for _, n := range row.cleared {
				want = append(want, chunkName(siteCookie, n))
			}
			if strings.Join(cleared, " ") != strings.Join(want, " ") {
				t.Errorf("cleared %q, want %q", cleared, want)
			}
		})
	}
}

func TestATokenTooLargeForCookiesGetsAPage(t *testing.T) {
	t.Parallel()
	s, large := newSite(t), newSite(t, largeTokens)
	for _, row := range []struct {
		name         string
		site         *site
		size, status int
	}{
		{name: "the longest that is read", site: s, size: 16 << 10, status: 303},
		{name: "a longer one", site: s, size: 16<<10 + 1, status: 401},
		{name: "the longest that cookies hold", site: large, size: 5 * chunkBytes, status: 303},
		{name: "a longer one that is read", site: large, size: 5*chunkBytes + 1, status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := row.site.tokenOf(t, row.site.ada, row.size)
			b, _ := start(t, row.site.app(), navigate("/gate/"))
			w := serve(row.site.app(), b.land(token))
			if w.Code != row.status {
				t.Fatalf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
			if got := cookieNamed(w, siteCookie) != nil; got != (row.status == 303) {
				t.Errorf("a session cookie was set: %t", got)
			}
			if row.status == 401 && (!strings.Contains(w.Body.String(), "too large") || strings.Contains(w.Body.String(), token[:100])) {
				t.Errorf("got %q, want a page that says what is wrong, without the token", w.Body)
			}
			if c := cookieNamed(w, b.cookie.Name); c == nil || c.MaxAge >= 0 {
				t.Errorf("got %v, want the state cookie used up", c)
			}
		})
	}
}
