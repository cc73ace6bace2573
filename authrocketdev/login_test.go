package authrocketdev_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func loginPath(redirectURI string, pairs ...string) string {
	values := valuesOf(pairs)
	if redirectURI != "" {
		values.Set("redirect_uri", redirectURI)
	}
	return "/login?" + values.Encode()
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.realm.AddUser(authrockettest.User{Email: "nopassword@example.com"})
	for _, row := range []struct {
		name, login, password string
		status                int
	}{
		{name: "by email", login: "ada@example.com", password: secretPassword, status: 302},
		{name: "by email in other case and with spaces", login: " ADA@Example.COM ", password: secretPassword, status: 302},
		{name: "by username", login: "Ada", password: secretPassword, status: 302},
		{name: "by ID", login: s.ada.ID, password: secretPassword, status: 302},
		{name: "by ID in other case", login: strings.ToLower(s.ada.ID), password: secretPassword, status: 422},
		{name: "with a wrong password", login: "ada@example.com", password: "Differential", status: 422},
		{name: "without a password", login: "ada@example.com", status: 422},
		{name: "of nobody", login: "eve@example.com", password: secretPassword, status: 422},
		{name: "with nothing", status: 422},
		{name: "of a user without a password", login: "nopassword@example.com", status: 422},
		{name: "of a user without a password, with one", login: "nopassword@example.com", password: "there is no such user", status: 422},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := s.newBrowser(t)
			p := b.logIn(row.login, row.password)
			if row.status == 302 {
				if got := s.verified(t, p.token()); got.User.ID != s.ada.ID || got.ID() != b.sessionID() {
					t.Errorf("got a token of %s", got.User.Email)
				}
				if !strings.HasPrefix(p.location, appURL+"&token=") {
					t.Errorf("it leads to %s", p.location)
				}
				return
			}
			p.wants(422, "Login failed.")
			if b.sessionID() != "" || len(p.cookies) > 0 {
				t.Errorf("a refused login leaves cookies: %v", p.cookies)
			}
			again := p.form("/login").fields
			if again.Get("email") != row.login || again.Get("password") != "" || again.Get("redirect_uri") != appURL {
				t.Errorf("the form comes again with %q, want what was entered but the password", again)
			}
		})
	}
}

func TestLoginOnce(t *testing.T) {
	t.Parallel()

	onSite(t, "a second login returns at once, in the same session", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		other := b.get(loginPath("http://127.0.0.3:4000/other"))
		if !strings.HasPrefix(other.location, "http://127.0.0.3:4000/other?token=") {
			t.Errorf("it leads to %q", other.location)
		}
		if got := s.verified(t, other.token()); got.ID() != b.sessionID() || got.User.ID != s.ada.ID {
			t.Errorf("got the session of %s", got.User.Email)
		}
	})
	onSite(t, "prompt=login asks all the same, and ends nothing", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		first := b.sessionID()
		p := b.get(loginPath(appURL, "prompt", "login")).wants(200, "Log in")
		p.submit("/login", "email", "alan", "password", "wrong").wants(422)
		b.get(loginPath(appURL)).token()
		p = b.get(loginPath(appURL, "prompt", "login")).submit("/login", "email", "alan", "password", secretPassword)
		if got := s.verified(t, p.token()); got.User.ID != s.alan.ID || got.ID() == first {
			t.Errorf("got the session of %s", got.User.Email)
		}
		if _, err := s.realm.LookUpSession(first); err != nil {
			t.Errorf("the session that apps may still use: %v", err)
		}
	})
	inBubble(t, "a session that has expired asks again", func(t *testing.T, s *site, b *browser) {
		b.logIn("ada", secretPassword).token()
		time.Sleep(time.Hour - 1) // in the bubble: no real time passes
		b.get(loginPath(appURL)).token()
		time.Sleep(time.Nanosecond) // in the bubble: no real time passes
		b.get(loginPath(appURL)).wants(200, "Log in").submit("/login", "email", "ada", "password", secretPassword).token()
	}, func(c *siteConfig) { c.SessionLifetime = time.Hour })
	onSite(t, "the password that the realm is given later counts", func(t *testing.T, s *site) {
		s.signedIn(t, s.ada)
		s.realm.UpdateUser(s.ada.ID, func(u *authrockettest.User) { u.Password = "another one" })
		s.newBrowser(t).logIn("ada", secretPassword).wants(422)
		s.newBrowser(t).logIn("ada", "another one").token()
		s.realm.UpdateUser(s.ada.ID, func(u *authrockettest.User) { u.Password = "" })
		s.newBrowser(t).logIn("ada", "another one").wants(422)
		s.newBrowser(t).logIn("ada", "").wants(422)
	})
}

func TestWrongLoginsAreLimited(t *testing.T) {
	t.Parallel()
	inBubble(t, "by user, however the user is named", func(t *testing.T, s *site, b *browser) {
		logins := []string{"ada", "ADA@example.com", s.ada.ID, " ada "}
		for i := range 10 {
			b.logIn(logins[i%len(logins)], "wrong").wants(422)
		}
		for _, login := range logins {
			b.logIn(login, secretPassword).wants(422, "Try again in a minute")
		}
		if b.sessionID() != "" {
			t.Error("the right password is taken over the limit")
		}
		b.logIn("alan", secretPassword).token()
		time.Sleep(time.Minute) // in the bubble: no real time passes
		b.logIn("ada", secretPassword).token()
	})
	inBubble(t, "by the name of nobody as well, which tells nothing", func(t *testing.T, _ *site, b *browser) {
		for i := range 11 {
			want := "Login failed."
			if i == 10 {
				want = "Too many wrong passwords."
			}
			b.logIn([]string{"eve@example.com", "EVE@example.com"}[i%2], "wrong").wants(422, want)
		}
	})
	inBubble(t, "right ones do not count", func(_ *testing.T, _ *site, b *browser) {
		for range 9 {
			b.logIn("ada", "wrong").wants(422)
		}
		for range 20 {
			b.logIn("ada", secretPassword).token()
		}
		b.logIn("ada", "wrong").wants(422)
		b.logIn("ada", secretPassword).wants(422, "Too many wrong passwords.")
	})
	inBubble(t, "the current password of the profile counts too", func(_ *testing.T, _ *site, b *browser) {
		b.logIn("ada", secretPassword).token()
		for range 10 {
			b.post("/profile", "action", "password", "current_password", "wrong", "password", "long enough", "password_confirmation", "long enough").wants(422)
		}
		b.post("/profile", "action", "password", "current_password", secretPassword, "password", "long enough", "password_confirmation", "long enough").wants(422, "Too many wrong passwords.")
		b.logIn("ada", secretPassword).wants(422, "Too many wrong passwords.")
	})
	inBubble(t, "many at once are no way around", func(t *testing.T, s *site, b *browser) {
		b.logIn("ada", secretPassword).token() // creates the hash with which each of them is compared
		csrf := b.csrf()
		var requests []*http.Request
		for range 40 {
			requests = append(requests, b.formRequest("/login", url.Values{"email": {"ada"}, "password": {"wrong"}, "csrf": {csrf}}))
		}
		b.together(requests...)
		if got := len(s.events(t, "user.login.failed")); got != 10 {
			t.Errorf("%d passwords of 40 are compared, want 10", got)
		}
	})
}
