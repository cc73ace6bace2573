package authrocketdev_test

import (
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func accountsPath(pairs ...string) string {
	values := valuesOf(pairs)
	values.Set("redirect_uri", appURL)
	return "/accounts?" + values.Encode()
}

func TestAccounts(t *testing.T) {
	t.Parallel()

	onSite(t, "are asked for once where a user may have many", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.logIn("ada", secretPassword).follow().wants(200, "Choose an account", "Analytical Engines", "Widgets Inc")
		p = p.form("/accounts", "choose", s.widgets.ID).submit("choose", s.widgets.ID)
		p.wantsTokenFor(s.widgets)
		b.get(loginPath(appURL)).wantsTokenFor(s.widgets)
	}, multiUser)
	onSite(t, "are not asked for in single-user mode", func(t *testing.T, s *site) {
		s.newBrowser(t).logIn("ada", secretPassword).wantsTokenFor(s.engines)
	})
	onSite(t, "can be switched, with a token for the new one only", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.logIn("ada", secretPassword).follow()
		p.form("/accounts", "choose", s.widgets.ID).submit("choose", s.widgets.ID).token()
		p = b.get(accountsPath()).wants(200, "current")
		p.submit("/accounts", "choose", s.engines.ID).wantsTokenFor(s.engines)
	}, multiUser)
	onSite(t, "return at once when there is one", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.george)
		b.get(accountsPath()).wantsTokenFor(s.engines)
		b.get(accountsPath("force", "1")).wants(200, "Choose an account")
		b.get("/accounts?force").wants(200, "Choose an account")
	}, multiUser)
	onSite(t, "of others are refused", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.george)
		for _, id := range []string{s.foreign.ID, s.widgets.ID, "org_none", "../x"} {
			p := b.post("/accounts", "choose", id, "redirect_uri", appURL).wants(404, "You are not a member of this account.")
			if p.location != "" {
				t.Errorf("%s: it leads to %q", id, p.location)
			}
			b.get(loginPath(appURL, "account", id)).wantsTokenFor(s.engines)
		}
	}, multiUser)
	onSite(t, "can be added in multi-user mode", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.george)
		p := b.get(accountsPath("force", "1"))
		p = p.form("/accounts", "org_name", "").submit("org_name", "  ").wants(422, "enter a name for a new one")
		p = p.form("/accounts", "org_name", "  ").submit("org_name", "a\u202eb").wants(422, "characters that cannot be displayed")
		p = p.form("/accounts", "org_name", "a\u202eb").submit("org_name", " Logic & Co ")
		session := s.verified(t, p.token())
		if org, _ := session.Org(); org.Name != "Logic & Co" || !session.HasPermission("ar:owner") {
			t.Errorf("got %+v", org)
		}
		if got := len(s.realm.MembershipsOf(s.george.ID)); got != 2 {
			t.Errorf("George is in %d accounts", got)
		}
	}, multiUser)
	onSite(t, "cannot be added in single-user mode", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.george)
		for _, f := range b.get(accountsPath("force", "1")).wants(200).forms {
			if f.fields.Has("org_name") {
				t.Error("the page offers it")
			}
		}
		b.post("/accounts", "org_name", "Second").wants(422, "one account")
		if got := len(s.realm.MembershipsOf(s.george.ID)); got != 1 {
			t.Errorf("George is in %d accounts", got)
		}
	})
	onSite(t, "have a limit", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.george)
		for range 99 {
			s.realm.AddMembership(s.george, s.realm.AddOrg(authrockettest.Org{Name: "One of many"}))
		}
		b.post("/accounts", "org_name", "One too many").wants(422, "limit of accounts")
	}, multiUser)
	onSite(t, "are made for who has none, in single-user mode", func(t *testing.T, s *site) {
		session := s.verified(t, s.newBrowser(t).logIn("lone@example.com", secretPassword).token())
		if org, _ := session.Org(); org.Name != "lone@example.com" || !session.HasPermission("ar:owner") {
			t.Errorf("got %+v", org)
		}
	})
	onSite(t, "are asked for who has none, in multi-user mode", func(t *testing.T, s *site) {
		p := s.newBrowser(t).logIn("lone@example.com", secretPassword).follow().wants(200, "You have no account yet")
		if org, _ := s.verified(t, p.submit("/accounts", "org_name", "Mine").token()).Org(); org.Name != "Mine" {
			t.Errorf("got %+v", org)
		}
	}, multiUser)
	onSite(t, "that a user has left are picked no more", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		b.logIn("ada", secretPassword).follow().submit("/accounts", "choose", s.widgets.ID).token()
		for _, m := range s.realm.Members(s.widgets.ID) {
			s.realm.DeleteMembership(m.ID)
		}
		b.get(loginPath(appURL, "account", s.widgets.ID)).wantsTokenFor(s.engines)
	}, multiUser)
}

func TestAccountOfALogin(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]func(*siteConfig){"multi_user": multiUser, "single_user": nil} {
		onSite(t, name, func(t *testing.T, s *site) {
			b := s.newBrowser(t)
			p := b.get(loginPath(appURL, "account", s.widgets.ID)).submit("/login", "email", "ada", "password", secretPassword)
			p.wantsTokenFor(s.widgets)
			b.get(loginPath(appURL, "account", s.engines.ID)).wantsTokenFor(s.engines)
			p = b.get(loginPath(appURL, "account", "")).follow().wants(200, "Choose an account")
			p.submit("/accounts", "choose", s.widgets.ID).wantsTokenFor(s.widgets)
			p = s.newBrowser(t).get(loginPath(appURL, "account", "")).submit("/login", "email", "ada", "password", secretPassword)
			p.follow().wants(200, "Choose an account")
			p = s.newBrowser(t).get(loginPath(appURL, "account", "")).submit("/login", "email", "george", "password", secretPassword)
			p.wantsTokenFor(s.engines)
		}, mode)
	}
}
