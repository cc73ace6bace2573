package authrockettest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const appURL = "https://example.com/back?x=1"

func form(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}, "redirect_uri": {appURL}}
}

// logIn returns the cookies of a browser in which the user has logged in.
func logIn(t *testing.T, realm *authrockettest.Realm) []*http.Cookie {
	t.Helper()
	w := post(realm, "/login", form("ada@example.com", "engine"))
	if w.Code != http.StatusFound {
		t.Fatalf("the login answers %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()
}

func loginTarget(redirectURI string) string {
	return "/login?redirect_uri=" + url.QueryEscape(redirectURI)
}

func isForm(w *httptest.ResponseRecorder) bool {
	return strings.Contains(w.Body.String(), `name="password"`)
}

func TestLoginForm(t *testing.T) {
	t.Parallel()
	realm, _ := withAda(t)
	realm.AddUser(authrockettest.User{Email: "nopassword@example.com"})
	activateTOTP(t, realm)
	device, err := realm.CreateTOTP(realm.AddUser(authrockettest.User{Email: "device@example.com", Password: "engine"}).ID, "phone")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := realm.VerifyTOTP(device.ID, authrockettest.TOTP(device.Secret(), time.Now())); err != nil || !ok {
		t.Fatal("the device is not active")
	}
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
	}{
		{name: "the right password", form: form("ada@example.com", "engine"), status: 302},
		{name: "an email in other case and with spaces", form: form(" ADA@example.COM ", "engine"), status: 302},
		{name: "a wrong password", form: form("ada@example.com", "Engine"), status: 422},
		{name: "no password", form: form("ada@example.com", ""), status: 422},
		{name: "an unknown user", form: form("eve@example.com", "engine"), status: 422},
		{name: "a user without a password, and none given", form: form("nopassword@example.com", ""), status: 422},
		{name: "a user whose login needs a code too", form: form("device@example.com", "engine"), status: 422},
		{name: "nothing", form: url.Values{}, status: 422},
		{name: "a redirect_uri of elsewhere", form: url.Values{"email": {"ada@example.com"}, "password": {"engine"}, "redirect_uri": {"https://evil.example/"}}, status: 400},
		{name: "a body that is too large", form: form("ada@example.com", strings.Repeat("x", 65<<10)), status: 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := post(realm, "/login", row.form)
			if w.Code != row.status {
				t.Fatalf("got status %d, want %d\n%s", w.Code, row.status, w.Body)
			}
			if row.status == 302 {
				target, query := location(t, w)
				if target != "https://example.com/back" || query.Get("x") != "1" || len(query["token"]) != 1 {
					t.Errorf("it leads to %s with %v", target, query)
				}
				return
			}
			if got := w.Header().Values("Set-Cookie"); len(got) > 0 || strings.Contains(w.Header().Get("Location"), "token") {
				t.Errorf("a refused login leaves cookies %q", got)
			}
			if row.status == 422 && (!isForm(w) || !strings.Contains(w.Body.String(), "Login failed")) {
				t.Errorf("the form is not shown again, with what was wrong:\n%s", w.Body)
			}
		})
	}
}

func TestLoginFormIsSafe(t *testing.T) {
	t.Parallel()
	realm, _ := withAda(t)

	t.Run("what a person entered is no HTML", func(t *testing.T) {
		t.Parallel()
		w := post(realm, "/login", form(`"><script>alert(1)</script>`, "x"))
		if body := w.Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("the email is not escaped:\n%s", body)
		}
	})
	t.Run("what a link brought along is no HTML", func(t *testing.T) {
		t.Parallel()
		w := get(realm, loginTarget(`https://example.com/"><script>`)+"&account="+url.QueryEscape(`"><script>`))
		if body := w.Body.String(); !isForm(w) || strings.Contains(body, "<script>") {
			t.Errorf("got\n%s", body)
		}
	})
	t.Run("another site cannot send it", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form("ada@example.com", "engine").Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(name, value)
			if w := serve(realm, r, nil); w.Code != 403 || len(w.Header().Values("Set-Cookie")) > 0 {
				t.Errorf("%s: got %d, want 403", name, w.Code)
			}
		}
	})
	t.Run("it is in no frame and no cache", func(t *testing.T) {
		t.Parallel()
		h := get(realm, "/login").Header()
		if h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("got %v", h)
		}
	})
	t.Run("its cookie is out of reach of scripts and other sites", func(t *testing.T) {
		t.Parallel()
		for _, c := range logIn(t, realm) {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.Path != "/" {
				t.Errorf("got %s", c)
			}
		}
	})
	t.Run("another method is refused", func(t *testing.T) {
		t.Parallel()
		if w := serve(realm, httptest.NewRequest(http.MethodPut, "/login", nil), nil); w.Code != 405 {
			t.Errorf("got %d, want 405", w.Code)
		}
	})
}

func TestHostedSession(t *testing.T) {
	t.Parallel()

	inRealm(t, "a browser that is signed in gets no form", func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
		_, query := location(t, get(realm, loginTarget(appURL), logIn(t, realm)...))
		claims := part(t, query.Get("token"), 1)
		if claims["sub"] != ada.ID {
			t.Errorf("got a token of %v, want %s", claims["sub"], ada.ID)
		}
		wantReason(t, newAuth(t, realm.Config()), query.Get("token"), "")
	})
	inRealm(t, "the tokens of one sign-in share its session ID", func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
		w := post(realm, "/login", form("ada@example.com", "engine"))
		a, b := claimsOf(t, w)["sid"], claimsOf(t, get(realm, loginTarget(appURL), w.Result().Cookies()...))["sid"]
		if a != b || a == nil {
			t.Errorf("got sid %v and %v, want one", a, b)
		}
	})
	inRealm(t, "prompt=login shows the form all the same, and ends nothing", func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
		cookies := logIn(t, realm)
		if w := get(realm, loginTarget(appURL)+"&prompt=login", cookies...); w.Code != 200 || !isForm(w) {
			t.Errorf("got %d\n%s", w.Code, w.Body)
		}
		if w := get(realm, loginTarget(appURL), cookies...); w.Code != 302 {
			t.Errorf("got %d, want to be signed in still", w.Code)
		}
	})
	inRealm(t, "a cookie that is no session is nobody's", func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
		c := *logIn(t, realm)[0]
		c.Value = "kss_madeup"
		if w := get(realm, loginTarget(appURL), &c); !isForm(w) {
			t.Errorf("got %d\n%s", w.Code, w.Body)
		}
	})
	inRealm(t, "one realm's session is not another's", func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
		other, _ := withAda(t)
		if w := get(other, loginTarget(appURL), logIn(t, realm)...); !isForm(w) {
			t.Errorf("got %d\n%s", w.Code, w.Body)
		}
	})
	inRealm(t, "the root leads to the login", func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
		if target, _ := location(t, get(realm, "/")); target != "/login" {
			t.Errorf("got %q, want /login", target)
		}
	})
}

func TestAccount(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
	foreign := realm.AddOrg(authrockettest.Org{Name: "Foreign Ltd"})
	realm.AddMembership(ada, widgets, "read")
	lone := realm.AddUser(authrockettest.User{Email: "lone@example.com", Password: "x"})

	for _, row := range []struct {
		name    string
		login   url.Values
		account string
		want    []string
	}{
		{name: "the first org without a wish", login: form("ada@example.com", "engine"), want: []string{"Analytical Engines"}},
		{name: "the org that is wished for", login: form("ada@example.com", "engine"), account: widgets.ID, want: []string{"Widgets Inc"}},
		{name: "the first instead of one of others", login: form("ada@example.com", "engine"), account: foreign.ID, want: []string{"Analytical Engines"}},
		{name: "no org for who has none", login: form(lone.Email, "x"), account: widgets.ID},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			// Each row has its own session, because a session remembers the picked
			// org.
			cookies := post(realm, "/login", row.login).Result().Cookies()
			var got []string
			orgs, _ := claimsOf(t, get(realm, loginTarget(appURL)+"&account="+row.account, cookies...))["orgs"].([]any)
			for _, o := range orgs {
				org := o.(map[string]any)
				if org["selected"] != true {
					t.Errorf("%v is not selected", org)
				}
				got = append(got, org["name"].(string))
			}
			if strings.Join(got, ",") != strings.Join(row.want, ",") {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	t.Run("the form keeps the wish", func(t *testing.T) {
		t.Parallel()
		values := form("ada@example.com", "engine")
		values.Set("account", widgets.ID)
		if got := asJSON(claimsOf(t, post(realm, "/login", values))["orgs"]); !strings.Contains(got, "Widgets Inc") {
			t.Errorf("got %s, want Widgets Inc", got)
		}
		if w := get(realm, loginTarget(appURL)+"&account="+widgets.ID); !strings.Contains(w.Body.String(), `name="account" value="`+widgets.ID+`"`) {
			t.Errorf("the form has no account:\n%s", w.Body)
		}
	})
}

func TestLogout(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		target string
		cookie bool
		leads  string
		ended  bool
	}{
		{name: "ends the browser's session", target: "/logout?redirect_uri=" + url.QueryEscape("https://example.com/bye"), cookie: true, leads: "https://example.com/bye", ended: true},
		{name: "without a redirect_uri leads to the login", target: "/logout", cookie: true, leads: "/login", ended: true},
		{name: "with a redirect_uri of elsewhere too", target: "/logout?redirect_uri=https://evil.example/", cookie: true, leads: "/login", ended: true},
		{name: "ends the session that it names", target: "/logout?session=SID", leads: "/login", ended: true},
		{name: "ends nothing when nobody is named", target: "/logout?session=kss_other", leads: "/login"},
	} {
		inRealm(t, row.name, func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
			w := post(realm, "/login", form("ada@example.com", "engine"))
			cookies, sid := w.Result().Cookies(), claimsOf(t, w)["sid"].(string)
			var sent []*http.Cookie
			if row.cookie {
				sent = cookies
			}
			w = get(realm, strings.Replace(row.target, "SID", sid, 1), sent...)
			if target, _ := location(t, w); target != row.leads {
				t.Errorf("it leads to %s, want %s", target, row.leads)
			}
			if cleared := w.Result().Cookies(); len(cleared) != 1 || cleared[0].Name != cookies[0].Name || cleared[0].MaxAge >= 0 {
				t.Errorf("the cookie is not cleared: %v", cleared)
			}
			if got := isForm(get(realm, loginTarget(appURL), cookies...)); got != row.ended {
				t.Errorf("the next login asks for a password: %t, want %t", got, row.ended)
			}
		})
	}
}

func TestRedirectURI(t *testing.T) {
	t.Parallel()
	app := func(c *authrockettest.RealmConfig) { c.AppURL = "https://app.example.com/shop" }
	listed := func(c *authrockettest.RealmConfig) {
		c.LoginURLs = []string{"https://one.example/manage", "http://two.example:8080/"}
	}
	for _, row := range []struct {
		name    string
		realm   func(*authrockettest.RealmConfig)
		given   string
		allowed string // "" means refused
	}{
		{name: "the default host", given: "https://example.com/any?q=1", allowed: "https://example.com/any?q=1"},
		{name: "none leads to the default", allowed: "https://example.com"},
		{name: "loopback by name", given: "http://localhost:3000/a", allowed: "http://localhost:3000/a"},
		{name: "loopback by a name below it", given: "http://app.localhost/", allowed: "http://app.localhost/"},
		{name: "loopback in capitals", given: "http://LOCALHOST:3000/", allowed: "http://LOCALHOST:3000/"},
		{name: "loopback by address", given: "http://127.0.0.1:8080/", allowed: "http://127.0.0.1:8080/"},
		{name: "loopback by another address", given: "http://127.1.2.3/", allowed: "http://127.1.2.3/"},
		{name: "loopback of IPv6", given: "http://[::1]:8080/", allowed: "http://[::1]:8080/"},
		{name: "another scheme of the default host", given: "http://example.com/"},
		{name: "another port of it", given: "https://example.com:8443/"},
		{name: "another host", given: "https://evil.example/"},
		{name: "a host that ends alike", given: "https://evilexample.com/"},
		{name: "a host that begins alike", given: "https://example.com.evil.example/"},
		{name: "a host that begins like loopback", given: "http://127.0.0.1.evil.example/"},
		{name: "a host that ends like loopback", given: "http://evillocalhost/"},
		{name: "a domain of loopback without a name", given: "http://.localhost/"},
		{name: "loopback with a zone", given: "http://[::1%25eth0]/"},
		{name: "every interface", given: "http://0.0.0.0/"},
		{name: "user info", given: "https://example.com@evil.example/"},
		{name: "user info before the right host", given: "https://evil.example@example.com/"},
		{name: "a backslash", given: `https://example.com\@evil.example/`},
		{name: "a backslash on loopback", given: `http://localhost\.evil.example/`},
		{name: "user info that looks like loopback", given: "http://127.0.0.2:3000@evil.example/"},
		{name: "user info before loopback", given: "http://evil.example@127.0.0.2:3000/"},
		{name: "a backslash before loopback", given: `http://evil.example\@127.0.0.2:3000/`},
		{name: "no scheme", given: "//example.com/"},
		{name: "no scheme, on loopback", given: "//127.0.0.2:3000/"},
		{name: "one slash", given: "https:/example.com/"},
		{name: "no slash", given: "https:example.com/"},
		{name: "a path", given: "/manage"},
		{name: "a script", given: "javascript:alert(1)//example.com"},
		{name: "a script with a host", given: "javascript://localhost/%0aalert(1)"},
		{name: "data", given: "data:text/html,x"},
		{name: "a tab before it", given: "\thttps://example.com/"},
		{name: "a tab in the host", given: "http://127.0.0.2\t.evil.example/"},
		{name: "a tab", given: "https://example.com/\t"},
		{name: "a line break", given: "https://example.com/\r\nX: y"},
		{name: "a space before it", given: " https://example.com/"},
		{name: "a fragment", given: "https://example.com/#a"},
		{name: "an empty fragment, which would swallow the token", given: "http://localhost/#"},
		{name: "no URL", given: "https://["},

		{name: "AppURL without a wish", realm: app, allowed: "https://app.example.com/shop"},
		{name: "below AppURL", realm: app, given: "https://app.example.com/shop/a", allowed: "https://app.example.com/shop/a"},
		{name: "beside AppURL", realm: app, given: "https://app.example.com/shopping"},
		{name: "the default host when there is an AppURL", realm: app, given: "https://example.com/"},

		{name: "the first of the list without a wish", realm: listed, allowed: "https://one.example/manage"},
		{name: "the path itself", realm: listed, given: "https://one.example/manage", allowed: "https://one.example/manage"},
		{name: "the path itself with a query", realm: listed, given: "https://one.example/manage?a=b", allowed: "https://one.example/manage?a=b"},
		{name: "a path below it", realm: listed, given: "https://one.example/manage/x", allowed: "https://one.example/manage/x"},
		{name: "a host in other case", realm: listed, given: "https://ONE.example/manage", allowed: "https://ONE.example/manage"},
		{name: "a path that only begins alike", realm: listed, given: "https://one.example/management"},
		{name: "a path above it", realm: listed, given: "https://one.example/"},
		{name: "out of it by dots", realm: listed, given: "https://one.example/manage/../admin"},
		{name: "out of it by escaped dots", realm: listed, given: "https://one.example/manage/%2e%2E/admin"},
		{name: "into it by dots", realm: listed, given: "https://one.example/admin//../manage"},
		{name: "out of it by dots behind backslashes", realm: listed, given: `https://one.example/manage/x\..\..\admin`},
		{name: "a path with an escaped slash", realm: listed, given: "https://one.example/manage%2f..%2fadmin"},
		{name: "every path of an entry without one", realm: listed, given: "http://two.example:8080/x", allowed: "http://two.example:8080/x"},
		{name: "another scheme of an entry", realm: listed, given: "http://one.example/manage"},
		{name: "another port of an entry", realm: listed, given: "https://one.example:8443/manage"},
		{name: "another port of an entry that has one", realm: listed, given: "http://two.example:8081/"},
		{name: "a host that begins like an entry", realm: listed, given: "https://one.example.evil.example/manage"},
		{name: "loopback is not on the list", realm: listed, given: "http://localhost:3000/"},
	} {
		inRealm(t, row.name, func(t *testing.T, realm *authrockettest.Realm, _ authrockettest.User) {
			values := form("ada@example.com", "engine")
			values.Set("redirect_uri", row.given)
			shown, sent := get(realm, loginTarget(row.given)), post(realm, "/login", values)
			if row.allowed == "" {
				if shown.Code != 400 || sent.Code != 400 || sent.Header().Get("Location") != "" || len(sent.Header().Values("Set-Cookie")) > 0 {
					t.Errorf("got %d and %d to %q, want 400", shown.Code, sent.Code, sent.Header().Get("Location"))
				}
				return
			}
			separator := "?"
			if strings.Contains(row.allowed, "?") {
				separator = "&"
			}
			if got := sent.Header().Get("Location"); shown.Code != 200 || !strings.HasPrefix(got, row.allowed+separator+"token=") {
				t.Errorf("got %d, then %d to %q, want to %q", shown.Code, sent.Code, got, row.allowed)
			}
		}, row.realm)
	}
}

func TestWithToken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, redirectURI, want string }{
		{name: "no query", redirectURI: "https://example.com/back", want: "https://example.com/back?token=a.b%26c"},
		{name: "a query, which stays as it is", redirectURI: "https://example.com/?x=%7e&token=z", want: "https://example.com/?x=%7e&token=z&token=a.b%26c"},
		{name: "an empty query", redirectURI: "https://example.com/?", want: "https://example.com/?&token=a.b%26c"},
	} {
		if got := authrockettest.WithToken(row.redirectURI, "a.b&c"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestRealmOnLoopbackHasNoDefaultRedirectURI(t *testing.T) {
	t.Parallel()
	realm, _ := withAda(t)
	realm.Start()
	if got, ok := realm.RedirectURI(""); ok || got != "" {
		t.Errorf("got %q", got)
	}
	if got, ok := realm.RedirectURI("http://127.0.0.1:8080/"); !ok || got != "http://127.0.0.1:8080/" {
		t.Errorf("got %q, %t", got, ok)
	}
	if w := get(realm, "/login"); w.Code != 400 {
		t.Errorf("got %d, want 400: a token must not go to a host that nobody named", w.Code)
	}
	if w := get(realm, loginTarget("http://127.0.0.1:8080/")); w.Code != 200 {
		t.Errorf("got %d, want the form", w.Code)
	}
}

func TestHostedLoginOfAnApp(t *testing.T) {
	t.Parallel()
	realm, _ := withAda(t)
	auth := newAuth(t, realm.Config())
	app := auth.Authenticate(auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		w.Write([]byte(user.Name))
	})))

	r := httptest.NewRequest(http.MethodGet, "/manage?tab=2", nil)
	r.Header.Set("Accept", "text/html")
	toLogin := serve(app, r, nil)
	hosted, ok := strings.CutPrefix(toLogin.Header().Get("Location"), realm.URL())
	if !ok {
		t.Fatalf("the app leads to %q, want the realm", toLogin.Header().Get("Location"))
	}
	query, _ := url.Parse(hosted)
	values := form("ada@example.com", "engine")
	values.Set("redirect_uri", query.Query().Get("redirect_uri"))
	callback := post(realm, "/login", values).Header().Get("Location")
	r = httptest.NewRequest(http.MethodGet, strings.TrimPrefix(callback, "https://example.com"), nil)
	r.Header.Set("Accept", "text/html")
	back := serve(app, r, toLogin.Result().Cookies())
	if got := back.Header().Get("Location"); back.Code != 303 || got != "/manage?tab=2" {
		t.Fatalf("the callback answers %d to %q", back.Code, got)
	}
	if w := get(app, "/manage?tab=2", back.Result().Cookies()...); w.Code != 200 || w.Body.String() != "Ada Lovelace" {
		t.Errorf("got %d %s, want Ada Lovelace", w.Code, w.Body)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, url, cookie string
		secure            bool
	}{
		{name: "on http has a plain name", url: "http://localhost:8081", cookie: "loginrocket_session"},
		{name: "on https is bound to the host", url: "https://login.example.com", cookie: "__Host-loginrocket_session", secure: true},
	} {
		inRealm(t, row.name, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
			session, err := realm.StartSession(ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			signedIn, signedOut := realm.SessionCookie(session), realm.SessionCookie(authrockettest.HostedSession{})
			if signedIn.MaxAge != 0 || signedIn.Value != session.ID || signedOut.MaxAge >= 0 || signedOut.Value != "" {
				t.Errorf("got %s and %s", signedIn, signedOut)
			}
			for _, c := range []*http.Cookie{signedIn, signedOut} {
				if c.Name != row.cookie || c.Secure != row.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
					t.Errorf("got %s", c)
				}
			}
			if isForm(get(realm, loginTarget("https://example.com"), signedIn)) {
				t.Error("the browser is not signed in")
			}
		}, func(c *authrockettest.RealmConfig) { c.URL = row.url })
	}
}
