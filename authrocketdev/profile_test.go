package authrocketdev_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestProfileNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn(t, s.ada)
	p := b.get("/profile?redirect_uri="+url.QueryEscape(appURL)).wants(200, "Ada", "Lovelace", "ada@example.com")
	long := strings.Repeat("x", 101)
	for _, row := range []struct {
		name  string
		form  []string
		wants []string
	}{
		{name: "names that are too long", form: []string{"first_name", long, "last_name", long}, wants: []string{"First name is too long", "Last name is too long"}},
		{name: "a name that turns the direction of reading", form: []string{"first_name", "a\u202eb"}, wants: []string{"First name contains characters"}},
		{name: "a username that looks like an email", form: []string{"username", "alan@example.com"}, wants: []string{"Username may contain"}},
		{name: "a username that looks like an ID", form: []string{"username", "USR_" + s.alan.ID[4:]}, wants: []string{"Username may contain"}},
		{name: "a username that is taken", form: []string{"username", "ALAN"}, wants: []string{"Username is already in use"}},
		{name: "a language that there is not", form: []string{"locale", "tlh"}, wants: []string{"Language must be one of"}},
		{name: "everything at once", form: []string{"first_name", long, "username", "a b", "locale", "x"}, wants: []string{"First name", "Username may", "Language"}},
	} {
		form := append([]string{"first_name", "Augusta", "last_name", "King", "username", "augusta", "locale", "es"}, row.form...)
		p = p.form("/profile", "action", "names").submit(form...).wants(422, row.wants...)
		again, entered := p.form("/profile", "action", "names").fields, valuesOf(form)
		for _, name := range []string{"first_name", "last_name", "username"} {
			if again.Get(name) != entered.Get(name) {
				t.Errorf("%s: the form comes again with the %s %q", row.name, name, again.Get(name))
			}
		}
		if user, _ := s.realm.User(s.ada.ID); user.Name != "Ada Lovelace" || user.Username != "ada" || user.Locale != "" {
			t.Errorf("%s: got %+v, want nothing to be changed", row.name, user)
		}
	}
	p = p.form("/profile", "action", "names").submit("first_name", " Augusta", "last_name", "King", "username", "augusta", "locale", "es")
	p = p.follow().wants(200, "Your profile has been changed.", "Augusta")
	if got := p.form("/profile", "action", "names").fields.Get("locale"); got != "es" {
		t.Errorf("the language is %q", got)
	}
	if user := s.verified(t, p.submit("/return").token()).User; user.Name != "Augusta King" || user.Username != "augusta" || user.Locale != "es" {
		t.Errorf("the new token has %+v", user)
	}
	s.newBrowser(t).logIn("augusta", secretPassword).token()
	s.newBrowser(t).logIn("ada", secretPassword).wants(422)
}

func TestProfileEmail(t *testing.T) {
	t.Parallel()

	onSite(t, "stays until the new one is verified", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		p := b.get("/profile").form("/profile", "action", "email").submit("email", "Countess@Example.com").follow()
		p.wants(200, "Follow the link", "New email: countess@example.com")
		mail := s.lastMail(t)
		if user, _ := s.realm.User(s.ada.ID); user.Email != "ada@example.com" || mail.To != "countess@example.com" || strings.Contains(p.body, "tue:") {
			t.Errorf("got %q, and a mail to %q", user.Email, mail.To)
		}
		s.newBrowser(t).logIn("countess@example.com", secretPassword).wants(422)
		s.newBrowser(t).get(mail.Link).submit("/email/verify").wants(200, "countess@example.com is verified.")
		if user, _ := s.realm.User(s.ada.ID); user.Email != "countess@example.com" || user.EmailVerification != authrocket.EmailVerified {
			t.Errorf("got %+v", user)
		}
		b.get("/profile").wants(200, "countess@example.com verified")
		s.newBrowser(t).logIn("countess@example.com", secretPassword).token()
	})
	onSite(t, "is refused when it is none, or another's", func(t *testing.T, s *site) {
		p := s.signedIn(t, s.ada).get("/profile")
		for email, want := range map[string]string{"x": "Email is not", "": "Email is not", "ALAN@example.com": "already in use"} {
			p = p.form("/profile", "action", "email").submit("email", email).wants(422, want)
			if got := p.form("/profile", "action", "email").fields.Get("email"); got != email {
				t.Errorf("the form comes again with %q, want %q", got, email)
			}
		}
		if mails := s.server.Outbox(); len(mails) != 0 {
			t.Errorf("got %d mails", len(mails))
		}
	})
	for name, row := range map[string]struct {
		meanwhile func(s *site, p *page)
		want      string
	}{
		"is refused when somebody was faster": {
			meanwhile: func(s *site, _ *page) { s.realm.AddUser(authrockettest.User{Email: "new@example.com"}) }, want: "already in use",
		},
		"is replaced by a second change": {
			meanwhile: func(_ *site, p *page) {
				p.form("/profile", "action", "email").submit("email", "second@example.com").follow().wants(200, "second@example.com")
			}, want: "has been used",
		},
		"is taken back by the old one": {
			meanwhile: func(_ *site, p *page) {
				p.form("/profile", "action", "email").submit("email", "ada@example.com").follow()
			}, want: "has been used",
		},
	} {
		onSite(t, name, func(t *testing.T, s *site) {
			p := s.signedIn(t, s.ada).get("/profile").form("/profile", "action", "email").submit("email", "new@example.com").follow()
			link := s.lastMail(t).Link
			row.meanwhile(s, p)
			s.newBrowser(t).get(link).submit("/email/verify").wants(422, row.want)
			if user, _ := s.realm.User(s.ada.ID); user.Email != "ada@example.com" {
				t.Errorf("got %q", user.Email)
			}
		})
	}
	onSite(t, "a change ends the link for a new password at the old one", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		b.get("/password/forgot").submit("/password/forgot", "email", "ada").wants(200)
		reset := s.lastMail(t).Link
		b.get("/profile").form("/profile", "action", "email").submit("email", "new@example.com")
		b.get(s.lastMail(t).Link).submit("/email/verify").wants(200)
		s.newBrowser(t).get(reset).submit("/password/reset", "password", "taken over", "password_confirmation", "taken over").wants(422, "has been used")
	})
}

func TestProfilePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other, george := s.signedIn(t, s.ada), s.signedIn(t, s.ada), s.signedIn(t, s.george)
	for _, row := range []struct{ name, current, password, confirmation, want string }{
		{name: "a wrong current one", current: "wrong", password: "analytical", confirmation: "analytical", want: "Current password does not match."},
		{name: "no current one", password: "analytical", confirmation: "analytical", want: "Current password does not match."},
		{name: "a short one", current: secretPassword, password: "short", confirmation: "short", want: "Password is too short"},
		{name: "another confirmation", current: secretPassword, password: "analytical", confirmation: "analytics", want: "Password confirmation does not match."},
		{name: "no confirmation", current: secretPassword, password: "analytical", want: "Password confirmation does not match."},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := b.get("/profile").form("/profile", "action", "password").submit("current_password", row.current, "password", row.password, "password_confirmation", row.confirmation)
			p.wants(422, row.want)
			for name, values := range p.form("/profile", "action", "password").fields {
				if strings.Contains(name, "password") && values[0] != "" {
					t.Errorf("%s comes again", name)
				}
			}
			s.newBrowser(t).logIn("ada", secretPassword).token()
		})
	}
	b.get("/password/forgot").submit("/password/forgot", "email", "ada")
	reset := s.lastMail(t).Link
	b.get("/profile").form("/profile", "action", "email").submit("email", "eve@example.com")
	pending := s.lastMail(t).Link

	b.get("/profile").form("/profile", "action", "password").submit("current_password", secretPassword, "password", "analytical", "password_confirmation", "analytical").
		follow().wants(200, "Your password has been changed.")
	if !b.isSignedIn() || other.isSignedIn() || !george.isSignedIn() {
		t.Errorf("signed in are: this browser %t, the user's other one %t, another user %t", b.isSignedIn(), other.isSignedIn(), george.isSignedIn())
	}
	s.newBrowser(t).logIn("ada", secretPassword).wants(422)
	s.newBrowser(t).logIn("ada", "analytical").token()
	t.Run("ends links that were asked for before", func(t *testing.T) {
		s.newBrowser(t).get(reset).submit("/password/reset", "password", "taken over", "password_confirmation", "taken over").wants(422, "has been used")
		s.newBrowser(t).get(pending).submit("/email/verify").wants(422, "has been used")
	})
}

func TestProfileVerification(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn(t, s.ada)
	p := b.get("/profile").wants(200, "not verified").form("/profile", "action", "verify").submit().follow().wants(200, "We have sent you an email with a link.")
	p.browser.get(s.lastMail(t).Link).submit("/email/verify").wants(200, "ada@example.com is verified.")
	p = b.get("/profile").wants(200)
	for _, f := range p.forms {
		if f.fields.Get("action") == "verify" {
			t.Error("a verified user is offered to verify")
		}
	}
	if s.verified(t, b.get(loginPath(appURL)).token()).User.EmailVerification != authrocket.EmailVerified {
		t.Error("the new token does not say so")
	}
}

func TestProfileOfTheSelectedAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, multiUser)
	b := s.signedIn(t, s.ada)
	back := "&redirect_uri=" + url.QueryEscape(appURL)
	b.get("/profile?account=" + s.widgets.ID + back).submit("/return").wantsTokenFor(s.widgets)
	b.get("/profile?account=" + s.foreign.ID + back).submit("/return").wantsTokenFor(s.widgets)
}

func TestRequireName(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireName)
	b := s.newBrowser(t)
	p := b.logIn("lone@example.com", secretPassword).follow().wants(200, "Enter your name to continue.")
	p.submit("/return").follow().wants(200, "Enter your name to continue.")
	p = b.get(loginPath(appURL)).follow().wants(200, "Enter your name")
	p = p.form("/profile", "action", "names").submit("first_name", "Lone").follow()
	if strings.Contains(p.text, "Enter your name") {
		t.Error("it asks again")
	}
	if got := s.verified(t, p.submit("/return").token()); got.User.FirstName != "Lone" {
		t.Errorf("got %+v", got.User)
	}
	s.newBrowser(t).logIn("ada", secretPassword).token()
}

func TestUnknownActionOfTheProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn(t, s.ada)
	before := s.state()
	b.post("/profile", "action", "delete").wants(400)
	b.post("/profile").wants(400)
	if s.state() != before {
		t.Error("something is changed")
	}
}
