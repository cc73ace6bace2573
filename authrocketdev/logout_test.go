package authrocketdev_test

import (
	"net/url"
	"testing"
)

func TestLogout(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		query url.Values
		leads string
		urls  []string // Login URLs
		has   bool     // the browser that logs out has the session
		ends  bool
	}{
		{name: "ends the browser's session", query: url.Values{"redirect_uri": {appURL}}, leads: appURL, has: true, ends: true},
		{name: "without a redirect_uri leads to the login", leads: "/login", has: true, ends: true},
		{name: "with a redirect_uri of elsewhere signs out all the same", query: url.Values{"redirect_uri": {"https://evil.example/"}}, leads: "/login", has: true, ends: true},
		{name: "with a redirect_uri that is none as well", query: url.Values{"redirect_uri": {"javascript:alert(1)"}}, leads: "/login", has: true, ends: true},
		{name: "with a redirect_uri beside the Login URLs as well", query: url.Values{"redirect_uri": {"https://app.example/other"}}, leads: "/login", urls: []string{"https://app.example/in"}, has: true, ends: true},
		{name: "returns below a Login URL", query: url.Values{"redirect_uri": {"https://app.example/in/bye"}}, leads: "https://app.example/in/bye", urls: []string{"https://app.example/in"}, has: true, ends: true},
		{name: "ends the session that it names", query: url.Values{"session": {"SID"}}, leads: "/login", ends: true},
		{name: "ends nothing when it names none", query: url.Values{"session": {"kss_none"}}, leads: "/login"},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			b, other := s.newBrowser(t), s.newBrowser(t)
			for _, b := range []*browser{b, other} {
				b.get("/login").submit("/login", "email", "ada", "password", secretPassword)
			}
			id := b.sessionID()
			out := b
			if !row.has {
				out = s.newBrowser(t)
			}
			query := url.Values{}
			for name, values := range row.query {
				query[name] = values
				if values[0] == "SID" {
					query.Set(name, id)
				}
			}
			out.get("/logout?" + query.Encode()).leadsTo(row.leads)
			if _, err := s.realm.LookUpSession(id); (err != nil) != row.ends {
				t.Errorf("the session has ended: %v", err)
			}
			if out.sessionID() != "" {
				t.Error("the cookie is kept")
			}
			if b.isSignedIn() == row.ends || !other.isSignedIn() {
				t.Errorf("signed in are: this browser %t, the other one %t", b.isSignedIn(), other.isSignedIn())
			}
		}, func(c *siteConfig) { c.LoginURLs = row.urls })
	}
}

func TestLogoutOfNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.newBrowser(t)
	b.get("/logout").leadsTo("/login")
	b.setCookie("loginrocket_session", "kss_forged")
	b.get("/logout?session=").leadsTo("/login")
}
