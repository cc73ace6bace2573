package valkeystate_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
	"github.com/valkey-io/valkey-go"
)

// key is the stream of the tests.
const key = "authrocket:ended"

// certificates is a folder with ca.crt, server.crt and server.key, which TestMain
// creates. The process trusts only that CA.
var certificates string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		// The tests wait for servers most of the time, so many run at once.
		err := flag.Set("test.parallel", "16")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if certificates, err = os.MkdirTemp("", "valkeystate"); err == nil {
			defer os.RemoveAll(certificates)
			err = writeCertificates(certificates)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		os.Setenv("SSL_CERT_FILE", filepath.Join(certificates, "ca.crt"))
		os.Setenv("SSL_CERT_DIR", certificates)
		code := m.Run()
		if left := leftGoroutines(); code == 0 && left != "" {
			fmt.Fprintf(os.Stderr, "goroutines outlive the tests:\n\n%s\n", left)
			code = 1
		}
		return code
	}())
}

// leftGoroutines returns the stacks of goroutines of this module or its client that do
// not end within a minute.
func leftGoroutines() string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] { // the first one is this goroutine
			if strings.Contains(stack, "authrocket-go/authrocket") || strings.Contains(stack, "valkey-io/valkey-go") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return ""
		}
		select {
		case <-tick.C:
		case <-deadline:
			return strings.Join(left, "\n\n")
		}
	}
}

// server is a redis-server of one test. It keeps its port when it restarts. It keeps its
// data only if it is started with appendonly.
type server struct {
	port   int
	folder string
	args   []string

	cmd    *exec.Cmd
	ended  chan struct{}
	output *lines
}

// newServer starts a server with command line arguments, for example --appendonly yes.
func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := reserveServer(t, args...)
	s.start(t)
	return s
}

// reserveServer returns a server that is not running yet.
func reserveServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{port: freePort(t), folder: t.TempDir(), args: args}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.kill(t)
		}
	})
	return s
}

// start starts the server and waits until it accepts connections.
func (s *server) start(t testing.TB, args ...string) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
	case os.Getenv("REQUIRE_PROGRAMS") == "1":
		t.Fatal("there is no redis-server: install Debian's package of that name")
	default:
		t.Skip("there is no redis-server: install Debian's package of that name")
	}
	all := slices.Concat([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--daemonize", "no"}, s.args, args)
	s.output = &lines{found: make(chan struct{})}
	s.cmd = exec.Command(path, all...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		cmd.Wait() // killed
	}(s.cmd, s.ended)
	select {
	case <-s.output.found:
	case <-s.ended:
		s.cmd = nil
		t.Fatalf("redis-server ended:\n%s", s.output.text())
	}
}

// kill ends the server at once, even if it is stopped.
func (s *server) kill(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGKILL)
	<-s.ended
	s.cmd = nil
}

func (s *server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

func (s *server) url() string { return fmt.Sprintf("redis://127.0.0.1:%d", s.port) }

// do sends a command from another client, and returns the answer.
func (s *server) do(t testing.TB, command ...string) valkey.ValkeyMessage {
	t.Helper()
	answer, err := s.try(t, command...)
	if err != nil {
		t.Fatalf("%.100q: %v", command, err)
	}
	return answer
}

// ownClient is the name of the connections of the tests themselves in CLIENT LIST.
const ownClient = "test"

func (s *server) try(t testing.TB, command ...string) (valkey.ValkeyMessage, error) {
	t.Helper()
	client, err := valkey.NewClient(valkey.ClientOption{
		InitAddress: []string{fmt.Sprintf("127.0.0.1:%d", s.port)}, ForceSingleClient: true, DisableCache: true, DisableAutoPipelining: true,
		ReadBufferEachConn: 4 << 10, WriteBufferEachConn: 4 << 10, RingScaleEachConn: 4,
		ClientName: ownClient,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return client.Do(t.Context(), client.B().Arbitrary(command...).Build()).ToMessage()
}

// waitForReader waits until a client is blocked by an XREAD.
func (s *server) waitForReader(t testing.TB) {
	t.Helper()
	for {
		answer := s.do(t, "INFO", "clients")
		if text, _ := answer.ToString(); !strings.Contains(text, "\r\nblocked_clients:0\r\n") {
			return
		}
	}
}

// lines is the output of a program. found is closed when the program accepts connections.
type lines struct {
	mu    sync.Mutex
	all   strings.Builder
	found chan struct{}
	once  sync.Once
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Write(b)
	if strings.Contains(l.all.String(), "Ready to accept connections") {
		l.once.Do(func() { close(l.found) })
	}
	return len(b), nil
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// freePort returns a port below those that the system assigns to connections.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20000 + mathrand.IntN(10000)
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// fake is a server that handles every connection with a function.
type fake struct{ listener net.Listener }

func newFake(t testing.TB, answer func(net.Conn)) *fake {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				defer stop()
				defer conn.Close()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		listener.Close()
		conns.Wait()
	})
	return &fake{listener}
}

func (f *fake) url() string { return "redis://" + f.listener.Addr().String() }

// readCommand reads one command in the form that clients send.
func readCommand(r *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	command := make([]string, n)
	for i := range command {
		var length int
		if _, err := fmt.Fscanf(r, "$%d\r\n", &length); err != nil {
			return nil, err
		}
		text := make([]byte, length+2)
		for read := 0; read < len(text); {
			got, err := r.Read(text[read:])
			if err != nil {
				return nil, err
			}
			read += got
		}
		command[i] = string(text[:length])
	}
	return command, nil
}

func openLog(t testing.TB, url string) *valkeystate.Log {
	t.Helper()
	log, err := valkeystate.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

// until is the time at which the entries of the tests can be forgotten.
var until = time.UnixMilli(time.Now().Add(24 * time.Hour).UnixMilli())

// session returns an entry about a session. Each n stands for another session.
func session(n int) sessionstate.Ended {
	return sessionstate.Ended{Session: sha256.Sum256([]byte(strconv.Itoa(n))), UserID: "usr_0v1zUpWdE4IiFc2w5ynShf", Until: until}
}

func add(t testing.TB, log sessionstate.Log, entries ...sessionstate.Ended) {
	t.Helper()
	for _, e := range entries {
		if err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll reads the log from its beginning, as a new instance does.
func readAll(t testing.TB, log sessionstate.Log) (all []sessionstate.Ended, position string) {
	t.Helper()
	for {
		entries, next, err := log.After(t.Context(), position, 100)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entries...)
		if position = next; len(entries) < 100 {
			return all, position
		}
	}
}

func expectEntries(t testing.TB, got []sessionstate.Ended, want ...sessionstate.Ended) {
	t.Helper()
	if !slices.EqualFunc(got, want, sameEntry) {
		t.Errorf("got %d entries, want %d\n%v\n%v", len(got), len(want), got, want)
	}
}

func sameEntry(a, b sessionstate.Ended) bool {
	return a.Session == b.Session && a.UserID == b.UserID && a.Before.Equal(b.Before) && a.Until.Equal(b.Until) && a.Suspect == b.Suspect
}

func expectRestarted(t testing.TB, next string, err error) {
	t.Helper()
	if !errors.Is(err, sessionstate.ErrLogRestarted) || next != "" {
		t.Errorf("got %q, %v, want ErrLogRestarted and the beginning", next, err)
	}
}

// writeCertificates creates a CA and a certificate for 127.0.0.1.
func writeCertificates(folder string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of the tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for name, subject := range map[string]*x509.Certificate{"ca.crt": ca, "server.crt": server} {
		public := &serverKey.PublicKey
		if subject == ca {
			public = &caKey.PublicKey
		}
		der, err := x509.CreateCertificate(rand.Reader, subject, ca, public, caKey)
		if err != nil {
			return err
		}
		if err := writePEM(filepath.Join(folder, name), "CERTIFICATE", der); err != nil {
			return err
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, "server.key"), "PRIVATE KEY", der)
}

func writePEM(name, kind string, der []byte) error {
	return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
