package valkeystate_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

func TestOpenDialsNothing(t *testing.T) {
	t.Parallel()
	dialled := make(chan struct{}, 10)
	f := newFake(t, func(conn net.Conn) { dialled <- struct{}{} })
	log := openLog(t, f.url())
	select {
	case <-dialled:
		t.Error("Open made a connection")
	default:
	}
	// Connections come in order: this one is the first, unless Open made one.
	log.Append(t.Context(), session(1))
	<-dialled
}

func TestURLsThatOpenRefuses(t *testing.T) {
	t.Parallel()
	const password = "s3cret-word"
	for name, row := range map[string]struct{ url, want string }{
		"nothing":                      {url: "", want: "empty"},
		"without a scheme":             {url: "//:s3cret-word@host", want: "scheme"},
		"host and port":                {url: "host:6379", want: "scheme"},
		"a password as a scheme":       {url: "s3cret-word://host", want: "scheme"},
		"another scheme":               {url: "https://:s3cret-word@host", want: "scheme"},
		"without a host":               {url: "redis://:s3cret-word@", want: "host"},
		"a port that is none":          {url: "redis://:s3cret-word@host:x", want: "malformed"},
		"a port that is 0":             {url: "redis://:s3cret-word@host:0", want: "port"},
		"a port that is too high":      {url: "redis://:s3cret-word@host:65536", want: "port"},
		"a database that is no number": {url: "redis://:s3cret-word@host/s3cret-word", want: "database"},
		"a negative database":          {url: "redis://:s3cret-word@host/-1", want: "database"},
		"another parameter":            {url: "redis://host?s3cret-word=1", want: "parameter"},
		"a parameter of other clients": {url: "redis://:s3cret-word@host?db=1", want: "parameter"},
		"an empty key":                 {url: "redis://:s3cret-word@host?key=", want: "key"},
		"a key twice":                  {url: "redis://:s3cret-word@host?key=a&key=b", want: "key"},
		"a malformed query":            {url: "redis://:s3cret-word@host?key=%zz", want: "query"},
		"a slash in the password":      {url: "redis://:s3cret-word/x@host", want: "malformed"},
		"a hash in the password":       {url: "redis://:a#s3cret-word@host", want: "malformed"},
		"a question mark in it":        {url: "redis://:a?s3cret-word@host", want: "malformed"},
		"a percent sign in it":         {url: "redis://:%s3cret-word@host", want: "malformed"},
		"a control character":          {url: "redis://:s3cret-word\n@host", want: "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := valkeystate.Open(row.url)
			if log != nil || err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want one about %s", err, row.want)
			}
			if strings.Contains(fmt.Sprintf("%+v %#v %s", err, err, errors.Unwrap(err)), password) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// connected is a fake server, and what it has been sent.
type connected struct {
	mu       sync.Mutex
	commands [][]string
	onRead   func() // called instead of an answer to XREAD
}

func (c *connected) answer(conn net.Conn) {
	for r := bufio.NewReader(conn); ; {
		command, err := readCommand(r)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.commands = append(c.commands, command)
		c.mu.Unlock()
		switch command[0] {
		case "HELLO":
			io.WriteString(conn, hello)
		case "XADD":
			io.WriteString(conn, "$3\r\n5-0\r\n")
		case "XTRIM":
			io.WriteString(conn, ":0\r\n")
		case "XRANGE":
			io.WriteString(conn, "*0\r\n")
		case "XREAD":
			if c.onRead != nil {
				c.onRead()
				silence(conn)
				return
			}
			io.WriteString(conn, "_\r\n")
		default:
			io.WriteString(conn, "+OK\r\n")
		}
	}
}

// What is sent needs a permission at the server.
func TestCommands(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user, path string
		connect    []string
		key        string
	}{
		"without a user":          {connect: []string{"HELLO 3"}, key: key},
		"a password alone":        {user: ":p%40ss@", connect: []string{"HELLO 3 AUTH default p@ss"}, key: key},
		"a user":                  {user: "app:p%2Fss@", connect: []string{"HELLO 3 AUTH app p/ss"}, key: key},
		"database 0, another key": {path: "/0?key=other:key", connect: []string{"HELLO 3"}, key: "other:key"},
		"another database":        {path: "/3", connect: []string{"HELLO 3", "SELECT 3"}, key: key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c connected
			f := newFake(t, c.answer)
			log := openLog(t, "valkey://"+row.user+f.listener.Addr().String()+row.path)
			for range 2 {
				add(t, log, session(1))
			}
			if _, _, err := log.After(t.Context(), "0-0", 10); err != nil {
				t.Error(err)
			}
			e := session(1)
			entry := fmt.Sprintf("XADD %s * session %s user %s before  until %d suspect 0", row.key, e.Session[:], e.UserID, e.Until.UnixMilli())
			want := slices.Concat(row.connect,
				[]string{"XTRIM " + row.key + " MINID 0-0", entry, "XTRIM " + row.key + " MINID 0-0", entry, "XTRIM " + row.key + " MINID 0-0", "XRANGE " + row.key + " - + COUNT 10"},
				row.connect, []string{"XREAD COUNT 1 BLOCK 5000 STREAMS " + row.key + " 0-0", "XRANGE " + row.key + " - + COUNT 10"})
			c.mu.Lock()
			defer c.mu.Unlock()
			var got []string
			for _, command := range c.commands {
				got = append(got, strings.Join(command, " "))
			}
			for i, command := range got {
				if i < len(want) && strings.HasPrefix(command, "XREAD COUNT 1 BLOCK 4") { // a moment has passed
					got[i] = want[i]
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
		})
	}
}

var idleForLong = regexp.MustCompile(` idle=([3-9]|\d\d+) `)

func TestIdleConnectionSendsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	add(t, openLog(t, s.url()), session(1))
	for range time.Tick(100 * time.Millisecond) {
		answer := s.do(t, "CLIENT", "LIST")
		text, err := answer.ToString()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			switch {
			case strings.Contains(line, " name="+ownClient+" "): // it sends PING when it closes
			case strings.Contains(line, " cmd=ping "):
				t.Fatalf("it sends PING: %s", line)
			case strings.Contains(line, " cmd=xtrim ") && idleForLong.MatchString(line):
				return
			}
		}
	}
}

// This is the server of the package documentation and of docs/sessions.md, with the user of both.
func TestUserWithFewPermissions(t *testing.T) {
	t.Parallel()
	documented := documentedSettings(t)
	var args []string
	for line := range strings.Lines(strings.ReplaceAll(documented, "PASSWORD", "s3cret-word")) {
		args = append(args, strings.Fields("--"+line)...)
	}
	s := newServer(t, args...)
	allow := func(t *testing.T, commands string) {
		s.do(t, strings.Fields("ACL SETUSER authrocket -@all "+commands)...)
	}
	log := func(t *testing.T, rest string) *valkeystate.Log {
		return openLog(t, strings.Replace(s.url(), "//", "//authrocket:s3cret-word@", 1)+rest)
	}
	t.Run("what the documentation allows is enough", func(t *testing.T) {
		log := log(t, "")
		add(t, log, session(1))
		_, position := readAll(t, log)
		after := follow(log, position)
		s.waitForReader(t)
		add(t, log, session(2))
		expectEntries(t, (<-after).entries, session(2))
		refused := s.do(t, "ACL", "LOG")
		if all, err := refused.ToArray(); len(all) != 0 || err != nil {
			t.Errorf("the server has refused %d commands: %v", len(all), err)
		}
	})
	t.Run("another stream", func(t *testing.T) {
		if err := log(t, "?key=other").Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another database needs one more", func(t *testing.T) {
		if err := log(t, "/1").Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("got %v", err)
		}
		allow(t, "+xadd +xread +xrange +xtrim +select")
		add(t, log(t, "/1"), session(1))
	})
	t.Run("without xtrim nothing is added", func(t *testing.T) {
		s.do(t, "DEL", key)
		allow(t, "+xadd +xread +xrange")
		if err := log(t, "").Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "XTRIM") {
			t.Errorf("got %v", err)
		}
		if entries, _ := readAll(t, log(t, "")); len(entries) != 0 {
			t.Errorf("%d entries were added", len(entries))
		}
	})
	t.Run("without xread nothing is followed", func(t *testing.T) {
		allow(t, "+xadd +xrange +xtrim")
		if _, _, err := log(t, "").After(t.Context(), "0-0", 1); err == nil || !strings.Contains(err.Error(), "NOPERM") || errors.Is(err, sessionstate.ErrLogRestarted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another password", func(t *testing.T) {
		other := openLog(t, strings.Replace(s.url(), "//", "//authrocket:other-word@", 1))
		if err := other.Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "other-word") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no password", func(t *testing.T) {
		s.do(t, "ACL", "SETUSER", "default", "off")
		if err := openLog(t, s.url()).Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("got %v", err)
		}
	})
}

// documentedSettings returns the lines for the server in docs/sessions.md, which are also in
// the package documentation.
func documentedSettings(t *testing.T) string {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	source, settings := read("log.go"), ""
	for _, block := range regexp.MustCompile("(?ms)^```conf\n(.*?)^```$").FindAllStringSubmatch(read("../../docs/sessions.md"), -1) {
		settings += block[1]
	}
	for line := range strings.Lines(settings) {
		if !strings.Contains(source, "\n//\t"+line) {
			t.Errorf("the package documentation lacks %s", line)
		}
	}
	for _, want := range []string{"maxmemory-policy ", "appendonly ", "user "} {
		if !strings.Contains(settings, want) {
			t.Fatalf("docs/sessions.md does not set %s", want)
		}
	}
	return settings
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := reserveServer(t, "--tls-cert-file", filepath.Join(certificates, "server.crt"), "--tls-key-file", filepath.Join(certificates, "server.key"),
		"--tls-ca-cert-file", filepath.Join(certificates, "ca.crt"), "--tls-auth-clients", "no")
	tlsPort := freePort(t)
	s.start(t, "--tls-port", fmt.Sprint(tlsPort))
	for _, scheme := range []string{"rediss", "valkeys"} {
		t.Run(scheme, func(t *testing.T) {
			log := openLog(t, fmt.Sprintf("%s://127.0.0.1:%d?key=%s", scheme, tlsPort, scheme))
			add(t, log, session(1))
			_, position := readAll(t, log)
			after := follow(log, position)
			s.waitForReader(t)
			add(t, log, session(2))
			expectEntries(t, (<-after).entries, session(2))
		})
	}
	t.Run("a certificate of another host", func(t *testing.T) {
		log := openLog(t, fmt.Sprintf("rediss://localhost:%d", tlsPort))
		var wrong *tls.CertificateVerificationError
		if err := log.Append(t.Context(), session(1)); !errors.As(err, &wrong) {
			t.Errorf("got %v, want an error about the certificate", err)
		}
	})
	t.Run("a server without TLS", func(t *testing.T) {
		if err := openLog(t, fmt.Sprintf("rediss://127.0.0.1:%d", s.port)).Append(t.Context(), session(1)); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a client without TLS", func(t *testing.T) {
		if err := openLog(t, fmt.Sprintf("redis://127.0.0.1:%d", tlsPort)).Append(t.Context(), session(1)); err == nil {
			t.Error("no error")
		}
	})
}

func TestPasswordDoesNotPrint(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--requirepass", "s3cret-word")
	log := openLog(t, strings.Replace(s.url(), "//", "//:s3cret-word@", 1))
	add(t, log, session(1)) // the buffers of a connection have sent it
	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&all, verb+verb, log, *log)
	}
	walk(&all, reflect.ValueOf(log), map[uintptr]bool{})
	for _, form := range []string{"s3cret-word", fmt.Sprintf("%x", "s3cret-word")} {
		if strings.Contains(all.String(), form) {
			t.Errorf("the password is in\n%s", all.String())
		}
	}
	all.Reset()
	walk(&all, reflect.ValueOf(struct{ inner *struct{ password []byte } }{&struct{ password []byte }{[]byte("s3cret-word")}}), map[uintptr]bool{})
	if !strings.Contains(all.String(), "s3cret-word") {
		t.Error("walk does not find a password")
	}
}

// walk prints value without its methods, with unexported fields, through pointers.
func walk(w io.Writer, value reflect.Value, seen map[uintptr]bool) {
	switch value.Kind() {
	case reflect.String:
		fmt.Fprintln(w, value.String())
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() || value.Kind() == reflect.Pointer && seen[value.Pointer()] {
			return
		}
		if value.Kind() == reflect.Pointer {
			seen[value.Pointer()] = true
		}
		walk(w, value.Elem(), seen)
	case reflect.Struct:
		if !value.CanAddr() {
			addressable := reflect.New(value.Type()).Elem()
			addressable.Set(value)
			value = addressable
		}
		for i := range value.NumField() {
			field := value.Field(i)
			walk(w, reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem(), seen)
		}
	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 && value.Kind() == reflect.Slice {
			fmt.Fprintln(w, string(value.Bytes()))
			return
		}
		for i := range value.Len() {
			walk(w, value.Index(i), seen)
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			walk(w, key, seen)
			walk(w, value.MapIndex(key), seen)
		}
	}
}
