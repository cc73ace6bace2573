package browsertest_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// loginRocket is a local LoginRocket on localhost, with the users of the test.
type loginRocket struct {
	*authrocketdev.Server
	realm *authrockettest.Realm
	url   string
}

// startLoginRocket lets configure change the configuration when the URL is known.
func startLoginRocket(t *testing.T, configure func(url string, realm *authrockettest.RealmConfig, config *authrocketdev.Config)) loginRocket {
	t.Helper()
	listener, port := listen(t, "localhost")
	return serveLoginRocket(t, listener, "http://localhost:"+port, configure)
}

func serveLoginRocket(t *testing.T, listener net.Listener, url string, configure func(string, *authrockettest.RealmConfig, *authrocketdev.Config)) loginRocket {
	t.Helper()
	realmConfig := authrockettest.RealmConfig{URL: url}
	var config authrocketdev.Config
	configure(url, &realmConfig, &config)
	var err error
	if config.Realm, err = authrockettest.Open(realmConfig); err != nil {
		t.Fatal(err)
	}
	server, err := authrocketdev.New(config)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, server)
	return loginRocket{server, config.Realm, url}
}

// serve serves handler until the test ends.
func serve(t *testing.T, listener net.Listener, handler http.Handler) {
	t.Helper()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}

// startQuickstart starts the program at a port of host, for users of the realm
// at loginRocketURL, and returns the URL of the app.
func startQuickstart(t *testing.T, host, loginRocketURL string) string {
	t.Helper()
	found := runProgram(t, quickstart, loginRocketURL, `Open (http://\S+) `, "-addr", host+":0")
	return strings.TrimSuffix(found[0], "/")
}

// runProgram starts a built program, waits until it has written what pattern
// describes, and returns the groups of it.
func runProgram(t *testing.T, program, loginRocketURL, pattern string, args ...string) []string {
	t.Helper()
	output := &buffer{written: make(chan struct{}, 1)}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "AUTHROCKET_APP_URL=", "AUTHROCKET_REALM=", "AUTHROCKET_JWT_KEY=", "LOGINROCKET_JWKS_URL=", "LOGINROCKET_URL="+loginRocketURL)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the app wrote\n%s", output)
		}
	})
	announced := regexp.MustCompile(pattern)
	for timeout := time.After(maxWait); ; {
		if found := announced.FindStringSubmatch(output.String()); found != nil {
			return found[1:]
		}
		select {
		case <-output.written:
		case <-timeout:
			t.Fatalf("the app does not say where it is; it wrote\n%s", output)
		}
	}
}

// warmUp asks the program until it has the keys of the realm: on a busy machine
// they can take longer than a request waits for them.
func warmUp(t *testing.T, app string, realm *authrockettest.Realm) {
	t.Helper()
	token := realm.Token(authrockettest.User{ID: "usr_any"})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: maxWait}
	// The program is another process: between two questions there is nothing to wait for.
	for end := time.Now().Add(maxWait); ; time.Sleep(time.Second) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app+"/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusOK:
			return
		case resp.StatusCode != http.StatusServiceUnavailable || time.Now().After(end):
			t.Fatalf("the app answers %d to a good token", resp.StatusCode)
		}
	}
}

// buffer is what a program has written so far.
type buffer struct {
	written chan struct{} // has one element after a write

	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.written <- struct{}{}:
	default:
	}
	return b.text.Write(data)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// mailLink is the link of the latest mail to an address.
func (l loginRocket) mailLink(t *testing.T, to string) string {
	t.Helper()
	for _, mail := range l.Outbox() {
		if mail.To == to {
			return mail.Link
		}
	}
	t.Fatalf("there is no mail to %s", to)
	return ""
}
