package authrocketdev_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

func signupPath(pairs ...string) string {
	values := valuesOf(pairs)
	values.Set("redirect_uri", appURL)
	return "/signup?" + values.Encode()
}

func TestSignup(t *testing.T) {
	t.Parallel()

	onSite(t, "makes a user who is signed in and owns an account of the same name", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.get(signupPath()).submit("/signup", "email", " Grace@Example.com", "password", "compilers", "first_name", "Grace ", "last_name", "Hopper")
		session := s.verified(t, p.token())
		org, _ := session.Org()
		if session.User.Email != "grace@example.com" || session.User.Name != "Grace Hopper" || session.ID() != b.sessionID() ||
			org.Name != "Grace Hopper" || !session.HasPermission("ar:owner") || session.User.EmailVerification != authrocket.EmailNotVerified {
			t.Errorf("got %+v in %+v", session.User, org)
		}
		s.newBrowser(t).logIn("grace@example.com", "compilers").token()
		if m := s.lastMail(t); m.To != "grace@example.com" || !strings.HasPrefix(m.Link, s.origin+"/email/verify?token=tve%3A") {
			t.Errorf("got the mail %+v", m)
		}
	})
	onSite(t, "of who has no name goes by the email", func(t *testing.T, s *site) {
		email := strings.Repeat("g", 64) + "@" + strings.Repeat("x", 60) + ".example.com"
		p := s.newBrowser(t).get(signupPath()).submit("/signup", "email", email, "password", "compilers")
		org, _ := s.verified(t, p.token()).Org()
		if org.Name != email[:100] {
			t.Errorf("the account is called %q", org.Name)
		}
	})
	onSite(t, "in multi-user mode asks for the name of the account", func(t *testing.T, s *site) {
		p := s.newBrowser(t).get(signupPath()).submit("/signup", "email", "grace@example.com", "password", "compilers", "org_name", " Navy ")
		org, _ := s.verified(t, p.token()).Org()
		if org.Name != "Navy" {
			t.Errorf("the account is called %q", org.Name)
		}
	}, multiUser)
	t.Run("in single-user mode does not ask for it", func(t *testing.T) {
		t.Parallel()
		if f := newSite(t).newBrowser(t).get(signupPath()).form("/signup"); f.fields.Has("org_name") {
			t.Error("it asks")
		}
	})
	onSite(t, "of who is signed in returns at once", func(t *testing.T, s *site) {
		if got := s.verified(t, s.signedIn(t, s.ada).get(signupPath()).token()); got.User.ID != s.ada.ID {
			t.Errorf("got %s", got.User.Email)
		}
	})
	onSite(t, "keeps the account that the app asked for out", func(t *testing.T, s *site) {
		p := s.newBrowser(t).get(signupPath("account", s.engines.ID)).submit("/signup", "email", "grace@example.com", "password", "compilers")
		if got := s.orgOf(t, p.token()); got == s.engines.ID || got == "" {
			t.Errorf("the token is about %q", got)
		}
	})
}

func TestSignupIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	for _, row := range []struct {
		name  string
		form  []string
		wants []string
	}{
		{name: "an email that is taken", form: []string{"email", "ADA@example.com"}, wants: []string{"Email is already in use."}},
		{name: "no email", form: []string{"email", ""}, wants: []string{"Email is not an email address."}},
		{name: "an email with a name", form: []string{"email", "Grace <grace@example.com>"}, wants: []string{"Email is not an email address."}},
		{name: "two emails", form: []string{"email", "a@example.com,b@example.com"}, wants: []string{"Email is not an email address."}},
		{name: "an email with a line break", form: []string{"email", "grace@example.com\r\nBcc: eve@example.com"}, wants: []string{"Email is not an email address."}},
		{name: "an email that turns the direction of reading", form: []string{"email", "grace\u202e@example.com"}, wants: []string{"Email is not an email address."}},
		{name: "an email that is too long", form: []string{"email", strings.Repeat("g", 250) + "@example.com"}, wants: []string{"Email is not an email address."}},
		{name: "an email in quotes", form: []string{"email", `"<script>"@example.com`}, wants: []string{"Email is not an email address."}},
		{name: "a password that is too short", form: []string{"password", "1234567"}, wants: []string{"Password is too short"}},
		{name: "a password of few letters of many bytes", form: []string{"password", "ééééééé"}, wants: []string{"Password is too short"}},
		{name: "a password that is too long", form: []string{"password", strings.Repeat("x", 73)}, wants: []string{"Password is too long"}},
		{name: "a name that is too long", form: []string{"first_name", long}, wants: []string{"First name is too long"}},
		{name: "a name with a control character", form: []string{"last_name", "a\x00b"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "a name with a character that nobody sees", form: []string{"last_name", "a\u200bb"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "a name with a tag", form: []string{"last_name", "a\U000e0041"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "a name on two lines", form: []string{"last_name", "a\u2028b"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "a name of joiners alone", form: []string{"last_name", "\u200d\u200c"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "an email that looks like another one", form: []string{"email", "a\u200dda@example.com"}, wants: []string{"Email is not an email address"}},
		{name: "an email with a soft hyphen", form: []string{"email", "a\u00adda@example.com"}, wants: []string{"Email is not an email address"}},
		{name: "a name that turns the direction of reading", form: []string{"last_name", "a\u2066b"}, wants: []string{"Last name contains characters that cannot be displayed"}},
		{name: "a name that is no text", form: []string{"first_name", "a\xffb"}, wants: []string{"First name contains characters that cannot be displayed"}},
		{name: "an account name that is too long", form: []string{"org_name", long}, wants: []string{"Account name is too long"}},
		{name: "everything at once", form: []string{"email", "x", "password", "x", "first_name", long, "last_name", long, "org_name", long},
			wants: []string{"Email is", "Password is", "First name is", "Last name is", "Account name is"}},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			before := len(s.realm.Users())
			b := s.newBrowser(t)
			form := append([]string{"email", "grace@example.com", "password", "compilers", "first_name", "Grace"}, row.form...)
			p := b.get(signupPath()).submit("/signup", form...).wants(422, row.wants...)
			if len(s.realm.Users()) != before || b.sessionID() != "" || len(s.server.Outbox()) > 0 {
				t.Errorf("there are %d users, %d before", len(s.realm.Users()), before)
			}
			entered, again := valuesOf(form), p.form("/signup").fields
			for _, name := range []string{"email", "first_name", "last_name", "org_name"} {
				if want := shown(entered.Get(name)); again.Get(name) != want {
					t.Errorf("the form comes again with the %s %q, want %q", name, again.Get(name), want)
				}
			}
			if again.Get("password") != "" || again.Get("redirect_uri") != appURL {
				t.Errorf("the form comes again with %q", again)
			}
		}, multiUser)
	}
}

func TestSignupModes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		mode   func(*siteConfig)
		shows  string
		status int // the status of a form that is sent anyway
	}{
		{name: "open", shows: "/signup", status: 302},
		{name: "invitation", mode: invitedOnly, shows: "/signup/request", status: 422},
		{name: "closed", mode: closedSignup, status: 422},
	} {
		onSite(t, row.name, func(t *testing.T, s *site) {
			b := s.newBrowser(t)
			p := b.get(signupPath()).wants(200)
			var shows string
			if len(p.forms) > 0 {
				shows = p.forms[0].action
			}
			if shows != row.shows {
				t.Errorf("it shows a form to %q, want %q", shows, row.shows)
			}
			before := len(s.realm.Users())
			sent := b.post("/signup", "email", "grace@example.com", "password", "compilers", "redirect_uri", appURL).wants(row.status)
			if isNew := len(s.realm.Users()) > before; isNew != (row.status == 302) {
				t.Errorf("a user is made: %t: %s", isNew, sent.text)
			}
			requested := b.post("/signup/request", "email", "grace@example.com")
			if isSent := requested.status == 200; isSent == (row.name == "closed") {
				t.Errorf("a request for an invitation is answered with %d", requested.status)
			}
			if hasLink := strings.Contains(strings.Join(b.get("/login?prompt=login").links, " "), "/signup"); hasLink != (row.name != "closed") {
				t.Errorf("the login leads to the signup: %t", hasLink)
			}

			t.Run("with an invitation", func(t *testing.T) {
				token := s.invitation(t, "New@Example.com", "")
				b := s.newBrowser(t)
				p := b.get(signupPath("invitation", token)).wants(200)
				if got := p.form("/signup").fields.Get("email"); got != "new@example.com" {
					t.Errorf("the form has the email %q", got)
				}
				session := s.verified(t, p.submit("/signup", "password", "compilers").token())
				if session.User.Email != "new@example.com" || session.User.EmailVerification != authrocket.EmailVerified {
					t.Errorf("got %+v, want a verified user: the token came by mail", session.User)
				}
				s.newBrowser(t).get(signupPath("invitation", token)).wants(404, "has been used")
				b = s.newBrowser(t)
				b.post("/signup", "email", "next@example.com", "password", "compilers", "invitation", token).wants(404, "has been used")
			})
			t.Run("with somebody else's invitation", func(t *testing.T) {
				token := s.invitation(t, "invited@example.com", "")
				p := s.newBrowser(t).get(signupPath("invitation", token)).submit("/signup", "email", "other@example.com", "password", "compilers")
				if session := s.verified(t, p.token()); session.User.EmailVerification != authrocket.EmailNotVerified {
					t.Errorf("got %+v, want a user who is not verified", session.User)
				}
			})
			t.Run("with a made-up invitation", func(t *testing.T) {
				for _, token := range []string{"nvt_none", "x", "tpw:x"} {
					s.newBrowser(t).get(signupPath("invitation", token)).wants(404)
					s.newBrowser(t).post("/signup", "email", "eve@example.com", "password", "compilers", "invitation", token).wants(404)
				}
			})
		}, row.mode)
	}
}

func TestSignupThatIsRefusedKeepsTheInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t, closedSignup)
	token := s.invitation(t, "new@example.com", s.engines.ID, "read")
	b := s.newBrowser(t)
	p := b.get(signupPath("invitation", token)).wants(200, "You are invited to join Analytical Engines")
	p = p.submit("/signup", "password", "short").wants(422, "Password is too short")
	p = p.submit("/signup", "email", "ada@example.com", "password", "compilers").wants(422, "already in use")
	session := s.verified(t, p.submit("/signup", "email", "new@example.com", "password", "compilers").token())
	if org, _ := session.Org(); org.ID != s.engines.ID || !session.HasPermission("read") || session.HasPermission("ar:owner") {
		t.Errorf("got %+v", org)
	}
}

func TestInvitationServesOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, closedSignup)
	b := s.newBrowser(t).inMemory()
	csrf := b.csrf()
	for round := range 50 {
		token := s.invitation(t, "new@example.com", "")
		var requests []*http.Request
		for i := range 8 {
			requests = append(requests, b.formRequest("/signup", url.Values{
				"email": {fmt.Sprintf("new%d-%d@example.com", round, i)}, "password": {"compilers"}, "invitation": {token}, "csrf": {csrf}, "redirect_uri": {appURL},
			}))
		}
		before := len(s.realm.Users())
		got := b.together(requests...)
		if n := len(s.realm.Users()) - before; n != 1 || count(got, 302) != 1 {
			t.Fatalf("%d users signed up with one invitation, with the statuses %v", n, got)
		}
	}
}

func TestRealmIsFull(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.server.SetMaxUsers(len(s.realm.Users()) + 1)
	s.newBrowser(t).get(signupPath()).submit("/signup", "email", "last@example.com", "password", "compilers").token()
	s.newBrowser(t).get(signupPath()).submit("/signup", "email", "grace@example.com", "password", "compilers").wants(422, "This local realm is full")
	s.newBrowser(t).logIn("ada", secretPassword).token()
}
