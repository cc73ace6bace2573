package authrocketdev_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func showDemoUsers(c *siteConfig) { c.ShowDemoUsers = true }

func TestLoginPage(t *testing.T) {
	t.Parallel()

	onSite(t, "names the app and the realm", func(t *testing.T, s *site) {
		if _, err := s.realm.ChangeSettings(func(c *authrockettest.Settings) { c.Name = "Engine <Rooms>" }); err != nil {
			t.Fatal(err)
		}
		b := s.newBrowser(t)
		b.get(loginPath(appURL)).wants(200, "Engine <Rooms>", "Log in to continue to 127.0.0.2:3000.")
		b.get("/login").wants(200, "Log in to continue to app.example.") // the default
	}, func(c *siteConfig) { c.LoginURLs = []string{"https://app.example/in", "http://127.0.0.2:3000/"} })
	onSite(t, "names no app where there is none", func(t *testing.T, s *site) {
		if p := s.newBrowser(t).get("/login").wants(200); strings.Contains(p.text, "to continue") {
			t.Errorf("got %s", p.text)
		}
	})
	onSite(t, "lists demo users, each of whom logs in by a click", func(t *testing.T, s *site) {
		p := s.newBrowser(t).get(loginPath(appURL)).wants(200, "Demo users", "Ada Lovelace", "ada@example.com", secretPassword)
		button := p.form("/login", "email", "alan@example.com", "password", secretPassword)
		if got := s.verified(t, button.submit().token()); got.User.ID != s.alan.ID {
			t.Errorf("it logs %s in", got.User.Email)
		}
	}, showDemoUsers)
	onSite(t, "lists nobody who has set a password, has none or is inactive", func(t *testing.T, s *site) {
		s.realm.SetPassword(s.ada.ID, "difference engine")
		s.realm.UpdateUser(s.alan.ID, func(u *authrockettest.User) { u.Password = "" })
		s.deactivate(t, s.george)
		p := s.newBrowser(t).get("/login").wants(200, "lone@example.com")
		for _, hidden := range []string{"Ada", "Alan", "George", "difference engine"} {
			if strings.Contains(p.text, hidden) {
				t.Errorf("%q is there: %s", hidden, p.text)
			}
		}
	}, showDemoUsers)
	onSite(t, "lists nobody by default", func(t *testing.T, s *site) {
		if p := s.newBrowser(t).get("/login"); strings.Contains(p.body, secretPassword) || strings.Contains(p.text, "Demo") {
			t.Errorf("got %s", p.text)
		}
	})
}

func TestAccountPicker(t *testing.T) {
	t.Parallel()
	s := newSite(t, multiUser)
	b := s.signedIn(t, s.ada)
	p := b.get("/accounts?redirect_uri="+url.QueryEscape(appURL)).wants(200, "Signed in as Ada Lovelace", "ada@example.com", "Not you?", "Create account")
	other := ""
	for _, link := range p.links {
		if strings.HasPrefix(link, "/login?") {
			other = link
		}
	}
	p = b.get(other).wants(200, "Log in").submit("/login", "email", "alan", "password", secretPassword)
	p = p.follow() // to the accounts; he has only one
	if got := s.verified(t, p.token()); got.User.ID != s.alan.ID || !strings.HasPrefix(p.location, appURL) {
		t.Errorf("got the session of %s at %s", got.User.Email, p.location)
	}
}

func TestRefusalPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *siteConfig) { c.LoginURLs = []string{"https://app.example/in", "http://127.0.0.2:3000/"} })
	b := s.newBrowser(t)
	b.get("/nothing").wants(404, "Page not found")
	r := b.formRequest("/login", nil)
	r.Header.Set("Origin", "https://evil.example")
	b.send(r).wants(403, "This form comes from another website and was refused.")
	for _, row := range []struct{ name, given, shown string }{
		{name: "another host", given: "https://other.example/in", shown: "Requested return URL https://other.example/in Login URLs"},
		{name: "with markup", given: "https://other.example/<b>", shown: "https://other.example/<b>"},
		{name: "without its query", given: "https://other.example/in?token=secret#secret", shown: "https://other.example/in Login"},
		{name: "without its user", given: "https://me:secret@other.example/in", shown: "https://other.example/in Login"},
		{name: "without long parts", given: "https://other.example/" + strings.Repeat("secret", 11) + "/in", shown: "https://other.example/.../in Login"},
		{name: "not endlessly", given: "https://other.example" + strings.Repeat("/a", 16) + strings.Repeat("/secret", 40), shown: "/a/a/a/a/... Login"},
		{name: "no URL", given: "%zz", shown: "return URL %zz Login"},
	} {
		p := b.get(loginPath(row.given)).wants(400, row.shown, "https://app.example/in", "http://127.0.0.2:3000/")
		if strings.Contains(p.body, "secret") {
			t.Errorf("%s: got %s", row.name, p.body)
		}
	}
	newSite(t).newBrowser(t).get(loginPath("https://other.example/in")).wants(400, "A login may return to any URL on this machine")
}

// The realm may change the minimum password length while the server runs.
func TestPasswordLength(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	b := a.newBrowser(t)
	password := func(n int) string { return strings.Repeat("x", n) }
	for _, shortest := range []int{12, 6, 8} {
		_, err := a.realm.UpdateAuthProvider(authrockettest.TypePassword, func(p *authrockettest.AuthProvider) { p.MinLength = shortest })
		if err != nil {
			t.Fatal(err)
		}
		want := "Password is too short. Use at least " + strconv.Itoa(shortest) + " characters."
		form := []string{"email", "user" + strconv.Itoa(shortest) + "@example.com", "password"}
		p := b.get(signupPath()).wants(200, strconv.Itoa(shortest)+" characters or more")
		if !strings.Contains(p.body, `minlength="`+strconv.Itoa(shortest)+`"`) {
			t.Errorf("%d: the form does not say it: %s", shortest, p.body)
		}
		p = p.submit("/signup", append(form, password(shortest-1))...).wants(422, want)
		p.submit("/signup", append(form, password(shortest))...).token()
		b.get("/logout")
		a.wantError(a.call("POST", "/v2/signup", apiParams{"email": "new@example.com", "password": password(shortest - 1)}), 422, want)
		session := a.login(a.ada).Session
		a.wantError(a.call("POST", "/v2/profile/password", apiParams{"session": session, "current_password": secretPassword, "password": password(shortest - 1)}), 422, want)
		p = b.get(b.forgot(t, "ada"))
		p.submit("/password/reset", "password", password(shortest-1), "password_confirmation", password(shortest-1)).wants(422, want)
	}
}

// Three tabs that open at the same time, before any of them has a cookie, all work.
func TestTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, path, form string
		fields           []string
	}{
		{name: "to log in", path: loginPath(appURL), form: "/login", fields: []string{"email", "ada", "password", secretPassword}},
		{name: "to sign up", path: signupPath(), form: "/signup", fields: []string{"email", "new@example.com", "password", "compilers"}},
	} {
		b := s.newBrowser(t)
		first, second := b.get(row.path), b.get(row.path)
		b.get(row.path)
		first.submit(row.form, row.fields...).token()
		if row.form == "/login" {
			second.submit(row.form, row.fields...).token() // this works after the other tab, too
		}
	}
	b := s.signedIn(t, s.ada)
	tab := b.get("/profile")
	b.get("/logout")
	tab.form("/profile", "action", "names").submit("first_name", "Eve").wants(403, "too old")
	b.logIn("alan", secretPassword).token()
	tab.form("/profile", "action", "names").submit("first_name", "Eve").wants(403, "too old")
}
