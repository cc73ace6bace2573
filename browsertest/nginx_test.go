package browsertest_test

import (
	"bytes"
	"context"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// What docs/deploy.md shows, and what the tests put around it.
var (
	//go:embed testdata/nginx/server.conf
	nginxServer string
	//go:embed testdata/nginx/static.conf
	nginxStatic string
	//go:embed testdata/nginx/auth_request.conf
	nginxAuthRequest string
	//go:embed testdata/nginx/buffers.conf
	nginxBuffers string
)

// nginxPlain hands everything on to the app, with nginx's defaults.
const nginxPlain = `location / {
    proxy_pass http://app;
    proxy_set_header Host $http_host;
}
`

// front is an app behind a proxy, and its realm, on https.
type front struct {
	url    string
	folder string // of the proxy: its logs
	root   string // of the static files
	realm  *authrockettest.Realm
	pages  *pages

	appAddr, pagesAddr string // where the proxy finds them

	ada, mallory authrockettest.User

	stop func() // ends nginx and waits for it
}

// startFront starts nginx with server as what its server block says. newApp makes
// the app.
func startFront(t *testing.T, server string, newApp func(*authrocket.Auth) http.Handler) *front {
	t.Helper()
	requireNginx(t)
	listener, port := listen(t, "127.0.0.1")
	f := openFront(t, port, newApp)
	f.run(t, listener, strings.NewReplacer(
		"LISTEN", listener.Addr().String(),
		"APP", f.appAddr,
		"PAGES", f.pagesAddr,
		"ROOT", f.root,
		"SERVER", server,
	).Replace(nginxServer))
	return f
}

// openFront serves the app and the pages behind a proxy that is still to be started at port.
func openFront(t *testing.T, port string, newApp func(*authrocket.Auth) http.Handler) *front {
	t.Helper()
	f := &front{url: "https://app.shop.test:" + port, folder: t.TempDir(), root: t.TempDir(), pages: &pages{}}

	loginListener, loginPort := listenTLS(t)
	var err error
	f.realm, err = authrockettest.Open(authrockettest.RealmConfig{URL: "https://login.test:" + loginPort, AppURL: f.url, Settings: authrockettest.Settings{Algorithm: "HS256"}})
	if err != nil {
		t.Fatal(err)
	}
	f.ada = addUser(f.realm, "ada@example.com", nil)
	f.mallory = addUser(f.realm, "mallory@example.com", nil)
	serve(t, loginListener, f.realm)

	config := f.realm.Config()
	config.HTTPClient = testClient(t)
	config.Observer.Warning = func(_ context.Context, err error) {
		// These tests are about large tokens, and about logins that others start.
		if text := err.Error(); !strings.HasPrefix(text, "a login token has ") && !strings.Contains(text, "none has come back") {
			t.Errorf("the app warns: %v", err)
		}
	}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	appListener, _ := listen(t, "127.0.0.1")
	serve(t, appListener, newApp(auth))
	pagesListener, _ := listen(t, "127.0.0.1")
	serve(t, pagesListener, f.pages)
	f.appAddr, f.pagesAddr = appListener.Addr().String(), pagesListener.Addr().String()
	return f
}

// run runs nginx until the test ends. It takes over a listener that is open
// already, as it does when its program is replaced: requests wait until it is there.
func (f *front) run(t *testing.T, listener net.Listener, config string) {
	t.Helper()
	f.configure(t, "nginx.conf", config)
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	defer listener.Close()
	var output bytes.Buffer
	cmd := exec.Command(nginx, "-p", f.folder, "-c", "nginx.conf", "-e", "error.log")
	cmd.Env = append(os.Environ(), "NGINX=3;") // the first of ExtraFiles
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	t.Cleanup(func() {
		f.stop()
		if t.Failed() {
			t.Logf("nginx wrote\n%s%s", &output, f.log(t, "error.log"))
		}
	})
}

// configure writes the proxy's configuration, with a certificate and its key beside it.
func (f *front) configure(t *testing.T, name, config string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(certificate(t).PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		name:              []byte(config),
		"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t).Certificate[0]}),
		"key.pem":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(f.folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// log returns what is in a log of nginx.
func (f *front) log(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.folder, name))
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// write makes a static file.
func (f *front) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.root, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pages is a service without a login of its own. It notes what comes.
type pages struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r.Clone(r.Context()))
	p.mu.Unlock()
	fmt.Fprintf(w, "page %s", r.RequestURI)
}

// seen returns what came with the method.
func (p *pages) seen(method string) []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*http.Request
	for _, r := range p.requests {
		if r.Method == method {
			found = append(found, r)
		}
	}
	return found
}

// visitor is a browser without scripts.
type visitor struct {
	t      *testing.T
	front  *front
	client *http.Client
}

func (f *front) newVisitor(t *testing.T) *visitor {
	t.Helper()
	client := testClient(t)
	client.Timeout = maxWait
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var err error
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return &visitor{t, f, client}
}

// Who leads a browser to a URL, as Sec-Fetch-Site has it.
const (
	byUser     = "none"
	bySelf     = "same-origin"
	byStranger = "cross-site"
)

// answer is what a visitor got.
type answer struct {
	status   int
	location string // absolute, "" if it leads nowhere
	header   http.Header
	body     string
}

// get navigates to a URL, without following where it leads.
func (v *visitor) get(url, by string) answer {
	v.t.Helper()
	return v.send(http.MethodGet, url, nil, "Sec-Fetch-Site", by)
}

// send sends what a browser does when it navigates. The headers are given as name,
// value, name, value.
func (v *visitor) send(method, url string, form url.Values, headers ...string) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, url, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.client.Do(r)
	if err != nil {
		// Its text begins with the URL, which may have a token in it.
		v.t.Fatalf("%s %s: %v", method, brief(url), errors.Unwrap(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(body)}
	if location, err := response.Location(); err == nil {
		a.location = location.String()
	}
	return a
}

// lead navigates to a URL and wants to be led elsewhere.
func (v *visitor) lead(url, by string) string {
	v.t.Helper()
	a := v.get(url, by)
	if a.location == "" {
		v.t.Fatalf("GET %s: got %d %q, want to be led elsewhere", brief(url), a.status, a.body)
	}
	return a.location
}

// browse navigates to a URL, follows where it leads, and returns where that ends.
func (v *visitor) browse(url, by string) (end string, a answer) {
	v.t.Helper()
	for range 10 {
		if a = v.get(url, by); a.location == "" {
			return url, a
		}
		if !strings.HasPrefix(a.location, v.front.url+"/") {
			by = byStranger
		}
		url = a.location
	}
	v.t.Fatalf("the browser is led from one URL to the next, and is at %s", brief(url))
	return "", answer{}
}

// logInElsewhere signs the visitor in at LoginRocket, which from now on sends the
// browser back at once.
func (v *visitor) logInElsewhere(email string) {
	v.t.Helper()
	form := url.Values{"email": {email}, "password": {password}, "redirect_uri": {v.front.url + "/"}}
	if a := v.send(http.MethodPost, v.front.realm.URL()+"/login", form, "Sec-Fetch-Site", bySelf); a.location == "" {
		v.t.Fatalf("the login at LoginRocket: got %d %q", a.status, a.body)
	}
}

// cookieLine is what the browser sends to the app as cookies.
func (v *visitor) cookieLine() string {
	v.t.Helper()
	app, err := url.Parse(v.front.url + "/")
	if err != nil {
		v.t.Fatal(err)
	}
	var pairs []string
	for _, c := range v.client.Jar.Cookies(app) {
		pairs = append(pairs, c.String())
	}
	return "Cookie: " + strings.Join(pairs, "; ")
}
