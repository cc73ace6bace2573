package browsertest_test

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// caddyfile is what docs/deploy.md shows.
//
//go:embed testdata/caddy/Caddyfile
var caddyfile string

// startCaddy starts Caddy with the Caddyfile of the docs until the test ends. newApp makes
// the app.
func startCaddy(t *testing.T, newApp func(*authrocket.Auth) http.Handler) *front {
	t.Helper()
	requireProgram(t, caddy, "caddy")
	listener, port := listen(t, "127.0.0.1")
	f := openFront(t, port, newApp)
	const host = "127.0.0.2" // where nobody else takes the port
	f.configure(t, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n"+strings.NewReplacer(
		"app.example.com {", f.url+" {\n\tbind "+host+"\n\ttls "+f.folder+"/certificate.pem "+f.folder+"/key.pem",
		"app:8080", f.appAddr,
		"pages:9000", f.pagesAddr,
	).Replace(caddyfile))

	// Caddy calls here when it listens, and repeats what it read from its standard input.
	ready, _ := listen(t, "127.0.0.1")
	defer ready.Close()
	word := rand.Text()
	var output bytes.Buffer
	cmd := exec.Command(caddy, "run", "--config", filepath.Join(f.folder, "Caddyfile"), "--adapter", "caddyfile", "--pingback", ready.Addr().String())
	cmd.Env = append(os.Environ(), "HOME="+f.folder, "XDG_CONFIG_HOME="+f.folder, "XDG_DATA_HOME="+f.folder)
	cmd.Stdin = strings.NewReader(word)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
		ready.Close() // or nobody would call
	}()
	f.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	t.Cleanup(func() {
		f.stop()
		if t.Failed() {
			t.Logf("Caddy wrote\n%s", &output)
		}
	})
	call, err := ready.Accept()
	if err != nil {
		t.Fatalf("Caddy has not started: %v", err)
	}
	defer call.Close()
	said := make([]byte, len(word)) // the connection stays open
	if _, err := io.ReadFull(call, said); err != nil || string(said) != word {
		t.Fatalf("Caddy says %q, %v", said, err)
	}

	forward(t, listener, net.JoinHostPort(host, port))
	return f
}

// forward hands the connections of a listener on to an address until the test ends. So the
// port of the app is taken before Caddy starts, which takes over no listener.
func forward(t *testing.T, listener net.Listener, addr string) {
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				inner, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				open.Go(func() {
					io.Copy(inner, conn)
					inner.Close()
				})
				io.Copy(conn, inner)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Wait()
	})
}
