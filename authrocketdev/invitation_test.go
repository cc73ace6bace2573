package authrocketdev_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func (s *site) invite(t *testing.T, email string, org authrockettest.Org, permissions ...string) (path string) {
	t.Helper()
	return "/signup?invitation=" + s.invitation(t, email, org.ID, permissions...)
}

func TestInvitation(t *testing.T) {
	t.Parallel()

	onSite(t, "is accepted by who is signed in, with a click", func(t *testing.T, s *site) {
		path := s.invite(t, "george@example.com", s.widgets, "read", "write")
		b := s.signedIn(t, s.george)
		p := b.get(path+"&redirect_uri="+url.QueryEscape(appURL)).wants(200, "Join Widgets Inc?", "George Boole", "george@example.com")
		if s.membership(t, s.george, s.widgets).ID != "" {
			t.Fatal("a look accepts")
		}
		p.submit("/signup/accept").wantsTokenFor(s.widgets)
		if got := s.membership(t, s.george, s.widgets).Permissions; !slices.Equal(got, []string{"read", "write"}) {
			t.Errorf("got the permissions %q", got)
		}
		b.get(path).wants(404, "has been used")
		p.submit("/signup/accept").wants(404, "has been used")
	}, closedSignup, multiUser)
	onSite(t, "leads who has an account already through the login", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.get(s.invite(t, "george@example.com", s.widgets)).wants(200, "You are invited to join Widgets Inc")
		p = b.get(p.links[len(p.links)-1])
		if got := p.form("/login").fields.Get("email"); got != "george@example.com" {
			t.Errorf("the login has the email %q", got)
		}
		p = p.submit("/login", "email", "george", "password", secretPassword).follow().wants(200, "Join Widgets Inc?")
		p.submit("/signup/accept").wants(200, "You are signed in")
		if s.membership(t, s.george, s.widgets).ID == "" {
			t.Error("George is no member")
		}
	}, closedSignup, multiUser)
	onSite(t, "leads who is somebody else through the login", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.alan)
		p := b.get(s.invite(t, "george@example.com", s.widgets)).wants(200, "Join Widgets Inc?")
		p = b.get(p.links[len(p.links)-1]).submit("/login", "email", "george", "password", secretPassword).follow().wants(200, "George Boole")
		p.submit("/signup/accept")
		if s.membership(t, s.george, s.widgets).ID == "" || s.membership(t, s.alan, s.widgets).ID != "" {
			t.Error("Alan is the member")
		}
	})
	onSite(t, "comes back to the default Login URL, without a login that began there", func(t *testing.T, s *site) {
		p := s.newBrowser(t).get(s.invite(t, "new@example.com", s.widgets)).submit("/signup", "password", "compilers")
		if !strings.HasPrefix(p.location, "https://app.example/in?token=") || s.orgOf(t, p.token()) != s.widgets.ID {
			t.Errorf("it leads to %s", p.location)
		}
	}, func(c *siteConfig) { c.LoginURLs = []string{"https://app.example/in", "https://other.example/"} })
	onSite(t, "of a member changes no permissions", func(t *testing.T, s *site) {
		p := s.signedIn(t, s.george).get(s.invite(t, "george@example.com", s.engines, "ar:owner"))
		p.submit("/signup/accept")
		if got := s.membership(t, s.george, s.engines).Permissions; !slices.Equal(got, []string{"read"}) {
			t.Errorf("got the permissions %q", got)
		}
	})
	onSite(t, "to the realm alone is nothing for who is in it", func(t *testing.T, s *site) {
		path := s.invite(t, "new@example.com", authrockettest.Org{})
		b := s.signedIn(t, s.george)
		b.get(path + "&redirect_uri=" + url.QueryEscape(appURL)).token()
		_, token, _ := strings.Cut(path, "=")
		b.post("/signup/accept", "invitation", token).wants(404)
		s.newBrowser(t).get(path).wants(200)
	})
	onSite(t, "makes whose membership has expired a member again, with its permissions", func(t *testing.T, s *site) {
		old := s.membership(t, s.george, s.engines)
		if _, err := s.realm.UpdateMembership(old.ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now() }); err != nil {
			t.Fatal(err)
		}
		p := s.signedIn(t, s.george).get(s.invite(t, "george@example.com", s.engines, "write") + "&redirect_uri=" + url.QueryEscape(appURL))
		p.submit("/signup/accept").wantsTokenFor(s.engines)
		if got := s.membership(t, s.george, s.engines); !got.ExpiresAt.IsZero() || !slices.Equal(got.Permissions, []string{"write"}) {
			t.Errorf("got %+v", got)
		}
	})
	for _, state := range []authrockettest.OrgState{authrockettest.OrgInactive, authrockettest.OrgClosed} {
		onSite(t, "to an account that is "+string(state)+" makes no user and no member", func(t *testing.T, s *site) {
			path, stranger, george := s.invite(t, "new@example.com", s.widgets), s.newBrowser(t), s.signedIn(t, s.george)
			signup, accept := stranger.get(path), george.get(path)
			if _, err := s.realm.UpdateOrg(s.widgets.ID, func(o *authrockettest.Org) { o.State = state }); err != nil {
				t.Fatal(err)
			}
			before := stateOf(t, s.realm)
			stranger.get(path).wants(404, "has been used")
			signup.submit("/signup", "password", "compilers").wants(404, "has been used")
			accept.submit("/signup/accept").wants(404, "has been used")
			if stateOf(t, s.realm) != before {
				t.Error("something has changed")
			}
		}, multiUser)
	}
	onSite(t, "to another email leaves the link of the old one of no use", func(t *testing.T, s *site) {
		path := s.invite(t, "mallory@example.com", authrockettest.Org{})
		all, err := s.realm.ListInvitations(authrockettest.InvitationList{Email: "mallory@example.com"})
		if err != nil || len(all.Items) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		update := func(change func(*authrockettest.Invitation)) string {
			i, err := s.realm.UpdateInvitation(all.Items[0].ID, change)
			if err != nil {
				t.Fatal(err)
			}
			return "/signup?invitation=" + i.Token
		}
		if again := update(func(i *authrockettest.Invitation) { i.Email = " Mallory@example.com " }); again != path {
			t.Error("the same email has another link")
		}
		renewed := update(func(i *authrockettest.Invitation) { i.Email = "boss@example.com" })
		b := s.newBrowser(t)
		b.get(path).wants(404, "has been used")
		b.get(renewed).wants(200)
	}, closedSignup)
	onSite(t, "is accepted by nobody who is not signed in", func(t *testing.T, s *site) {
		token := s.invitation(t, "george@example.com", s.widgets.ID)
		s.newBrowser(t).post("/signup/accept", "invitation", token).leadsTo("/login?invitation=" + token + "&next=%2Fsignup")
		if got := len(s.realm.Members(s.widgets.ID)); got != 1 {
			t.Errorf("%d members", got)
		}
	})
	inBubble(t, "works for 30 days", func(t *testing.T, s *site, b *browser) {
		path := s.invite(t, "new@example.com", s.widgets)
		time.Sleep(30*24*time.Hour - 1) // in the bubble: no real time passes
		// A refused attempt does not extend the time.
		p := b.get(path).wants(200).submit("/signup", "email", "ada@example.com", "password", "compilers").wants(422, "already in use")
		time.Sleep(time.Nanosecond) // in the bubble: no real time passes
		p.submit("/signup", "email", "new@example.com", "password", "compilers").wants(404, "has expired")
		b.get(path).wants(404, "has expired")
	}, closedSignup)
	onSite(t, "that is asked for comes by mail", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.get("/signup").submit("/signup/request", "email", "no email").wants(422, "Email is not")
		if got := p.form("/signup/request").fields.Get("email"); got != "no email" {
			t.Errorf("the form comes again with %q", got)
		}
		p.submit("/signup/request", "email", "New@example.com").wants(200, "We will send you an email")
		mail := s.lastMail(t)
		if mail.To != "new@example.com" {
			t.Errorf("got %+v", mail)
		}
		b.get(mail.Link).submit("/signup", "password", "compilers").wants(200, "You are signed in")
		if user, err := s.realm.UserByLogin("new@example.com"); err != nil || len(s.realm.MembershipsOf(user.ID)) != 1 {
			t.Errorf("got %+v, %v", user, err)
		}
	}, invitedOnly)
}

func TestInvite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, email, org, permission string
		want                         string
	}{
		{name: "no email", org: s.engines.ID, permission: "read", want: "Email is not an email address."},
		{name: "an org that there is not", email: "new@example.com", org: "org_none", permission: "read", want: "no such record"},
		{name: "a permission that is none", email: "new@example.com", org: s.engines.ID, permission: "a b", want: "A permission may have"},
		{name: "a reserved permission", email: "new@example.com", org: s.engines.ID, permission: "ar:x", want: "reserved"},
	} {
		token, err := s.server.Invite(row.email, row.org, row.permission)
		if err == nil || !strings.Contains(err.Error(), row.want) || token != "" {
			t.Errorf("%s: got %q, %v", row.name, token, err)
		}
	}
	if got := len(s.server.Outbox()); got != 0 {
		t.Errorf("%d mails are sent", got)
	}
	tags := []string{"read"}
	token := s.invitation(t, "new@example.com", s.engines.ID, tags...)
	tags[0] = "ar:owner"
	session := s.verified(t, s.newBrowser(t).get(signupPath("invitation", token)).submit("/signup", "password", "compilers").token())
	if session.HasPermission("ar:owner") || !session.HasPermission("read") {
		t.Error("the permissions of an invitation change with the caller's slice")
	}
}
