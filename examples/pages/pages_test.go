package pages_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/pages"
)

// shop is an app whose pages are shown by pages.Show.
type shop struct {
	realm       *authrockettest.Realm
	ada, george authrockettest.User
	handler     http.Handler
}

func newShop(t *testing.T) shop {
	t.Helper()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
	s := shop{realm: realm}
	s.ada = realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada <b>", EmailVerification: authrocket.EmailNotVerified})
	s.george = realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
	for _, user := range []authrockettest.User{s.ada, s.george} {
		realm.AddMembership(user, realm.AddOrg(authrockettest.Org{Name: "Firma " + user.Name}))
	}
	config := realm.Config()
	config.Page = pages.Show
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("/", auth.RequireLogin(ok))
	mux.Handle("/billing", auth.Require(authrocket.Permission("billing:write"))(ok))
	mux.Handle("/orgs/{org}/", auth.RequireOrg(authrocket.OrgIDFromPath("org"))(ok))
	s.handler = auth.Authenticate(mux)
	return s
}

// get is a browser's, which has the cookies of the responses before.
func (s shop) get(target string, signedIn authrockettest.User, before ...*httptest.ResponseRecorder) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Accept", "text/html")
	if signedIn.ID != "" {
		s.realm.SignIn(r, signedIn)
	}
	for _, w := range before {
		for _, c := range w.Result().Cookies() {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func TestConfirmationInGerman(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name     string
		link     string
		signedIn authrockettest.User
		texts    []string
		facts    []string
	}{
		{name: "a link", link: "/?token=" + token, signedIn: authrockettest.User{}, texts: []string{"Ein Link hat hierher geführt."}},
		{name: "started elsewhere", link: "/auth/callback?ar_state=x&token=" + token, signedIn: authrockettest.User{}, texts: []string{"nicht unter https://example.com, oder"}},
		{name: "another user", link: "/?token=" + token, signedIn: s.george, texts: []string{"Ein Link", "Danach ist hier jemand anderes angemeldet."},
			facts: []string{"<dt>Jetzt angemeldet</dt><dd><bdi>George, george@example.com, Firma George</bdi>"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := s.get("/auth/confirm", row.signedIn, s.get(row.link, row.signedIn))
			body := w.Body.String()
			for _, want := range append(append(row.texts, row.facts...), `<html lang="de">`, "<h1>Mit diesem Konto anmelden?</h1>", "Fahren Sie nur fort",
				"<dt>E-Mail</dt><dd><bdi>ada@example.com</bdi>", "<dt>E-Mail bestätigt</dt><dd><bdi>nein</bdi>", "<dt>Konto</dt>", ">Fortfahren</button>", ">Abbrechen</button>", `name="token_sha256"`) {
				if !strings.Contains(body, want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, english := range []string{"sign", "Sign", "Email", "Account", "Continue", "Cancel"} {
				if strings.Contains(body, english) {
					t.Errorf("%q is left", english)
				}
			}
			if t.Failed() || w.Code != http.StatusOK || strings.Contains(body, "<dt></dt>") {
				t.Errorf("got %d %s", w.Code, body)
			}
		})
	}
}

func TestRefusalInTheDesignOfTheApp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	w := s.get("/billing?a=1", s.ada)
	h := w.Header()
	if got := h["Content-Security-Policy"]; len(got) != 1 || !strings.Contains(got[0], "style-src 'self'") || !strings.Contains(got[0], "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy: got %q", got)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %v, want the headers of a page", h)
	}
	for _, want := range []string{"Shop</title>", `href="/shop.css"`, "Missing permission: <b>billing:write</b>", `href="/auth/login?return_to=` + url.QueryEscape("/billing?a=1") + `"`, `href="/auth/accounts?`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("got %d %s, want %q in it", w.Code, w.Body, want)
		}
	}
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d, want 403", w.Code)
	}
	if w := s.get("/orgs/other/", s.ada); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "<h1>This belongs to another account</h1>") || strings.Contains(w.Body.String(), "shop.css") {
		t.Errorf("another account: got %d %s, want the default page", w.Code, w.Body)
	}
}
