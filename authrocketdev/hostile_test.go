package authrocketdev_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// actions are all forms that change something for Ada, by path.
func (s *site) actions(t *testing.T) map[string]url.Values {
	t.Helper()
	b := s.newBrowser(t)
	reset := tokenIn(t, b.forgot(t, "ada"))
	invitation := s.invitation(t, "ada@example.com", s.foreign.ID)
	s.signedIn(t, s.ada).get("/profile").form("/profile", "action", "verify").submit()
	secret := s.enrol(t, s.lone)
	device, err := s.realm.CreateTOTP(s.ada.ID, "Phone")
	if err != nil {
		t.Fatal(err)
	}
	pending := s.newBrowser(t).logIn("lone@example.com", secretPassword).form("/login/verify").fields.Get("token")
	return map[string]url.Values{
		"/login/verify":                 {"token": {pending}, "code": {codeNow(secret)}, "redirect_uri": {appURL}},
		"/profile/devices/" + device.ID: {"code": {codeNow(device.Secret())}},
		"/login":                        {"email": {"ada"}, "password": {secretPassword}, "redirect_uri": {appURL}},
		"/signup":                       {"email": {"new@example.com"}, "password": {"compilers"}},
		"/signup/accept":                {"invitation": {invitation}},
		"/signup/request":               {"email": {"new@example.com"}},
		"/accounts":                     {"choose": {s.widgets.ID}},
		"/accounts/" + s.engines.ID:     {"action": {"rename"}, "org_name": {"Taken over"}},
		"/profile":                      {"action": {"names"}, "first_name": {"Eve"}},
		"/password/forgot":              {"email": {"alan"}},
		"/password/reset":               {"token": {reset}, "password": {"taken over"}, "password_confirmation": {"taken over"}},
		"/email/verify":                 {"token": {tokenIn(t, s.lastMail(t).Link)}},
		"/return":                       {"redirect_uri": {appURL}},
	}
}

func TestForgedForms(t *testing.T) {
	t.Parallel()
	type source func(s *site, b *browser) string
	fixed := func(csrf string) source { return func(*site, *browser) string { return csrf } }
	own := func(_ *site, b *browser) string { return b.csrf() }
	for _, row := range []struct {
		name          string
		csrf          source // the source of the field; nil means no field
		inQuery       bool
		but           string // a path that is an exception
		header, value string
	}{
		{name: "without the field"},
		{name: "with an empty field", csrf: fixed("")},
		{name: "with a made-up field", csrf: fixed(strings.Repeat("A", 43))},
		{name: "with the field in the query", csrf: own, inQuery: true},
		// A second tab may log in with a form that it got before the first tab did.
		{name: "with the field of before the login", csrf: func(s *site, b *browser) string { return s.newBrowser(b.t).csrf() }, but: "/login"},
		{name: "with the field of another user", csrf: func(s *site, b *browser) string { return s.signedIn(b.t, s.alan).csrf() }},
		{name: "with the session ID as the field", csrf: func(_ *site, b *browser) string { return b.sessionID() }},
		{name: "of another site, by its Origin", csrf: own, header: "Origin", value: "https://evil.example"},
		{name: "of another port", csrf: own, header: "Origin", value: "http://127.0.0.1:1"},
		{name: "of a sandbox", csrf: own, header: "Origin", value: "null"},
		{name: "of another site, by Sec-Fetch-Site", csrf: own, header: "Sec-Fetch-Site", value: "cross-site"},
		{name: "of another host of the site", csrf: own, header: "Sec-Fetch-Site", value: "same-site"},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			for path, form := range s.actions(t) {
				if row.but != "" && strings.HasPrefix(path, row.but) {
					continue
				}
				b := s.signedIn(t, s.ada)
				session := b.sessionID()
				query := url.Values{}
				if row.inQuery {
					query.Set("csrf", row.csrf(s, b))
				} else if row.csrf != nil {
					form.Set("csrf", row.csrf(s, b))
				}
				r := b.formRequest(path, form)
				r.URL.RawQuery = query.Encode()
				if row.header != "" {
					r.Header.Set(row.header, row.value)
				}
				before := s.state()
				p := b.send(r)
				if p.status != 403 || p.location != "" {
					t.Errorf("%s: got status %d to %q", path, p.status, p.location)
				}
				if s.state() != before || b.sessionID() != session {
					t.Errorf("%s: something is changed", path)
				}
			}
		})
	}
	t.Run("the same forms as they should be do something", func(t *testing.T) {
		t.Parallel()
		for i := range len(newSite(t).actions(t)) {
			s := newSite(t)
			actions := s.actions(t)
			path := slices.Sorted(maps.Keys(actions))[i]
			form := actions[path]
			b := s.signedIn(t, s.ada)
			before, session, org := s.state(), b.sessionID(), s.orgOf(t, b.get(loginPath(appURL)).token())
			form.Set("csrf", b.csrf())
			p := b.send(b.formRequest(path, form))
			if p.status >= 400 {
				t.Errorf("%s: got status %d: %s", path, p.status, p.text)
			}
			if s.state() == before && b.sessionID() == session && s.orgOf(t, b.get(loginPath(appURL)).token()) == org && path != "/return" {
				t.Errorf("%s: nothing is changed, so that this test shows nothing", path)
			}
		}
	})
}

func TestFormsOfAnotherSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.newBrowser(t)
	before := b.csrf()
	b.logIn("ada", secretPassword).token()
	ofAda := b.csrf()
	b.logIn("alan", secretPassword).token()
	for name, csrf := range map[string]string{"before the login": before, "of the session before": ofAda} {
		b.send(b.formRequest("/profile", url.Values{"action": {"names"}, "first_name": {"Eve"}, "csrf": {csrf}})).wants(403, "too old")
		b.send(b.formRequest("/password/forgot", url.Values{"email": {"ada"}, "csrf": {csrf}})).wants(403, "too old")
		if user, _ := s.realm.User(s.alan.ID); user.FirstName != "Alan" {
			t.Errorf("%s: it is taken", name)
		}
	}
	b.send(b.formRequest("/profile", url.Values{"action": {"names"}, "first_name": {"A. M."}, "csrf": {b.csrf()}})).leadsTo("/profile?done=names")

	// A second tab may log in with a form that it got before the first tab did.
	login := url.Values{"email": {"ada"}, "password": {secretPassword}, "redirect_uri": {appURL}}
	login.Set("csrf", ofAda)
	b.send(b.formRequest("/login", login)).wants(403, "too old")
	login.Set("csrf", before)
	b.send(b.formRequest("/login", login)).token()
}

func TestForgedSessionCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := newSite(t)
	foreign := other.signedIn(t, other.ada).sessionID()
	ended := s.signedIn(t, s.ada).sessionID()
	s.realm.EndSession(ended, authrockettest.EndedByLogout)
	for _, value := range []string{"", "x", "kss_", "kss_none", s.ada.ID, foreign, ended, strings.Repeat("k", 4000)} {
		b := s.newBrowser(t)
		b.setCookie("loginrocket_session", value)
		for _, path := range []string{"/profile", "/accounts", "/accounts/" + s.engines.ID} {
			p := b.get(path)
			if u, err := url.Parse(p.location); err != nil || p.status != 302 || u.Path != "/login" {
				t.Errorf("%s with the session %.20q: got status %d to %q", path, value, p.status, p.location)
			}
		}
		b.get(loginPath(appURL)).wants(200, "Log in")
		b.post("/return", "redirect_uri", appURL).leadsTo(loginPath(appURL))
		b.logIn("ada", secretPassword).token()
	}
}

func TestWrongHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := strings.TrimPrefix(s.origin, "http://")
	_, port, _ := strings.Cut(own, ":")
	for _, row := range []struct {
		host   string
		status int
	}{
		{host: own, status: 200},
		{host: "localhost:" + port, status: 200},
		{host: "LOCALHOST", status: 200},
		{host: "login.localhost", status: 200},
		{host: "[::1]:" + port, status: 200},
		{host: "evil.example", status: 421},
		{host: "evil.example:" + port, status: 421},
		{host: own + ".evil.example", status: 421},
		{host: "localhost.evil.example", status: 421},
		{host: "evillocalhost", status: 421},
		{host: ".localhost", status: 421},
		{host: "localhost@evil.example", status: 421},
		{host: "evil.example@localhost", status: 421},
		{host: "127.0.0.1.evil.example", status: 421},
		{host: "0.0.0.0:" + port, status: 421},
		{host: "192.0.2.1", status: 421},
		{host: "localhost/", status: 421},
		{host: "", status: 421},
	} {
		for _, path := range []string{"/login", "/outbox", "/healthz"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = row.host
			w := httptest.NewRecorder()
			s.server.ServeHTTP(w, r)
			if w.Code != row.status || row.status == 421 && len(w.Header().Values("Set-Cookie")) > 0 {
				t.Errorf("%s at %q: got status %d, want %d", path, row.host, w.Code, row.status)
			}
		}
		// Keys are public, and an app in a container reaches this server under
		// another name.
		r := httptest.NewRequest(http.MethodGet, "/connect/jwks", nil)
		r.Host = row.host
		w := httptest.NewRecorder()
		if s.server.ServeHTTP(w, r); w.Code != 200 {
			t.Errorf("the key set at %q: got status %d, want 200", row.host, w.Code)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	large := strings.Repeat("x", 65<<10)
	for path, form := range s.actions(t) {
		b := s.signedIn(t, s.ada)
		form.Set("csrf", b.csrf())
		session, before := b.sessionID(), s.state()
		for _, row := range []struct {
			name, contentType, body string
			chunked                 bool
			status                  int
		}{
			{name: "too large", contentType: "application/x-www-form-urlencoded", body: form.Encode() + "&more=" + large, status: 413},
			{name: "too large, of unknown length", contentType: "application/x-www-form-urlencoded", body: form.Encode() + "&more=" + large, chunked: true, status: 413},
			{name: "a bad escape", contentType: "application/x-www-form-urlencoded", body: form.Encode() + "&a=%zz", status: 400},
			{name: "a semicolon", contentType: "application/x-www-form-urlencoded", body: form.Encode() + ";a=b", status: 400},
			{name: "JSON", contentType: "application/json", body: `{"csrf":"` + form.Get("csrf") + `"}`, status: 403},
			{name: "plain text, as another site can send it", contentType: "text/plain", body: form.Encode(), status: 403},
			{name: "multipart", contentType: "multipart/form-data; boundary=x", body: "--x--", status: 403},
			{name: "no media type", contentType: "a/b/c;", body: form.Encode(), status: 400},
			{name: "nothing", contentType: "application/x-www-form-urlencoded", status: 403},
		} {
			r := b.formRequest(path, nil)
			r.Header.Set("Content-Type", row.contentType)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(row.body)), int64(len(row.body))
			if row.chunked {
				r.ContentLength = -1
			}
			if p := b.send(r); p.status != row.status || s.state() != before || b.sessionID() != session {
				t.Errorf("%s: %s: got status %d, want %d, and nothing to be changed", path, row.name, p.status, row.status)
			}
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn(t, s.ada)
	for _, path := range []string{"/nothing", "/login/", "/accounts/", "/accounts/a/b", "/pages/login.html", "/style.css/", "/%00", "/password", "/email/verify/x", "/.env"} {
		b.get(path).wants(404)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "FOO"} {
		for _, path := range []string{"/login", "/logout", "/profile", "/accounts/" + s.engines.ID, "/outbox", "/connect/jwks", "/nothing"} {
			r, err := http.NewRequest(method, b.absolute(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			if p := b.send(r); p.status < 400 || p.status >= 500 {
				t.Errorf("%s %s: got status %d", method, path, p.status)
			}
		}
	}
	if !b.isSignedIn() {
		t.Error("the session has ended")
	}
}

// ownElements and ownAttributes are all elements and attributes that the pages use.
var (
	ownElements = strings.Fields("html head meta link title body p a main h1 h2 div span strong small code wbr br form input label button section ul li select option article")
	ownAttrs    = strings.Fields("lang charset name content rel href class method action value type autocomplete inputmode required autofocus maxlength minlength " +
		"autocapitalize spellcheck role aria-labelledby aria-label aria-current id selected")
)

func (p *page) wantsOwnMarkup(name string) {
	p.browser.t.Helper()
	for _, element := range p.elements {
		if !slices.Contains(ownElements, element) {
			p.browser.t.Errorf("%s: there is an element %q:\n%s", name, element, p.body)
		}
	}
	for _, attr := range p.attrs {
		if !slices.Contains(ownAttrs, attr) {
			p.browser.t.Errorf("%s: there is an attribute %q:\n%s", name, attr, p.body)
		}
	}
}

// A page shows any content of the realm, but uses no other elements and attributes.
func TestInjection(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"element":   `<script>alert(1)</script>`,
		"attribute": `"><img src=x onerror=alert(1)>`,
		"quotes":    `' onfocus='alert(1)' autofocus x="`,
		"title":     `</title><script>alert(1)</script>`,
		"textarea":  `--></style></textarea><svg onload=alert(1)>`,
		"template":  `{{.CSRF}} {{template "hidden" .}}`,
		"entity":    `&lt;script&gt;&#60;b&#62;`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The realm accepts values that the pages would refuse.
			s := newSite(t, multiUser)
			email := strings.ToLower(payload) + "@example.com"
			user := s.realm.AddUser(authrockettest.User{
				Email: email, Username: payload, FirstName: payload, LastName: payload, Password: secretPassword, Locale: payload,
			})
			org := s.realm.AddOrg(authrockettest.Org{Name: payload})
			s.realm.AddMembership(user, org, "ar:owner", payload)
			s.realm.AddMembership(user, s.engines, "ar:admin")
			token := s.invitation(t, "new@example.com", org.ID)
			visitor, b := s.newBrowser(t), s.newBrowser(t)
			b.logIn(email, secretPassword).follow().wants(200)
			visitor.forgot(t, email)
			given := url.QueryEscape(payload)
			flow := "?account=" + given + "&prompt=" + given + "&invitation=" + given + "&next=" + given + "&token=" + given + "&done=" + given + "&session="
			pages := map[string]*page{
				"accounts":               b.get("/accounts?force=1"),
				"own account":            b.get("/accounts/" + org.ID),
				"account":                b.get("/accounts/" + s.engines.ID),
				"account of a member":    s.signedIn(t, s.george).get("/accounts/" + s.engines.ID),
				"profile":                b.get("/profile"),
				"accept":                 b.get("/signup?invitation=" + token),
				"signup":                 visitor.get("/signup?invitation=" + token),
				"outbox":                 visitor.get("/outbox"),
				"flow of login":          visitor.get("/login" + flow),
				"flow of forgot":         visitor.get("/password/forgot" + flow),
				"flow of reset":          visitor.get("/password/reset" + flow),
				"flow of verify":         visitor.get("/email/verify" + flow),
				"flow of profile":        b.get("/profile" + flow),
				"flow of accounts":       b.get("/accounts" + flow + "&force=1"),
				"path":                   visitor.get("/" + url.PathEscape(payload)),
				"id":                     b.get("/accounts/" + url.PathEscape(payload)),
				"redirect_uri":           visitor.get("/login?redirect_uri=" + url.QueryEscape("http://127.0.0.2/"+strings.ReplaceAll(strings.ReplaceAll(payload, " ", "+"), "#", "%23"))),
				"refused login":          visitor.post("/login", "email", payload, "password", payload),
				"refused signup":         visitor.post("/signup", "email", payload, "password", payload, "first_name", payload, "last_name", payload, "org_name", payload),
				"refused reset":          visitor.post("/password/reset", "token", payload, "password", payload),
				"refused names":          b.post("/profile", "action", "names", "first_name", payload, "username", payload, "locale", payload),
				"refused email":          b.post("/profile", "action", "email", "email", payload),
				"refused rename":         b.post("/accounts/"+org.ID, "action", "rename", "org_name", payload+strings.Repeat("x", 100)),
				"refused permissions":    b.post("/accounts/"+org.ID, "action", "permissions", "membership", s.membership(t, user, org).ID, "permissions", payload),
				"refused invitation":     b.post("/accounts/"+org.ID, "action", "invite", "email", payload, "permissions", payload),
				"refused account":        b.post("/accounts", "org_name", payload+strings.Repeat("x", 100)),
				"refused unknown action": b.post("/profile", "action", payload),
			}
			silent := []string{"flow of login", "flow of forgot", "flow of reset", "flow of verify", "path", "id", "redirect_uri", "refused reset", "flow of accounts"}
			for name, p := range pages {
				if p.status != 200 && (p.status < 400 || p.status >= 500) {
					t.Errorf("%s: got status %d to %q", name, p.status, p.location)
				}
				p.wantsOwnMarkup(name)
				if strings.Contains(p.body, payload) && strings.ContainsAny(payload, `<>"'`) {
					t.Errorf("%s: it is on the page as it is:\n%s", name, p.body)
				}
				isShown := strings.Contains(p.text, strings.Join(strings.Fields(payload), " ")) || strings.Contains(p.text, strings.Join(strings.Fields(strings.ToLower(payload)), " "))
				if !isShown && !slices.Contains(silent, name) {
					t.Errorf("%s: it is not to be read: %s", name, p.text)
				}
				for _, link := range p.links {
					if u, err := url.Parse(link); err != nil || u.Scheme != "" && !strings.HasPrefix(link, s.origin+"/") {
						t.Errorf("%s: there is a link to %q", name, link)
					}
				}
			}
		})
	}
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn(t, s.ada)
	pages := map[string]*page{
		"a refusal":              b.get("/nothing"),
		"a form that is refused": b.send(b.formRequest("/profile", nil)),
		"a foreign form":         nil,
		"a return":               b.get(loginPath(appURL)),
		"a wrong redirect_uri":   b.get(loginPath("https://evil.example/")),
	}
	r := b.formRequest("/profile", nil)
	r.Header.Set("Origin", "https://evil.example")
	pages["a foreign form"] = b.send(r)
	for _, path := range []string{"/", "/login?prompt=login", "/signup", "/accounts?force=1", "/accounts/" + s.engines.ID, "/profile", "/password/forgot", "/password/reset?token=x", "/email/verify?token=x", "/outbox", "/style.css", "/healthz"} {
		pages[path] = b.get(path)
	}
	pages["/logout"] = b.get("/logout")
	for name, p := range pages {
		for header, want := range map[string]string{
			"Cache-Control":          "no-store",
			"X-Frame-Options":        "DENY",
			"Referrer-Policy":        "same-origin",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := p.header.Values(header); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %s %q, want %q", name, header, got, want)
			}
		}
		csp := p.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q is not in the policy %q", name, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: got the policy %q", name, csp)
		}
		if len(p.elements) > 0 && (p.header.Get("Content-Type") != "text/html; charset=utf-8" || !slices.Contains(p.elements, "h1") || !slices.Contains(p.attrs, "lang")) {
			t.Errorf("%s: it is no whole page of %q", name, p.header.Get("Content-Type"))
		}
	}
	if p := pages["/healthz"]; p.status != 200 || p.body != "ok\n" {
		t.Errorf("the health check answers %d %q", p.status, p.body)
	}
	if p := pages["/style.css"]; p.status != 200 || p.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style is %d %q", p.status, p.header.Get("Content-Type"))
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		origin, prefix string
		secure         bool
	}{
		{origin: "http://127.0.0.1:8081"},
		{origin: "https://login.example", prefix: "__Host-", secure: true},
	} {
		t.Run(row.origin, func(t *testing.T) {
			t.Parallel()
			s := newSiteAt(t, row.origin, func(c *siteConfig) { c.LoginURLs = []string{appURL} })
			b := s.newBrowser(t).inMemory()
			shown := b.get("/login")
			entered := shown.submit("/login", "email", "ada", "password", secretPassword)
			entered.token()
			left := b.get("/logout")
			names := map[string]bool{}
			for _, c := range slices.Concat(shown.cookies, entered.cookies, left.cookies) {
				names[c.Name] = true
				if !c.HttpOnly || c.Secure != row.secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
					t.Errorf("got %s", c)
				}
			}
			if len(names) != 1 || !names[row.prefix+"loginrocket_session"] {
				t.Errorf("got the cookies %v", names)
			}
			if got := left.cookies; len(got) != 1 || got[0].MaxAge >= 0 || got[0].Value != "" {
				t.Errorf("the logout leaves %v", got)
			}
			if row.secure {
				b.logIn("ada", secretPassword).token()
				plain := b.cookies()
				other := s.newBrowser(t).inMemory()
				for _, c := range plain {
					other.setCookie(strings.TrimPrefix(c.Name, "__Host-"), c.Value)
				}
				other.get("/profile").leadsTo("/login?next=%2Fprofile")
			}
		})
	}
}

// People copy and print pages and take screenshots of them, so a page must not
// contain credentials.
func TestSecretsAreOnNoPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, multiUser)
	b := s.newBrowser(t)
	p := b.logIn("ada", secretPassword)
	p = p.follow().submit("/accounts", "choose", s.engines.ID)
	token, session := p.token(), b.sessionID()
	for _, path := range []string{
		"/login?prompt=login", "/signup", s.invite(t, "new@example.com", s.foreign),
		"/accounts?force=1", "/accounts/" + s.engines.ID, "/profile", "/profile?session=" + session, "/profile?token=" + token,
		"/password/forgot", "/password/reset?token=x", "/email/verify?token=x", "/outbox", "/nothing", "/login?redirect_uri=https://evil.example/" + token,
	} {
		p := b.get(path)
		for name, secret := range map[string]string{"the session ID": session, "a login token": token, "a session ID": "kss_", "a JWT": "eyJ", "a password": secretPassword} {
			if strings.Contains(p.body, secret) && p.location == "" {
				t.Errorf("%s is at %s:\n%s", name, path, p.body)
			}
		}
	}
	for _, p := range []*page{
		b.post("/profile", "action", "password", "current_password", secretPassword, "password", "new-secret", "password_confirmation", "other-secret"),
		b.post("/login", "email", "ada", "password", "wrong-secret"),
		b.post("/signup", "email", "x", "password", "new-secret"),
		b.post("/password/reset", "token", "tpw:x", "password", "new-secret", "password_confirmation", "other-secret"),
	} {
		if strings.Contains(p.body, "-secret") || strings.Contains(p.body, secretPassword) {
			t.Errorf("a password comes back:\n%s", p.body)
		}
	}
}
