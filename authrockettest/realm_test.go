package authrockettest_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestOpenReportsEveryProblem(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		config authrockettest.RealmConfig
		want   []string
	}{
		{name: "nothing", config: authrockettest.RealmConfig{}},
		{name: "all that is possible", config: authrockettest.RealmConfig{URL: "http://localhost:8081", AppURL: "http://127.0.0.1:8080", LoginURLs: []string{"https://a.example/x"}, Settings: authrockettest.Settings{Algorithm: "HS256"}, TokenLifetime: time.Second}},
		{name: "an algorithm", config: authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "ES256"}}, want: []string{`"ES256"`}},
		{name: "a mode of signups", config: authrockettest.RealmConfig{Settings: authrockettest.Settings{Signup: "Open"}}, want: []string{`Signup "Open"`}},
		{name: "a mode of orgs", config: authrockettest.RealmConfig{Settings: authrockettest.Settings{OrgMode: "single"}}, want: []string{`OrgMode "single"`}},
		{name: "a lifetime", config: authrockettest.RealmConfig{TokenLifetime: -time.Second}, want: []string{"-1s"}},
		{name: "a URL without a scheme", config: authrockettest.RealmConfig{URL: "localhost:8081"}, want: []string{`"localhost:8081"`}},
		{name: "a URL without a host", config: authrockettest.RealmConfig{URL: "http://:8081"}, want: []string{`"http://:8081"`}},
		{name: "a URL of another scheme", config: authrockettest.RealmConfig{LoginURLs: []string{"javascript://a.example/"}}, want: []string{`"javascript://a.example/"`}},
		{name: "a URL that is none", config: authrockettest.RealmConfig{AppURL: "http://["}, want: []string{`"http://["`}},
		{name: "a Login URL with a fragment", config: authrockettest.RealmConfig{LoginURLs: []string{"http://localhost:3000/#"}}, want: []string{`"http://localhost:3000/#"`}},
		{name: "a Login URL with an @ in its path", config: authrockettest.RealmConfig{LoginURLs: []string{"http://localhost:3000/@ada"}}},
		{name: "a Login URL with a user", config: authrockettest.RealmConfig{LoginURLs: []string{"http://localhost@evil.example/"}}, want: []string{`"http://localhost@evil.example/"`}},
		{name: "an empty Login URL", config: authrockettest.RealmConfig{LoginURLs: []string{""}}, want: []string{"LoginURLs"}},
		{name: "everything at once", config: authrockettest.RealmConfig{URL: "a", AppURL: "b", LoginURLs: []string{"https://ok.example", "c"}, Settings: authrockettest.Settings{Algorithm: "none"}, TokenLifetime: -1}, want: []string{`"a"`, `"b"`, `"c"`, `"none"`, "-1ns"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			realm, err := authrockettest.Open(row.config)
			if len(row.want) == 0 {
				if err != nil || realm == nil {
					t.Errorf("got %v, %v, want a realm", realm, err)
				}
				return
			}
			if err == nil || realm != nil {
				t.Fatalf("got %v, %v, want an error only", realm, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(row.want) {
				t.Errorf("got %d problems, want %d: %v", len(lines), len(row.want), err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s is not in %q", want, err)
				}
			}
			for _, line := range lines {
				if !strings.HasPrefix(line, "authrockettest: ") {
					t.Errorf("%q does not say who reports it", line)
				}
			}
		})
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name           string
		config         authrockettest.RealmConfig
		loginRocketURL string
		appURL         string
		inMemory       bool
	}{
		{name: "in memory", config: authrockettest.RealmConfig{}, loginRocketURL: "https://loginrocket.example", appURL: "https://example.com", inMemory: true},
		{name: "in memory with an app", config: authrockettest.RealmConfig{AppURL: "https://app.example.com"}, loginRocketURL: "https://loginrocket.example", appURL: "https://app.example.com", inMemory: true},
		{name: "on loopback the app's Host decides", config: authrockettest.RealmConfig{URL: "http://localhost:8081/"}, loginRocketURL: "http://localhost:8081"},
		{name: "elsewhere", config: authrockettest.RealmConfig{URL: "https://login.example.net"}, loginRocketURL: "https://login.example.net", appURL: "https://example.com"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			realm, err := authrockettest.Open(row.config)
			if err != nil {
				t.Fatal(err)
			}
			got := realm.Config()
			if got.LoginRocketURL != row.loginRocketURL || got.LoginRocketURL != realm.URL() || got.AppURL != row.appURL ||
				got.RealmID != realm.ID() || got.JWTKey != "" || (got.HTTPClient != nil) != row.inMemory {
				t.Errorf("got %q %q %q, in memory %t", got.LoginRocketURL, got.AppURL, got.RealmID, got.HTTPClient != nil)
			}
			newColdAuth(t, got)
		})
	}
	t.Run("of HS256 has the secret", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t, hs256)
		if got := realm.Config().JWTKey; got != realm.JWTKey() || !strings.HasPrefix(got, "jsk_") {
			t.Errorf("got %q, want the secret", got)
		}
	})
	t.Run("reaches no other host in memory", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		if resp, err := realm.Config().HTTPClient.Get("https://example.com/connect/jwks"); err == nil {
			resp.Body.Close()
			t.Errorf("got %s, want an error", resp.Status)
		}
	})
}

// Tests often make a request for a handler with http.NewRequest, which leaves Host
// empty if the target is a path.
func TestSignInWithoutHost(t *testing.T) {
	t.Parallel()
	const own = "own.example"
	for _, row := range []struct {
		name      string
		configure func(*authrockettest.RealmConfig)
		start     bool
		target    string
		host      string
	}{
		{name: "the default AppURL", target: "/", host: "example.com"},
		{name: "another AppURL", configure: func(c *authrockettest.RealmConfig) { c.AppURL = "https://shop.example:8443/app" }, target: "/", host: "shop.example:8443"},
		{name: "an AppURL on http", configure: func(c *authrockettest.RealmConfig) {
			c.URL, c.AppURL = "http://localhost:8081", "http://localhost:8080"
		}, target: "/", host: "localhost:8080"},
		{name: "no AppURL, since the realm is on loopback", start: true, target: "/", host: "localhost"},
		{name: "a host that is there stays", target: "https://" + own + "/", host: own},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			inRealm(t, row.name+" "+method, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
				if row.start {
					realm.Start()
				}
				config := realm.Config()
				config.JWTKey = realm.JWTKey()
				auth := newColdAuth(t, config)
				r, err := http.NewRequest(method, row.target, nil)
				if err != nil {
					t.Fatal(err)
				}
				realm.SignIn(r, ada)
				if w := serve(auth.RequireLogin(http.NotFoundHandler()), r, nil); w.Code != 404 || r.Host != row.host {
					t.Errorf("got %d %s\nwith Host %q, want the handler's own 404, and Host %q", w.Code, w.Body, r.Host, row.host)
				}
			}, row.configure)
		}
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	const onHTTP = "http://localhost:8080"
	for _, row := range []struct {
		name, cookieName, appURL string
		changedTo                string // the AppURL of an app that changes Realm.Config's
	}{
		{name: "the default on https"},
		{name: "the default on http", appURL: onHTTP},
		{name: "the default of an app that moves to http", changedTo: onHTTP},
		{name: "another one on https", cookieName: "shop"},
		{name: "another one on http", cookieName: "shop", appURL: onHTTP},
		{name: "another one with the prefix", cookieName: "__Host-shop"},
		{name: "the default name without the prefix on https", cookieName: "arToken"},
	} {
		inRealm(t, row.name, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
			george := realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
			config := realm.Config()
			if config.CookieName != row.cookieName {
				t.Errorf("got CookieName %q, want %q", config.CookieName, row.cookieName)
			}
			config.AppURL = cmp.Or(row.changedTo, config.AppURL)
			app := newAuth(t, config).Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, _ := authrocket.CurrentUser(r.Context())
				io.WriteString(w, user.Name)
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
			wants := func(name string) {
				t.Helper()
				if w := serve(app, r, nil); w.Code != 200 || w.Body.String() != name {
					t.Errorf("got %d %s, want %q", w.Code, w.Body, name)
				}
			}
			realm.SignIn(r, ada)
			wants("Ada Lovelace")
			realm.SignIn(r, george)
			wants("George")
			realm.SignIn(r, ada, authrockettest.ExpiresIn(-time.Hour))
			wants("")
			if c, err := r.Cookie("theme"); err != nil || c.Value != "dark" {
				t.Errorf("the app's own cookie is gone: %v", err)
			}
		}, func(c *authrockettest.RealmConfig) { c.CookieName, c.AppURL = row.cookieName, row.appURL })
	}
	inRealm(t, "only the app's own name is used", func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "arToken", Value: "another app's"})
		realm.SignIn(r, ada)
		if got := r.Cookies(); len(got) != 2 || got[0].Value != "another app's" || got[1].Name != "shop" {
			t.Errorf("got %d cookies, want the other app's as it was, and shop", len(got))
		}
	}, func(c *authrockettest.RealmConfig) { c.CookieName = "shop" })
}

func TestRequests(t *testing.T) {
	t.Parallel()
	realm, _ := withAda(t)
	get(realm, "/connect/jwks")
	get(realm, "/login?a=b")
	post(realm, "/login", form("ada@example.com", "engine"))
	for range 3 {
		get(realm, "/logout")
	}
	get(realm, "/nothing")
	for path, want := range map[string]int{"/connect/jwks": 1, "/login": 2, "/logout": 3, "/nothing": 0, "/": 0} {
		if got := realm.Requests(path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	url := realm.Start()
	host, _, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil || host != "localhost" || realm.URL() != url || realm.Start() != url {
		t.Errorf("got %q, then %q and %q, want one URL of localhost", url, realm.URL(), realm.Start())
	}
	config := realm.Config()
	if config.HTTPClient != nil || config.LoginRocketURL != url {
		t.Errorf("the app does not ask at %s", url)
	}
	auth := newAuth(t, config)
	wantReason(t, auth, realm.Token(ada), "")
	if got := realm.Requests("/connect/jwks"); got != 1 {
		t.Errorf("got %d requests for keys, want 1", got)
	}
	realm.Close()
	realm.Close()
	// Another test may have got the port by now.
	auth.Warm(t.Context())
	if got := realm.Requests("/connect/jwks"); got != 1 {
		t.Errorf("after Close: got %d requests for keys, want 1", got)
	}
}

func TestCloseWithoutStart(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	realm.Close()
	wantReason(t, newAuth(t, realm.Config()), realm.Token(ada), "")
}

func TestNewRealmClosesWithTheTest(t *testing.T) {
	t.Parallel()
	var realm *authrockettest.Realm
	t.Run("inner", func(t *testing.T) {
		realm = authrockettest.NewRealm(t)
		realm.Start()
	})
	// Another test may have got the port by now.
	if resp, err := http.Get(realm.URL() + "/login"); err == nil {
		resp.Body.Close()
	}
	if got := realm.Requests("/login"); got != 0 {
		t.Errorf("got %d requests after the test", got)
	}
}

// A bubble ends only after all its goroutines have ended. So this also shows that the
// realm leaves no goroutine running.
func TestInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		auth := newAuth(t, realm.Config())
		token := realm.Token(ada)
		wantReason(t, auth, token, "")
		time.Sleep(24*time.Hour + 5*time.Second)
		wantReason(t, auth, token, "")
		time.Sleep(time.Second)
		wantReason(t, auth, token, "token_expired")
		realm.Break(authrockettest.Hang())
		time.Sleep(24 * time.Hour)
		start := time.Now()
		if got := verify(t, auth, realm.Token(ada)); got != "keys_unavailable" || time.Since(start) != 2*time.Second {
			t.Errorf("got %q after %s, want keys_unavailable after 2 s", got, time.Since(start))
		}
		realm.Repair()
		time.Sleep(time.Minute)
		wantReason(t, auth, realm.Token(ada), "")
	})
}

// The race detector checks this test.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	auth := newAuth(t, realm.Config())
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			user := realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user%d@example.com", i), Password: "x"})
			realm.AddMembership(user, realm.AddOrg(authrockettest.Org{Name: "Org"}))
			verify(t, auth, realm.Token(ada))
			realm.Break(authrockettest.Status(500))
			get(realm, "/connect/jwks")
			realm.Repair()
			get(realm, "/logout", post(realm, "/login", form(user.Email, "x")).Result().Cookies()...)
			realm.Session(user)
			if i == 0 {
				realm.WithdrawKey(realm.RotateKeys())
			}
			realm.Requests("/login")
			realm.JWTKey()
			realm.Config()
		})
	}
	group.Wait()
	if got := realm.Requests("/login"); got != 8 {
		t.Errorf("got %d logins, want 8", got)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		configure func(*authrockettest.RealmConfig)
		do        func(*authrockettest.Realm)
		want      string
	}{
		{name: "a user without an email", do: func(r *authrockettest.Realm) { r.AddUser(authrockettest.User{Name: "Ada"}) }, want: "a user needs an Email"},
		{name: "two users with one email", do: func(r *authrockettest.Realm) {
			r.AddUser(authrockettest.User{Email: "ada@example.com"})
			r.AddUser(authrockettest.User{Email: "ADA@example.com"})
		}, want: `another user has this email address: "ada@example.com"`},
		{name: "two users with one ID", do: func(r *authrockettest.Realm) {
			r.AddUser(authrockettest.User{ID: "usr_1", Email: "ada@example.com"})
			r.AddUser(authrockettest.User{ID: "usr_1", Email: "george@example.com"})
		}, want: `another record has this ID: "usr_1"`},
		{name: "two orgs with one ID", do: func(r *authrockettest.Realm) {
			r.AddOrg(authrockettest.Org{ID: "org_1"})
			r.AddOrg(authrockettest.Org{ID: "org_1"})
		}, want: `another record has this ID: "org_1"`},
		{name: "a membership of a user that was not added", do: func(r *authrockettest.Realm) {
			r.AddMembership(authrockettest.User{Email: "ada@example.com"}, r.AddOrg(authrockettest.Org{}))
		}, want: `AddMembership: there is no such record: user ""`},
		{name: "a membership in an org that was not added", do: func(r *authrockettest.Realm) {
			r.AddMembership(r.AddUser(authrockettest.User{Email: "ada@example.com"}), authrockettest.Org{Name: "Widgets"})
		}, want: `AddMembership: there is no such record: org ""`},
		{name: "a token of a user that was not added", do: func(r *authrockettest.Realm) { r.Token(authrockettest.User{Email: "ada@example.com"}) }, want: "the user of a token has no ID"},
		{name: "a session of a user that was not added", do: func(r *authrockettest.Realm) { r.Session(authrockettest.User{}) }, want: "the user of a token has no ID"},
		{name: "a key that never was", do: func(r *authrockettest.Realm) {
			r.Token(r.AddUser(authrockettest.User{Email: "ada@example.com"}), authrockettest.SignedBy("jky_none"))
		}, want: `there is no key "jky_none"`},
		{name: "a claim that has no JSON", do: func(r *authrockettest.Realm) {
			r.Token(r.AddUser(authrockettest.User{Email: "ada@example.com"}), authrockettest.Claim("f", func() {}))
		}, want: "cannot be encoded as JSON"},
		{name: "a session of an expired token", do: func(r *authrockettest.Realm) {
			r.Session(r.AddUser(authrockettest.User{Email: "ada@example.com"}), authrockettest.ExpiresIn(-time.Hour))
		}, want: "the token of the session is invalid"},
		{name: "a sign-in of a user that was not added", do: func(r *authrockettest.Realm) {
			r.SignIn(httptest.NewRequest(http.MethodGet, "/", nil), authrockettest.User{})
		}, want: "the user of a token has no ID"},
		{name: "a session's token that has no JSON", do: func(r *authrockettest.Realm) {
			session, _ := r.StartSession(r.AddUser(authrockettest.User{Email: "ada@example.com"}).ID)
			r.SessionToken(session.ID, authrockettest.Header("x", func() {}))
		}, want: "cannot be encoded as JSON"},
		{name: "a key of HS256 that is rotated", configure: hs256, do: func(r *authrockettest.Realm) { r.RotateKeys() }, want: "an HS256 realm publishes no keys"},
		{name: "a key of HS256 that is replaced", configure: hs256, do: func(r *authrockettest.Realm) { r.ReplaceKey("x") }, want: "an HS256 realm publishes no keys"},
		{name: "keys of HS256 that are rotated again and again", configure: hs256, do: func(r *authrockettest.Realm) {
			r.RotateKeysEvery(context.Background(), time.Second, 0)
		}, want: "an HS256 realm publishes no keys"},
		{name: "keys that are rotated all the time", do: func(r *authrockettest.Realm) {
			r.RotateKeysEvery(context.Background(), 0, 0)
		}, want: "cannot rotate keys every 0s"},
		{name: "keys that are rotated before they were", do: func(r *authrockettest.Realm) {
			r.RotateKeysEvery(context.Background(), -time.Minute, 0)
		}, want: "cannot rotate keys every -1m0s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var config authrockettest.RealmConfig
			if row.configure != nil {
				row.configure(&config)
			}
			failed := failure(t, func(tb testing.TB) {
				row.do(authrockettest.NewRealm(tb, func(c *authrockettest.RealmConfig) { *c = config }))
			})
			failed.wants(row.want, row.do)

			realm, err := authrockettest.Open(config)
			if err != nil {
				t.Fatal(err)
			}
			if got := panicOf(func() { row.do(realm) }); !strings.HasPrefix(got, "authrockettest: ") || !strings.Contains(got, row.want) {
				t.Errorf("a program panics with %q, want %q", got, row.want)
			}
			realm.WithdrawKey("x") // works only if no lock is still held
		})
	}

	t.Run("a RealmConfig that is wrong", func(t *testing.T) {
		t.Parallel()
		do := func(tb testing.TB) {
			authrockettest.NewRealm(tb, func(c *authrockettest.RealmConfig) { c.Algorithm = "none" })
		}
		failure(t, do).wants(`"none"`, do)
	})
}

func panicOf(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

// FuzzTokens makes tokens in a fuzz target, which must not call the testing.F for
// which the realm was made.
func FuzzTokens(f *testing.F) {
	realm := authrockettest.NewRealm(f)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	f.Add("name")
	f.Fuzz(func(t *testing.T, claim string) {
		if token := realm.Token(ada, authrockettest.Claim(claim, claim)); strings.Count(token, ".") != 2 {
			t.Errorf("got %q", token)
		}
	})
}
