package browsertest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"html"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// app is a small app in the test's own process, which notes what it sees.
type app struct {
	url    string
	images string                          // URL of an image on another site, that its pages show
	away   string                          // where /away leads
	routes map[string]http.HandlerFunc     // further pages, by pattern; may be nil
	around func(http.Handler) http.Handler // stands between the browser and the app; may be nil

	auth *authrocket.Auth

	mu   sync.Mutex
	seen []visit
}

// visit is a request as the app's handlers see it.
type visit struct {
	method, path string
	header       http.Header
	user         string // email, "" for nobody
}

// start serves the app at listener. Every path is an open page, but /manage
// needs a login, /orgs/ an account, /never what nobody has, and /away leads away.
func (a *app) start(t *testing.T, listener net.Listener, config authrocket.Config) {
	t.Helper()
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	mux := http.NewServeMux()
	mux.Handle("/manage", auth.RequireLogin(http.HandlerFunc(a.page)))
	mux.Handle("/orgs/{org}/", auth.RequireOrg(authrocket.OrgIDFromPath("org"))(http.HandlerFunc(a.page)))
	mux.Handle("/never", auth.Require(func(context.Context, authrocket.Session) error { return authrocket.ErrUnauthenticated })(http.HandlerFunc(a.page)))
	mux.Handle("/away", http.RedirectHandler(a.away, http.StatusFound))
	mux.HandleFunc("/", a.page)
	for pattern, handler := range a.routes {
		mux.HandleFunc(pattern, handler)
	}
	a.auth = auth
	handler := auth.Authenticate(mux)
	if a.around != nil {
		handler = a.around(handler)
	}
	serve(t, listener, handler)
}

func (a *app) page(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	org, _ := authrocket.CurrentOrg(r.Context())
	a.mu.Lock()
	a.seen = append(a.seen, visit{r.Method, r.URL.Path, r.Header.Clone(), user.Email})
	a.mu.Unlock()
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>App</h1><p>Signed in: %s.</p><p>Account: %s.</p><p>%s</p>`,
		html.EscapeString(user.Email), html.EscapeString(org.Name), html.EscapeString(r.URL.RequestURI()))
	for _, link := range [][2]string{
		{"Accounts", a.auth.AccountsPath("/manage")},
		{"Profile", a.auth.ProfilePath("/manage")},
		{"Another user", a.auth.LoginPath("/manage") + "&prompt=login"},
	} {
		fmt.Fprintf(w, `<p><a href="%s">%s</a></p>`, html.EscapeString(link[1]), link[0])
	}
	if a.images != "" {
		fmt.Fprintf(w, `<img src="%s" alt="">`, a.images)
	}
}

// visits returns what the app has seen that want tells.
func (a *app) visits(want func(visit) bool) []visit {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []visit
	for _, v := range a.seen {
		if want(v) {
			found = append(found, v)
		}
	}
	return found
}

// site is a website of somebody else. Its pages are HTML by path; it notes the
// requests that come.
type site struct {
	url   string
	pages map[string]string

	mu       sync.Mutex
	requests []*http.Request
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Clone(r.Context()))
	body := s.pages[r.URL.Path]
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">%s`, body)
}

// show sets the page at a path.
func (s *site) show(path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = body
}

func (s *site) requestsFor(path string) []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*http.Request
	for _, r := range s.requests {
		if r.URL.Path == path {
			found = append(found, r)
		}
	}
	return found
}

// startSite serves a website at a port of host.
func startSite(t *testing.T, host string) *site {
	t.Helper()
	listener, port := listen(t, host)
	s := &site{url: "http://" + host + ":" + port, pages: map[string]string{}}
	serve(t, listener, s)
	return s
}

func listen(t *testing.T, host string) (listener net.Listener, port string) {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return listener, port
}

// listenTLS listens on loopback with a certificate that is made for the test.
// A flag makes Chromium resolve all names in .test to loopback.
func listenTLS(t *testing.T) (listener net.Listener, port string) {
	t.Helper()
	listener, port = listen(t, "127.0.0.1")
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}), port
}

var certificate = func() func(*testing.T) tls.Certificate {
	once := sync.OnceValues(newCertificate)
	return func(t *testing.T) tls.Certificate {
		t.Helper()
		c, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}()

func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"*.shop.test", "login.test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// testClient reaches the names in .test as Chromium does.
func testClient(t *testing.T) *http.Client {
	t.Helper()
	leaf, err := x509.ParseCertificate(certificate(t).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	dialer := &net.Dialer{Timeout: maxWait}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err == nil && strings.HasSuffix(host, ".test") {
			addr = "127.0.0.1:" + port
		}
		return dialer.DialContext(ctx, network, addr)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
