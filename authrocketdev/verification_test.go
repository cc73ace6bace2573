package authrocketdev_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestEmailVerification(t *testing.T) {
	t.Parallel()
	signUp := func(t *testing.T, b *browser) string {
		t.Helper()
		b.get(signupPath()).submit("/signup", "email", "grace@example.com", "password", "compilers").token()
		return b.site.lastMail(t).Link
	}
	isVerified := func(s *site) bool {
		user, err := s.realm.UserByLogin("grace@example.com")
		return err == nil && user.EmailVerification == authrocket.EmailVerified
	}

	onSite(t, "takes a click, not a look", func(t *testing.T, s *site) {
		link := signUp(t, s.newBrowser(t))
		b := s.newBrowser(t)
		p := b.get(link).wants(200, "Click the button")
		if isVerified(s) || strings.Contains(p.text, "grace") {
			t.Errorf("a look verifies, or tells who it is: %s", p.text)
		}
		p.submit("/email/verify").wants(200, "grace@example.com is verified.")
		if !isVerified(s) || b.sessionID() != "" {
			t.Errorf("verified %t, signed in %q", isVerified(s), b.sessionID())
		}
		p.submit("/email/verify").wants(422, "has been used")
	})
	onSite(t, "is not for an email that has changed since", func(t *testing.T, s *site) {
		link := signUp(t, s.newBrowser(t))
		user, err := s.realm.UserByLogin("grace@example.com")
		if err != nil {
			t.Fatal(err)
		}
		s.realm.UpdateUser(user.ID, func(u *authrockettest.User) { u.Email = "hopper@example.com" })
		s.newBrowser(t).get(link).submit("/email/verify").wants(422)
		if user, _ = s.realm.User(user.ID); user.EmailVerification == authrocket.EmailVerified || user.Email != "hopper@example.com" {
			t.Errorf("got %+v", user)
		}
	})
	onSite(t, "is not for a change of the email that was given up", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		b.get("/profile").form("/profile", "action", "email").submit("email", "countess@example.com", "action", "email")
		link := s.lastMail(t).Link
		s.realm.UpdateUser(s.ada.ID, func(u *authrockettest.User) { u.EmailPending = "" })
		b.get(link).submit("/email/verify").wants(422, "has been used")
		if user, _ := s.realm.User(s.ada.ID); user.Email != "ada@example.com" {
			t.Errorf("got %+v", user)
		}
	})
	onSite(t, "stays open when the password changes", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		link := signUp(t, b)
		b.get(b.forgot(t, "grace@example.com")).submit("/password/reset", "password", "new compilers", "password_confirmation", "new compilers").token()
		b.get(link).submit("/email/verify").wants(200)
	})
	onSite(t, "of another kind of token is refused", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		signUp(t, b)
		reset := b.forgot(t, "grace@example.com")
		token := reset[strings.Index(reset, "tpw"):]
		for _, token := range []string{"", "tve:", "tue:", "tve:AAAAAAAAAAAAAAAAAAAAAAAAAA", strings.Replace(token, "%3A", ":", 1)} {
			b.post("/email/verify", "token", token).wants(422, "has been used")
		}
		if isVerified(s) {
			t.Error("the user is verified")
		}
		b.get(reset).submit("/password/reset", "password", "new compilers", "password_confirmation", "new compilers").token()
	})
	inBubble(t, "works for an hour", func(t *testing.T, s *site, b *browser) {
		link := signUp(t, b)
		time.Sleep(time.Hour)
		b.get(link).submit("/email/verify").wants(422, "has expired")
		if isVerified(s) {
			t.Error("the user is verified")
		}
	})
}
