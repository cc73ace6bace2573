package authrocketdev_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// forgot requests a link to set a new password, and returns the link.
func (b *browser) forgot(t *testing.T, login string) string {
	t.Helper()
	before := len(b.site.server.Outbox())
	b.get("/password/forgot?redirect_uri="+url.QueryEscape(appURL)).submit("/password/forgot", "email", login).wants(200, "If this user exists")
	if len(b.site.server.Outbox()) == before {
		return ""
	}
	return b.site.lastMail(t).Link
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()

	onSite(t, "sets a new one, ends all sessions and logs in", func(t *testing.T, s *site) {
		before, george := s.signedIn(t, s.ada), s.signedIn(t, s.george)
		b := s.newBrowser(t)
		link := b.forgot(t, " ADA@example.com")
		if mail := s.lastMail(t); mail.To != "ada@example.com" || !strings.HasPrefix(link, s.origin+"/password/reset?") {
			t.Errorf("got %+v", mail)
		}
		p := b.get(link).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical")
		if got := s.verified(t, p.token()); got.User.ID != s.ada.ID || !strings.HasPrefix(p.location, appURL+"&token=") {
			t.Errorf("got the session of %s at %s", got.User.Email, p.location)
		}
		if before.isSignedIn() || !b.isSignedIn() || !george.isSignedIn() {
			t.Errorf("signed in are: the browser from before %t, this one %t, another user %t", before.isSignedIn(), b.isSignedIn(), george.isSignedIn())
		}
		s.newBrowser(t).logIn("ada", secretPassword).wants(422)
		s.newBrowser(t).logIn("ada", "analytical").token()
		s.newBrowser(t).get(link).submit("/password/reset", "password", "another one", "password_confirmation", "another one").wants(422, "has been used")
		s.newBrowser(t).logIn("ada", "analytical").token()
	})
	onSite(t, "asked for nobody sends nothing, and says the same", func(t *testing.T, s *site) {
		for _, login := range []string{"eve@example.com", "", "<b>"} {
			if link := s.newBrowser(t).forgot(t, login); link != "" {
				t.Errorf("%q: got %s", login, link)
			}
		}
	})
	onSite(t, "with a bad password does not use the link up", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		p := b.get(b.forgot(t, "ada"))
		p = p.submit("/password/reset", "password", "short", "password_confirmation", "short").wants(422, "Password is too short")
		p = p.submit("/password/reset", "password", "analytical", "password_confirmation", "").wants(422, "Password confirmation does not match.")
		if b.sessionID() != "" {
			t.Error("a refused password signs in")
		}
		p.submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").token()
	})
	onSite(t, "with another kind of token is refused", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		b.get("/profile").form("/profile", "action", "verify").submit()
		verify, _ := url.Parse(s.lastMail(t).Link)
		invitation := s.invitation(t, "new@example.com", "")
		for _, token := range []string{"", "tpw:", "tpw:AAAAAAAAAAAAAAAAAAAAAAAAAA", verify.Query().Get("token"), invitation, b.sessionID()} {
			other := s.newBrowser(t)
			other.post("/password/reset", "token", token, "password", "analytical", "password_confirmation", "analytical").wants(422, "has been used")
			if other.sessionID() != "" {
				t.Errorf("%q signs in", token)
			}
		}
	})
	onSite(t, "a second link replaces the first", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		first, george, second := b.forgot(t, "ada"), b.forgot(t, "george"), b.forgot(t, "ada")
		form := []string{"password", "analytical", "password_confirmation", "analytical"}
		b.get(first).submit("/password/reset", form...).wants(422)
		b.get(second).submit("/password/reset", form...).token()
		b.get(george).submit("/password/reset", form...).token()
	})
	onSite(t, "ends a change of the email that somebody else has begun", func(t *testing.T, s *site) {
		s.signedIn(t, s.ada).get("/profile").form("/profile", "action", "email").submit("email", "eve@example.com")
		pending := s.lastMail(t).Link
		b := s.newBrowser(t)
		b.get(b.forgot(t, "ada")).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").token()
		s.newBrowser(t).get(pending).submit("/email/verify").wants(422, "has been used")
	})
	inBubble(t, "works for an hour", func(t *testing.T, s *site, b *browser) {
		link := b.forgot(t, "ada")
		time.Sleep(time.Hour - 1) // in the bubble: no real time passes
		p := b.get(link).submit("/password/reset", "password", "short", "password_confirmation", "short").wants(422, "too short")
		time.Sleep(time.Nanosecond) // in the bubble: no real time passes
		p.submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").wants(422, "has expired")
	})
	onSite(t, "serves one of many at once", func(t *testing.T, s *site) {
		b := s.newBrowser(t).inMemory()
		csrf := b.csrf()
		for range 10 {
			form := url.Values{
				"token": {tokenIn(t, b.forgot(t, "ada"))}, "password": {"analytical"}, "password_confirmation": {"analytical"},
				"csrf": {csrf}, "redirect_uri": {appURL},
			}
			var requests []*http.Request
			for range 8 {
				requests = append(requests, b.formRequest("/password/reset", form))
			}
			if got := b.together(requests...); count(got, 302) != 1 {
				t.Fatalf("got the statuses %v, want one redirect", got)
			}
		}
	})
	onSite(t, "shows nothing to who only looks at the link", func(t *testing.T, s *site) {
		b := s.newBrowser(t)
		link := b.forgot(t, "ada")
		for range 2 {
			if p := s.newBrowser(t).get(link).wants(200); strings.Contains(p.text, "ada") {
				t.Errorf("got %s", p.text)
			}
		}
		b.get(link).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").token()
	})
}
