package browsertest_test

import (
	"bytes"
	_ "embed"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

//go:embed testdata/haproxy.cfg
var haproxyConfig string

// startHAProxy starts HAProxy before two servers until the test ends, and returns
// its URL. Requests wait in its listener until it is there.
func startHAProxy(t *testing.T, one, two string) string {
	t.Helper()
	requireProgram(t, haproxy, "haproxy")
	listener, port := listen(t, "127.0.0.1")
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	defer listener.Close()
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(config, []byte(strings.NewReplacer("ONE", one, "TWO", two).Replace(haproxyConfig)), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(haproxy, "-db", "-f", config)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("HAProxy wrote\n%s", &output)
		}
	})
	return "http://127.0.0.1:" + port
}

// TestHAProxyPrefetch is about a load balancer that takes a server out which
// answers 5xx: no browser that fetches ahead of a click makes it do so.
func TestHAProxyPrefetch(t *testing.T) {
	t.Parallel()
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	ada := addUser(lr.realm, "ada@example.com", nil)
	// Cookies keep no ports apart: the token is one for each of the two.
	cookie := "arToken=" + lr.realm.Token(ada)
	fails := func(a *app, _ *authrocket.Config) {
		a.routes = map[string]http.HandlerFunc{"/fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }}
	}

	for _, row := range []struct {
		name, path string
		headers    []string
		status     int
	}{
		{name: "of a gate", path: "/manage", status: http.StatusUnauthorized},
		{name: "of the login", path: "/auth/login?return_to=/manage", status: http.StatusUnauthorized},
		{name: "of the callback", path: "/auth/callback?token=x", status: http.StatusUnauthorized},
		{name: "of the confirmation", path: "/auth/confirm", status: http.StatusUnauthorized},
		{name: "of the logout", path: "/auth/logout", status: http.StatusUnauthorized},
		{name: "of the end of the logout", path: "/auth/logout/end", status: http.StatusUnauthorized},
		{name: "of a gate, by who is signed in", path: "/manage", headers: []string{"Cookie", cookie}, status: http.StatusOK},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			one, two := startApp(t, lr, fails), startApp(t, lr, fails)
			proxy := startHAProxy(t, strings.TrimPrefix(one.url, "http://"), strings.TrimPrefix(two.url, "http://"))
			client := &http.Client{
				Transport:     &http.Transport{},
				Timeout:       maxWait,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}
			t.Cleanup(client.CloseIdleConnections)
			get := func(path string, headers ...string) (status int, body string) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				response, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				data, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				return response.StatusCode, string(data)
			}

			// A server is taken out after three errors in a row.
			prefetch := append([]string{"Sec-Purpose", "prefetch", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}, row.headers...)
			got := map[int]int{}
			for range 20 {
				status, _ := get(row.path, prefetch...)
				got[status]++
			}
			if got[row.status] != 20 {
				t.Errorf("20 times, the numbers by status are %v, want %d each time", got, row.status)
			}
			if status, body := get("/"); status != http.StatusOK || !strings.Contains(body, "<h1>App</h1>") {
				t.Errorf("the next visitor gets %d %q, want the page", status, body)
			}

			// It would have been seen: these errors do take both servers out.
			for range 20 {
				get("/fails")
			}
			if status, body := get("/"); status != http.StatusServiceUnavailable || !strings.Contains(body, "No server is available") {
				t.Errorf("after errors, the next visitor gets %d %q, want 503 by HAProxy", status, body)
			}
		})
	}
}
