package authrocketdev_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// With either algorithm, an app that uses the realm's configuration accepts the
// token. The token is about exactly one account.
func TestReturn(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "HS256"} {
		onSite(t, algorithm, func(t *testing.T, s *site) {
			p := s.newBrowser(t).logIn("ada", secretPassword)
			session := s.verified(t, p.token())
			memberships := session.Memberships()
			if session.User.ID != s.ada.ID || session.RealmID != s.realm.ID() || len(memberships) != 1 || !memberships[0].Selected || !session.HasPermission("billing:write") {
				t.Errorf("got %+v in %+v", session, memberships)
			}
			if got := p.location; !strings.HasPrefix(got, appURL+"&token=") || strings.Count(got, "token=") != 1 {
				t.Errorf("it leads to %s", got)
			}
		}, func(c *siteConfig) { c.Algorithm = algorithm })
	}
	onSite(t, "tells what has changed since", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		first := b.logIn("ada", secretPassword).token()
		if again := b.get(loginPath(appURL)).token(); again != first {
			t.Error("the token is another one though nothing has changed")
		}
		s.realm.SetPermissions(s.membership(t, s.ada, s.engines).ID, "read")
		if s.verified(t, b.get(loginPath(appURL)).token()).HasPermission("ar:owner") {
			t.Error("the token has permissions that have been taken away")
		}
		for _, m := range s.realm.MembershipsOf(s.ada.ID) {
			s.realm.DeleteMembership(m.ID)
		}
		session := s.verified(t, b.get(loginPath(appURL)).token())
		if org, _ := session.Org(); org.ID == s.engines.ID || org.ID == s.widgets.ID {
			t.Errorf("the token is about %+v", org)
		}
	}, func(c *siteConfig) { c.ReissueTokens = true })
	inBubble(t, "is a new token each time", func(t *testing.T, s *site, b *browser) {
		first := s.verified(t, b.logIn("ada", secretPassword).token())
		time.Sleep(time.Minute) // in the bubble: no real time passes
		second := s.verified(t, b.get(loginPath(appURL)).token())
		if second.IssuedAt.Sub(first.IssuedAt) != time.Minute || first.ID() != second.ID() {
			t.Errorf("issued at %s and %s", first.IssuedAt, second.IssuedAt)
		}
	})
	onSite(t, "from a page of one's own", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		for _, path := range []string{"/profile", "/accounts/" + s.engines.ID} {
			p := b.get(path + "?redirect_uri=" + url.QueryEscape(appURL)).submit("/return")
			if !strings.HasPrefix(p.location, appURL+"&token=") {
				t.Errorf("%s: it leads to %q", path, p.location)
			}
		}
		s.newBrowser(t).post("/return", "redirect_uri", appURL).leadsTo("/login?redirect_uri=" + url.QueryEscape(appURL))
	})
}

// Every page and every form uses the realm's rule. The tests of authrockettest cover
// the rule.
func TestRedirectURI(t *testing.T) {
	t.Parallel()
	listed := func(c *siteConfig) {
		c.LoginURLs = []string{"https://app.example/manage", "http://127.0.0.2:3000/"}
	}
	for _, row := range []struct {
		name    string
		site    func(*siteConfig)
		given   string
		allowed bool
	}{
		{name: "loopback", given: "http://127.0.0.2:3000/a?b=c", allowed: true},
		{name: "another host", given: "https://evil.example/"},
		{name: "a line break", given: "http://127.0.0.2/\r\nSet-Cookie: a=evil"},
		{name: "a script", given: "javascript:alert('evil')"},
		{name: "below an entry of the list", site: listed, given: "https://app.example/manage/a?b", allowed: true},
		{name: "beside an entry of the list", site: listed, given: "https://app.example/management"},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			b := s.signedIn(t, s.ada)
			stranger := s.newBrowser(t)
			query := "?redirect_uri=" + url.QueryEscape(row.given)
			shown, returned := stranger.get("/login"+query), b.get("/login"+query)
			if row.allowed {
				shown.wants(200)
				if !strings.HasPrefix(returned.location, row.given) || returned.token() == "" {
					t.Errorf("it leads to %q", returned.location)
				}
				return
			}
			pages := []*page{shown, returned, stranger.post("/login", "email", "ada", "password", secretPassword, "redirect_uri", row.given)}
			for _, path := range []string{"/signup", "/accounts", "/accounts/" + s.engines.ID, "/profile", "/password/forgot"} {
				pages = append(pages, b.get(path+query))
			}
			for _, path := range []string{"/return", "/accounts", "/signup", "/signup/accept", "/password/forgot", "/password/reset", "/profile"} {
				pages = append(pages, b.post(path, "redirect_uri", row.given))
			}
			for _, p := range pages {
				p.wants(400, "is not one of the realm's Login URLs")
				if p.location != "" || len(p.forms) > 0 || slices.ContainsFunc(p.links, func(link string) bool { return link != "/outbox" }) {
					t.Errorf("it leads to %q, %q: %s", p.location, p.links, p.body)
				}
			}
			if stranger.sessionID() != "" {
				t.Error("a refused login signs in")
			}
		}, row.site)
	}
}

func TestDefaultLoginURL(t *testing.T) {
	t.Parallel()

	onSite(t, "is the first", func(t *testing.T, s *site) {
		p := s.newBrowser(t).get("/login").submit("/login", "email", "ada", "password", secretPassword)
		if p.token(); !strings.HasPrefix(p.location, "https://app.example/in?token=") {
			t.Errorf("it leads to %s", p.location)
		}
	}, func(c *siteConfig) { c.LoginURLs = []string{"https://app.example/in", "https://other.example/"} })
	onSite(t, "is none on loopback: nobody is guessed", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.get("/login").submit("/login", "email", "ada", "password", secretPassword).wants(200, "You are signed in")
		if b.sessionID() == "" || strings.Contains(p.body, "token") {
			t.Errorf("got %s", p.body)
		}
	})
	onSite(t, "is where the root leads to in the end", func(t *testing.T, s *site) {
		s.newBrowser(t).get("/").leadsTo("/login").follow().submit("/login", "email", "ada", "password", secretPassword).token()
	}, func(c *siteConfig) { c.LoginURLs = []string{"https://app.example/in"} })
}

// next leads only to pages of this server.
func TestNext(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		next string
		own  bool
	}{
		{next: "/profile", own: true},
		{next: "/accounts", own: true},
		{next: "/accounts/" + s.engines.ID, own: true},
		{next: "/account/" + s.engines.ID, own: true},
		{next: "/signup", own: true},
		{next: ""},
		{next: "//evil.example/profile"},
		{next: "/\\evil.example/profile"},
		{next: "https://evil.example/profile"},
		{next: "javascript:alert(1)"},
		{next: "/profile/../../evil"},
		{next: "/profile\n"},
		{next: "/profile?redirect_uri=https://evil.example/"},
		{next: "/accounts/.."},
		{next: "/accounts//evil.example"},
		{next: "/logout"},
		{next: "/outbox"},
		{next: "/login"},
		{next: "profile"},
	} {
		t.Run(row.next, func(t *testing.T) {
			t.Parallel()
			for name, p := range map[string]*page{
				"after a login": s.newBrowser(t).get(loginPath(appURL, "next", row.next)).submit("/login", "email", "ada", "password", secretPassword),
				"at once":       s.signedIn(t, s.ada).get(loginPath(appURL, "next", row.next)),
			} {
				if row.own {
					p.leadsTo(row.next + "?redirect_uri=" + url.QueryEscape(appURL))
				} else if !strings.HasPrefix(p.location, appURL) {
					t.Errorf("%s: it leads to %q", name, p.location)
				}
			}
		})
	}
}

// An app that has signed in through the API sends its session with the browser.
func TestAdoptedSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, multiUser)
	start := func(t *testing.T, user authrockettest.User) authrockettest.HostedSession {
		t.Helper()
		session := s.startSession(t, user)
		return session
	}
	for _, path := range []string{"/profile", "/accounts", "/accounts/" + s.engines.ID, "/account/" + s.engines.ID} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			session := start(t, s.ada)
			b := s.newBrowser(t)
			p := b.get(path + "?account=" + s.widgets.ID + "&session=" + session.ID + "&redirect_uri=" + url.QueryEscape(appURL)).
				leadsTo(path + "?account=" + s.widgets.ID + "&redirect_uri=" + url.QueryEscape(appURL))
			if b.sessionID() != session.ID {
				t.Errorf("the browser has the session %q", b.sessionID())
			}
			if p = p.follow().wants(200); strings.Contains(p.body, session.ID) {
				t.Error("the session ID is on the page")
			}
		})
	}
	t.Run("does not take the place of the browser's own", func(t *testing.T) {
		t.Parallel()
		b := s.signedIn(t, s.george)
		own := b.sessionID()
		b.get("/profile?session="+start(t, s.ada).ID).leadsTo("/profile").follow().wants(200, "George")
		if b.sessionID() != own {
			t.Error("the session is replaced")
		}
	})
	t.Run("takes the place of one that has ended", func(t *testing.T) {
		t.Parallel()
		b := s.signedIn(t, s.george)
		s.realm.EndSession(b.sessionID(), authrockettest.EndedByLogout)
		b.get("/profile?session="+start(t, s.ada).ID).follow().wants(200, "Ada")
	})
	t.Run("is nothing when it has ended, or never was", func(t *testing.T) {
		t.Parallel()
		ended := start(t, s.ada)
		s.realm.EndSession(ended.ID, authrockettest.EndedByLogout)
		for _, id := range []string{ended.ID, "kss_none", s.ada.ID, "x"} {
			b := s.newBrowser(t)
			b.get("/profile?session=" + id).leadsTo("/profile").follow().leadsTo("/login?next=%2Fprofile")
			if b.sessionID() != "" {
				t.Errorf("%q is adopted", id)
			}
		}
	})
	t.Run("is not taken by the login or the signup", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/login", "/signup", "/password/forgot", "/outbox"} {
			b := s.newBrowser(t)
			b.get(path + "?session=" + start(t, s.ada).ID).wants(200)
			if b.sessionID() != "" {
				t.Errorf("%s adopts a session", path)
			}
		}
	})
}

// This is the complete login of an app with the middleware. Only the browser carries
// data between the two.
func TestLoginOfAnApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *siteConfig) { c.AppURL = "http://127.0.0.2:3000" })
	auth, err := authrocket.New(s.realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	p := s.newBrowser(t).get(strings.TrimPrefix(auth.LoginURL(authrocket.WithRedirectURI("http://127.0.0.2:3000/in")), s.origin))
	if got := s.verified(t, p.submit("/login", "email", "ada", "password", secretPassword).token()); got.User.ID != s.ada.ID {
		t.Errorf("got %s", got.User.Email)
	}
	for name, link := range map[string]string{
		"signup": auth.SignupURL(), "profile": auth.ProfileURL(), "accounts": auth.AccountsURL(authrocket.WithForce()), "account": auth.AccountURL(s.engines.ID),
	} {
		if p := s.signedIn(t, s.ada).get(link); p.status >= 400 {
			t.Errorf("%s: got status %d", name, p.status)
		}
	}
}
