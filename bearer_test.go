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
		{"nothing", nil, authrocket.ErrNoToken, ""},
		{"a bearer token", []string{"Authorization: Bearer " + ada}, nil, "Ada"},
		{"the scheme in lower case", []string{"Authorization: bearer " + ada}, nil, "Ada"},
		{"the scheme in upper case", []string{"Authorization: BEARER " + ada}, nil, "Ada"},
		{"two spaces after the scheme", []string{"Authorization: Bearer  " + ada}, nil, "Ada"},
		{"a cookie", cookies(good), nil, "Ada"},
		{"a bearer token comes before a cookie", append(cookies(good), "Authorization: Bearer "+george), nil, "George"},
		{"a broken bearer token is not made up for by a good cookie", append(cookies(good), "Authorization: Bearer "+broken), authrocket.ErrBadSignature, ""},
		{"an empty bearer token is not made up for by a good cookie", append(cookies(good), "Authorization: Bearer "), authrocket.ErrTokenMalformed, ""},
		{"a bare Bearer is not made up for by a good cookie", append(cookies(good), "Authorization: Bearer"), authrocket.ErrTokenMalformed, ""},
		{"two tokens in one header", []string{"Authorization: Bearer " + ada + ", Bearer " + ada}, authrocket.ErrTokenMalformed, ""},
		{"a tab instead of a space", []string{"Authorization: Bearer\t" + ada}, authrocket.ErrTokenMalformed, ""},
		{"two Authorization headers", []string{"Authorization: Bearer " + ada, "Authorization: Bearer " + ada}, authrocket.ErrAmbiguousAuthorization, ""},
		{"two Authorization headers of two schemes", []string{"Authorization: Basic eA==", "Authorization: Bearer " + ada}, authrocket.ErrAmbiguousAuthorization, ""},
		{"two Authorization headers and a good cookie", append(cookies(good), "Authorization: Bearer "+ada, "Authorization: Bearer "+broken), authrocket.ErrAmbiguousAuthorization, ""},
		{"another scheme is ignored", []string{"Authorization: Basic eDp5"}, authrocket.ErrNoToken, ""},
		{"another scheme beside a cookie is ignored", append(cookies(good), "Authorization: Basic eDp5"), nil, "Ada"},
		{"a scheme that begins with Bearer is another", append(cookies(good), "Authorization: BearerX "+george), nil, "Ada"},
		{"a token without a scheme is another", []string{"Authorization: " + ada}, authrocket.ErrNoToken, ""},

		{"two cookies, good and bad", cookies(good, siteCookie+"="+broken), nil, "Ada"},
		{"two cookies, bad and good", cookies(siteCookie+"="+broken, good), nil, "Ada"},
		{"two cookies in two headers", append(cookies(siteCookie+"="+broken), cookies(good)...), nil, "Ada"},
		{"two good cookies of one user, later last", cookies(good, siteCookie+"="+later), nil, "later"},
		{"two good cookies of one user, later first", cookies(siteCookie+"="+later, good), nil, "later"},
		{"two good cookies of two users", cookies(good, siteCookie+"="+george), authrocket.ErrAmbiguousCookie, ""},
		{"two users and a bad one between", cookies(good, siteCookie+"=x", siteCookie+"="+george), authrocket.ErrAmbiguousCookie, ""},
		{"the fourth cookie is looked at", cookies(siteCookie+"=a", siteCookie+"=b", siteCookie+"=c", good), nil, "Ada"},
		{"the fifth cookie is not", cookies(siteCookie+"=a", siteCookie+"=b", siteCookie+"=c", siteCookie+"=d", good), authrocket.ErrTokenMalformed, ""},
		{"an empty cookie counts as none", cookies(siteCookie+"=", good), nil, "Ada"},
		{"only an empty cookie", cookies(siteCookie + "="), authrocket.ErrNoToken, ""},
		{"a cookie without a value", cookies(siteCookie), authrocket.ErrNoToken, ""},
		{"a quoted cookie", cookies(siteCookie + `="` + ada + `"`), nil, "Ada"},
		{"a quoted cookie of another user", cookies(siteCookie+`="`+george+`"`, good), authrocket.ErrAmbiguousCookie, ""},
		{"a cookie in two pairs of quotes", cookies(siteCookie + `=""` + ada + `""`), authrocket.ErrTokenMalformed, ""},
		{"a quote at the front alone", cookies(siteCookie + `="` + ada), authrocket.ErrTokenMalformed, ""},
		{"a quote at the end alone", cookies(siteCookie + `=` + ada + `"`), authrocket.ErrTokenMalformed, ""},
		{"a quote alone", cookies(siteCookie + `="`), authrocket.ErrTokenMalformed, ""},
		{"quotes around nothing count as none", cookies(siteCookie + `=""`), authrocket.ErrNoToken, ""},
		{"the name in another case", cookies("__host-artoken=" + ada), authrocket.ErrNoToken, ""},
		{"the name without its prefix", cookies("arToken=" + ada), authrocket.ErrNoToken, ""},
		{"a name that ends with ours", cookies("x" + siteCookie + "=" + ada), authrocket.ErrNoToken, ""},
		{"a name with a space before the equals sign", cookies(siteCookie + " =" + ada), authrocket.ErrNoToken, ""},
		{"spaces and tabs around a cookie", cookies("a=b;\t " + good + " \t"), nil, "Ada"},
		{"no space after the semicolon", []string{"Cookie: a=b;" + good + ";c=d"}, nil, "Ada"},
		{"a no-break space is part of the name", cookies("\u00a0" + good), authrocket.ErrNoToken, ""},
		{"a comma does not separate cookies", []string{"Cookie: a=b, " + good}, authrocket.ErrNoToken, ""},
		{"a token in the query of a program", nil, authrocket.ErrNoToken, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
			{"undecided first", []string{undecided, unknown}},
			{"undecided last", []string{unknown, undecided}},
			{"behind a malformed one", []string{"x", undecided}},
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
		{"a bearer token passes", request("GET", "/gate/", "Authorization: Bearer "+token), 200},
		{"a cookie does not", s.as(s.ada, request("GET", "/gate/")), 401},
		{"a navigation is not redirected", navigate("/gate/"), 401},
		{"a framed navigation gets no page", navigate("/gate/", "Sec-Fetch-Dest: iframe"), 401},
		{"a token in a URL is the app's own query", navigate("/?token=" + token), 200},
		{"there is no callback", navigate("/auth/callback?token=" + token), 200},
		{"a state in a URL is the app's own query", navigate("/?ar_state=ABCDEFGH.x&token=" + token), 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
	ada, george := s.realm.Token(s.ada), s.realm.Token(s.george)
	for _, row := range []struct {
		name   string
		lines  []string
		status int
	}{
		{"two Authorization headers", []string{"Authorization: Bearer " + ada, "authorization: Bearer " + ada}, 401},
		{"two Cookie headers, bad and good", []string{"Cookie: " + siteCookie + "=x", "cookie: " + siteCookie + "=" + ada}, 200},
		{"two Cookie headers of two users", []string{"Cookie: " + siteCookie + "=" + ada, "Cookie: " + siteCookie + "=" + george}, 401},
		{"an empty bearer token, which a server trims, and a good cookie", []string{"Authorization: Bearer ", "Cookie: " + siteCookie + "=" + ada}, 401},
		{"an empty Authorization header and a good cookie", []string{"Authorization:", "Cookie: " + siteCookie + "=" + ada}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			resp, body := sendRaw(t, server, append([]string{"GET /gate/ HTTP/1.1", "Host: example.com"}, row.lines...)...)
			if resp.StatusCode != row.status {
				t.Errorf("got %d %q, want %d", resp.StatusCode, body, row.status)
			}
		})
	}
}
