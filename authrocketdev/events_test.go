package authrocketdev_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Each row says which events of the user an action causes, once each. It leaves out
// "user.updated" and the other events that the realm emits for its records.
func TestEvents(t *testing.T) {
	t.Parallel()
	type row struct {
		name  string
		do    func(t *testing.T, s *site, b *browser)
		wants []string
	}
	logIn := func(t *testing.T, _ *site, b *browser) { b.logIn("ada", secretPassword).token() }
	for _, row := range []row{
		{name: "a login", do: logIn, wants: []string{"user.login.succeeded"}},
		{name: "a wrong password", do: func(_ *testing.T, _ *site, b *browser) { b.logIn("ada", "wrong").wants(422) }, wants: []string{"user.login.failed"}},
		{name: "a login of nobody", do: func(_ *testing.T, _ *site, b *browser) { b.logIn("eve", "wrong").wants(422) }},
		{name: "a login of an inactive user", do: func(t *testing.T, s *site, b *browser) {
			s.deactivate(t, s.ada)
			b.logIn("ada", secretPassword).wants(422)
		}, wants: []string{"user.login.failed"}},
		{name: "a login with a code", do: func(t *testing.T, s *site, b *browser) {
			secret := s.enrol(t, s.ada)
			b.logIn("ada", secretPassword).submit("/login/verify", "code", wrongCode).submit("/login/verify", "code", codeNow(secret)).token()
		}, wants: []string{"user.login.initiated", "user.login.failed", "user.login.succeeded"}},
		{name: "a signup", do: func(_ *testing.T, _ *site, b *browser) {
			b.get(signupPath()).submit("/signup", "email", "new@example.com", "password", "compilers").token()
		}, wants: []string{"user.email.verifying", "user.login.succeeded"}},
		{name: "a reset of the password", do: func(t *testing.T, _ *site, b *browser) {
			b.get(b.forgot(t, "ada")).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").token()
		}, wants: []string{"user.password.resetting", "user.password.updated", "user.login.succeeded"}},
		{name: "a new password", do: func(t *testing.T, s *site, b *browser) {
			logIn(t, s, b)
			b.get("/profile").form("/profile", "action", "password").submit("current_password", secretPassword, "password", "analytical", "password_confirmation", "analytical").follow().wants(200)
		}, wants: []string{"user.login.succeeded", "user.password.updated"}},
		{name: "a new name", do: func(t *testing.T, s *site, b *browser) {
			logIn(t, s, b)
			b.get("/profile").form("/profile", "action", "names").submit("first_name", "Augusta").follow().wants(200)
		}, wants: []string{"user.login.succeeded", "user.profile.updated"}},
		{name: "a new email, and its verification", do: func(t *testing.T, s *site, b *browser) {
			logIn(t, s, b)
			b.get("/profile").form("/profile", "action", "email").submit("email", "countess@example.com").follow().wants(200)
			b.get(s.lastMail(t).Link).submit("/email/verify").wants(200)
		}, wants: []string{"user.login.succeeded", "user.email.updating", "user.profile.updated", "user.email.verified"}},
		{name: "another mail to verify the email", do: func(t *testing.T, s *site, b *browser) {
			logIn(t, s, b)
			b.get("/profile").form("/profile", "action", "verify").submit().follow().wants(200)
		}, wants: []string{"user.login.succeeded", "user.email.verifying"}},
	} {
		inBubble(t, row.name, func(t *testing.T, s *site, b *browser) {
			row.do(t, s, b)
			var got []string
			for _, event := range s.events(t, "user.") {
				if strings.Count(event.Type, ".") == 2 {
					got = append(got, event.Type)
				}
			}
			if !slices.Equal(got, row.wants) {
				t.Errorf("got %q, want %q", got, row.wants)
			}
		})
	}
}

// An event stores the address from which its request came, whatever the headers say.
func TestEventsNameTheRequest(t *testing.T) {
	t.Parallel()
	s := newSiteAt(t, "http://127.0.0.1:8081", forAPI)
	for _, row := range []struct {
		name, remote, client string
		want                 authrockettest.Request
	}{
		{name: "a browser", remote: "192.0.2.7:4711", client: "Test/1.0", want: authrockettest.Request{IP: "192.0.2.7", Client: "Test/1.0"}},
		{name: "a browser over IPv6", remote: "[2001:db8::1]:4711", client: "Test/1.0", want: authrockettest.Request{IP: "2001:db8::1", Client: "Test/1.0"}},
		{name: "a long name", remote: "192.0.2.8:1", client: strings.Repeat("x", 1000), want: authrockettest.Request{IP: "192.0.2.8", Client: strings.Repeat("x", 256)}},
		{name: "no UTF-8", remote: "192.0.2.9:1", client: "a\xffb", want: authrockettest.Request{IP: "192.0.2.9", Client: "ab"}},
	} {
		r := httptest.NewRequest("POST", "/v2/login", strings.NewReader("email=ada&password="+secretPassword))
		r.Header.Set("Content-Type", formType)
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		r.Header.Set("Forwarded", "for=198.51.100.1")
		r.Header.Set("X-Real-IP", "198.51.100.1")
		r.Header.Set("User-Agent", row.client)
		r.Host, r.RemoteAddr = "127.0.0.1:8081", row.remote
		s.server.ServeHTTP(httptest.NewRecorder(), r)
		all := s.events(t, "user.login.succeeded")
		last := all[len(all)-1]
		session, err := s.realm.LookUpSession(last.SessionID)
		if err != nil || last.Request != row.want || session.Request != row.want {
			t.Errorf("%s: got the event of %+v and the session of %+v, want %+v", row.name, last.Request, session.Request, row.want)
		}
		r.Method, r.URL.Path, r.URL.RawQuery = "GET", "/logout", "session="+session.ID
		s.server.ServeHTTP(httptest.NewRecorder(), r)
		ended := s.events(t, "session.deleted")
		if len(ended) == 0 || ended[len(ended)-1].SessionID != session.ID || ended[len(ended)-1].Request != row.want {
			t.Errorf("%s: got the logouts %+v, want one by %+v", row.name, ended, row.want)
		}
	}
}
