package authrocketdev_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	wrongCode    = "This code is none"
	manyCodes    = "Too many wrong codes. Log in again in a minute."
	pendingEnded = "This login has been used or has expired. Log in again."
)

// offerTOTP lets the users of the site add devices.
func (s *site) offerTOTP(t *testing.T) {
	t.Helper()
	_, err := s.realm.UpdateAuthProvider(authrockettest.TypeTOTP, func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateActive })
	if err != nil {
		t.Fatal(err)
	}
}

// enrol gives the user a device, and returns its secret.
func (s *site) enrol(t *testing.T, user authrockettest.User) (secret string) {
	t.Helper()
	s.offerTOTP(t)
	device, err := s.realm.CreateTOTP(user.ID, "Phone")
	if err != nil {
		t.Fatal(err)
	}
	secret = device.Secret()
	// The first code is an old one, so that later codes stay available to the test.
	if ok, err := s.realm.VerifyTOTP(device.ID, authrockettest.TOTP(secret, time.Now().Add(-30*time.Second))); err != nil || !ok {
		t.Fatalf("the device is not added: %v", err)
	}
	return secret
}

// codeNow returns the code that the device shows now.
func codeNow(secret string) string { return authrockettest.TOTP(secret, time.Now()) }

// codeNext returns the code that the device will show in 30 seconds. It is already
// valid.
func codeNext(secret string) string {
	return authrockettest.TOTP(secret, time.Now().Add(30*time.Second))
}

// withDevice is like inBubble, with a user who has a device with this secret.
func withDevice(t *testing.T, name string, test func(t *testing.T, s *site, b *browser, secret string)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T, s *site, b *browser) { test(t, s, b, s.enrol(t, s.ada)) })
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()

	withDevice(t, "is asked for after the password", func(t *testing.T, s *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword).wants(200, "Enter your code")
		if b.sessionID() != "" {
			t.Fatal("the password alone signs in")
		}
		p = p.submit("/login/verify", "code", codeNow(secret))
		if got := s.verified(t, p.token()); got.User.ID != s.ada.ID || !strings.HasPrefix(p.location, appURL+"&token=") {
			t.Errorf("got the session of %s at %s", got.User.Email, p.location)
		}
		if !b.isSignedIn() {
			t.Error("the browser is not signed in")
		}
		s.newBrowser(t).inMemory().logIn("alan", secretPassword).token() // he has no device
	})
	withDevice(t, "takes a code in two groups", func(_ *testing.T, _ *site, b *browser, secret string) {
		code := codeNow(secret)
		b.logIn("ada", secretPassword).submit("/login/verify", "code", " "+code[:3]+" "+code[3:]).token()
	})
	withDevice(t, "is not asked for after a wrong password", func(_ *testing.T, _ *site, b *browser, _ string) {
		b.logIn("ada", "wrong").wants(422, "Login failed.")
	})
	withDevice(t, "a wrong code can be corrected", func(t *testing.T, _ *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword)
		for _, code := range []string{"", "12345", wrongCode, authrockettest.TOTP(secret, time.Now().Add(time.Hour))} {
			p = p.submit("/login/verify", "code", code).wants(422, "Login failed.", "Enter your code")
			if b.sessionID() != "" {
				t.Fatalf("%q signs in", code)
			}
		}
		p.submit("/login/verify", "code", codeNow(secret)).token()
	})
	withDevice(t, "a code serves once", func(t *testing.T, s *site, b *browser, secret string) {
		b.logIn("ada", secretPassword).submit("/login/verify", "code", codeNow(secret)).token()
		other := s.newBrowser(t).inMemory()
		p := other.logIn("ada", secretPassword).submit("/login/verify", "code", codeNow(secret)).wants(422, "Login failed.")
		p.submit("/login/verify", "code", codeNext(secret)).token()
	})
	withDevice(t, "a login serves once", func(t *testing.T, s *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword)
		other := s.newBrowser(t).inMemory()
		token := p.form("/login/verify").fields.Get("token")
		p.submit("/login/verify", "code", codeNow(secret)).token()
		other.post("/login/verify", "token", token, "code", codeNext(secret)).wants(422, pendingEnded, "Email or username")
		if other.sessionID() != "" {
			t.Error("it signs in twice")
		}
	})
	withDevice(t, "one of many codes at once signs in", func(t *testing.T, s *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword)
		form := p.form("/login/verify").fields
		var requests []*http.Request
		for _, code := range []string{codeNow(secret), codeNext(secret), codeNow(secret), codeNext(secret)} {
			values := url.Values{"csrf": form["csrf"], "token": form["token"], "redirect_uri": {appURL}, "code": {code}}
			requests = append(requests, b.formRequest("/login/verify", values))
		}
		if got := b.together(requests...); count(got, 302) != 1 {
			t.Errorf("got the statuses %v, want one redirect", got)
		}
	})
	withDevice(t, "a login waits five minutes", func(_ *testing.T, _ *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword)
		time.Sleep(5*time.Minute - 1)
		p = p.submit("/login/verify", "code", wrongCode).wants(422, "Login failed.")
		time.Sleep(time.Nanosecond)
		p.submit("/login/verify", "code", codeNow(secret)).wants(422, pendingEnded)
	})
	withDevice(t, "wrong codes are limited by user, however many logins wait", func(t *testing.T, s *site, b *browser, secret string) {
		first, second := b.logIn("ada", secretPassword), b.logIn("ada", secretPassword)
		for i := range 10 {
			[]*page{first, second}[i%2].submit("/login/verify", "code", wrongCode).wants(422, "Login failed.")
		}
		first.submit("/login/verify", "code", codeNow(secret)).wants(422, manyCodes)
		b.logIn("ada", secretPassword).submit("/login/verify", "code", codeNow(secret)).wants(422, manyCodes)
		if b.sessionID() != "" {
			t.Error("the right code is taken over the limit")
		}
		time.Sleep(time.Minute)
		first.submit("/login/verify", "code", codeNow(secret)).wants(422, pendingEnded) // too many wrong codes were entered
		second.submit("/login/verify", "code", codeNow(secret)).token()
	})
	withDevice(t, "many wrong codes at once are no way around", func(t *testing.T, s *site, b *browser, _ string) {
		form := b.logIn("ada", secretPassword).form("/login/verify").fields
		var requests []*http.Request
		for range 40 {
			requests = append(requests, b.formRequest("/login/verify", url.Values{"csrf": form["csrf"], "token": form["token"], "code": {wrongCode}}))
		}
		b.together(requests...)
		if got := len(s.events(t, "user.login.failed")); got > 10 {
			t.Errorf("%d codes of 40 are compared, want 10 at most", got)
		}
	})
	withDevice(t, "right codes do not count", func(t *testing.T, s *site, b *browser, secret string) {
		for range 15 {
			b.logIn("ada", secretPassword).submit("/login/verify", "code", codeNow(secret)).token()
			time.Sleep(time.Second * 2)
			b.logIn("ada", secretPassword).submit("/login/verify", "code", codeNext(secret)).token()
			time.Sleep(58 * time.Second)
		}
	})
	withDevice(t, "a reset of the password asks for it too", func(t *testing.T, s *site, b *browser, secret string) {
		waiting := s.newBrowser(t).inMemory().logIn("ada", secretPassword)
		p := b.get(b.forgot(t, "ada")).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").wants(200, "Enter your code")
		if b.sessionID() != "" {
			t.Fatal("the link in the mail alone signs in")
		}
		waiting.submit("/login/verify", "code", codeNow(secret)).wants(422, pendingEnded) // that login used the old password
		p.submit("/login/verify", "code", codeNow(secret)).token()
	})
	withDevice(t, "a user who has become inactive is not signed in", func(t *testing.T, s *site, b *browser, secret string) {
		p := b.logIn("ada", secretPassword)
		s.deactivate(t, s.ada)
		p.submit("/login/verify", "code", codeNow(secret)).wants(422, "Login failed.")
		if b.sessionID() != "" {
			t.Error("an inactive user is signed in")
		}
	})
	withDevice(t, "an inactive user is not asked for it", func(t *testing.T, s *site, b *browser, _ string) {
		s.deactivate(t, s.ada)
		b.logIn("ada", secretPassword).wants(422, "Login failed.", "Email or username")
	})
	withDevice(t, "the token of a login serves nothing else, and no other token serves a login", func(t *testing.T, s *site, b *browser, secret string) {
		token := b.logIn("ada", secretPassword).form("/login/verify").fields.Get("token")
		b.post("/password/reset", "token", token, "password", "analytical", "password_confirmation", "analytical").wants(422, "has been used")
		b.post("/email/verify", "token", token).wants(422, "has been used")
		reset := tokenIn(t, b.forgot(t, "ada"))
		for _, other := range []string{"", "tmf:", "tmf:AAAAAAAAAAAAAAAAAAAAAAAAAA", reset, s.startSession(t, s.ada).ID} {
			b.post("/login/verify", "token", other, "code", codeNow(secret)).wants(422, pendingEnded)
		}
		b.post("/login/verify", "token", token, "code", codeNow(secret), "redirect_uri", appURL).token()
	})
}

func TestAPISecondFactor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPIInMemory(t)
		secret := a.enrol(t, a.ada)
		wantPending := func(got apiAnswer) string {
			t.Helper()
			a.wantConditional(got, "", "second_factor_required")
			if !strings.HasPrefix(got.Token, "tmf:") || got.Session != "" {
				t.Fatalf("got the token %q in the session %q", got.Token, got.Session)
			}
			return got.Token
		}
		verify := func(token, code string) apiAnswer {
			return a.call("POST", "/v2/login/verify", apiParams{"token": token, "code": code})
		}
		token := wantPending(a.login(a.ada))
		a.wantError(verify(token, wrongCode), 422, "Login failed.")
		a.wantFullLogin(verify(token, codeNow(secret)), a.ada, a.engines.ID)
		a.wantError(verify(token, codeNext(secret)), 422, pendingEnded)
		for _, p := range []apiParams{nil, {"token": "tmf:1", "code": "123456"}, {"session": a.login(a.alan).Session}} {
			a.wantError(a.call("POST", "/v2/login/verify", p), 422, pendingEnded)
		}

		a.wantOkay(a.call("POST", "/v2/password/forgot", apiParams{"email": "ada"}))
		reset, _ := a.mailed("token")
		token = wantPending(a.call("POST", "/v2/password/reset", apiParams{"token": reset, "password": "analytical"}))
		a.wantFullLogin(verify(token, codeNext(secret)), a.ada, a.engines.ID)
	})
}

func TestDevices(t *testing.T) {
	t.Parallel()

	inBubble(t, "are added on the profile, and removed", func(t *testing.T, s *site, b *browser) {
		s.offerTOTP(t)
		if _, err := s.realm.ChangeSettings(func(c *authrockettest.Settings) { c.Name = "Engine: Rooms & Co" }); err != nil {
			t.Fatal(err)
		}
		b.logIn("ada", secretPassword).token()
		p := b.get("/profile?redirect_uri=" + url.QueryEscape(appURL))
		for _, name := range []string{"", "  ", "a\u202eb", strings.Repeat("x", 101)} {
			p = p.form("/profile", "action", "enrol").submit("device_name", name).wants(422, "Device name")
		}
		p = p.form("/profile", "action", "enrol").submit("device_name", " <b>Phone").follow().wants(200, "Add <b>Phone")
		device := s.deviceOf(t, s.ada)
		secret := device.Secret()
		if !strings.Contains(p.text, secret) || !strings.Contains(p.body, "<svg ") {
			t.Errorf("neither code nor secret is there: %s", p.body)
		}
		want := "otpauth://totp/Engine%20%20Rooms%20&%20Co:ada@example.com?issuer=Engine%20%20Rooms%20%26%20Co&secret=" + secret
		if len(p.links) == 0 || p.links[1] != want {
			t.Errorf("the links are %q, want %q", p.links, want)
		}
		path := "/profile/devices/" + device.ID
		p = p.submit(path, "code", wrongCode).wants(422, "Verification failed.", secret)
		s.newBrowser(t).inMemory().logIn("ada", secretPassword).token() // logins need no code until the first code was accepted
		p.submit(path, "code", codeNow(secret)).follow().wants(200, "The device has been added.", "<b>Phone", "active")

		b.get(path).leadsTo("/profile") // the secret is no longer shown
		p = s.newBrowser(t).inMemory().logIn("ada", secretPassword).wants(200, "Enter your code")
		p.submit("/login/verify", "code", codeNow(secret)).wants(422, "Login failed.") // the code was already used
		p.submit("/login/verify", "code", codeNext(secret)).token()

		b.get("/profile").form("/profile", "device", device.ID).submit().follow().wants(200, "The device has been removed.")
		s.newBrowser(t).inMemory().logIn("ada", secretPassword).token()
	})
	onSite(t, "are not offered where the realm has no second factor", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		if p := b.get("/profile"); strings.Contains(p.text, "Second factor") {
			t.Errorf("it is offered: %s", p.text)
		}
		b.post("/profile", "action", "enrol", "device_name", "Phone").wants(422, "This realm offers no second factor.")
		if got := s.realm.CredentialsOf(s.ada.ID); len(got) != 1 {
			t.Errorf("there are the credentials %v", got)
		}
	})
	onSite(t, "can be removed where the realm offers no second factor any more", func(t *testing.T, s *site) {
		b := s.signedIn(t, s.ada)
		s.enrol(t, s.ada)
		s.realm.UpdateAuthProvider(authrockettest.TypeTOTP, func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateInactive })
		s.newBrowser(t).logIn("ada", secretPassword).wants(200, "Enter your code")
		b.get("/profile").form("/profile", "action", "remove").submit().follow().wants(200, "The device has been removed.")
	})
	onSite(t, "of other users are nobody's", func(t *testing.T, s *site) {
		s.offerTOTP(t)
		device, err := s.realm.CreateTOTP(s.ada.ID, "Phone")
		if err != nil {
			t.Fatal(err)
		}
		password := s.realm.CredentialsOf(s.alan.ID)[0]
		b := s.signedIn(t, s.alan)
		before := s.state()
		for _, id := range []string{device.ID, password.ID, "crd_none"} {
			b.get("/profile/devices/"+id).wants(404, "There is no such device.")
			b.post("/profile/devices/"+id, "code", codeNow(device.Secret())).wants(404, "There is no such device.")
			b.post("/profile", "action", "remove", "device", id).wants(404, "There is no such device.")
		}
		if s.state() != before {
			t.Error("something is changed")
		}
	})
	inBubble(t, "wrong codes of a new one are limited", func(t *testing.T, s *site, b *browser) {
		s.offerTOTP(t)
		b.logIn("ada", secretPassword).token()
		b.get("/profile").form("/profile", "action", "enrol").submit("device_name", "Phone")
		device := s.deviceOf(t, s.ada)
		path := "/profile/devices/" + device.ID
		for range 10 {
			b.post(path, "code", wrongCode).wants(422, "Verification failed.")
		}
		b.post(path, "code", codeNow(device.Secret())).wants(422, "Too many wrong codes.")
	})
}

// deviceOf returns the only device of a user.
func (s *site) deviceOf(t *testing.T, user authrockettest.User) authrockettest.Credential {
	t.Helper()
	for _, c := range s.realm.CredentialsOf(user.ID) {
		if c.Type == authrockettest.TypeTOTP {
			return c
		}
	}
	t.Fatal("the user has no device")
	return authrockettest.Credential{}
}

func (s *site) deactivate(t *testing.T, user authrockettest.User) {
	t.Helper()
	if _, err := s.realm.UpdateUser(user.ID, func(u *authrockettest.User) { u.State = authrockettest.UserInactive }); err != nil {
		t.Fatal(err)
	}
}

func TestInactiveUsers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	b := a.newBrowser(t)
	link := b.forgot(t, "ada")
	session := a.login(a.ada).Session
	a.deactivate(t, a.ada)
	b.logIn("ada", secretPassword).wants(422, "Login failed.")
	a.wantError(a.login(a.ada), 422, "Login failed.")
	b.get(link).submit("/password/reset", "password", "analytical", "password_confirmation", "analytical").wants(422, "has been used")
	if link := b.forgot(t, "ada"); link != "" {
		t.Errorf("an inactive user gets a mail: %s", link)
	}
	a.wantError(a.call("GET", "/v2/session", apiParams{"session": session}), 403, deadSession)
	if b.sessionID() != "" {
		t.Error("an inactive user is signed in")
	}
	if user, _ := a.realm.User(a.ada.ID); user.EmailVerification == authrocket.EmailVerified || !a.realm.CheckPassword(user.ID, secretPassword) {
		t.Error("an inactive user has changed the password")
	}
}

// A session stays stored when its user becomes inactive, but cannot be used until the
// user is active again.
func TestSessionsOfInactiveUsers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.offerTOTP(t)
	b, other := a.signedIn(t, a.ada), a.newBrowser(t)
	session := b.sessionID()
	lone := a.login(a.lone).Session
	profile := b.get("/profile")
	a.deactivate(t, a.ada)
	a.deactivate(t, a.lone)
	before := stateOf(t, a.realm)
	for name, call := range map[string]func() apiAnswer{
		"GET /v2/session": func() apiAnswer { return a.call("GET", "/v2/session", apiParams{"session": lone}) },
		"PUT /v2/profile": func() apiAnswer {
			return a.call("PUT", "/v2/profile", apiParams{"session": session, "first_name": "Eve", "email": "eve@example.com"})
		},
		"POST /v2/profile/password": func() apiAnswer {
			return a.call("POST", "/v2/profile/password", apiParams{"session": session, "current_password": secretPassword, "password": "analytical"})
		},
	} {
		t.Run(name, func(t *testing.T) { a.wantError(call(), 403, deadSession) })
	}
	for _, path := range []string{"/profile", "/accounts", "/accounts/org_engines"} {
		b.get(path).leadsTo("/login?next=" + url.QueryEscape(path))
		other.get(path + "?session=" + session).leadsTo(path)
	}
	if other.sessionID() != "" {
		t.Error("a browser takes up the session of an inactive user")
	}
	for _, pairs := range [][]string{{"action", "names", "first_name", "Eve"}, {"action", "enrol", "device_name", "Phone"}} {
		b.post("/profile", pairs...).leadsTo("/login?next=%2Fprofile")
	}
	profile.submit("/profile", "action", "names", "first_name", "Eve").wants(302)
	b.post("/accounts/org_engines", "action", "invite", "email", "eve@example.com").leadsTo("/login?next=%2Faccounts%2Forg_engines")
	if stateOf(t, a.realm) != before {
		t.Error("an inactive user has changed something")
	}
	a.wantOkay(a.call("DELETE", "/v2/session", apiParams{"session": session}))
}
