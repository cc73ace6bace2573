package authrocket_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestSources(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, george := s.realm.Token(s.ada), s.realm.Token(s.george)
	broken := forged(ada)
	later := s.realm.Token(s.ada, authrockettest.ExpiresIn(48*time.Hour), setClaim("name", "later"))
	cookies := func(pairs ...string) []string { return []string{"Cookie: " + strings.Join(pairs, "; ")} }
	good := siteCookie + "=" + ada

	for _, row := range []struct {
		name    string
		headers []string
		want    error  // nil: signed in
		user    string // the name in the token
	}{
		{name: "nothing", want: authrocket.ErrNoToken},
		{name: "a bearer token", headers: []string{"Authorization: Bearer " + ada}, user: "Ada"},
		{name: "the scheme in lower case", headers: []string{"Authorization: bearer " + ada}, user: "Ada"},
		{name: "the scheme in upper case", headers: []string{"Authorization: BEARER " + ada}, user: "Ada"},
		{name: "two spaces after the scheme", headers: []string{"Authorization: Bearer  " + ada}, user: "Ada"},
		{name: "a cookie", headers: cookies(good), user: "Ada"},
		{name: "a bearer token comes before a cookie", headers: append(cookies(good), "Authorization: Bearer "+george), user: "George"},
		{name: "a broken bearer token is not made up for by a good cookie", headers: append(cookies(good), "Authorization: Bearer "+broken), want: authrocket.ErrBadSignature},
		{name: "an empty bearer token is not made up for by a good cookie", headers: append(cookies(good), "Authorization: Bearer "), want: authrocket.ErrTokenMalformed},
		{name: "a bare Bearer is not made up for by a good cookie", headers: append(cookies(good), "Authorization: Bearer"), want: authrocket.ErrTokenMalformed},
		{name: "two tokens in one header", headers: []string{"Authorization: Bearer " + ada + ", Bearer " + ada}, want: authrocket.ErrTokenMalformed},
		{name: "a tab instead of a space", headers: []string{"Authorization: Bearer\t" + ada}, want: authrocket.ErrTokenMalformed},
		{name: "two Authorization headers", headers: []string{"Authorization: Bearer " + ada, "Authorization: Bearer " + ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "two Authorization headers of two schemes", headers: []string{"Authorization: Basic eA==", "Authorization: Bearer " + ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "two Authorization headers and a good cookie", headers: append(cookies(good), "Authorization: Bearer "+ada, "Authorization: Bearer "+broken), want: authrocket.ErrAmbiguousAuthorization},
		{name: "another scheme is ignored", headers: []string{"Authorization: Basic eDp5"}, want: authrocket.ErrNoToken},
		{name: "another scheme beside a cookie is ignored", headers: append(cookies(good), "Authorization: Basic eDp5"), user: "Ada"},
		{name: "a scheme that begins with Bearer is another", headers: append(cookies(good), "Authorization: BearerX "+george), user: "Ada"},
		{name: "a token without a scheme is another", headers: []string{"Authorization: " + ada}, want: authrocket.ErrNoToken},

		{name: "two cookies, good and bad", headers: cookies(good, siteCookie+"="+broken), user: "Ada"},
		{name: "two cookies, bad and good", headers: cookies(siteCookie+"="+broken, good), user: "Ada"},
		{name: "two cookies in two headers", headers: append(cookies(siteCookie+"="+broken), cookies(good)...), user: "Ada"},
		{name: "two good cookies of one user, later last", headers: cookies(good, siteCookie+"="+later), user: "later"},
		{name: "two good cookies of one user, later first", headers: cookies(siteCookie+"="+later, good), user: "later"},
		{name: "two good cookies of two users", headers: cookies(good, siteCookie+"="+george), want: authrocket.ErrAmbiguousCookie},
		{name: "two users and a bad one between", headers: cookies(good, siteCookie+"=x", siteCookie+"="+george), want: authrocket.ErrAmbiguousCookie},
		{name: "the fourth cookie is looked at", headers: cookies(siteCookie+"=a", siteCookie+"=b", siteCookie+"=c", good), user: "Ada"},
		{name: "the fifth cookie is not", headers: cookies(siteCookie+"=a", siteCookie+"=b", siteCookie+"=c", siteCookie+"=d", good), want: authrocket.ErrTokenMalformed},
		{name: "an empty cookie counts as none", headers: cookies(siteCookie+"=", good), user: "Ada"},
		{name: "only an empty cookie", headers: cookies(siteCookie + "="), want: authrocket.ErrNoToken},
		{name: "a cookie without a value", headers: cookies(siteCookie), want: authrocket.ErrNoToken},
		{name: "a quoted cookie", headers: cookies(siteCookie + `="` + ada + `"`), user: "Ada"},
		{name: "a quoted cookie of another user", headers: cookies(siteCookie+`="`+george+`"`, good), want: authrocket.ErrAmbiguousCookie},
		{name: "a cookie in two pairs of quotes", headers: cookies(siteCookie + `=""` + ada + `""`), want: authrocket.ErrTokenMalformed},
		{name: "a quote at the front alone", headers: cookies(siteCookie + `="` + ada), want: authrocket.ErrTokenMalformed},
		{name: "a quote at the end alone", headers: cookies(siteCookie + `=` + ada + `"`), want: authrocket.ErrTokenMalformed},
		{name: "a quote alone", headers: cookies(siteCookie + `="`), want: authrocket.ErrTokenMalformed},
		{name: "quotes around nothing count as none", headers: cookies(siteCookie + `=""`), want: authrocket.ErrNoToken},
		{name: "the name in another case", headers: cookies("__host-artoken=" + ada), want: authrocket.ErrNoToken},
		{name: "the name without its prefix", headers: cookies("arToken=" + ada), want: authrocket.ErrNoToken},
		{name: "a name that ends with ours", headers: cookies("x" + siteCookie + "=" + ada), want: authrocket.ErrNoToken},
		{name: "a name with a space before the equals sign", headers: cookies(siteCookie + " =" + ada), want: authrocket.ErrNoToken},
		{name: "spaces and tabs around a cookie", headers: cookies("a=b;\t " + good + " \t"), user: "Ada"},
		{name: "no space after the semicolon", headers: []string{"Cookie: a=b;" + good + ";c=d"}, user: "Ada"},
		{name: "a no-break space is part of the name", headers: cookies("\u00a0" + good), want: authrocket.ErrNoToken},
		{name: "a comma does not separate cookies", headers: []string{"Cookie: a=b, " + good}, want: authrocket.ErrNoToken},
		{name: "a token in the query of a program", want: authrocket.ErrNoToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, gate := range []bool{true, false} {
				r := request("GET", "/", row.headers...)
				checked, err := s.auth.Check(r)
				if !gate {
					// An open route knows the same user and refuses nobody.
					serve(s.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { checked = r })), r)
				}
				if !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
				if user, _ := authrocket.CurrentUser(checked.Context()); user.Name != row.user {
					t.Errorf("gate %t: got user %q, want %q", gate, user.Name, row.user)
				}
			}
		})
	}
}

func TestAnUndecidedCookieComesBeforeABadOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		// The realm has said that it does not know this key, and then goes down.
		unknown := s.realm.Token(s.ada, setHeader("kid", "decided"))
		if _, err := s.auth.Verify(t.Context(), unknown); !errors.Is(err, authrocket.ErrUnknownKey) {
			t.Fatalf("got %v, want ErrUnknownKey", err)
		}
		s.realm.Break(authrockettest.Status(500))
		undecided := s.realm.Token(s.ada, setHeader("kid", "undecided"))
		for _, row := range []struct {
			name    string
			cookies []string
		}{
			{name: "undecided first", cookies: []string{undecided, unknown}},
			{name: "undecided last", cookies: []string{unknown, undecided}},
			{name: "behind a malformed one", cookies: []string{"x", undecided}},
		} {
			r := navigate("/gate/")
			for _, value := range row.cookies {
				withCookie(r, siteCookie, value)
			}
			w := serve(s.app(), r)
			if w.Code != 503 || isCleared(w) {
				t.Errorf("%s: got %d %v, want 503 and the cookies kept", row.name, w.Code, w.Header())
			}
		}
	})
}

func TestABearerOnlyAuthHasNoCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.DisableCookie, c.CookieName = true, siteCookie })
	app := s.app()
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{name: "a bearer token passes", request: request("GET", "/gate/", "Authorization: Bearer "+token), status: 200},
		{name: "a cookie does not", request: s.as(s.ada, request("GET", "/gate/")), status: 401},
		{name: "a navigation is not redirected", request: navigate("/gate/"), status: 401},
		{name: "a framed navigation gets no page", request: navigate("/gate/", "Sec-Fetch-Dest: iframe"), status: 401},
		{name: "a token in a URL is the app's own query", request: navigate("/?token=" + token), status: 200},
		{name: "there is no callback", request: navigate("/auth/callback?token=" + token), status: 200},
		{name: "a state in a URL is the app's own query", request: navigate("/?ar_state=ABCDEFGH.x&token=" + token), status: 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(app, row.request)
			if w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
			if w.Header()["Set-Cookie"] != nil || w.Header()["Location"] != nil || strings.Contains(w.Body.String(), "<html") {
				t.Errorf("got %v %q, want no cookie, no redirect, no page", w.Header(), w.Body)
			}
		})
	}
}

func TestDuplicateHeadersOverASocket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := rawServer(t, s.app())
	ada := s.realm.Token(s.ada)
	for _, row := range []struct {
		name   string
		lines  []string
		status int
	}{
		{name: "two Authorization headers", lines: []string{"Authorization: Bearer " + ada, "authorization: Bearer " + ada}, status: 401},
		{name: "two Cookie headers, bad and good", lines: []string{"Cookie: " + siteCookie + "=x", "cookie: " + siteCookie + "=" + ada}, status: 200},
		{name: "an empty bearer token, which a server trims, and a good cookie", lines: []string{"Authorization: Bearer ", "Cookie: " + siteCookie + "=" + ada}, status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			resp, body := sendRaw(t, server, append([]string{"GET /gate/ HTTP/1.1", "Host: example.com"}, row.lines...)...)
			if resp.StatusCode != row.status {
				t.Errorf("got %d %q, want %d", resp.StatusCode, body, row.status)
			}
		})
	}
}
