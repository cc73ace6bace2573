package authrocket_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
)

// warmAllocations is what a request with a known token may cost: the identity, which is the context, with
// the values of the response headers, and a copy of the request.
const warmAllocations = 2

func TestWarmPathAllocations(t *testing.T) {
	for name, change := range map[string]func(*authrocket.Config){
		"the zero Observer": func(c *authrocket.Config) { c.Observer = authrocket.Observer{} },
		"LogObserver at WARN": func(c *authrocket.Config) {
			c.Observer = authrocket.LogObserver(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn})))
		},
		"a SessionState": func(c *authrocket.Config) { c.SessionState = endedSessions{} },
	} {
		t.Run(name, func(t *testing.T) { testWarmPathAllocations(t, change) })
	}
}

// endedSessions are the hashes of sessions that have ended.
type endedSessions map[[32]byte]bool

func (ended endedSessions) CheckSession(_ context.Context, s authrocket.Session, _ time.Duration) error {
	if ended[s.IDHash()] {
		return authrocket.ErrSessionEnded
	}
	return nil
}

func testWarmPathAllocations(t *testing.T, change func(*authrocket.Config)) {
	c := newSite(t, change)
	token := c.realm.Token(c.ada)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		org, _ := authrocket.CurrentOrg(r.Context())
		if user.ID != c.ada.ID || org.ID != c.engines.ID || w.Header()["Cdn-Cache-Control"] == nil {
			t.Errorf("got user %q of %q and headers %v", user.ID, org.ID, w.Header())
		}
	})
	for name, app := range map[string]http.Handler{
		"Authenticate":            c.auth.Authenticate(page),
		"a gate alone":            c.auth.RequireLogin(page),
		"Authenticate and a gate": c.auth.Authenticate(c.auth.RequireLogin(page)),
		"a rule":                  c.auth.Authenticate(c.auth.Require(authrocket.Permission("billing:write"))(page)),
	} {
		for source, header := range map[string][2]string{
			"bearer": {"Authorization", "Bearer " + token},
			"cookie": {"Cookie", "theme=dark; __Host-arToken=" + token + "; consent=yes"},
		} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set(header[0], header[1])
			w := httptest.NewRecorder()
			answer := func() {
				clear(w.Header())
				app.ServeHTTP(w, r)
			}
			answer()
			if got := testing.AllocsPerRun(100, answer); got > warmAllocations {
				t.Errorf("%s by %s: got %v allocations, want at most %d", name, source, got, warmAllocations)
			}
		}
	}
}

func TestKnownTokenAllocatesNothing(t *testing.T) {
	for name, state := range map[string]authrocket.SessionState{"without a SessionState": nil, "with a SessionState": endedSessions{}} {
		c := newSite(t, func(config *authrocket.Config) { config.SessionState = state })
		token := c.realm.Token(c.ada)
		got := testing.AllocsPerRun(100, func() {
			if _, err := c.auth.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
		if got > 0 {
			t.Errorf("%s: got %v allocations for a known token, want none", name, got)
		}
	}
}

// The keys of every fetch are new values. All known tokens would be checked in full
// after each fetch if keys were compared by where they are.
func TestKnownTokenStaysKnownAfterRefresh(t *testing.T) {
	c := newSite(t)
	token := c.realm.Token(c.ada)
	fewest := uint64(1_000)
	for range 5 {
		if err := c.auth.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		// [testing.AllocsPerRun] would not count the first time.
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.auth.Verify(t.Context(), token)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		fewest = min(fewest, after.Mallocs-before.Mallocs)
	}
	if fewest > 5 {
		t.Errorf("got %d allocations after a refresh, so that the token was checked in full", fewest)
	}
}

// A handler may write into the values of the headers; they are the response's own.
func TestCachingHeadersBelongToOneResponse(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	app := c.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, want := range map[string]string{
			"Vary": "Cookie, Authorization", "Cache-Control": "private, no-cache", "CDN-Cache-Control": "no-store",
		} {
			if got := w.Header().Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("got %s %q, want %q", name, got, want)
			}
			w.Header().Values(name)[0] = "changed"
			w.Header().Add(name, "more")
		}
	}))
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		c.realm.SignIn(r, c.ada)
		app.ServeHTTP(httptest.NewRecorder(), r)
	}
}
