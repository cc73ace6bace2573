package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// onLogin is a site whose OnLogin counts its calls and returns err.
type onLogin struct {
	*site
	calls  int
	err    error
	logins []authrocket.Login
}

func newOnLogin(t *testing.T, changes ...func(*authrocket.Config)) *onLogin {
	t.Helper()
	o := &onLogin{}
	o.site = newSite(t, append(changes, func(c *authrocket.Config) {
		c.OnLogin = func(*http.Request, authrocket.Session) error {
			o.calls++
			return o.err
		}
		c.Observer.Login = func(_ context.Context, l authrocket.Login) { o.logins = append(o.logins, l) }
	})...)
	return o
}

func TestOnLoginIsAskedOnceForEachLogin(t *testing.T) {
	t.Parallel()
	past := setClaim("iat", time.Now().Add(-time.Minute).Unix())
	accepting := func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true }
	anonymous := func(*onLogin) authrockettest.User { return authrockettest.User{} }
	ada := func(o *onLogin) authrockettest.User { return o.ada }
	george := func(o *onLogin) authrockettest.User { return o.george }
	for _, row := range []struct {
		name   string
		user   func(*onLogin) authrockettest.User // signed in before
		change func(*authrocket.Config)
		do     func(o *onLogin, v *visitor, token string)
		want   int
	}{
		{name: "a started login", user: anonymous, do: func(_ *onLogin, v *visitor, token string) { v.get(v.back(token)) }, want: 1},
		{name: "a link, before the confirmation", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.get("/x?token=" + token)
			v.get("/auth/confirm")
		}},
		{name: "a link that is confirmed", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.get("/x?token=" + token)
			v.send(answerOf(token, "continue"))
		}, want: 1},
		{name: "a link that is confirmed twice", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.get("/x?token=" + token)
			v.send(answerOf(token, "continue"))
			v.send(answerOf(token, "continue"))
		}, want: 1},
		{name: "a link that is cancelled", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.get("/x?token=" + token)
			v.send(answerOf(token, "cancel"))
		}},
		{name: "a confirmation by another site", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.get("/x?token=" + token)
			v.send(answerOf(token, "continue", "Sec-Fetch-Site: cross-site"))
		}},
		{name: "a started login that would change the user", user: george, do: func(_ *onLogin, v *visitor, token string) { v.get(v.back(token)) }},
		{name: "a started login that changes the user, confirmed", user: george, do: func(_ *onLogin, v *visitor, token string) {
			v.get(v.back(token))
			v.send(answerOf(token, "continue"))
		}, want: 1},
		{name: "a link with a newer token of the user", user: ada, do: func(_ *onLogin, v *visitor, token string) { v.get("/x?token=" + token) }, want: 1},
		{name: "a link with an older token of the user", user: ada, do: func(o *onLogin, v *visitor, _ string) { v.get("/x?token=" + o.realm.Token(o.ada, past)) }},
		{name: "any login where all are accepted", user: george, change: accepting, do: func(_ *onLogin, v *visitor, token string) { v.get("/x?token=" + token) }, want: 1},
		{name: "a started login with an invalid token", user: anonymous, do: func(_ *onLogin, v *visitor, token string) { v.get(v.back(forged(token))) }},
		{name: "a callback without a token", user: anonymous, do: func(_ *onLogin, v *visitor, _ string) { v.get(strings.TrimSuffix(v.back(""), "&token=")) }},
		{name: "a callback of HEAD", user: anonymous, do: func(_ *onLogin, v *visitor, token string) { v.send(request("HEAD", v.back(token))) }},
		{name: "a callback ahead of a click", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.send(navigate(v.back(token), "Sec-Purpose: prefetch"))
		}},
		{name: "a callback in a frame", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.send(navigate(v.back(token), "Sec-Fetch-Dest: iframe"))
		}},
		{name: "a known session", user: ada, do: func(_ *onLogin, v *visitor, _ string) { v.get("/gate/") }},
		{name: "a bearer token", user: anonymous, do: func(_ *onLogin, v *visitor, token string) {
			v.send(request("GET", "/gate/", "Authorization: Bearer "+token))
		}},
		{name: "a logout", user: ada, do: func(_ *onLogin, v *visitor, _ string) { v.send(request("POST", "/auth/logout")) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newOnLogin(t, row.change)
			row.do(o, o.signedInAs(t, row.user(o)), o.realm.Token(o.ada))
			if o.calls != row.want {
				t.Errorf("OnLogin was called %d times, want %d", o.calls, row.want)
			}
		})
	}
}

func TestOnLoginIsAskedBeforeTheCookie(t *testing.T) {
	t.Parallel()
	var w *httptest.ResponseRecorder
	asked := 0
	s := newSite(t, func(c *authrocket.Config) {
		c.OnLogin = func(_ *http.Request, session authrocket.Session) error {
			asked++
			// Result would keep what it sees now.
			for _, c := range w.Header()["Set-Cookie"] {
				if strings.HasPrefix(c, siteCookie+"=") {
					t.Errorf("OnLogin is asked after %q", c)
				}
			}
			if session.User.Email != "ada@example.com" {
				t.Errorf("got the session of %q", session.User.Email)
			}
			return nil
		}
	})
	token := s.realm.Token(s.ada)
	started, _ := start(t, s.app(), navigate("/gate/"))
	for name, r := range map[string]*http.Request{
		"a started login": started.land(token),
		"a confirmation":  withCookie(answerOf(token, "continue"), confirmCookie, pending(token, "/gate/")),
	} {
		w = httptest.NewRecorder() // which OnLogin looks at
		s.app().ServeHTTP(w, r)
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/gate/" || cookieNamed(w, siteCookie) == nil {
			t.Errorf("%s: got %d %q, want to be signed in", name, w.Code, got)
		}
	}
	if asked != 2 {
		t.Errorf("OnLogin was called %d times, want 2", asked)
	}
}

func TestWhatOnLoginRefuses(t *testing.T) {
	t.Parallel()
	own := errors.New("row 7 of table x")
	for _, row := range []struct {
		name, label string
		err         error
		status      int
	}{
		{name: "of no kind", err: own, status: 403, label: "forbidden"},
		{name: "of kind ErrForbidden", err: fmt.Errorf("%w: %w", authrocket.ErrForbidden, own), status: 403, label: "forbidden"},
		{name: "with a reason", err: fmt.Errorf("%w: %w", authrocket.ErrEmailNotVerified, own), status: 403, label: "email_not_verified"},
		{name: "of kind ErrUnauthenticated", err: fmt.Errorf("%w: %w", authrocket.ErrUnauthenticated, own), status: 401, label: "unauthenticated"},
		{name: "that says that there is no token", err: authrocket.ErrNoToken, status: 401, label: "no_token"},
		{name: "that says that the token has expired", err: authrocket.ErrTokenExpired, status: 401, label: "token_expired"},
		{name: "that says that it is a loop", err: authrocket.ErrLoginLoop, status: 401, label: "login_loop"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newOnLogin(t)
			o.err = row.err
			token := o.realm.Token(o.ada)
			b, _ := start(t, o.app(), navigate("/auth/login?return_to=/x?a=b"))
			waiting := withCookie(answerOf(token, "continue"), confirmCookie, pending(token, "/x?a=b"))
			for _, c := range []struct {
				name    string
				request *http.Request
				cookie  string // that the login waited in
			}{
				{name: "a started login", request: b.land(token), cookie: b.cookie.Name},
				{name: "a confirmation", request: waiting, cookie: confirmCookie},
			} {
				o.logins = nil
				w := serve(o.app(), c.request)
				if w.Code != row.status || w.Header()["Location"] != nil || w.Header()["Refresh"] != nil || cookieNamed(w, siteCookie) != nil {
					t.Errorf("%s: got %d %v, want %d, a page and no session", c.name, w.Code, w.Header(), row.status)
				}
				if kept := cookieNamed(w, c.cookie); kept == nil || kept.MaxAge >= 0 {
					t.Errorf("%s: got %v, want the login to be over", c.name, kept)
				}
				body := w.Body.String()
				for _, want := range []string{"<bdi>" + row.label + "</bdi>", `href="` + loginLink("/x?a=b") + `&amp;prompt=login"`, "Sign in as somebody else"} {
					if !strings.Contains(body, want) {
						t.Errorf("%s: got %q, want %q in it", c.name, body, want)
					}
				}
				if strings.Contains(body, "row 7") || strings.Contains(body, "eyJ") {
					t.Errorf("%s: got %q, want neither the text of the error nor the token", c.name, body)
				}
				if len(o.logins) != 1 || !errors.Is(o.logins[0].Err, row.err) || o.logins[0].Reason != row.label || o.logins[0].SessionHash() != "" {
					t.Errorf("%s: the Observer got %+v, want the error of OnLogin", c.name, o.logins)
				}
			}
		})
	}
}

func TestALoginWaitsWhileOnLoginIsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			name, cookie string
			begin        func(o *onLogin, v *visitor, token string) func() *httptest.ResponseRecorder
		}{
			{name: "a started login", begin: func(_ *onLogin, v *visitor, token string) func() *httptest.ResponseRecorder {
				back := v.back(token)
				return func() *httptest.ResponseRecorder { return v.get(back) }
			}, cookie: "-state-"},
			{name: "a confirmation", begin: func(_ *onLogin, v *visitor, token string) func() *httptest.ResponseRecorder {
				v.get("/x?token=" + token)
				return func() *httptest.ResponseRecorder { return v.send(answerOf(token, "continue")) }
			}, cookie: "-confirm"},
		} {
			o := newOnLogin(t)
			v := o.signedInAs(t, authrockettest.User{})
			again := row.begin(o, v, o.realm.Token(o.ada))
			o.err = fmt.Errorf("%w: the database is down", authrocket.ErrUnavailable)
			for range 3 {
				w := again()
				if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("Refresh") == "" || w.Header()["Location"] != nil {
					t.Errorf("%s: got %d %v, want 503 and a page that reloads itself", row.name, w.Code, w.Header())
				}
				for _, c := range w.Result().Cookies() {
					if strings.Contains(c.Name, row.cookie) || c.Name == siteCookie {
						t.Errorf("%s: got cookie %q, want the login kept as it is", row.name, c.Raw)
					}
				}
				if body := w.Body.String(); strings.Contains(body, "database") || strings.Contains(body, "prompt=login") {
					t.Errorf("%s: got %q, want a page that asks to wait", row.name, body)
				}
				time.Sleep(5 * time.Second)
			}
			o.err = nil
			if w := again(); w.Code != 303 || w.Header().Get("Location") != "/x" || cookieNamed(w, siteCookie) == nil || o.calls != 4 {
				t.Errorf("%s, later: got %d %q after %d calls, want to be signed in by the fourth", row.name, w.Code, w.Body, o.calls)
			}
		}
	})
}

func TestTheRequestOfOnLoginHasNoParametersOfTheLogin(t *testing.T) {
	t.Parallel()
	type key struct{}
	var got []string
	s := newSite(t, func(c *authrocket.Config) {
		c.DangerouslyAcceptUnsolicitedLogins = true
		c.OnLogin = func(r *http.Request, _ authrocket.Session) error {
			got = append(got, fmt.Sprintf("%s | %s | %v | %s", r.URL, r.RequestURI, r.Context().Value(key{}), r.Header.Get("X-Own")))
			return nil
		}
	})
	token := s.realm.Token(s.ada)
	b, _ := start(t, s.app(), navigate("/auth/login?return_to=/x"))
	callback := b.land(token)
	callback.URL.RawQuery += "&account=org_1&session=kss_1"
	callback.RequestURI = callback.URL.RequestURI()
	confirmation := withCookie(answerOf(token, "continue"), confirmCookie, pending(token, "/x"))
	confirmation.URL.RawQuery = "a=b&session=kss_1" // Authenticate cuts a token
	confirmation.RequestURI = confirmation.URL.RequestURI()
	for _, row := range []struct {
		name, want string
		request    *http.Request
	}{
		{name: "the callback", request: callback, want: "/auth/callback | /auth/callback | 7 | yes"},
		{name: "another page", request: navigate("/x?a=%20b&token=" + token + "&account=org_1&session=kss_1&ar_state=x&c"), want: "/x?a=%20b&c | /x?a=%20b&c | 7 | yes"},
		{name: "the confirmation", request: confirmation, want: "/auth/confirm?a=b | /auth/confirm?a=b | 7 | yes"},
	} {
		got = nil
		row.request.Header.Set("X-Own", "yes")
		serve(s.app(), row.request.WithContext(context.WithValue(row.request.Context(), key{}, 7)))
		if len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
