package authrocket_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestPagesOfFailedLogins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, largeTokens)
		now := time.Now()
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		clock := [2]string{"Clock of this server", now.UTC().Format(time.RFC1123)}
		reason := func(label string) [2]string { return [2]string{"Code for support", label} }
		when := func(name string, d time.Duration) [2]string {
			return [2]string{name, now.Add(d).UTC().Format(time.RFC1123)}
		}
		const (
			expired     = "The sign-in had already expired when it arrived. If this keeps happening, a clock is wrong."
			notYet      = "The sign-in is not valid yet. The clock of this server is probably wrong: try again in a minute, or contact the site's administrator."
			notAccepted = "The sign-in that came back was not accepted. You are not signed in."
		)
		for _, row := range []struct {
			name, token, text string
			facts             [][2]string
		}{
			{name: "expired", token: s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), text: expired, facts: [][2]string{reason("token_expired"), when("Expired at", -time.Hour), clock}},
			{name: "issued in the future", token: s.realm.Token(s.ada, setClaim("iat", at(70*time.Second))), text: notYet,
				facts: [][2]string{reason("token_not_yet_valid"), when("Valid from", 70*time.Second), clock}},
			{name: "valid in the future", token: s.realm.Token(s.ada, setClaim("nbf", at(time.Minute))), text: notYet,
				facts: [][2]string{reason("token_not_yet_valid"), when("Valid from", time.Minute), clock}},
			{name: "forged", token: forged(s.realm.Token(s.ada)), text: notAccepted, facts: [][2]string{reason("bad_signature")}},
			{name: "of another audience", token: s.realm.Token(s.ada, setClaim("aud", "other")), text: notAccepted, facts: [][2]string{reason("wrong_audience")}},
			{name: "too large for cookies", token: s.tokenOf(t, s.ada, 5*chunkBytes+1), text: "Your sign-in data is too large for this browser. Contact the site's administrator.", facts: [][2]string{reason("token_too_large")}},
		} {
			for _, way := range []string{"started", "a link to the callback", "a link to a page", "a confirmation"} {
				b, _ := start(t, s.app(), navigate("/gate/x?a=b"))
				r, target := b.land(row.token), "/gate/x?a=b"
				switch way {
				case "a link to the callback":
					r, target = navigate("/auth/callback?token="+row.token), "/"
				case "a link to a page":
					r = navigate("/gate/x?a=b&token=" + row.token)
				case "a confirmation":
					r = withCookie(answerOf(row.token, "continue"), confirmCookie, pending(row.token, target))
				}
				if row.name == "too large for cookies" && way != "started" && way != "a confirmation" {
					continue // it is asked about first
				}
				w := serve(s.app(), r)
				if w.Code != 401 || w.Header()["Location"] != nil || w.Header()["Refresh"] != nil || cookieNamed(w, siteCookie) != nil {
					t.Errorf("%s, %s: got %d %v, want a page", row.name, way, w.Code, w.Header())
				}
				if got := paragraphs(w); !slices.Equal(got, []string{row.text}) {
					t.Errorf("%s, %s: got %q, want %q", row.name, way, got, row.text)
				}
				if got := factsOf(w); !slices.Equal(got, row.facts) {
					t.Errorf("%s, %s: got facts %q, want %q", row.name, way, got, row.facts)
				}
				if body := w.Body.String(); !strings.Contains(body, `href="`+loginLink(target)+`"`) || strings.Contains(body, "eyJ") {
					t.Errorf("%s, %s: got %q, want a link to try again and no token", row.name, way, body)
				}
			}
		}
		// A session that is not valid yet ends in the same clocks when it loops.
		r := s.as(s.ada, withCookie(navigate("/gate/"), siteCookie+"-attempts", strconv.FormatInt(now.Unix(), 10)+".3"), setClaim("iat", at(70*time.Second)))
		w := serve(s.app(), r)
		want := [][2]string{reason("token_not_yet_valid"), when("Valid from", 70*time.Second), clock}
		if got := factsOf(w); w.Code != 401 || !slices.Equal(got, want) || isCleared(w) {
			t.Errorf("a loop: got %d %q, cleared %t, want %q and the session kept", w.Code, got, isCleared(w), want)
		}
	})
}

func TestAPageReloadsItselfForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, func(c *authrocket.Config) {
			c.OnLogin = func(*http.Request, authrocket.Session) error { return authrocket.ErrUnavailable }
		})
		v := s.visitor(t, "")
		back := v.back(s.realm.Token(s.ada))
		began, reloads := time.Now(), 0
		for ; ; reloads++ {
			w := v.get(back)
			refresh := w.Header().Get("Refresh")
			if w.Code != 503 || w.Header().Get("Retry-After") == "" {
				t.Fatalf("got %d %v, want 503", w.Code, w.Header())
			}
			if refresh == "" {
				break
			}
			seconds, err := strconv.Atoi(refresh)
			if err != nil || seconds < 2 || seconds > 30 || reloads > 1000 {
				t.Fatalf("after %d reloads: got Refresh %q, want 2 to 30 seconds", reloads, refresh)
			}
			time.Sleep(time.Duration(seconds) * time.Second)
		}
		if lasted := time.Since(began); lasted < 9*time.Minute || lasted > 11*time.Minute {
			t.Errorf("the page reloaded itself for %s, want about 10 minutes", lasted)
		}
		time.Sleep(30 * time.Second)
		if w := v.get(back); w.Code != 503 || w.Header()["Refresh"] != nil {
			t.Errorf("half a minute later: got %d, Refresh %q, want no more of it", w.Code, w.Header()["Refresh"])
		}
		// Who comes back later meets another outage.
		time.Sleep(2 * time.Minute)
		if w := v.get(back); w.Code != 503 || w.Header()["Refresh"] == nil {
			t.Errorf("2 minutes later: got %d, Refresh %q, want it to begin anew", w.Code, w.Header()["Refresh"])
		}
	})
}

func TestWhoseBrowserReloads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		reload := func(value string) []string { return []string{siteCookie + "-reload", value} }
		for _, row := range []struct {
			name           string
			cookies        []string // besides the state: name, value, ...
			state, reloads bool
		}{
			{name: "a browser that keeps the state", state: true, reloads: true},
			{name: "a browser that keeps a session", cookies: []string{siteCookie, "x"}, reloads: true},
			{name: "a browser without cookies"},
			{name: "a browser with cookies of the app only", cookies: []string{"theme", "dark"}},
			{name: "one that has begun", cookies: reload(strconv.FormatInt(now-500, 10)), state: true, reloads: true},
			{name: "one that is done", cookies: reload(strconv.FormatInt(now-601, 10)), state: true},
			{name: "the beginning of all times", cookies: reload("-9223372036854775808"), state: true},
			{name: "a time in the future begins anew", cookies: reload(strconv.FormatInt(now+601, 10)), state: true, reloads: true},
			{name: "the end of all times begins anew", cookies: reload("9223372036854775807"), state: true, reloads: true},
			{name: "no time begins anew", cookies: reload("soon"), state: true, reloads: true},
		} {
			s := newColdSite(t)
			s.realm.Break(authrockettest.Status(500))
			b, _ := start(t, s.app(), navigate("/gate/"))
			r := b.land(s.realm.Token(s.ada))
			if !row.state {
				r.Header.Del("Cookie")
			}
			for i := 0; i < len(row.cookies); i += 2 {
				withCookie(r, row.cookies[i], row.cookies[i+1])
			}
			w := serve(s.app(), r)
			if got := w.Header().Get("Refresh"); w.Code != 503 || (got != "") != row.reloads {
				t.Errorf("%s: got %d, Refresh %q, want one: %t", row.name, w.Code, got, row.reloads)
			}
			c := cookieNamed(w, siteCookie+"-reload")
			if keeps := row.state || strings.HasPrefix(row.name, "a browser that keeps"); (c != nil) != keeps {
				t.Errorf("%s: got cookie %v, want one: %t", row.name, c, keeps)
			}
			began := strconv.FormatInt(now, 10)
			if strings.HasPrefix(row.name, "one that") || strings.HasPrefix(row.name, "the beginning") {
				began = row.cookies[1]
			}
			if c != nil && (c.Value != began || c.MaxAge != 60 || !c.HttpOnly || !c.Secure || c.Path != "/") {
				t.Errorf("%s: got cookie %q, want it to say %s", row.name, c.Raw, began)
			}
		}
	})
}

func TestConflictingSignInsHaveAWayOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL, c.CookieName = "https://app.example.com", "arToken" })
	both := func(r *http.Request) *http.Request {
		return withCookie(withCookie(r, "arToken", s.realm.Token(s.ada)), "arToken", s.realm.Token(s.george))
	}
	w := serve(s.app(), both(navigate("/gate/x?a=b&c")))
	want := `<form method="post" action="/auth/logout?local=1&amp;return_to=%2Fgate%2Fx%3Fa%3Db%26c">`
	if w.Code != 401 || !strings.Contains(w.Body.String(), want) || w.Header()["Set-Cookie"] != nil {
		t.Fatalf("got %d %q %v, want a page with %q", w.Code, w.Body, w.Header()["Set-Cookie"], want)
	}
	const action = "/auth/logout?local=1&return_to=%2Fgate%2Fx%3Fa%3Db%26c"
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{name: "by the page", headers: []string{"Sec-Fetch-Site: same-origin", "Origin: https://app.example.com"}, status: 200},
		{name: "by another site", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, status: 403},
	} {
		w := serve(s.app(), both(request("POST", action, row.headers...)))
		var cleared []string
		for _, c := range w.Result().Cookies() {
			if c.Name == "arToken" && c.MaxAge < 0 && c.Path == "/" {
				cleared = append(cleared, c.Domain)
			}
		}
		if row.status != 200 {
			if w.Code != row.status || len(cleared) > 0 {
				t.Errorf("%s: got %d, cleared %q", row.name, w.Code, cleared)
			}
			continue
		}
		if got := leadsTo(t, w); got != "/gate/x?a=b&c" {
			t.Errorf("%s: got %d %q, want to be led back", row.name, w.Code, got)
		}
		slices.Sort(cleared)
		if !slices.Equal(cleared, []string{"", "app.example.com", "example.com"}) {
			t.Errorf("%s: cleared for the domains %q, want this host alone, this host and its parent", row.name, cleared)
		}
	}
}

func TestAPartOfASession(t *testing.T) {
	t.Parallel()
	s := newSite(t, largeTokens)
	large := s.tokenOf(t, s.ada, 2*chunkBytes+100)
	exact := s.tokenOf(t, s.ada, chunkBytes)
	with := func(r *http.Request, chunks ...int) *http.Request {
		for _, n := range chunks {
			name := siteCookie
			if n > 0 {
				name += "." + strconv.Itoa(n)
			}
			withCookie(r, name, large[n*chunkBytes:min((n+1)*chunkBytes, len(large))])
		}
		return r
	}
	for _, row := range []struct {
		name, want string
		request    *http.Request
		status     int
	}{
		{name: "all of it", request: with(navigate("/gate/x?a=b"), 0, 1, 2), status: 200, want: "ada@example.com"},
		{name: "the first only", request: with(navigate("/gate/x?a=b"), 0), status: 401, want: "A part of your sign-in is missing"},
		{name: "the first only, quoted", request: withCookie(navigate("/gate/x?a=b"), siteCookie, `"`+large[:chunkBytes]+`"`), status: 401, want: "A part of your sign-in is missing"},
		{name: "all but the last", request: with(navigate("/gate/x?a=b"), 0, 1), status: 401, want: "A part of your sign-in is missing"},
		{name: "all but one between", request: with(navigate("/gate/x?a=b"), 0, 2), status: 401, want: "A part of your sign-in is missing"},
		{name: "all but the first is nothing", request: with(navigate("/gate/x?a=b"), 1, 2), status: 303},
		{name: "a token of just one chunk", request: withCookie(navigate("/gate/x?a=b"), siteCookie, exact), status: 200, want: "ada@example.com"},
		{name: "an expired token of just one chunk is whole", request: withCookie(navigate("/gate/x?a=b"), siteCookie, s.tokenOf(t, s.ada, chunkBytes, authrockettest.ExpiresIn(-time.Hour))), status: 303},
		{name: "the first only, of a script", request: with(request("GET", "/gate/x"), 0), status: 401, want: `"reason":"incomplete_cookie"`},
		{name: "the first only, on an open page", request: with(navigate("/"), 0), status: 200, want: "nobody"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, row.status, row.want)
			}
			if row.status != 401 {
				return
			}
			if w.Header()["Location"] != nil || !isCleared(w) {
				t.Errorf("got %v, want the rest cleared and no login", w.Header())
			}
			if page := w.Body.String(); strings.Contains(page, "<html") &&
				(!strings.Contains(page, `href="`+loginLink("/gate/x?a=b")+`"`) || !strings.Contains(page, "<bdi>incomplete_cookie</bdi>") || strings.Contains(page, "eyJ")) {
				t.Errorf("got %q, want the reason, a link to sign in again and no token", page)
			}
		})
	}
}

func TestAFormThatHidesItsOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const cause = "a page with Referrer-Policy: no-referrer on plain http causes this"
	post := func(target string, headers ...string) *http.Request {
		return s.as(s.ada, request("POST", target, headers...))
	}
	confirm := func(headers ...string) *http.Request {
		token := s.realm.Token(s.ada)
		return withCookie(answerOf(token, "continue", headers...), confirmCookie, pending(token, "/x"))
	}
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
		named   bool
	}{
		{name: "at a gate", request: post("/gate/", "Origin: null", "Accept: text/html"), status: 403, named: true},
		{name: "at a gate of a permission", request: post("/billing", "Origin: null", "Accept: text/html,*/*"), status: 403, named: true},
		{name: "at the logout", request: post("/auth/logout", "Origin: null", "Accept: text/html"), status: 403, named: true},
		{name: "at the confirmation", request: confirm("Sec-Fetch-Site: ", "Origin: null"), status: 403, named: true},
		{name: "a script at a gate", request: post("/gate/", "Origin: null", "Accept: application/json"), status: 403},
		{name: "a program at a gate", request: post("/gate/", "Origin: null"), status: 403},
		{name: "at a gate in a browser with fetch metadata", request: post("/gate/", "Origin: null", "Sec-Fetch-Site: cross-site", "Accept: text/html"), status: 403},
		{name: "at the confirmation in a browser with fetch metadata", request: confirm("Sec-Fetch-Site: cross-site", "Origin: null"), status: 403},
		{name: "another origin at a gate", request: post("/gate/", "Origin: https://evil.example", "Accept: text/html"), status: 403},
		{name: "another origin at the confirmation", request: confirm("Sec-Fetch-Site: ", "Origin: https://evil.example"), status: 403},
		{name: "a page of our own origin that hides it", request: post("/gate/", "Origin: null", "Sec-Fetch-Site: same-origin", "Accept: text/html"), status: 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if named := strings.Contains(w.Body.String(), cause); w.Code != row.status || named != row.named {
				t.Errorf("got %d %q, want %d and the cause named: %t", w.Code, w.Body, row.status, row.named)
			}
			if w.Header()["Set-Cookie"] != nil || w.Header()["Location"] != nil {
				t.Errorf("got %v, want nothing changed", w.Header())
			}
		})
	}
}
