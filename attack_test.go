package authrocket_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
)

// A rule that answers 401 refuses a session that verified. Were its cookie cleared,
// the login that follows would find nobody signed in, and ask nobody.
func TestARuleDoesNotSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stepUp := func(context.Context, authrocket.Session) error { return authrocket.ErrUnauthenticated }
	app := s.auth.Authenticate(s.auth.Require(stepUp)(whoami))
	v := &visitor{t: t, app: app, jar: map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.george), Expires: time.Now().Add(time.Hour)}}}
	back := redirectURIOf(t, v.visit("cross-site", "/x").Header().Get("Location"))
	w := v.visit("cross-site", started{back: back}.callback(s.realm.Token(s.ada)))
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
		t.Errorf("LoginRocket answers with another user: got %d %q, want a question", w.Code, got)
	}
}

// A login that another site has brought waits in a cookie that fills the Cookie
// header. A person's own logins come first.
func TestALoginThatWaitsMakesRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	fill := strings.Repeat("x", 2_500)
	v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{
		"theme":       {Value: fill, Expires: time.Now().Add(time.Hour)},
		confirmCookie: {Value: strings.Repeat("y", 3_500), Expires: time.Now().Add(time.Hour)},
	}}
	first := v.visit("same-origin", "/auth/login?return_to=%2Fone")
	second := v.visit("same-origin", "/auth/login?return_to=%2Ftwo")
	if _, waits := v.jar[confirmCookie]; waits && v.jar[confirmCookie].Value != "" {
		t.Error("the login that waits is still there")
	}
	for want, w := range map[string]string{"/one": first.Header().Get("Location"), "/two": second.Header().Get("Location")} {
		got := v.visit("cross-site", started{back: redirectURIOf(t, w)}.callback(s.realm.Token(s.ada)))
		if got.Header().Get("Location") != want {
			t.Errorf("got %q, want the login that leads to %s", got.Header().Get("Location"), want)
		}
	}
}

// What another site starts has no cookie where only its own logins could make
// room and do not suffice. Nothing is cleared for that.
func TestAForeignStartClearsNothingInVain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{}}
	foreign := v.visit("cross-site", "/auth/login?return_to=%2Fmail").Header().Get("Location")
	own := v.visit("none", "/auth/login?return_to=%2Fown").Header().Get("Location")
	v.jar["theme"] = &http.Cookie{Value: strings.Repeat("x", 6<<10), Expires: time.Now().Add(time.Hour)}
	if w := v.visit("cross-site", "/gate/"); w.Code != 303 || len(w.Header()["Set-Cookie"]) != 0 {
		t.Errorf("got %d %q, want a login without a cookie, and none cleared", w.Code, w.Header()["Set-Cookie"])
	}
	delete(v.jar, "theme")
	for want, started := range map[string]started{"/mail": {back: redirectURIOf(t, foreign)}, "/own": {back: redirectURIOf(t, own)}} {
		if got := v.visit("cross-site", started.callback(s.realm.Token(s.ada))).Header().Get("Location"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestALogoutHandsOnNoLongTarget(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := navigate("/auth/logout?return_to=/"+strings.Repeat("x", 100_000), "Sec-Fetch-Site: same-origin")
	w := serve(s.app(), r)
	if c := cookieNamed(w, siteCookie+"-logout"); c == nil || len(c.Value) > 1_000 {
		t.Errorf("got the cookie %v, want 1,000 bytes at most", c)
	}
	if w := endLogout(t, s.app(), w); w.Code != 303 || len(w.Header().Get("Location")) > 1_000 {
		t.Errorf("got %d and a Location of %d bytes, want 1,000 at most", w.Code, len(w.Header().Get("Location")))
	}
}

// Anybody can send any Host: neither many nor long ones fill the memory.
func TestTheHostOfAWarningIsShort(t *testing.T) {
	t.Parallel()
	warnings := 0
	s := newSite(t, func(c *authrocket.Config) { c.Observer.Warning = func(context.Context, error) { warnings++ } })
	long := strings.Repeat("x", 100)
	for i := range 3 {
		r := navigate("/gate/")
		r.Host = long + fmt.Sprint(i)
		serve(s.app(), r)
	}
	if warnings != 1 {
		t.Errorf("got %d warnings of hosts that begin with the same 100 bytes, want one", warnings)
	}
}

func TestForgedLogoutCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, target := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "/x\r\nSet-Cookie: a=b", "/\t/evil", "/auth/logout", "@evil", ".evil", "/%2f/evil", "/x&session=kss_evil", "/\x00", "/..//evil", "/é"} {
		for _, id := range []string{"", "kss_1&redirect_uri=https://evil.example", "kss\r\nX: y"} {
			w := serve(s.app(), navigate("/auth/logout/end", "Cookie: "+siteCookie+"-logout="+logoutCookie(id, target)))
			got := w.Header().Get("Location")
			if !strings.HasPrefix(got, "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F") || strings.ContainsAny(got, "\r\n") || strings.Count(got, "redirect_uri=") != 1 {
				t.Errorf("%q %q: got %q", id, target, got)
			}
		}
	}
	for _, value := range []string{"a", "..", ".", "!!!", base64.RawURLEncoding.EncodeToString([]byte("kss_1")), strings.Repeat("A", 60_000)} {
		w := serve(s.app(), navigate("/auth/logout/end", "Cookie: "+siteCookie+"-logout="+value))
		if w.Code != 303 {
			t.Errorf("%.20q: got %d", value, w.Code)
		}
	}
}
