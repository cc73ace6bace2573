package main_test

import (
	"bytes"

	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// nginxConfig is a proxy with nginx's defaults, and LIMITS.
const nginxConfig = `daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	access_log off;
	LIMITS
	server {
		listen LISTEN;
		location / {
			proxy_pass http://APP;
			proxy_set_header Host $http_host;
		}
	}
}
`

// serveNginx puts nginx before the app until the test ends. It takes over a listener that is
// open already, so that requests wait until it is there.
func (s *shop) serveNginx(limits string) {
	s.t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		if os.Getenv("REQUIRE_BROWSER") != "" {
			s.t.Fatal("there is no nginx: install Debian's package of that name")
		}
		s.t.Skip("there is no nginx: install Debian's package of that name")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer socket.Close()
	config := strings.NewReplacer("LIMITS", limits, "LISTEN", listener.Addr().String(), "APP", s.app.Listener.Addr().String()).Replace(nginxConfig)
	if os.Getuid() == 0 {
		config = "user root;\n" + config
	}
	folder := s.t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(nginx, "-p", folder, "-c", "nginx.conf", "-e", "error.log")
	cmd.Env = append(os.Environ(), "NGINX=3;") // the first of ExtraFiles
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("nginx wrote %s", &output)
		}
	})
	s.env["AUTHROCKET_APP_URL"] = "http://" + listener.Addr().String()
	s.config.AppURL = s.env["AUTHROCKET_APP_URL"]
}

// tokenOf is a token of n bytes.
func (s *shop) tokenOf(n int) string {
	s.t.Helper()
	sized := func(payload, header int) string {
		return s.realm.Token(s.ada, authrockettest.Claim("cs", map[string]any{"note": strings.Repeat("x", payload)}), authrockettest.Header("x", strings.Repeat("x", header)))
	}
	// Base64 of one text does not have every length, of two texts it has.
	for header := range 3 {
		payload := (n - len(sized(0, header))) * 3 / 4
		for p := max(payload-2, 0); p <= payload+2; p++ {
			if token := sized(p, header); len(token) == n {
				return token
			}
		}
	}
	s.t.Fatalf("there is no token of %d bytes", n)
	return ""
}

func TestDoctorOnHeaderLimits(t *testing.T) {
	t.Parallel()
	const enlarged = "large_client_header_buffers 4 32k; proxy_buffer_size 32k; proxy_buffers 4 32k;"
	for _, row := range []struct {
		name   string
		limits string
		token  int
		exit   int
		texts  []string // of the findings of headers, in their order
	}{
		{name: "a token that passes", token: 1_300, texts: []string{`^A request with the URL`, `^A request with the cookies of a session reaches the app \(1308 bytes\)`, `^An answer as long as that of a login comes back`}},
		{name: "a token that is too large for answers", token: 3_700, exit: 1, texts: []string{` reaches the app `, ` reaches the app `, `does not come back: 502 Bad Gateway\. The nginx limit is proxy_buffer_size`}},
		{name: "a token that is too large for requests", token: 9_000, exit: 1, texts: []string{`the URL of the callback with a token is refused before it reaches the app .*: 414 .*large_client_header_buffers`, `the cookies of a session is refused before it reaches the app .*: 400 .*large_client_header_buffers`, `502 Bad Gateway\. The nginx limit is proxy_buffer_size`}},
		{name: "enlarged buffers", limits: enlarged, token: 3_700, texts: []string{` reaches the app `, ` reaches the app `, `^An answer as long as that of a login comes back`}},
		{name: "enlarged buffers, and more than can be measured", limits: enlarged, token: 9_000, exit: 3, texts: []string{` reaches the app `, ` reaches the app `, `which is more than can be measured`}},
		{name: "buffers of answers alone", limits: "proxy_buffer_size 32k; proxy_buffers 4 32k;", token: 9_000, exit: 1, texts: []string{`414`, `400`, `which is more than can be measured`}},
		{name: "buffers of requests alone", limits: "large_client_header_buffers 4 32k;", token: 9_000, exit: 1, texts: []string{` reaches the app `, ` reaches the app `, `502 Bad Gateway`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newShopWithoutApp(t)
			s.serveNginx(row.limits)
			s.serveApp(nil)
			exit, r := s.doctor(s.tokenOf(row.token), "-token")
			if exit != row.exit {
				t.Errorf("got exit status %d, want %d: %+v", exit, row.exit, r.others())
			}
			var got []finding
			for _, f := range r.Checks {
				if f.Check == "headers" {
					got = append(got, f)
				}
			}
			if len(got) != len(row.texts) {
				t.Fatalf("got %+v", got)
			}
			for i, text := range row.texts {
				if !regexp.MustCompile(text).MatchString(got[i].Text) {
					t.Errorf("got %q, want %q", got[i].Text, text)
				}
				if isRight := got[i].Status == "ok"; isRight == strings.Contains(got[i].Do, "nginx: large_client_header_buffers 4 32k;") {
					t.Errorf("%s: what to do is %q", got[i].Status, got[i].Do)
				}
			}
			if others := r.others("headers"); len(others) > 0 {
				t.Errorf("also: %+v", others)
			}
		})
	}
	t.Run("a token that is too large for cookies", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		exit, r := s.doctor(s.tokenOf(19_500), "-token")
		if found := r.of("headers", "wrong"); exit != 1 || len(found) != 1 || !strings.Contains(found[0].Text, "The token has 19500 bytes, but cookies hold only 19000.") {
			t.Errorf("got %d, %+v", exit, r.others())
		}
	})
}

// What the doctor says about the length of a login's answer is that of a login.
func TestDoctorMeasuresAsALogin(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1_300, 3_600, 3_900} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			token := s.tokenOf(n)
			_, r := s.doctor(token, "-token")
			said := -1
			for _, f := range r.Checks {
				if found := regexp.MustCompile(`about (\d+)`).FindStringSubmatch(f.Text); f.Check == "headers" && found != nil {
					said, _ = strconv.Atoi(found[1])
				}
			}
			jar, _ := cookiejar.New(nil)
			client := newClient(t)
			client.Jar = jar
			get := func(target string) *http.Response {
				t.Helper()
				r, err := http.NewRequest("GET", target, nil)
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range map[string]string{"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
					r.Header.Set(name, value)
				}
				resp, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp
			}
			target := "/" + strings.Repeat("x", 199)
			started := get(s.env["AUTHROCKET_APP_URL"] + "/auth/login?return_to=" + target)
			location, err := started.Location()
			if err != nil {
				t.Fatal(err)
			}
			back, err := url.Parse(location.Query().Get("redirect_uri"))
			if err != nil {
				t.Fatal(err)
			}
			done := get(back.String() + "&token=" + token)
			if done.Header.Get("Location") != target {
				t.Fatalf("the login ends with %d at %q", done.StatusCode, done.Header.Get("Location"))
			}
			head, err := httputil.DumpResponse(done, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(head); said < got-40 || said > got+60 {
				t.Errorf("the doctor says about %d bytes, a login has %d:\n%s", said, got, regexp.MustCompile(`x{20,}|[A-Za-z0-9_-]{200,}`).ReplaceAllString(string(head), "..."))
			}
		})
	}
}
