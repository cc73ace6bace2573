package authrocketdev_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func (s *site) membership(t *testing.T, user authrockettest.User, org authrockettest.Org) authrockettest.Membership {
	t.Helper()
	for _, m := range s.realm.MembershipsOf(user.ID) {
		if m.OrgID == org.ID {
			return m
		}
	}
	return authrockettest.Membership{}
}

func TestAccountPage(t *testing.T) {
	t.Parallel()

	onSite(t, "renames the account", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		page := "/accounts/" + s.engines.ID
		p := b.get(page+"?redirect_uri="+url.QueryEscape(appURL)).wants(200, "Analytical Engines", "Ada Lovelace", "george@example.com")
		for _, name := range []string{"", "  ", "a\u202eb", "a\x07b", strings.Repeat("x", 101)} {
			p = p.form(page, "action", "rename").submit("org_name", name).wants(422, "Account name")
		}
		p = p.form(page, "action", "rename").submit("org_name", "Difference Engines ").follow().wants(200, "Difference Engines", "The name has been changed.")
		if org, _ := s.realm.Org(s.engines.ID); org.Name != "Difference Engines" {
			t.Errorf("the account is called %q", org.Name)
		}
		if org, _ := s.verified(t, p.submit("/return").token()).Org(); org.Name != "Difference Engines" {
			t.Errorf("the new token has %q", org.Name)
		}
	})
	onSite(t, "changes permissions", func(t *testing.T, s *site) {
		page, id := "/accounts/"+s.engines.ID, s.membership(t, s.george, s.engines).ID
		p := s.signedIn(t, s.ada).get(page)
		for _, tags := range []string{"a/b", "ä", strings.Repeat("x", 63), strings.Repeat("x ", 21), "ar:else", "AR:owner", "<b>"} {
			p = p.form(page, "membership", id).submit("action", "permissions", "permissions", tags).wants(422, "ermission")
			if got := p.form(page, "membership", id).fields.Get("permissions"); got != tags {
				t.Errorf("the form comes again with %q, want %q", got, tags)
			}
		}
		p.form(page, "membership", id).submit("action", "permissions", "permissions", "read, billing:write\tx.*").follow().wants(200, "The permissions have been changed.")
		if got := s.membership(t, s.george, s.engines).Permissions; !slices.Equal(got, []string{"read", "billing:write", "x.*"}) {
			t.Errorf("got %q", got)
		}
	})
	onSite(t, "removes a member", func(t *testing.T, s *site) {
		page := "/accounts/" + s.engines.ID
		p := s.signedIn(t, s.ada).get(page).form(page, "membership", s.membership(t, s.george, s.engines).ID).submit("action", "remove")
		p = p.follow().wants(200, "The member has been removed.")
		if s.membership(t, s.george, s.engines).ID != "" || strings.Contains(p.text, "George") {
			t.Error("George is a member still")
		}
	})
	onSite(t, "leads who leaves to the other accounts", func(t *testing.T, s *site) {
		page := "/accounts/" + s.engines.ID
		b := s.signedIn(t, s.alan)
		b.get(page).form(page, "membership", s.membership(t, s.alan, s.engines).ID).submit("action", "remove").leadsTo("/accounts")
		b.get(page).wants(404)
	})
	onSite(t, "invites, and takes it back", func(t *testing.T, s *site) {
		page := "/accounts/" + s.engines.ID
		p := s.signedIn(t, s.ada).get(page)
		p = p.form(page, "action", "invite").submit("email", "no email", "permissions", "read").wants(422, "Email is not")
		if f := p.form(page, "action", "invite").fields; f.Get("email") != "no email" || f.Get("permissions") != "read" {
			t.Errorf("the form comes again with %q", f)
		}
		p = p.form(page, "action", "invite").submit("email", "New@Example.com", "permissions", "read").follow().wants(200, "The invitation has been sent.", "new@example.com read")
		mail := s.lastMail(t)
		if mail.To != "new@example.com" || !strings.Contains(mail.Subject, "Analytical Engines") || strings.Contains(p.body, "nvt_") {
			t.Errorf("got the mail %+v", mail)
		}
		s.newBrowser(t).get(mail.Link).wants(200, "You are invited to join Analytical Engines")
		p.form(page, "action", "uninvite").submit("action", "uninvite").follow().wants(200, "The invitation has been withdrawn.")
		s.newBrowser(t).get(mail.Link).wants(404, "has been used")
	})
	onSite(t, "a second invitation replaces the first", func(t *testing.T, s *site) {
		first := s.invitation(t, "new@example.com", s.engines.ID)
		other := s.invitation(t, "new@example.com", s.widgets.ID)
		second := s.invitation(t, "new@example.com", s.engines.ID)
		b := s.newBrowser(t)
		b.get("/signup?invitation=" + first).wants(404)
		b.get("/signup?invitation=" + other).wants(200)
		b.get("/signup?invitation=" + second).wants(200)
	})
	onSite(t, "has an alias", func(t *testing.T, s *site) {
		s.signedIn(t, s.ada).get("/account/"+s.engines.ID).wants(200).form("/accounts/"+s.engines.ID, "action", "rename")
	})
	onSite(t, "asks for the login, and comes back", func(t *testing.T, s *site) {
		for _, path := range []string{"/accounts/", "/account/"} {
			b := s.newBrowser(t)
			p := b.get(path+s.engines.ID+"?redirect_uri="+url.QueryEscape(appURL)).follow().wants(200, "Log in")
			p = p.submit("/login", "email", "ada", "password", secretPassword).follow().wants(200, "Members")
			p.submit("/return").token()
		}
	})
}

// The permissions of a member decide what the member may do, not what the page
// offers.
func TestAccountRights(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		who    func(*site) authrockettest.User
		action []string // OWNER, ADMIN and MEMBER stand for memberships
		status int
	}{
		{name: "an owner renames", who: (*site).owner, action: []string{"action", "rename", "org_name", "X"}, status: 302},
		{name: "an admin renames", who: (*site).admin, action: []string{"action", "rename", "org_name", "X"}, status: 302},
		{name: "a member does not rename", who: (*site).member, action: []string{"action", "rename", "org_name", "X"}, status: 403},
		{name: "a stranger does not rename", who: (*site).stranger, action: []string{"action", "rename", "org_name", "X"}, status: 404},

		{name: "an owner makes an owner", who: (*site).owner, action: []string{"action", "permissions", "membership", "MEMBER", "permissions", "ar:owner"}, status: 302},
		{name: "an owner steps back when there is another", who: (*site).secondOwner, action: []string{"action", "permissions", "membership", "OWNER", "permissions", "read"}, status: 302},
		{name: "the last owner does not step back", who: (*site).owner, action: []string{"action", "permissions", "membership", "OWNER", "permissions", "ar:admin"}, status: 422},
		{name: "an admin makes an admin", who: (*site).admin, action: []string{"action", "permissions", "membership", "MEMBER", "permissions", "ar:admin"}, status: 302},
		{name: "an admin changes what else an owner may", who: (*site).admin, action: []string{"action", "permissions", "membership", "OWNER", "permissions", "ar:owner"}, status: 302},
		{name: "an admin makes no owner", who: (*site).admin, action: []string{"action", "permissions", "membership", "MEMBER", "permissions", "ar:owner"}, status: 403},
		{name: "an admin does not become an owner", who: (*site).admin, action: []string{"action", "permissions", "membership", "ADMIN", "permissions", "ar:admin ar:owner"}, status: 403},
		{name: "an admin takes no ownership away", who: (*site).admin, action: []string{"action", "permissions", "membership", "OWNER", "permissions", "read"}, status: 403},
		{name: "a member does not become an admin", who: (*site).member, action: []string{"action", "permissions", "membership", "MEMBER", "permissions", "ar:admin"}, status: 403},
		{name: "a stranger changes no permissions", who: (*site).stranger, action: []string{"action", "permissions", "membership", "MEMBER", "permissions", "x"}, status: 404},
		{name: "a member of another account is none of this one", who: (*site).owner, action: []string{"action", "permissions", "membership", "ELSEWHERE", "permissions", "x"}, status: 404},
		{name: "nobody is no member", who: (*site).owner, action: []string{"action", "permissions", "membership", "", "permissions", "x"}, status: 404},

		{name: "an owner removes an admin", who: (*site).owner, action: []string{"action", "remove", "membership", "ADMIN"}, status: 302},
		{name: "an owner leaves when there is another", who: (*site).secondOwner, action: []string{"action", "remove", "membership", "OWNER"}, status: 302},
		{name: "the last owner does not leave", who: (*site).owner, action: []string{"action", "remove", "membership", "OWNER"}, status: 422},
		{name: "an admin removes a member", who: (*site).admin, action: []string{"action", "remove", "membership", "MEMBER"}, status: 302},
		{name: "an admin removes no owner", who: (*site).admin, action: []string{"action", "remove", "membership", "OWNER"}, status: 403},
		{name: "a member removes nobody", who: (*site).member, action: []string{"action", "remove", "membership", "ADMIN"}, status: 403},
		{name: "a member does not leave", who: (*site).member, action: []string{"action", "remove", "membership", "MEMBER"}, status: 403},
		{name: "a member of another account is not removed", who: (*site).owner, action: []string{"action", "remove", "membership", "ELSEWHERE"}, status: 404},

		{name: "an owner invites an owner", who: (*site).owner, action: []string{"action", "invite", "email", "new@example.com", "permissions", "ar:owner"}, status: 302},
		{name: "an admin invites an admin", who: (*site).admin, action: []string{"action", "invite", "email", "new@example.com", "permissions", "ar:admin"}, status: 302},
		{name: "an admin invites no owner", who: (*site).admin, action: []string{"action", "invite", "email", "new@example.com", "permissions", "ar:owner"}, status: 403},
		{name: "a member invites nobody", who: (*site).member, action: []string{"action", "invite", "email", "new@example.com"}, status: 403},
		{name: "a stranger invites nobody", who: (*site).stranger, action: []string{"action", "invite", "email", "new@example.com"}, status: 404},
		{name: "a member withdraws nothing", who: (*site).member, action: []string{"action", "uninvite", "email", "waiting@example.com"}, status: 403},

		{name: "an owner withdraws the invitation of an owner", who: (*site).owner, action: []string{"action", "uninvite", "email", "chief@example.com"}, status: 302},
		{name: "an admin withdraws the invitation of an admin", who: (*site).admin, action: []string{"action", "uninvite", "email", "waiting@example.com"}, status: 302},
		{name: "an admin invites nobody, whomever an owner has invited", who: (*site).admin, action: []string{"action", "invite", "email", " "}, status: 422},
		{name: "an admin does not withdraw the invitation of an owner", who: (*site).admin, action: []string{"action", "uninvite", "email", "Chief@example.com"}, status: 403},
		{name: "an admin does not replace the invitation of an owner", who: (*site).admin, action: []string{"action", "invite", "email", "Chief@example.com", "permissions", "read"}, status: 403},

		{name: "an unknown action is none", who: (*site).owner, action: []string{"action", "close"}, status: 400},
		{name: "no action is none", who: (*site).owner, status: 400},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			s.invitation(t, "waiting@example.com", s.engines.ID)
			s.invitation(t, "chief@example.com", s.engines.ID, "ar:owner")
			b := s.signedIn(t, row.who(s))
			ids := strings.NewReplacer(
				"OWNER", s.membership(t, s.ada, s.engines).ID, "ADMIN", s.membership(t, s.alan, s.engines).ID,
				"MEMBER", s.membership(t, s.george, s.engines).ID, "ELSEWHERE", s.membership(t, s.ada, s.widgets).ID)
			form := slices.Clone(row.action)
			for i := range form {
				if i > 0 && form[i-1] == "membership" {
					form[i] = ids.Replace(form[i])
				}
			}
			before := s.state()
			p := b.post("/accounts/"+s.engines.ID, form...).wants(row.status)
			if changed := s.state() != before; changed != (row.status == 302) {
				t.Errorf("changed: %t\nbefore %s\nafter  %s", changed, before, s.state())
			}
			if strings.HasPrefix(row.name, "a stranger") && strings.Contains(p.text, "Analytical") {
				t.Errorf("a stranger reads %s", p.text)
			}
		})
	}
}

func (s *site) owner() authrockettest.User  { return s.ada }
func (s *site) admin() authrockettest.User  { return s.alan }
func (s *site) member() authrockettest.User { return s.george }

// secondOwner makes Alan an owner, too.
func (s *site) secondOwner() authrockettest.User {
	for _, m := range s.realm.MembershipsOf(s.alan.ID) {
		s.realm.SetPermissions(m.ID, "ar:owner")
	}
	return s.alan
}

func (s *site) stranger() authrockettest.User {
	return s.realm.AddUser(authrockettest.User{Email: "eve@example.com", Password: secretPassword})
}

// state is everything that a form may change.
func (s *site) state() string {
	var state strings.Builder
	for _, u := range s.realm.Users() {
		fmt.Fprintln(&state, u, s.realm.CheckPassword(u.ID, secretPassword), s.realm.MembershipsOf(u.ID), s.realm.CredentialsOf(u.ID))
	}
	for _, o := range []authrockettest.Org{s.engines, s.widgets, s.foreign} {
		org, _ := s.realm.Org(o.ID)
		fmt.Fprintln(&state, org, s.realm.Members(o.ID))
	}
	invitations, err := s.realm.ListInvitations(authrockettest.InvitationList{})
	fmt.Fprintln(&state, invitations, err)
	for _, m := range s.server.Outbox() {
		fmt.Fprintln(&state, m.To, m.Link)
	}
	return state.String()
}

func TestAccountOfMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.invitation(t, "waiting@example.com", s.engines.ID)
	p := s.signedIn(t, s.george).get("/accounts/"+s.engines.ID).wants(200, "Ada Lovelace", "ar:owner")
	if len(p.forms) != 1 || p.forms[0].action != "/return" || strings.Contains(p.text, "waiting@example.com") {
		t.Errorf("a plain member sees %d forms, and %s", len(p.forms), p.text)
	}
	for _, f := range s.signedIn(t, s.george).get("/accounts?force=1").wants(200).links {
		if strings.HasPrefix(f, "/accounts/") {
			t.Errorf("a plain member is led to %s", f)
		}
	}
	for _, id := range []string{s.widgets.ID, s.foreign.ID, "org_none", "%2e%2e", "%2F%2Fevil.example"} {
		p := s.signedIn(t, s.george).get("/accounts/" + id)
		if id == "%2e%2e" {
			continue // it has a path of its own
		}
		p.wants(404, "You are not a member of this account.")
		if strings.Contains(p.text, "Widgets") || strings.Contains(p.text, "Foreign") {
			t.Errorf("a stranger reads %s", p.text)
		}
	}
}

// Each owner may remove the other, but not both: an account keeps an owner.
func TestOwnersWhoRemoveEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, alan := s.signedIn(t, s.ada), s.signedIn(t, s.alan)
	adas, alans := ada.csrf(), alan.csrf()
	for range 300 {
		org := s.realm.AddOrg(authrockettest.Org{Name: "Two owners"})
		remove := func(b *browser, csrf string, other authrockettest.User) *http.Request {
			m := s.realm.AddMembership(other, org, "ar:owner")
			r := b.formRequest("/accounts/"+org.ID, url.Values{"action": {"remove"}, "membership": {m.ID}, "csrf": {csrf}})
			for _, c := range b.cookies() {
				r.AddCookie(c)
			}
			return r
		}
		got := s.newBrowser(t).inMemory().together(remove(ada, adas, s.alan), remove(alan, alans, s.ada))
		if len(s.realm.Members(org.ID)) != 1 {
			t.Fatalf("the account has no owner any more, with the statuses %v", got)
		}
	}
}
