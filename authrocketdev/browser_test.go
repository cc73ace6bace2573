package authrocketdev_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// site is a local LoginRocket on its own port, with some users. Ada owns Engines and
// is in Widgets, Alan is an admin of Engines, George is a member of Engines only, and
// one user has only an email address. Their password is secretPassword.
type site struct {
	realm             *authrockettest.Realm
	server            *authrocketdev.Server
	origin            string
	ada, alan, george authrockettest.User
	lone              authrockettest.User // has no names and no account
	engines, widgets  authrockettest.Org
	foreign           authrockettest.Org // nobody is a member
}

type siteConfig struct {
	authrockettest.RealmConfig
	authrocketdev.Config
}

const (
	secretPassword = "differential"
	appURL         = "http://127.0.0.2:3000/back?x=1"
)

func multiUser(c *siteConfig)    { c.OrgMode = authrockettest.MultiUser }
func invitedOnly(c *siteConfig)  { c.Signup = authrockettest.SignupInvitation }
func closedSignup(c *siteConfig) { c.Signup = authrockettest.SignupClosed }
func requireName(c *siteConfig)  { c.RequireName = true }

func newSite(t *testing.T, configure ...func(*siteConfig)) *site {
	t.Helper()
	return newSiteOn(t, "127.0.0.1", configure...)
}

// newSiteOn is like newSite on another loopback host.
func newSiteOn(t *testing.T, host string, configure ...func(*siteConfig)) *site {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := newSiteAt(t, "http://"+host+":"+port, configure...)
	serving := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.server}}
	serving.Start()
	t.Cleanup(serving.Close)
	return s
}

// onSite runs a parallel test on its own site.
func onSite(t *testing.T, name string, test func(t *testing.T, s *site), configure ...func(*siteConfig)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t, newSite(t, configure...))
	})
}

// inBubble is like onSite without a socket, in a testing/synctest bubble.
func inBubble(t *testing.T, name string, test func(t *testing.T, s *site, b *browser), configure ...func(*siteConfig)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSiteAt(t, "http://127.0.0.1:8081", configure...)
			test(t, s, s.newBrowser(t).inMemory())
		})
	})
}

// newSiteAt returns a site that is not served.
func newSiteAt(t testing.TB, origin string, configure ...func(*siteConfig)) *site {
	t.Helper()
	var c siteConfig
	c.URL = origin
	c.Algorithm = "HS256" // an HS256 key needs no generation
	for _, f := range configure {
		if f != nil {
			f(&c)
		}
	}
	realm := authrockettest.NewRealm(t, func(own *authrockettest.RealmConfig) { *own = c.RealmConfig })
	c.Realm = realm
	server, err := authrocketdev.New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{realm: realm, server: server, origin: c.URL}
	user := func(first, last string) authrockettest.User {
		return realm.AddUser(authrockettest.User{
			Email: strings.ToLower(first) + "@example.com", Username: strings.ToLower(first), Password: secretPassword,
			FirstName: first, LastName: last,
		})
	}
	s.ada, s.alan, s.george = user("Ada", "Lovelace"), user("Alan", "Turing"), user("George", "Boole")
	s.lone = realm.AddUser(authrockettest.User{Email: "lone@example.com", Password: secretPassword})
	s.engines = realm.AddOrg(authrockettest.Org{ID: "org_engines", Name: "Analytical Engines"})
	s.widgets = realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
	s.foreign = realm.AddOrg(authrockettest.Org{Name: "Foreign Ltd"})
	realm.AddMembership(s.ada, s.engines, "ar:owner", "billing:write")
	realm.AddMembership(s.ada, s.widgets, "read")
	realm.AddMembership(s.alan, s.engines, "ar:admin")
	realm.AddMembership(s.george, s.engines, "read")
	return s
}

// browser keeps cookies and fills in forms. It does not follow redirects by itself.
type browser struct {
	t      testing.TB
	site   *site
	client *http.Client
}

func (s *site) newBrowser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// inMemory makes the browser reach the site without a port.
func (b *browser) inMemory() *browser {
	b.client.Transport = handlerTransport{b.site.server}
	return b
}

type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	served := r.Clone(r.Context())
	served.Host, served.RequestURI = r.URL.Host, r.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, served)
	response := w.Result()
	response.Request = r
	return response, nil
}

// signedIn returns a browser in which the user has logged in.
func (s *site) signedIn(t testing.TB, user authrockettest.User) *browser {
	t.Helper()
	b := s.newBrowser(t)
	b.logIn(user.Email, secretPassword)
	if b.sessionID() == "" {
		t.Fatalf("%s cannot log in", user.Email)
	}
	return b
}

func (b *browser) logIn(email, password string) *page {
	b.t.Helper()
	return b.get("/login?prompt=login&redirect_uri="+url.QueryEscape(appURL)).submit("/login", "email", email, "password", password)
}

func (b *browser) get(target string) *page {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.absolute(target), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	return b.send(r)
}

func (b *browser) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return b.site.origin + target
	}
	return target
}

// formRequest returns a request with a form, without the fields that a page would
// add.
func (b *browser) formRequest(target string, form url.Values) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.absolute(target), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.site.origin)
	r.Header.Set("Accept", "text/html")
	return r
}

// post sends a form that no page has shown, with the CSRF field of a page.
func (b *browser) post(target string, pairs ...string) *page {
	b.t.Helper()
	form := valuesOf(pairs)
	form.Set("csrf", b.csrf())
	return b.send(b.formRequest(target, form))
}

// csrf returns the CSRF field of this browser's forms.
func (b *browser) csrf() string {
	b.t.Helper()
	return b.get("/password/forgot").form("/password/forgot").fields.Get("csrf")
}

func valuesOf(pairs []string) url.Values {
	values := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		values.Set(pair[0], pair[1])
	}
	return values
}

func (b *browser) send(r *http.Request) *page {
	b.t.Helper()
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &page{browser: b, status: response.StatusCode, header: response.Header, cookies: response.Cookies(), location: response.Header.Get("Location"), body: string(body)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") && response.Header.Get("Location") == "" {
		p.parse(body)
	}
	return p
}

func (b *browser) cookies() []*http.Cookie {
	return b.client.Jar.Cookies(b.siteURL())
}

func (b *browser) siteURL() *url.URL {
	u, err := url.Parse(b.site.origin)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *browser) setCookie(name, value string) {
	b.client.Jar.SetCookies(b.siteURL(), []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (b *browser) sessionID() string { return b.cookie("loginrocket_session") }

// cookie returns the value of a cookie, "" if there is none.
func (b *browser) cookie(name string) string {
	for _, c := range b.cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// isSignedIn requests a page that only signed-in users see.
func (b *browser) isSignedIn() bool {
	b.t.Helper()
	return b.get("/profile").status == http.StatusOK
}

// page is an answer.
type page struct {
	browser  *browser
	status   int
	header   http.Header
	cookies  []*http.Cookie
	location string
	body     string

	title    string
	text     string // the text that a person reads, including the fields
	elements []string
	attrs    []string
	links    []string
	forms    []*pageForm
}

type pageForm struct {
	page    *page
	action  string
	fields  url.Values
	buttons []xml.Attr // name and value
}

// parse reads the page as a browser does. It tolerates HTML that is not XML.
func (p *page) parse(body []byte) {
	p.browser.t.Helper()
	d := xml.NewDecoder(strings.NewReader(shown(string(body))))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var text strings.Builder
	var form *pageForm
	var selecting string
	var isSelected, inTitle bool
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.browser.t.Fatalf("the page is no HTML: %v\n%s", err, body)
		}
		switch token := token.(type) {
		case xml.StartElement:
			attr := make(map[string]string)
			for _, a := range token.Attr {
				attr[a.Name.Local] = a.Value
				p.attrs = append(p.attrs, a.Name.Local)
			}
			p.elements = append(p.elements, token.Name.Local)
			name := attr["name"]
			switch token.Name.Local {
			case "title":
				inTitle = true
			case "a":
				p.links = append(p.links, attr["href"])
			case "form":
				if attr["method"] != "post" {
					p.browser.t.Errorf("a form is sent by %q", attr["method"])
				}
				form = &pageForm{page: p, action: attr["action"], fields: url.Values{}}
				p.forms = append(p.forms, form)
			case "input":
				form.fields.Add(name, attr["value"])
				if attr["type"] != "hidden" {
					text.WriteString(" " + attr["value"] + " ")
				}
			case "select":
				form.fields.Add(name, "")
				selecting = name
			case "option":
				_, isSelected = attr["selected"]
			case "button":
				if name != "" {
					form.buttons = append(form.buttons, xml.Attr{Name: xml.Name{Local: name}, Value: attr["value"]})
				}
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "form":
				form = nil
			case "option":
				isSelected = false
			case "title":
				inTitle = false
			}
		case xml.CharData:
			if inTitle {
				p.title += string(token)
			}
			if isSelected {
				form.fields.Set(selecting, string(token))
			}
			text.Write(token)
		}
	}
	p.text = strings.Join(strings.Fields(text.String()), " ")
}

// shown returns text in the form in which a page contains it.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n"))
}

// form returns the form that is sent to action and has these fields or buttons.
func (p *page) form(action string, having ...string) *pageForm {
	p.browser.t.Helper()
	for _, f := range p.forms {
		all := f.action == action
		for pair := range slices.Chunk(having, 2) {
			all = all && (slices.Contains(f.fields[pair[0]], pair[1]) || f.hasButton(pair[0], pair[1]))
		}
		if all {
			return f
		}
	}
	p.browser.t.Fatalf("status %d: there is no form to %s with %q:\n%s", p.status, action, having, p.body)
	return nil
}

func (f *pageForm) hasButton(name, value string) bool {
	return slices.ContainsFunc(f.buttons, func(b xml.Attr) bool { return b.Name.Local == name && b.Value == value })
}

// submit fills in the only form with that action and sends it.
func (p *page) submit(action string, pairs ...string) *page {
	p.browser.t.Helper()
	return p.form(action).submit(pairs...)
}

// submit fills in fields of the form, or presses one of its buttons.
func (f *pageForm) submit(pairs ...string) *page {
	b := f.page.browser
	b.t.Helper()
	form := url.Values{}
	for name, values := range f.fields {
		form[name] = slices.Clone(values)
	}
	for pair := range slices.Chunk(pairs, 2) {
		if !form.Has(pair[0]) && !f.hasButton(pair[0], pair[1]) {
			b.t.Fatalf("the form to %s has no field or button %s:\n%s", f.action, pair[0], f.page.body)
		}
		form.Set(pair[0], pair[1])
	}
	return b.send(b.formRequest(f.action, form))
}

// follow requests the target of a redirect.
func (p *page) follow() *page {
	p.browser.t.Helper()
	if p.location == "" {
		p.browser.t.Fatalf("got status %d, want a redirect:\n%s", p.status, p.text)
	}
	return p.browser.get(p.location)
}

// wants fails the test unless the page has this status and shows these texts.
func (p *page) wants(status int, texts ...string) *page {
	p.browser.t.Helper()
	if p.status != status {
		p.browser.t.Fatalf("got status %d to %q, want %d: %s", p.status, p.location, status, p.text+p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			p.browser.t.Errorf("%q is not on the page: %s", text, p.text)
		}
	}
	return p
}

// leadsTo fails the test unless the page is a redirect to this target.
func (p *page) leadsTo(target string) *page {
	p.browser.t.Helper()
	if p.status != http.StatusFound || p.location != target {
		p.browser.t.Fatalf("got status %d to %q, want a redirect to %q: %s", p.status, p.location, target, p.text)
	}
	return p
}

// token fails the test unless the page leads back to the app. It returns the token.
func (p *page) token() string {
	p.browser.t.Helper()
	u, err := url.Parse(p.location)
	if err != nil || p.status != http.StatusFound || u.Query().Get("token") == "" {
		p.browser.t.Fatalf("got status %d to %q, want a redirect to the app: %s", p.status, p.location, p.text)
	}
	return u.Query().Get("token")
}

// wantsTokenFor fails the test unless the page leads back to the app with a token
// for this org.
func (p *page) wantsTokenFor(org authrockettest.Org) {
	p.browser.t.Helper()
	if got := p.browser.site.orgOf(p.browser.t, p.token()); got != org.ID {
		p.browser.t.Errorf("the token is for %q, want %q, %s", got, org.ID, org.Name)
	}
}

// verified returns an app's verdict on a token.
func (s *site) verified(t testing.TB, token string) authrocket.Session {
	t.Helper()
	auth, err := authrocket.New(s.realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	session, err := auth.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// orgOf returns the ID of the only org in a token, "" if there is none.
func (s *site) orgOf(t testing.TB, token string) string {
	t.Helper()
	switch memberships := s.verified(t, token).Memberships(); len(memberships) {
	case 0:
		return ""
	case 1:
		return memberships[0].Org.ID
	default:
		t.Fatalf("the token has %d orgs", len(memberships))
		return ""
	}
}

// invitation invites somebody to an account, or with "" only to the realm. It returns
// the token.
func (s *site) invitation(t *testing.T, email, orgID string, permissions ...string) string {
	t.Helper()
	token, err := s.server.Invite(email, orgID, permissions...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// events returns the events of a type, the oldest first.
func (s *site) events(t *testing.T, kind string) []authrockettest.Event {
	t.Helper()
	page, err := s.realm.ListEvents(authrockettest.EventList{Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// startSession signs a user in, as an app does through the API.
func (s *site) startSession(t *testing.T, user authrockettest.User) authrockettest.HostedSession {
	t.Helper()
	return startSession(t, s.realm, user.ID)
}

// lastMail returns the latest mail and the link in it.
func (s *site) lastMail(t *testing.T) authrocketdev.Mail {
	t.Helper()
	mails := s.server.Outbox()
	if len(mails) == 0 {
		t.Fatal("there is no mail")
	}
	return mails[0]
}

// together sends requests at the same time, each with the current cookies, and
// returns their statuses.
func (b *browser) together(requests ...*http.Request) []int {
	client := *b.client
	client.Jar = nil
	for _, r := range requests {
		for _, c := range b.cookies() {
			r.AddCookie(c)
		}
	}
	statuses := make([]int, len(requests))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() {
			<-start
			response, err := client.Do(r)
			if err != nil {
				b.t.Error(err)
				return
			}
			response.Body.Close()
			statuses[i] = response.StatusCode
		})
	}
	close(start)
	group.Wait()
	return statuses
}

func count(statuses []int, status int) (n int) {
	for _, s := range statuses {
		if s == status {
			n++
		}
	}
	return n
}
