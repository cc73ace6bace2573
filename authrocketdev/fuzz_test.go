package authrocketdev_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// FuzzServer sends one request to a new site. Words in capitals stand for values that
// only the site knows.
func FuzzServer(f *testing.F) {
	const (
		withSession = 1 << iota
		withCSRF
		inMultiUser
		byInvitation
	)
	methods := []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions}
	for _, target := range []string{
		"/", "/login", "/login?redirect_uri=https://app.example/in/x", "/login?redirect_uri=https://aPp.example/in", "/login?redirect_uri=//evil.example/&prompt=login", "/login?next=//evil.example",
		"/signup?invitation=INVITATION", "/accounts?force&session=SESSION", "/accounts/org_engines?done=rename", "/account/%2e%2e", "/profile?session=SESSION&redirect_uri=",
		"/logout?session=SESSION&redirect_uri=https://app.example/in", "/password/forgot", "/password/reset?token=RESET", "/email/verify?token=VERIFY", "/outbox",
		"//evil.example/login", "/accounts/..//evil.example", "/style.css", "/connect/jwks", "/v2/session?session=SESSION", "/login?a;b", "/%zz", "/accounts/%0d%0aa:b", `/.?\`, `/.\\`,
	} {
		f.Add(uint8(0), target, "", "", uint8(withSession))
		f.Add(uint8(0), target, "", "loginrocket_session=SESSION", uint8(inMultiUser))
	}
	for target, form := range map[string]string{
		"/login":                "email=ada&password=differential&redirect_uri=https://app.example/in",
		"/signup":               "email=new@example.com&password=compilers&first_name=<b>&org_name=x&invitation=INVITATION",
		"/signup/accept":        "invitation=INVITATION",
		"/signup/request":       "email=new@example.com",
		"/accounts":             "choose=org_engines&account=",
		"/accounts/org_engines": "action=invite&email=new@example.com&permissions=ar:owner+<script>",
		"/profile":              "action=names&first_name=%e2%80%ae&locale=es&username=x",
		"/password/forgot":      "email=alan&next=/profile",
		"/password/reset":       "token=RESET&password=taken+over&password_confirmation=taken+over",
		"/email/verify":         "token=VERIFY",
		"/login/verify":         "token=RESET&code=123456",
		"/profile/devices/x":    "code=123456",
		"/return":               "redirect_uri=https://app.example/in/../out",
		"/v2/login":             "email=ada&password=differential",
	} {
		for mode := range uint8(16) {
			f.Add(uint8(1), target, form, "a=b", mode)
		}
	}
	f.Fuzz(func(t *testing.T, method uint8, target, form, cookie string, mode uint8) {
		s := newSiteAt(t, "http://127.0.0.1:8081", func(c *siteConfig) {
			c.LoginURLs = []string{"https://app.example/in"}
			if mode&inMultiUser != 0 {
				multiUser(c)
			}
			if mode&byInvitation != 0 {
				invitedOnly(c)
			}
		})
		invitation := s.invitation(t, "new@example.com", s.widgets.ID, "read")
		session := s.startSession(t, s.ada)
		b := s.newBrowser(t).inMemory()
		if mode&withSession != 0 {
			b.setCookie("loginrocket_session", session.ID)
		}
		csrf := b.csrf()
		b.post("/password/forgot", "email", "george").wants(200)
		reset := tokenIn(t, s.lastMail(t).Link)
		other := s.newBrowser(t).inMemory()
		alan := s.startSession(t, s.alan)
		other.setCookie("loginrocket_session", alan.ID)
		other.post("/profile", "action", "verify").leadsTo("/profile?done=verify")
		words := strings.NewReplacer("SESSION", session.ID, "INVITATION", invitation, "RESET", reset, "VERIFY", tokenIn(t, s.lastMail(t).Link))

		target, form, cookie = words.Replace(target), words.Replace(form), words.Replace(cookie)
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || !strings.HasPrefix(target, "/") {
			return // such a request never reaches a server
		}
		if mode&withCSRF != 0 {
			form += "&csrf=" + csrf
		}
		r := httptest.NewRequest(methods[int(method)%len(methods)], "/", strings.NewReader(form))
		r.URL, r.RequestURI, r.Host = u, target, "127.0.0.1:8081"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range b.cookies() {
			r.AddCookie(c)
		}
		r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+cookie)
		before, known := s.state(), s.realm.Users()
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)

		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("got status %d", w.Code)
		}
		if location := w.Header().Get("Location"); location != "" && !isOwnPage(location) && !isApp(location) {
			t.Errorf("it leads to %q", location)
		}
		isAPI := strings.HasPrefix(u.Path, "/v2/")
		if s.state() != before && !isAPI && (r.Method != http.MethodPost || mode&withCSRF == 0) {
			t.Errorf("%s without the field of a form changes something", r.Method)
		}
		for _, c := range w.Result().Cookies() {
			switch {
			case c.Value == "":
				continue
			case c.Name != "loginrocket_session":
				t.Errorf("there is a cookie %s", c)
				continue
			}
			started, err := s.realm.LookUpSession(c.Value)
			if err != nil {
				t.Errorf("the cookie %s is no session", c)
				continue
			}
			values, _ := url.ParseQuery(form)
			isNew := !slices.ContainsFunc(known, func(u authrockettest.User) bool { return u.ID == started.UserID })
			named, _ := s.realm.UserByLogin(values.Get("email"))
			var isJustified bool
			switch {
			case r.Method == http.MethodPost && u.Path == "/login":
				isJustified = named.ID == started.UserID && values.Get("password") == secretPassword
			case r.Method == http.MethodPost && u.Path == "/signup":
				isJustified = isNew
			case r.Method == http.MethodPost && u.Path == "/password/reset":
				isJustified = values.Get("token") == reset && started.UserID == s.george.ID
			case r.Method == http.MethodGet || r.Method == http.MethodHead:
				isJustified = u.Query().Get("session") == session.ID && started.ID == session.ID && mode&withSession == 0
			}
			if !isJustified || r.Method == http.MethodPost && mode&withCSRF == 0 {
				t.Errorf("nothing justifies the session of %s", started.UserID)
			}
		}
		body, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), session.ID) && !strings.Contains(target+form, session.ID) {
			t.Errorf("the session ID is on the page:\n%s", body)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Location") != "" {
			return
		}
		p := &page{browser: b, body: string(body)}
		p.parse(body)
		p.wantsOwnMarkup("it")
	})
}

func tokenIn(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("token") == "" {
		t.Fatalf("%q has no token", link)
	}
	return u.Query().Get("token")
}

// isApp reports whether a browser gets to the Login URL of the app or below it.
func isApp(location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Scheme == "https" && strings.EqualFold(u.Host, "app.example") && u.User == nil && u.Fragment == "" &&
		strings.HasPrefix(u.JoinPath().Path+"/", "/in/")
}

// isOwnPage reports whether a browser stays at the site. Browsers read a backslash in a path
// as a slash, and remove tabs and line breaks.
func isOwnPage(location string) bool {
	path, _, _ := strings.Cut(location, "?")
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, `\`) && !strings.ContainsAny(location, "\t\r\n")
}
